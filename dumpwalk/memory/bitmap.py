"""Physical memory whose pages a bitmap lists: one bit a page, and the pages that are there one behind the other.

Where a page lies in the file is how many bits are set before its own: its
rank. The rank index of succinct bit vectors answers that without a list of
runs (Jacobson, "Space-efficient static trees and graphs", 1989): set bits are
counted once for each 4 KB of the bitmap, and for each word of such a block
when a page of it is asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from sys import byteorder

from dumpwalk.memory.physical import HIGHEST, PAGE, PhysicalMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_BLOCK = 4096  # bytes of bitmap whose set bits are counted at once; 128 MB of memory
# Bytes of bitmap that are turned into runs at once, each bit as a byte of its own.
_WINDOW = 1 << 16


class BitmapMemory(PhysicalMemory):
    """Physical memory of which a bitmap says what is there.

    :param bitmap: bit *n* of it (the lowest of a byte first) says whether page *n* is there; bits behind *pages*
        mean nothing, and of pages behind the end of the bitmap none is there
    :param pages: how many bits count
    :param first: offset in *data* of the first page that is there

    :ivar pages: how many pages the bitmap speaks of
    :ivar present: how many of them it says are there
    :ivar held: how many of those the file has room for

    >>> file = memoryview(bytes(0x1000) + b"a" * 0x1000 + b"b" * 0x1000)
    >>> memory = BitmapMemory(file, memoryview(b"\\x0a"), 8, 0x1000)
    >>> memory.place(0x1000), memory.place(0x2000), memory.read(0x3000, 2), list(memory.runs())
    (4096, -1, b'bb', [(4096, 8192, 4096), (12288, 16384, 8192)])
    """

    whole = True

    def __init__(self, data: memoryview, bitmap: memoryview, pages: int, first: int) -> None:
        self.data = data
        self.pages = max(0, min(pages, 8 * len(bitmap), HIGHEST // PAGE))
        self._first = min(first, len(data))
        self._bits = bitmap[: -(-self.pages // 8)]
        self._words = _words(self._bits)
        count, self._before = 0, [0]  # set bits before each block
        for at in range(0, len(self._bits), _BLOCK):
            count += int.from_bytes(self._bits[at : at + _BLOCK], "little").bit_count()
            self._before.append(count)
        if self.pages % 8:
            count -= (self._bits[-1] >> self.pages % 8).bit_count()
            self._before[-1] = count
        self.present = count
        self.held = max(0, min(count, (len(data) - self._first) // PAGE)) if first >= 0 else 0
        self._ranks: list[array[int] | None] = [None] * len(self._before)
        self._arrays: Any = None

    def place(self, address: int) -> int:
        page = address >> 12
        if not 0 <= page < self.pages:
            return -1
        word = self._words[page >> 6]
        bit = 1 << (page & 63)
        if not word & bit:
            return -1
        ranks = self._ranks[page >> 15] or self._count(page >> 15)
        rank = ranks[page >> 6 & 511] + (word & bit - 1).bit_count()
        return self._first + (rank << 12 | address & 0xFFF) if rank < self.held else -1

    def _count(self, block: int) -> array[int]:
        """Return how many bits are set before each word of a block, and keep that."""
        words = self._words[block * 512 : (block + 1) * 512]
        ranks = array("Q", accumulate(map(int.bit_count, words), initial=self._before[block]))
        self._ranks[block] = ranks
        return ranks

    def places(self, addresses: Any) -> Any:
        import numpy as np

        if not self.pages:
            return np.full(len(addresses), -1, "i8")
        if self._arrays is None:
            self._arrays = self._index()
        words, inside, blocks = self._arrays
        pages = addresses >> np.uint64(12)
        there = pages < np.uint64(self.pages)
        pages = np.where(there, pages, np.uint64(0))
        index = (pages >> np.uint64(6)).astype("i8")
        bit = np.uint64(1) << (pages & np.uint64(63))
        word = words[index]
        rank = blocks[index >> 9] + inside[index] + _ones(word & (bit - np.uint64(1))).astype("i8")
        there &= (word & bit != 0) & (rank < self.held)
        return np.where(there, self._first + (rank << 12 | (addresses & np.uint64(0xFFF)).astype("i8")), -1)

    def _index(self) -> Any:
        """Return the bitmap in words of 64 bits, the set bits before each word of its block, and before each block."""
        import numpy as np

        words = np.frombuffer(self._words, "u8")
        inside = np.zeros(len(words), "u2")  # a block has 32,768 bits
        of = 1 << 20  # words at a time, so that temporary arrays stay small
        for at in range(0, len(words), of):
            counts = _ones(words[at : at + of]).astype("u2")
            counts = np.pad(counts, (0, -len(counts) % 512)).reshape(-1, 512)
            inside[at : at + of] = (np.cumsum(counts, 1, "u2") - counts).reshape(-1)[: len(words) - at]
        return words, inside, np.array(self._before[:-1], "i8")

    def runs(self) -> Iterator[tuple[int, int, int]]:
        start = rank = -1  # of the run that is open: its first page, and that page's place among those in the file
        for first, edges, before in self._edges():
            for edge in edges:
                page = first + edge
                if start < 0:
                    if before >= self.held:
                        return
                    start, rank = page, before
                    continue
                before += page - max(start, first)
                yield self._run(start, page, rank)
                start = -1
        if start >= 0:
            yield self._run(start, self.pages, rank)

    def _run(self, start: int, end: int, rank: int) -> tuple[int, int, int]:
        end = min(end, start + self.held - rank)
        return start << 12, end << 12, self._first + (rank << 12)

    def _edges(self) -> Iterator[tuple[int, list[int], int]]:
        """Yield for each window its first page, the pages (from there) at which runs begin or end, and its rank."""
        import numpy as np

        open_ = False
        for at in range(0, len(self._bits), _WINDOW):
            raw = np.frombuffer(self._bits[at : at + _WINDOW], "u1")
            bits = np.unpackbits(raw, bitorder="little")[: self.pages - 8 * at]
            edges = np.flatnonzero(np.diff(bits, prepend=np.uint8(open_)))
            yield 8 * at, edges.tolist(), self._before[at // _BLOCK]
            open_ = bool(bits[-1])

    def extent(self) -> tuple[int, int]:
        import numpy as np

        if not self.pages:
            return 0, 0
        count, last = 0, np.uint8(0)
        end = self.first_missing()
        for at in range(0, -(-end // 8), _WINDOW):
            bits = np.unpackbits(np.frombuffer(self._bits[at : at + _WINDOW], "u1"), bitorder="little")[: end - 8 * at]
            count += int(np.count_nonzero(np.diff(bits, prepend=last) == 1))
            last = bits[-1]
        return count, self.held * PAGE

    def first_missing(self) -> int:
        """Return the first page that the bitmap says is there and the file does not hold; :attr:`pages` for none."""
        if self.held >= self.present:
            return self.pages
        block = bisect_right(self._before, self.held) - 1
        ranks = self._ranks[block] or self._count(block)
        index = bisect_right(ranks, self.held) - 1
        word = self._words[block * 512 + index]
        for _ in range(self.held - ranks[index]):
            word &= word - 1  # without its lowest set bit
        return 64 * (block * 512 + index) + (word & -word).bit_length() - 1


def _words(bits: memoryview) -> memoryview:
    """Return *bits* as words of 64 bits in the order of this machine; a copy only where that differs."""
    if len(bits) % 8 == 0 and byteorder == "little":
        return bits.cast("Q")
    words = array("Q", bytes(bits) + bytes(-len(bits) % 8))
    if byteorder != "little":
        words.byteswap()
    return memoryview(words)


def _ones(words: Any) -> Any:
    """Return how many bits are set in each of *words* (``uint64``)."""
    import numpy as np

    if hasattr(np, "bitwise_count"):  # numpy 2
        return np.bitwise_count(words)
    one, three, five = (np.uint64(0x0101010101010101 * n) for n in (0x55, 0x33, 0x0F))
    words = words - (words >> np.uint64(1) & one)
    words = (words & three) + (words >> np.uint64(2) & three)
    words = words + (words >> np.uint64(4)) & five
    return words * np.uint64(0x0101010101010101) >> np.uint64(56)
