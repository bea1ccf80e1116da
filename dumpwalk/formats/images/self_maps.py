"""Page tables that refer to themselves: how Windows sees its own tables, and how these are found.

x64 and ARM64: one entry in the upper half of the root table leads to the root
table. PAE: the last of four page directories maps all four of them at its
beginning (PDE 0x600 counted over all); so its first 32 bytes serve as the
table above them. x86: entry 0x300 of the page directory leads to itself.
"""

from __future__ import annotations

from dumpwalk.formats.images import Root
from dumpwalk.formats.images.pieces import NEAR, pieces
from dumpwalk.memory.paging.modes import ARM64, LA57, PAE, X64, X86

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.paging.modes import Mode
    from dumpwalk.memory.physical import PhysicalMemory

_FRAME = 0x000FFFFFFFFFF001
_FRAME_32 = 0xFFFFF001


def self_maps(physical: PhysicalMemory, begin: int = 0, end: int = NEAR) -> Iterator[tuple[tuple[Mode, ...], Root]]:
    """Yield root tables that refer to themselves, with the paging modes that do so in this way.

    :param begin: how many bytes of physical memory to pass over
    :param end: behind how many bytes of it to stop
    """
    for base, data in pieces(physical, begin, end):
        found = [(address, modes, root) for modes, address, root in _in_piece(base, data)]
        for _, modes, root in sorted(found, key=lambda hit: hit[0]):
            yield modes, root


def _in_piece(base: int, data: memoryview) -> Iterator[tuple[tuple[Mode, ...], int, Root]]:
    import numpy as np

    wide: Any = np.frombuffer(data, "<u8").reshape(-1, 512)
    pages: Any = base + np.arange(len(wide), dtype="u8") * np.uint64(0x1000)
    wanted = pages | np.uint64(1)
    upper = (wide[:, 256:] ^ wanted[:, None]) & np.uint64(_FRAME) == 0
    for index in np.flatnonzero(upper.sum(1) == 1):
        slot = 256 + int(np.argmax(upper[index]))
        page = int(pages[index])
        where = f"the table at {page:#x}, whose entry {slot:#x} leads to itself"
        yield (X64, ARM64, LA57), page, Root(page, where)
    low = wide[:, :4]
    last = (low[:, 3] ^ wanted) & np.uint64(_FRAME) == 0
    for index in np.flatnonzero(last & (low & np.uint64(1)).all(1)):
        page = int(pages[index])
        if page < 1 << 32 and len({int(entry) & _FRAME for entry in low[index]}) == 4:
            yield (
                (PAE,),
                page,
                Root(page, f"the page directory at {page:#x}, which maps itself and the three before it"),
            )
    narrow: Any = np.frombuffer(data, "<u4").reshape(-1, 1024)
    for index in np.flatnonzero((narrow[:, 0x300].astype("u8") ^ wanted) & np.uint64(_FRAME_32) == 0):
        page = int(pages[index])
        if page < 1 << 32:
            yield (X86,), page, Root(page, f"the page directory at {page:#x}, whose entry 0x300 leads to itself")
