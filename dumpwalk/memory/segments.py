"""Memory made of pieces: sorted, joined where they touch, unambiguous where they overlap."""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.spans import disjoint
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    class Memory(Protocol):
        """An address space that can be read."""

        def read(self, address: int, size: int) -> bytes:
            """Return *size* bytes at *address*, or raise :exc:`ReadError`."""

    class DumpMemory(Memory, Protocol):
        """The virtual memory of a dump."""

        def read_some(self, address: int, size: int) -> bytes:
            """Return the bytes at *address* as far as they are there without a gap, at most *size*."""

        def runs(self) -> Iterator[tuple[int, int]]:
            """Yield ``(start, end)`` of each stretch of addresses without a gap, ascending."""


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
        self._pieces = [s.data for s in self.segments]

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes at *address*.

        :raises ReadError: naming the first byte that is missing
        """
        index = bisect_right(self._starts, address) - 1
        if index >= 0:  # the usual case, in few steps: one segment holds it all
            offset = address - self._starts[index]
            found = self._pieces[index][offset : offset + size].tobytes()
            if len(found) == size:
                return found
        found = self.read_some(address, size)
        if len(found) < size:
            missing = address + len(found)
            raise ReadError(_like(address, missing), size - len(found), self.why_not)
        return found

    def view(self, address: int, size: int) -> memoryview:
        """Return what :meth:`read` does, without copying it where one segment holds it all.

        :raises ReadError: naming the first byte that is missing
        """
        index = bisect_right(self._starts, address) - 1
        if index >= 0:
            offset = address - self._starts[index]
            found = self._pieces[index][offset : offset + size]
            if len(found) == size:
                return found
        return memoryview(self.read(address, size))

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
    """Sort *segments* and cut away what a segment given earlier already holds."""
    given = list(segments)
    kept = []
    for start, end, index in disjoint([(s.address, s.end) for s in given]):
        s = given[index]
        whole = start == s.address and end == s.end
        kept.append(s if whole else Segment(start, s.data[start - s.address : end - s.address], s.source))
    return kept
