"""Physical memory that lies in a file: where in it each page is."""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.spans import disjoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

PAGE = 0x1000
# Intel SDM volume 3A, 4.1.4 and Arm ARM D8.2: no machine has more than 52 bits of physical address.
HIGHEST = 1 << 52


class PhysicalMemory:
    """Physical memory in a file. A kind of it says where in the file an address lies.

    :ivar data: the bytes of the file
    :ivar whole: every page is there as a whole or not at all, so what is true of a page's
        first byte is true of all of it
    """

    data: memoryview
    whole: bool

    def place(self, address: int) -> int:
        """Return the offset in :attr:`data` of the byte at *address*; -1 when it is not there."""
        raise NotImplementedError

    def places(self, addresses: Any) -> Any:
        """Return the same for a numpy array of addresses (``uint64``), as ``int64``."""
        raise NotImplementedError

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield ``(start, end, offset)`` of each stretch of addresses and where it begins in the file, ascending."""
        raise NotImplementedError

    def extent(self) -> tuple[int, int]:
        """Return how many stretches there are, and how many bytes they have together."""
        count = size = 0
        for start, end, _ in self.runs():
            count += 1
            size += end - start
        return count, size

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at *address* as far as they are there without a gap, at most *size*."""
        out = bytearray()
        while size > 0:
            offset = self.place(address)
            room = min(size, PAGE - address % PAGE if self.whole else self._room(address))
            if offset < 0 or room <= 0:
                break
            out += self.data[offset : offset + room]
            address += room
            size -= room
        return bytes(out)

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes at *address*.

        :raises ReadError: naming the first page that is missing
        """
        if size <= PAGE - address % PAGE and self.whole:
            offset = self.place(address)
            if offset >= 0:
                return bytes(self.data[offset : offset + size])
        found = self.read_some(address, size)
        if len(found) < size:
            missing = address + len(found)
            raise ReadError(Hex(missing), size - len(found), f"page {missing >> 12:x} is not in the dump")
        return found

    def _room(self, address: int) -> int:
        """Return how many bytes lie together from *address* on; asked only where pages may be partial."""
        raise NotImplementedError


class RunMemory(PhysicalMemory):
    """Physical memory in stretches: ``(start, end, offset)`` of addresses and where they begin in *data*.

    What lies beyond the end of the file is not there. Where stretches
    overlap, the one given first counts. Their ends are cut to whole words of
    8 bytes, so that no page-table entry is half there.

    >>> memory = RunMemory(memoryview(bytes(16) + b"abcdefgh"), [(0x1000, 0x1008, 16)])
    >>> memory.place(0x1002), memory.place(0x1008), memory.read(0x1001, 3)
    (18, -1, b'bcd')
    """

    def __init__(self, data: memoryview, runs: Iterable[tuple[int, int, int]]) -> None:
        self.data = data
        given: list[tuple[int, int, int]] = []
        for start, end, offset in runs:
            end = min(end, HIGHEST, start + max(0, len(data) - offset))
            skip = -start % 8
            if 0 <= start < end and offset >= 0:
                given.append((start + skip, end & ~7, offset + skip))
        pieces = disjoint([(start, end) for start, end, _ in given])
        self._runs = _joined([(start, end, given[i][2] + start - given[i][0]) for start, end, i in pieces])
        self._starts = [start for start, _, _ in self._runs]
        self._ends = [end for _, end, _ in self._runs]
        self._shifts = [offset - start for start, _, offset in self._runs]
        self.whole = all(not (start | end) % PAGE for start, end, _ in self._runs)
        self._arrays: Any = None

    def place(self, address: int) -> int:
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self._ends[index]:
            return address + self._shifts[index]
        return -1

    def places(self, addresses: Any) -> Any:
        import numpy as np

        if self._arrays is None:
            self._arrays = tuple(
                np.array(values, kind)
                for values, kind in ((self._starts, "u8"), (self._ends, "u8"), (self._shifts, "i8"))
            )
        starts, ends, shifts = self._arrays
        if not len(starts):
            return np.full(len(addresses), -1, "i8")
        index = np.searchsorted(starts, addresses, "right").astype("i8") - 1
        found = np.maximum(index, 0)
        there = (index >= 0) & (addresses < ends[found])
        return np.where(there, addresses.astype("i8") + shifts[found], -1)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        return iter(self._runs)

    def _room(self, address: int) -> int:
        index = bisect_right(self._starts, address) - 1
        return self._ends[index] - address if index >= 0 else 0


def _joined(runs: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return *runs* with those made one that follow each other in memory and in the file."""
    out: list[tuple[int, int, int]] = []
    for start, end, offset in runs:
        if out and out[-1][1] == start and out[-1][2] + start - out[-1][0] == offset:
            out[-1] = out[-1][0], end, out[-1][2]
        else:
            out.append((start, end, offset))
    return out
