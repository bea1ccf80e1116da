"""Names of NTSTATUS values, exception codes and fast fail codes, looked up in ``ntstatus.txt``."""

from __future__ import annotations

from dumpwalk import resources

_data: list[bytes] = []
_dictionaries: list[tuple[dict[int, str], dict[str, int], dict[int, str]]] = []


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


def status_value(name: str) -> int | None:
    """Return the value of the status called *name*, by any of its names; ``None`` when none is.

    >>> hex(status_value("STATUS_ACCESS_DENIED")), status_value("STATUS_NO_SUCH_NAME")
    ('0xc0000022', None)
    """
    return _all()[1].get(name)


def code_name(value: int) -> str | None:
    """Return what :func:`exception_code` does, for texts with thousands of numbers: all names are kept by number."""
    return _all()[0].get(value)


def status_meaning(value: int) -> str:
    """Return what a status means in a few words, ``""`` where its name has to say it.

    >>> status_meaning(0x103), status_meaning(0x101)
    ('still in progress', '')
    """
    return _all()[2].get(value, "")


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


def _table() -> bytes:
    if not _data:
        _data.append(resources.read("dumpwalk.bugchecks", "ntstatus.txt"))
    return _data[0]


def _all() -> tuple[dict[int, str], dict[str, int], dict[int, str]]:
    """Return the names by value, the values by name, and what values mean."""
    if not _dictionaries:
        names: dict[int, str] = {}
        values: dict[str, int] = {}
        meanings: dict[int, str] = {}
        for line in _table().decode("utf-8").splitlines():
            number, _, rest = line.removeprefix("exception ").partition(" ")
            if number.startswith("0x") and line.startswith("0x"):
                value = int(number, 16)
                named, _, meanings[value] = rest.partition(": ")
                called = named.split(" = ")
                names[value] = f"{value:08x} {called[0]}"
                values.update((name, value) for name in called)
            elif number.startswith("0x") and line.startswith("exception "):
                names.setdefault(int(number, 16), f"{int(number, 16):08x} {rest}")
        _dictionaries.append((names, values, meanings))
    return _dictionaries[0]


def _find(start: bytes) -> str | None:
    """Return the rest of the line that begins with *start*."""
    text = _table()
    at = text.find(start)
    return text[at + len(start) : text.index(b"\n", at + 1)].decode("utf-8") if at >= 0 else None


def _name(line: str) -> str:
    return line.partition(":")[0].partition(" ")[0]
