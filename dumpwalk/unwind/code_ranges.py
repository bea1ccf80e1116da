"""Which addresses of an image hold code, by the section table in its header page."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.symbols.modules import Module
    from dumpwalk.target import Target

_IMAGE_SCN_MEM_EXECUTE = 0x20000000
_SECTION_HEADER_SIZE = 40
_MOST_SECTIONS = 96  # the loader's own limit (PE format specification, "COFF File Header")


def code_ranges(target: Target, module: Module) -> tuple[tuple[int, int], ...] | None:
    """Return the executable sections of *module* as ``(start, end)`` offsets, or ``None`` when they aren't known.

    A triage dump holds the whole header page of the kernel, of other images
    0x100 bytes or nothing, so a header may end anywhere. Layout: PE format
    specification.
    """
    page = target.memory.read_some(target.address(module.base), 0x1000)
    if page[:2] != b"MZ" or len(page) < 0x40:
        return None
    pe = int.from_bytes(page[0x3C:0x40], "little")
    if pe > len(page) - 24 or page[pe : pe + 4] != b"PE\0\0":
        return None
    count = int.from_bytes(page[pe + 6 : pe + 8], "little")
    table = pe + 24 + int.from_bytes(page[pe + 20 : pe + 22], "little")
    if not 0 < count <= _MOST_SECTIONS or table + count * _SECTION_HEADER_SIZE > len(page):
        return None
    ranges = []
    for at in range(table, table + count * _SECTION_HEADER_SIZE, _SECTION_HEADER_SIZE):
        size, start = (int.from_bytes(page[at + o : at + o + 4], "little") for o in (8, 12))
        if int.from_bytes(page[at + 36 : at + 40], "little") & _IMAGE_SCN_MEM_EXECUTE:
            ranges.append((start, start + size))
    return tuple(ranges)
