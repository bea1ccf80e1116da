"""Public and global symbols of a PDB, with the addresses they have in the image.

Layouts: "The PDB Global Symbol Stream" and "CodeView Symbol Records" of LLVM's
PDB documentation; gsi.h and cvinfo.h of Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.sources.pdb.dbi import read_modules, read_omap, read_sections
from dumpwalk.types.sources.pdb.omap import Omap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.types.sources.pdb.dbi import DebugInfo
    from dumpwalk.types.sources.pdb.msf import Container

_PUBLICS_HEADER = 28  # PSGSIHDR, before the hash table
_HASH = struct.Struct("<4I")  # GSIHashHdr: signature, version, bytes of hash records, bytes of buckets
_HASH_SIGNATURE, _HASH_VERSION = 0xFFFFFFFF, 0xEFFE0000 + 19990810
_ENTRY = struct.Struct("<I4x")  # HRFile: offset of the record plus 1, reference count
_RECORD = struct.Struct("<HH")
_ADDRESS = struct.Struct("<IIH")  # type or flags, offset, segment: alike in publics and data
_REFERENCE = struct.Struct("<4xIH")  # offset in the module's symbols, module from 1 on
_PROCEDURE = struct.Struct("<2H8IH")  # length, kind; seven numbers, offset, segment

# Kinds, and whether the name is preceded by its length (records of Visual C++ before 7.1).
_S_PUB32 = {0x110E: False, 0x1009: True}
_DATA = {0x110C: False, 0x110D: False, 0x111C: False, 0x111D: False, 0x1007: True, 0x1008: True}
_LOCAL = (0x110C, 0x111C, 0x1007, 0x1127)  # S_LDATA32, S_LMANDATA, S_LDATA32_ST, S_LPROCREF
_PROCREF = {0x1125: False, 0x1127: False}  # S_PROCREF, S_LPROCREF
_PROCEDURES = (0x110F, 0x1110, 0x1146, 0x1147, 0x1155, 0x1156, 0x100A, 0x100B)  # S_LPROC32, S_GPROC32...
_FUNCTION = 2  # of CV_PUBSYMFLAGS


@record
class PdbSymbol:
    """A name for a place of the image.

    :param name: as the compiler decorated it
    :param rva: its address relative to the image's base
    :param segment: the section it was linked into, from 1 on
    :param offset: its place in that section, before the image was rearranged
    :param kind: ``public``, ``data`` or ``procedure``
    :param function: whether it is a function's
    :param local: whether it is known in one source file alone
    """

    name: str
    rva: Hex | Absent
    segment: int
    offset: Hex
    kind: str
    function: bool
    local: bool


class Addresses:
    """Turns a place in a section into the address it has in the image."""

    def __init__(self, container: Container, info: DebugInfo) -> None:
        original = read_sections(container, info, original=True) or read_sections(container, info)
        self._starts = [s.address for s in original]
        self._omap = Omap(read_omap(container, info, to_source=False), read_omap(container, info, to_source=True))
        self._rearranged = bool(self._omap)

    def rva(self, segment: int, offset: int) -> int | Absent:
        """Return the RVA of *offset* in section number *segment*."""
        if not 0 < segment <= len(self._starts):
            known = bool(self._starts)
            return Absent(
                "an absolute value, in no section of the image" if known else "the PDB has no section headers"
            )
        rva = self._starts[segment - 1] + offset
        if self._rearranged:
            moved = self._omap.to_image(rva)
            return Absent("left out when the image was rearranged") if moved is None else moved
        return rva


def read_symbols(container: Container, info: DebugInfo) -> Iterator[PdbSymbol]:
    """Yield the public symbols, then the global data and procedures.

    :raises FormatError: when their records are damaged
    """
    for name, rva, segment, place, kind, function, local in read_places(container, info):
        at = rva if isinstance(rva, Absent) else Hex(rva)
        yield PdbSymbol(name, at, segment, Hex(place), kind, function, local)


def read_places(container: Container, info: DebugInfo) -> Iterator[tuple[str, int | Absent, int, int, str, bool, bool]]:
    """Yield the same as tuples of plain numbers, in the order of a symbol's fields, which are made faster.

    :raises FormatError: when their records are damaged
    """
    addresses = Addresses(container, info)
    data = container.read(info.records)
    publics = record_offsets(container, info.publics, _PUBLICS_HEADER)
    globals_ = record_offsets(container, info.globals, 0)
    where = f"{container.name}: symbol records (stream {info.records})"
    procedures = _Procedures(container, info)
    left = end = len(data)
    unpack = _RECORD.unpack_from
    for offset in sorted({*publics, *globals_}):
        # In place, as a call would take half as long again: a PDB has ten thousands.
        length, kind = unpack(data, offset) if offset + 4 <= end else (0, 0)
        after = offset + 2 + length
        if length < 2 or after > end:
            raise FormatError(f"{where}: a record of {length} bytes at {offset:#x} of {end:#x}")
        record_ = data[offset + 4 : after]
        left -= len(record_)
        if left < 0:
            raise FormatError(f"{where}: the record at {offset:#x} lies within others")
        if kind in _S_PUB32:
            flags, place, segment = _unpack(_ADDRESS, record_, where, offset)
            name = record_name(record_, _ADDRESS.size, _S_PUB32[kind])
            yield name, addresses.rva(segment, place), segment, place, "public", bool(flags & _FUNCTION), False
        elif kind in _DATA:
            _, place, segment = _unpack(_ADDRESS, record_, where, offset)
            name = record_name(record_, _ADDRESS.size, _DATA[kind])
            yield name, addresses.rva(segment, place), segment, place, "data", False, kind in _LOCAL
        elif kind in _PROCREF:
            at, module = _unpack(_REFERENCE, record_, where, offset)
            name = record_name(record_, _REFERENCE.size, False)
            found = procedures.find(module, at)
            if found is not None:
                segment, place = found
                yield name, addresses.rva(segment, place), segment, place, "procedure", True, kind in _LOCAL


def record_offsets(container: Container, stream: int, start: int) -> list[int]:
    """Return where the symbol records are that the hash table at *start* of *stream* lists."""
    size = container.size(stream)
    where = f"{container.name}: symbol table (stream {stream})"
    if size <= start:
        return []
    if start + _HASH.size > size:
        raise FormatError(f"{where}: only {size} bytes")
    signature, version, entries, _ = _HASH.unpack(container.read_some(stream, start, _HASH.size))
    if (signature, version) != (_HASH_SIGNATURE, _HASH_VERSION):
        raise FormatError(f"{where}: a hash table of version {version:#x}, which is not known")
    if start + _HASH.size + entries > size:
        raise FormatError(f"{where}: {entries} bytes of hash records in a stream of {size}")
    data = container.read_some(stream, start + _HASH.size, entries & ~7)
    return [offset - 1 for (offset,) in _ENTRY.iter_unpack(data) if offset]


def _unpack(layout: struct.Struct, data: bytes, where: str, offset: int) -> tuple[int, ...]:
    if len(data) < layout.size:
        raise FormatError(f"{where}: the record at {offset:#x} is cut off")
    return layout.unpack_from(data)


def record_name(data: bytes, at: int, counted: bool) -> str:
    """Return the name at *at* of a record: up to a zero, or *counted* by the byte before it."""
    if counted and at < len(data):
        raw = data[at + 1 : at + 1 + data[at]]
    else:
        end = data.find(0, at)
        raw = data[at:end] if end >= 0 else data[at:]
    return str(raw, "utf-8", "backslashreplace")


class _Procedures:
    """Finds a procedure by its module and place, which is all that the global table says of it."""

    def __init__(self, container: Container, info: DebugInfo) -> None:
        self._container = container
        self._info = info
        self._modules: list[tuple[int, int]] | None = None

    def find(self, module: int, at: int) -> tuple[int, int] | None:
        """Return the segment and offset of the procedure, ``None`` when the PDB holds no such symbol."""
        if self._modules is None:
            self._modules = read_modules(self._container, self._info)
        if not 0 < module <= len(self._modules):
            return None
        stream, size = self._modules[module - 1]
        size = min(size, self._container.size(stream))
        if at + _PROCEDURE.size > size:
            return None
        record_ = self._container.read_some(stream, at, _PROCEDURE.size)
        _, kind, *_, place, segment = _PROCEDURE.unpack(record_)
        return (segment, place) if kind in _PROCEDURES else None
