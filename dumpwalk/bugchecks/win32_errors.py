"""Names of Win32 errors and HRESULTs, looked up in ``win32_errors.txt``."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.bugchecks.ntstatus import code_name

# winerror.h: HRESULT_FROM_WIN32 has facility 7; HRESULT_FROM_NT sets bit 28 of a status.
_OF_WIN32, _OF_NT = 0x8007, 0x10000000

_names: dict[int, str] = {}


def win32_error(value: int) -> str | None:
    """Return the name of a Win32 error, or ``None``.

    >>> win32_error(5), win32_error(10054), win32_error(-1)
    ('ERROR_ACCESS_DENIED', 'WSAECONNRESET', None)
    """
    return _table().get(value) if 0 < value < 0x10000 else None


def hresult(value: int) -> str | None:
    """Return *value* with its name as an HRESULT of failure, a Win32 error's or an NTSTATUS's inside it; or ``None``.

    >>> hresult(0x80004005), hresult(0x80070002)
    ('80004005 E_FAIL', '80070002 HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)')
    >>> hresult(0xD0000022)
    'd0000022 HRESULT_FROM_NT(STATUS_ACCESS_DENIED)'
    """
    if not 0x80000000 <= value <= 0xFFFFFFFF:
        return None
    name = _table().get(value)
    if name is None and value >> 16 == _OF_WIN32:
        inside = win32_error(value & 0xFFFF)
        name = inside and f"HRESULT_FROM_WIN32({inside})"
    elif name is None and value & _OF_NT:
        status = code_name(value & ~_OF_NT)
        name = status and f"HRESULT_FROM_NT({status.partition(' ')[2]})"
    return name and f"{value:08x} {name}"


def _table() -> dict[int, str]:
    """Return the names by number. A text has many numbers that may be errors: searching the file would take long."""
    if not _names:
        for line in resources.read("dumpwalk.bugchecks", "win32_errors.txt").decode("ascii").splitlines():
            number, _, name = line.partition(" ")
            if number[:1].isdigit():
                _names[int(number, 0)] = name
    return _names
