"""Memory made of pieces: sorted, joined where they touch, unambiguous where they overlap."""

from __future__ import annotations

from bisect import bisect_right
from heapq import heappop, heappush

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    class Memory(Protocol):
        """An address space that can be read."""

        def read(self, address: int, size: int) -> bytes:
            """Return *size* bytes at *address*, or raise :exc:`ReadError`."""


@record
class Segment:
    """Bytes at consecutive addresses; *source* names what they are in the file."""

    address: int
    data: memoryview
    source: str = ""

    @property
    def end(self) -> int:
        return self.address + len(self.data)


class SegmentedMemory:
    """Memory made of segments. A read may run from one segment into the next.

    Segments may overlap; where they do, the one given first is read. The
    number of segments bounds every step of a read.

    >>> memory = SegmentedMemory([Segment(0x1002, memoryview(b"cd")), Segment(0x1000, memoryview(b"ab"))])
    >>> memory.read(0x1001, 2)
    b'bc'
    >>> memory.read(0x1003, 2)
    Traceback (most recent call last):
        ...
    dumpwalk.errors.ReadError: 0x1004: not in the dump
    """

    def __init__(self, segments: Iterable[Segment], why_not: str = "not in the dump") -> None:
        self.why_not = why_not
        self.segments = _disjoint(segments)
        self._starts = [s.address for s in self.segments]

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes at *address*.

        :raises ReadError: naming the first byte that is missing
        """
        found = self.read_some(address, size)
        if len(found) < size:
            missing = address + len(found)
            raise ReadError(_like(address, missing), size - len(found), self.why_not)
        return found

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at *address* as far as they are there without a gap, at most *size*."""
        segment = self.find(address)
        if segment is None or size <= 0:
            return b""
        offset = address - segment.address
        if offset + size <= len(segment.data):
            return bytes(segment.data[offset : offset + size])
        out = bytearray(segment.data[offset:])
        index = bisect_right(self._starts, address)
        while len(out) < size and index < len(self.segments) and self.segments[index].address == address + len(out):
            out += self.segments[index].data[: size - len(out)]
            index += 1
        return bytes(out)

    def find(self, address: int) -> Segment | None:
        """Return the segment that holds the byte at *address*, if any."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self.segments[index].end:
            return self.segments[index]
        return None

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield ``(start, end)`` of each stretch of addresses without a gap, ascending."""
        start = end = -1
        for segment in self.segments:
            if segment.address != end:
                if end >= 0:
                    yield start, end
                start = segment.address
            end = segment.end
        if end >= 0:
            yield start, end


def _like(address: int, value: int) -> int:
    """Return *value* as the kind of address that *address* is, so that messages print it alike."""
    return type(address)(value) if type(address) is not int else Hex(value)


def _disjoint(segments: Iterable[Segment]) -> list[Segment]:
    """Sort *segments* and cut away what a segment given earlier already holds.

    A sweep over the start addresses: at any address the earliest given of the
    segments that reach it is the one to read. n log n, however they overlap.
    """
    ranked = sorted(((s.address, rank, s) for rank, s in enumerate(segments) if len(s.data)), key=lambda r: r[:2])
    if all(a[2].end <= b[0] for a, b in zip(ranked, ranked[1:])):
        return [s for _, _, s in ranked]
    pieces: list[tuple[Segment, int, int]] = []
    open_: list[tuple[int, Segment]] = []  # a heap by rank
    at, upcoming = 0, 0
    while open_ or upcoming < len(ranked):
        if not open_:
            at = ranked[upcoming][0]
        while upcoming < len(ranked) and ranked[upcoming][0] <= at:
            heappush(open_, ranked[upcoming][1:])
            upcoming += 1
        while open_ and open_[0][1].end <= at:
            heappop(open_)
        if open_:
            segment = open_[0][1]
            end = min(segment.end, ranked[upcoming][0] if upcoming < len(ranked) else segment.end)
            if pieces and pieces[-1][0] is segment and pieces[-1][2] == at:
                pieces[-1] = segment, pieces[-1][1], end
            else:
                pieces.append((segment, at, end))
            at = end
    return [Segment(a, s.data[a - s.address : b - s.address], s.source) for s, a, b in pieces]
