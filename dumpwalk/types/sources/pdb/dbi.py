"""The debug information stream (DBI): machine, sections, and where everything else is.

Layout: "The PDB DBI (Debug Info) Stream" of LLVM's PDB documentation; dbi.h
of Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError
from dumpwalk.memory.machine import MACHINES
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.sources.pdb.msf import Container

STREAM = 3
# Signature, version, age; globals, build number, publics, version of the DLL, symbol records, its
# rebuild; sizes of modules, section contributions, section map, source files and type servers, index of
# the type server, sizes of optional headers and edit-and-continue; flags, machine, padding.
_HEADER = struct.Struct("<iII6H5iI2iHHI")
_NONE = 0xFFFF
_SECTION = struct.Struct("<8s6I2HI")  # IMAGE_SECTION_HEADER of the PE format specification
# The optional streams' order: DBGTYPE of dbi.h.
_OMAP_TO_SOURCE, _OMAP_FROM_SOURCE, _SECTIONS, _ORIGINAL_SECTIONS = 3, 4, 5, 10
_MODULE = struct.Struct("<I28x2HI24x")  # one module: its stream and the size of its symbols matter here


@record
class SectionHeader:
    """A section of the image.

    :param address: its RVA
    """

    name: str
    address: int
    size: int


@record
class DebugInfo:
    """What the stream's header says; all of it 0 or empty where the PDB has types alone.

    :param machine: ``""`` when it is not known
    :param globals: number of the stream, -1 when there is none; so with the others
    :param optional: numbers of the optional streams, -1 each that is missing
    :param modules_size: bytes of the list of modules, which follows the header
    """

    age: int
    machine: str
    pointer_size: int
    globals: int
    publics: int
    records: int
    optional: tuple[int, ...]
    modules_size: int

    def stream(self, kind: int) -> int:
        """Return the number of optional stream *kind*, -1 when there is none."""
        return self.optional[kind] if kind < len(self.optional) else -1


def read_debug_info(container: Container) -> DebugInfo:
    """Read the header of the stream.

    :raises FormatError: when it is damaged or too old
    """
    where = f"{container.name}: debug information (stream {STREAM})"
    size = container.size(STREAM)
    if not size:
        return DebugInfo(0, "", 0, -1, -1, -1, (), 0)
    if size < _HEADER.size:
        raise FormatError(f"{where}: only {size} bytes")
    header = _HEADER.unpack(container.read_some(STREAM, 0, _HEADER.size))
    signature, _, age, globals_, _, publics, _, records, _ = header[:9]
    parts, optional_size, edit_size, image_type = header[9:14], header[15], header[16], header[18]
    if signature != -1:
        raise FormatError(f"{where}: its signature is {signature:#x}: older than Visual C++ 5.0, or damaged")
    if min(*parts, optional_size, edit_size) < 0 or sum(parts) + optional_size + edit_size > size - _HEADER.size:
        raise FormatError(f"{where}: its parts have more than its {size} bytes")
    data = container.read_some(STREAM, _HEADER.size + sum(parts) + edit_size, optional_size & ~1)
    known = MACHINES.get(image_type)
    return DebugInfo(
        age,
        known.name if known else "",
        known.pointer_size if known else 0,
        _number(globals_),
        _number(publics),
        _number(records),
        tuple(_number(n) for n in struct.unpack(f"<{len(data) // 2}H", data)),
        parts[0],
    )


def _number(stream: int) -> int:
    return -1 if stream == _NONE else stream


def read_sections(container: Container, info: DebugInfo, original: bool = False) -> tuple[SectionHeader, ...]:
    """Return the image's sections; the *original* ones, where it was rearranged after linking."""
    stream = info.stream(_ORIGINAL_SECTIONS if original else _SECTIONS)
    data = container.read(stream)
    return tuple(
        SectionHeader(name.rstrip(b"\0").decode("utf-8", "backslashreplace"), address, size)
        for name, size, address, *_ in _SECTION.iter_unpack(data[: len(data) // _SECTION.size * _SECTION.size])
    )


def read_omap(container: Container, info: DebugInfo, to_source: bool) -> bytes:
    """Return the OMAP that leads to (or from) the addresses that the linker gave; nothing when there is none."""
    return container.read(info.stream(_OMAP_TO_SOURCE if to_source else _OMAP_FROM_SOURCE))


def read_modules(container: Container, info: DebugInfo) -> list[tuple[int, int]]:
    """Return the stream of each module (-1 when it has none), and the size of the symbols in it.

    :raises FormatError: when the list is damaged
    """
    data = container.read_some(STREAM, _HEADER.size, info.modules_size) if info.modules_size else b""
    found = []
    at = 0
    while at + _MODULE.size <= len(data):
        _, _, stream, size = _MODULE.unpack_from(data, at)
        found.append((_number(stream), size))
        end = at + _MODULE.size
        for _ in range(2):  # name of the module, and of the library it is from
            end = data.find(0, end) + 1
            if not end:
                raise FormatError(
                    f"{container.name}: debug information (stream {STREAM}): module {len(found)} is cut off"
                )
        at = end + 3 & ~3
    return found
