"""Names of numbers in kernel structures: flags, function codes, kinds; looked up in ``constants.txt``."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.remarks import Absent

_tables: dict[str, dict[int, str]] = {}


def name_of(table: str, value: int) -> str | None:
    """Return the name of *value* in *table*, a heading of ``constants.txt``; ``None`` when it has none.

    Of several names of one value the oldest is returned.

    :raises KeyError: when there is no such table

    >>> name_of("irp_major", 0xE), name_of("irp_major", 0x77)
    ('IRP_MJ_DEVICE_CONTROL', None)
    """
    found = _table(table).get(value)
    return found.partition("/")[0] if found else None


def flags(table: str, value: int | Absent | None) -> tuple[str, ...]:
    """Return the names of the bits in *value*, the lowest first; a bit without a name as a hexadecimal number.

    Of a value that is absent no bit is known.

    :raises KeyError: when there is no such table

    >>> flags("file_object_flags", 0xC0012)
    ('FO_SYNCHRONOUS_IO', 'FO_WRITE_THROUGH', 'FO_HANDLE_CREATED', 'FO_FILE_FAST_IO_READ')
    """
    if value is None or isinstance(value, Absent):
        return ()
    bits = (1 << bit for bit in range(value.bit_length()) if value >> bit & 1)
    return tuple(name_of(table, bit) or f"{bit:#x}" for bit in bits)


def _table(name: str) -> dict[int, str]:
    if name not in _tables:
        if not _tables:
            for part in resources.read("dumpwalk.kernel", "constants.txt").decode("ascii").split("\n[")[1:]:
                heading, *rows = part.splitlines()
                pairs = (row.partition(" ") for row in rows if row)
                _tables[heading.rstrip("]")] = {int(value, 16): names for value, _, names in pairs}
        return _tables[name]
    return _tables[name]
