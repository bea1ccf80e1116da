"""What an image in memory exports: the address behind a name.

Layout: PE format specification, "Export Directory Table", "Export Name Pointer Table". The names are sorted, so
one is found in a few steps; where pages of the table are missing, it is not found.
"""

from __future__ import annotations

from dumpwalk.symbols.image import headers_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.segments import DumpMemory

_EXPORT = 0  # IMAGE_DIRECTORY_ENTRY_EXPORT
_DIRECTORY_SIZE = 40
_MOST_NAMES = 1 << 20
_LONGEST_NAME = 256


def export(memory: DumpMemory, base: int, name: str) -> int | None:
    """Return the address that the image at *base* exports as *name*; ``None`` when it has none, or it can't be read.

    A forwarder, which names a function of another image, is none.
    """
    head = headers_at(memory, base)
    if head is None or not name.isascii():  # an exported name is ASCII, what a user types need not be
        return None
    rva, size = head.directory(_EXPORT)
    table = memory.read_some(base + rva, _DIRECTORY_SIZE) if rva else b""
    if len(table) < _DIRECTORY_SIZE:
        return None
    functions_count, names_count, functions, names, ordinals = (_number(table, at) for at in (20, 24, 28, 32, 36))
    place = _find(memory, base, names, min(names_count, _MOST_NAMES), name.encode("ascii"))
    if place is None:
        return None
    ordinal = memory.read_some(base + ordinals + 2 * place, 2)
    if len(ordinal) < 2 or _number(ordinal, 0, 2) >= functions_count:
        return None
    found = memory.read_some(base + functions + 4 * _number(ordinal, 0, 2), 4)
    address = _number(found, 0)
    if len(found) < 4 or not 0 < address < head.size or rva <= address < rva + size:
        return None
    return base + address


def _find(memory: DumpMemory, base: int, names: int, count: int, wanted: bytes) -> int | None:
    """Return which of *count* sorted names is *wanted*."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        pointer = memory.read_some(base + names + 4 * middle, 4)
        text, end, _ = memory.read_some(base + _number(pointer, 0), _LONGEST_NAME).partition(b"\0")
        if len(pointer) < 4 or not end:
            return None
        if text == wanted:
            return middle
        if text < wanted:
            low = middle + 1
        else:
            high = middle
    return None


def _number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "little")
