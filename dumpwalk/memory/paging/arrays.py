"""Long arrays in virtual memory, as numpy arrays: read page by page, with holes where pages are missing."""

from __future__ import annotations

from dumpwalk.memory.physical import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.segments import DumpMemory


def read_array(memory: DumpMemory, address: int, count: int, size: int) -> tuple[Any, Any]:
    """Return *count* little-endian numbers of *size* bytes that lie at *address*, and which of them could be read.

    What would lie beyond the end of 64-bit addresses is missing like anything else.

    :param size: 4 or 8
    :return: a numpy array of them (zero where they are missing), and one of ``bool``
    """
    import numpy as np

    from dumpwalk.memory.virtual import VirtualMemory

    values, held = np.zeros(count, f"<u{size}"), np.zeros(count, bool)
    number = max(0, min(count, ((1 << 64) - PAGE - address) // size))
    if not number:
        return values, held
    if isinstance(memory, VirtualMemory):
        found = _by_pages(memory, address, number, size)
    else:
        found = _by_pieces(memory, address, number, size)
    values[:number], held[:number] = found
    return values, held


def _by_pages(memory: Any, address: int, count: int, size: int) -> tuple[Any, Any]:
    import numpy as np

    from dumpwalk.memory.paging.batch import read_many

    first, end = address & -PAGE, address + count * size
    rows, read = read_many(memory, np.arange(first, end, PAGE, dtype="u8"), PAGE)
    values = rows.reshape(-1)[address - first : end - first].view(f"<u{size}")
    starts = np.arange(count, dtype="i8") * size + (address - first)
    held = read[starts >> 12]
    if address % size:  # then one of them can lie in two pages
        held = held & read[starts + (size - 1) >> 12]
    return values, held


def _by_pieces(memory: DumpMemory, address: int, count: int, size: int) -> tuple[Any, Any]:
    """Do the same where memory is in pieces that begin and end anywhere, and none of the rest is looked at."""
    import numpy as np

    data, held = np.zeros(count * size, "u1"), np.zeros(count * size, bool)
    end = address + count * size
    for start, stop in memory.runs():
        low, high = max(start, address), min(stop, end)
        piece = memory.read_some(low, high - low) if low < high else b""
        if piece:
            data[low - address : low - address + len(piece)] = np.frombuffer(piece, "u1")
            held[low - address : low - address + len(piece)] = True
    return data.view(f"<u{size}"), held.reshape(-1, size).all(axis=1)
