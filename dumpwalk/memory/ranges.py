"""Physical memory in many ranges of pages that ascend, as range dumps list them: kept as arrays, not as objects."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from operator import add, gt
from sys import byteorder

from dumpwalk.memory.physical import HIGHEST, PAGE, PhysicalMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class RangeMemory(PhysicalMemory):
    """Physical memory in ranges of pages, whose pages lie one behind the other from *first* on.

    :param starts: the first page of each range, ascending
    :param counts: how many pages each has; no range reaches into the next

    :ivar present: how many pages the ranges have
    :ivar held: how many of them the file has room for

    >>> memory = ranges(memoryview(bytes(0x1000) + b"a" * 0x2000), b"\\5" + bytes(7) + b"\\2" + bytes(7), 0x1000)
    >>> memory.place(0x6001), memory.place(0x7000), list(memory.runs())
    (8193, -1, [(20480, 28672, 4096)])
    """

    whole = True

    def __init__(self, data: memoryview, starts: array[int], counts: array[int], first: int) -> None:
        self.data = data
        self._first = min(first, len(data))
        self._starts, self._counts = starts, counts
        self._before = array("Q", accumulate(counts, initial=0))
        self.present = self._before[-1]
        self.held = min(self.present, (len(data) - self._first) // PAGE)
        self._arrays: Any = None

    def place(self, address: int) -> int:
        page = address >> 12
        index = bisect_right(self._starts, page) - 1
        if index < 0:
            return -1
        into = page - self._starts[index]
        rank = self._before[index] + into
        if into >= self._counts[index] or rank >= self.held:
            return -1
        return self._first + (rank << 12 | address & 0xFFF)

    def places(self, addresses: Any) -> Any:
        import numpy as np

        if not self._starts:
            return np.full(len(addresses), -1, "i8")
        if self._arrays is None:
            self._arrays = tuple(np.array(v, "i8") for v in (self._starts, self._counts, self._before))
        starts, counts, before = self._arrays
        pages = (addresses >> np.uint64(12)).astype("i8")
        index = np.searchsorted(starts, pages, "right") - 1
        found = np.maximum(index, 0)
        into = pages - starts[found]
        rank = before[found] + into
        there = (index >= 0) & (into < counts[found]) & (rank < self.held)
        return np.where(there, self._first + (rank << 12 | (addresses & np.uint64(0xFFF)).astype("i8")), -1)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        start = end = rank = 0
        for base, count, before in zip(self._starts, self._counts, self._before):
            if before >= self.held:
                break
            if base != end or end == start:
                if end > start:
                    yield start << 12, end << 12, self._first + (rank << 12)
                start, rank = base, before
            end = base + min(count, self.held - before)
        if end > start:
            yield start << 12, end << 12, self._first + (rank << 12)

    def first_missing(self) -> int:
        """Return the first page that the file does not hold; 0 when it holds all."""
        if self.held >= self.present:
            return 0
        index = bisect_right(self._before, self.held) - 1
        return self._starts[index] + self.held - self._before[index]


def ranges(data: memoryview, table: bytes, first: int) -> RangeMemory | None:
    """Return the memory that *table* lists: first page and count, 64 bits each; null entries at its end mean nothing.

    ``None`` when they do not ascend, or lie where no machine has memory.
    """
    size = -(-len(table.rstrip(b"\0")) // 16) * 16
    words = array("Q", table[:size].ljust(size, b"\0"))
    if byteorder != "little":
        words.byteswap()
    starts, counts = words[::2], words[1::2]
    try:
        ends = array("Q", map(add, starts, counts))
    except OverflowError:
        return None
    if any(map(gt, ends, starts[1:])) or (ends and max(ends) > HIGHEST // PAGE):
        return None
    return RangeMemory(data, starts, counts, first)
