"""Typedefs of a PDB: names of the global symbol table that stand for a type, ``HANDLE`` for a pointer.

Compilers write an ``S_UDT`` record for each typedef that is used, and one for
each C++ class under its own name; those say nothing new and are left out.
Layout: UDTSYM in cvinfo.h of Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.types.sources.pdb.symbols import record_name, record_offsets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.sources.pdb.dbi import DebugInfo
    from dumpwalk.types.sources.pdb.msf import Container

_RECORD = struct.Struct("<HHI")  # length of what follows it, kind, type index
# S_UDT, S_COBOLUDT and their forms before Visual C++ 7.1; whether the name is preceded by its length.
_KINDS = {0x1108: False, 0x1109: False, 0x1003: True, 0x1004: True}


def read_typedefs(container: Container, info: DebugInfo) -> dict[str, int]:
    """Return the types' numbers by the names that stand for them; of two of one name the first.

    :raises FormatError: when the records are damaged
    """
    data = container.read(info.records)
    where = f"{container.name}: symbol records (stream {info.records})"
    found: dict[str, int] = {}
    left = end = len(data)
    for offset in sorted(set(record_offsets(container, info.globals, 0))):
        if offset + _RECORD.size > end:
            raise FormatError(f"{where}: a record at {offset:#x} of {end:#x}")
        length, kind, index = _RECORD.unpack_from(data, offset)
        after = offset + 2 + length
        if length < 2 or after > end:
            raise FormatError(f"{where}: a record of {length} bytes at {offset:#x} of {end:#x}")
        left -= length
        if left < 0:
            raise FormatError(f"{where}: the record at {offset:#x} lies within others")
        if kind in _KINDS and length > _RECORD.size - 2:
            found.setdefault(record_name(data[offset + _RECORD.size : after], 0, _KINDS[kind]), index)
    return found
