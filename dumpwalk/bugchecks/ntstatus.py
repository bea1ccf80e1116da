"""Names of NTSTATUS values, exception codes and fast fail codes, looked up in ``ntstatus.txt``."""

from __future__ import annotations

from dumpwalk import resources

_data: list[bytes] = []


def nt_status(value: int) -> str | None:
    """Return *value* with its name, as ``c0000005 STATUS_ACCESS_VIOLATION``; ``None`` when it has none.

    A status that was sign-extended into 64 bits is recognised. Values below
    0x10000 have names too (``STATUS_WAIT_1``); whether a number is a status at
    all, the caller must know.

    >>> nt_status(0xFFFFFFFFC0000005), nt_status(0xC0FFEE00)
    ('c0000005 STATUS_ACCESS_VIOLATION', None)
    """
    code = _code(value)
    line = _find(b"\n0x%08X " % code) if code is not None else None
    if code is None or line is None:
        return None
    return f"{code:08x} {_name(line)}"


def exception_code(value: int) -> str | None:
    """Return *value* with its name as an exception code, which may be a language runtime's, or ``None``.

    >>> exception_code(0xE06D7363)
    'e06d7363 Visual C++ exception (param 0 magic 0x19930520, 1 object, 2 throw info, 3 image base)'
    """
    found = nt_status(value)
    code = _code(value)
    if found is None and code is not None:
        line = _find(b"\nexception 0x%08X " % code)
        return line and f"{code:08x} {line}"
    return found


def fast_fail_code(value: int) -> str | None:
    """Return the name of a ``FAST_FAIL_*`` code of winnt.h, without that prefix, or ``None``.

    >>> fast_fail_code(3)
    'CORRUPT_LIST_ENTRY'
    """
    return _find(b"\nfastfail %#x " % value) if 0 <= value <= 0xFFFFFFFF else None


def facility(value: int) -> str | None:
    """Return the name of the facility in an NTSTATUS, or ``None``.

    >>> facility(0xC01E0001)
    'GRAPHICS_KERNEL'
    """
    code = _code(value)
    return None if code is None else _find(b"\nfacility %#x " % (code >> 16 & 0xFFF))


def _code(value: int) -> int | None:
    """Return the 32-bit status in *value*; ``None`` when it is no sign- or zero-extended one."""
    return value & 0xFFFFFFFF if value >> 31 in (0, 1, 0x1FFFFFFFF) else None


def _find(start: bytes) -> str | None:
    """Return the rest of the line that begins with *start*."""
    if not _data:
        _data.append(resources.read("dumpwalk.bugchecks", "ntstatus.txt"))
    text = _data[0]
    at = text.find(start)
    return text[at + len(start) : text.index(b"\n", at + 1)].decode("utf-8") if at >= 0 else None


def _name(line: str) -> str:
    return line.partition(":")[0].partition(" ")[0]
