"""The memory that a text shows: sparse, each byte with the line it stands on.

Where listings overlap, the one that stands first in the text is read, as everywhere in this program; where they say
different things, a problem names both lines.
"""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.memory.spans import disjoint
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dumpwalk.memory.machine import Machine

# What is kept of a text: bytes, stretches of them, and places of which it shows something else than bytes.
MOST_BYTES = 1 << 26
MOST_RUNS = 1 << 18
MOST_PLACES = 1 << 16
# So many contradictions are told one by one.
_MOST_TOLD = 16
_LONGEST_QUOTE = 80

_SPACE = 1 << 64

WHY_NOT = "the text does not hold it"


class _Run:
    """Bytes that follow each other in text and memory; *offsets* and *lines* say which line each begins on."""

    __slots__ = ("address", "data", "lines", "offsets")

    def __init__(self, address: int, data: bytes, line: int) -> None:
        self.address = address
        self.data = bytearray(data)
        self.offsets = [0]
        self.lines = [line]

    def line(self, address: int) -> int:
        return self.lines[bisect_right(self.offsets, address - self.address) - 1]


class Shown:
    """What a text shows of a memory, as it is collected.

    :ivar left_out: the first line whose bytes were too many to keep; 0 when none were
    """

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self.places: list[tuple[int, int, int, str]] = []
        self.left_out = 0
        self._bytes = 0
        self._joins = False

    def cut(self) -> None:
        """Begin another listing: what is added next is not joined to what was added last."""
        self._joins = False

    def add(self, address: int, data: bytes, line: int) -> None:
        """Add *data* at *address*, which *line* shows."""
        if self.left_out or not data or address + len(data) > _SPACE:
            return
        run = self.runs[-1] if self._joins else None
        if run is not None and run.address + len(run.data) != address:
            run = None
        if self._bytes + len(data) > MOST_BYTES or (run is None and len(self.runs) >= MOST_RUNS):
            self.left_out = line
            return
        self._bytes += len(data)
        self._joins = True
        if run is None:
            self.runs.append(_Run(address, data, line))
            return
        if run.lines[-1] != line:
            run.offsets.append(len(run.data))
            run.lines.append(line)
        run.data += data

    def in_order(self) -> None:
        """Put what was collected in the order of the text: what stands first is read."""
        self.runs.sort(key=lambda run: run.lines[0])

    def say(self, address: int, size: int, line: int, text: str) -> None:
        """Note that *line* shows *text* of the *size* bytes at *address*, but not the bytes."""
        if size > 0 and len(self.places) < MOST_PLACES:
            self.places.append((address, address + size, line, text))


class TextMemory:
    """The memory that a text shows. What *fill* knows is asked for when the memory is first looked at.

    :param fill: returns all that the text shows
    """

    def __init__(self, machine: Machine, fill: Callable[[], Shown]) -> None:
        self._machine = machine
        self._fill = fill
        self._memory: SegmentedMemory | None = None
        self._starts: list[int] = []
        self._places: list[tuple[int, int, int, str]] = []
        self._problems: tuple[Problem, ...] = ()

    @property
    def looked_at(self) -> bool:
        """Whether anything was read, or tried to be."""
        return self._memory is not None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Where the text contradicts itself, and what of it is left out."""
        self._whole()
        return self._problems

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes at *address*.

        :raises ReadError: naming the first byte that the text does not show, and what it shows there instead
        """
        try:
            return self._whole().read(address, size)
        except ReadError as error:
            raise self._explained(error) from None

    def view(self, address: int, size: int) -> bytes | memoryview:
        """Return what :meth:`read` does, without copying it where one listing holds it all.

        :raises ReadError: as :meth:`read` does
        """
        try:
            return self._whole().view(address, size)
        except ReadError as error:
            raise self._explained(error) from None

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at *address* as far as they are there without a gap, at most *size*."""
        return self._whole().read_some(address, size)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield ``(start, end)`` of each stretch of addresses without a gap, ascending."""
        return self._whole().runs()

    def _explained(self, error: ReadError) -> ReadError:
        """Return *error* with what the text shows there in place of bytes."""
        place = bisect_right(self._starts, error.address) - 1
        if place >= 0:
            start, end, line, text = self._places[place]
            if start <= error.address < end:
                return ReadError(error.address, error.size, f"{WHY_NOT} (line {line} shows {text} there)")
        return error

    def _whole(self) -> SegmentedMemory:
        if self._memory is None:
            self._memory = SegmentedMemory((), WHY_NOT)  # for whoever asks while it is being filled
            shown = self._fill()
            pieces = disjoint([(r.address, r.address + len(r.data)) for r in shown.runs])
            segments = []
            for start, end, index in pieces:
                run = shown.runs[index]
                data = memoryview(run.data)[start - run.address : end - run.address].toreadonly()
                segments.append(Segment(start, data, f"line {run.line(start)}"))
            self._memory = SegmentedMemory(segments, WHY_NOT)
            spans = disjoint([place[:2] for place in shown.places])
            self._places = [(start, end, *_quoted(shown.places[index])) for start, end, index in spans]
            self._starts = [start for start, _, _, _ in self._places]
            self._problems = self._contradictions(shown, pieces, self._memory)
        return self._memory

    def _contradictions(
        self, shown: Shown, pieces: list[tuple[int, int, int]], memory: SegmentedMemory
    ) -> tuple[Problem, ...]:
        problems = []
        starts = [start for start, _, _ in pieces]
        told = 0
        for run in shown.runs if len(pieces) != len(shown.runs) or _overlap(shown.runs) else ():
            held = memory.read(run.address, len(run.data))
            if held == run.data:
                continue
            told += 1
            if told > _MOST_TOLD:
                continue
            at = run.address + next(i for i, (a, b) in enumerate(zip(held, run.data)) if a != b)
            first = shown.runs[pieces[bisect_right(starts, at) - 1][2]]
            mine, other = run.data[at - run.address], first.data[at - first.address]
            what = f"it says {mine:02x} of {self._machine.address(at)}, line {first.line(at)} says {other:02x}, "
            problems.append(Problem(f"line {run.line(at)}", what + "which is read: it stands first"))
        if told > _MOST_TOLD:
            problems.append(Problem("text", f"{told - _MOST_TOLD} further listings contradict earlier ones"))
        if shown.left_out:
            what = f"the memory that the text shows from here on is left out: {Hex(MOST_BYTES)} bytes are kept at most"
            problems.append(Problem(f"line {shown.left_out}", what))
        return tuple(problems)


def _overlap(runs: list[_Run]) -> bool:
    """Say whether bytes of two runs have the same address."""
    spans = sorted((r.address, r.address + len(r.data)) for r in runs)
    return any(a[1] > b[0] for a, b in zip(spans, spans[1:]))


def _quoted(place: tuple[int, int, int, str]) -> tuple[int, str]:
    text = place[3] if len(place[3]) <= _LONGEST_QUOTE else f"{place[3][:_LONGEST_QUOTE]}..."
    return place[2], text
