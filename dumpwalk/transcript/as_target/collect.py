"""What a text shows of a machine, block by block: memory, listings of structures, and what it says of the system."""

from __future__ import annotations

from dumpwalk.memory.address import Address32
from dumpwalk.transcript import Block
from dumpwalk.transcript.as_target.machine import Said
from dumpwalk.transcript.as_target.memory import Shown
from dumpwalk.transcript.dt import Dt
from dumpwalk.transcript.lines import Lines
from dumpwalk.transcript.prompt import bare, prompted, word
from dumpwalk.transcript.splitter import split
from dumpwalk.types.sources.dt_types import pointer_size_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.transcript.memory import MemoryListing, MemoryRow
    from dumpwalk.types.sources.dt_text import Draft

# So many rows of structures are kept until it is known whose they are.
MOST_ROWS = 100_000
_ENCODINGS = {"da": "ascii", "du": "utf-16-le"}


class Collected:
    """What a text shows.

    :ivar shown: the memory of its memory listings
    :ivar listings: the structures that ``dt`` listed, each with the line of each row
    :ivar said: what it says of the system
    :ivar memory_listings: how many listings of memory it has
    :ivar left_out: the first line of structures that were too many to keep; 0 when none were
    """

    def __init__(self) -> None:
        self.shown = Shown()
        self.listings: list[tuple[Draft, list[int]]] = []
        self.said = Said()
        self.memory_listings = 0
        self.left_out = 0
        self._rows = 0
        self._widths = {4: 0, 8: 0}

    @property
    def pointer_size(self) -> int:
        """Bytes in a pointer as most listings print them; 0 when there is none."""
        narrow, wide = self._widths[4], self._widths[8]
        return 0 if not narrow + wide else 4 if narrow > wide else 8

    def structures(self, block: Block, window: _Window) -> None:
        """Take what ``dt`` printed."""
        reader = Dt(block.command)
        lines: dict[int, list[int]] = {}
        for number, line in window.of(block):
            if not reader.take(line, number):
                continue
            draft = reader.drafts[-1]
            numbers = lines.setdefault(id(draft), [])
            numbers += [number] * (len(draft.rows) - len(numbers))
        physical = " -p " in f"{block.command} "
        for draft in reader.drafts:
            if not draft.rows:
                continue
            self._rows += len(draft.rows)
            if self._rows > MOST_ROWS:
                self.left_out = self.left_out or lines[id(draft)][0]
                return
            # Whether a list's heading has the place of the structure or of its link is not said anywhere.
            if physical or any(" at 0x" in line for line in draft.heading):
                draft.address = None
            self.listings.append((draft, lines[id(draft)]))
            width = pointer_size_in([draft])
            if width:
                self._widths[width] += 1

    def memory(self, block: Block, window: _Window) -> None:
        """Take a listing of memory, unless it is of physical memory."""
        command = block.command.lstrip()
        if command.startswith("!") or "/p " in command:
            return
        encoding = _ENCODINGS.get(word(command), "") if command else ""
        record: MemoryListing | None = block.record
        if record is None:
            return
        self.memory_listings += 1
        self.shown.cut()
        lines = list(window.of(block))
        # Each line that was taken is a row, but for a symbol's name above the first.
        for row, (number, line) in zip(record.rows, lines[len(lines) - len(record.rows) :]):
            if line.lstrip()[:1] == "#":  # physical memory
                continue
            if not command and len(row.values) == 1 and not row.text and row.place is None:
                continue  # two numbers of anything: ranges of addresses look like that too
            self._widths[4 if isinstance(row.address, Address32) else 8] += 1
            if row.values:
                self._values(int(row.address), row, number)
            else:
                self._text(int(row.address), row.text, encoding, number)

    def _values(self, at: int, row: MemoryRow, line: int) -> None:
        unit, data = row.unit, []
        for value in row.values:
            if isinstance(value, int):
                data.append(value.to_bytes(unit, "little"))
                continue
            known = b"".join(data)
            self.shown.add(at, known, line)
            at += len(known) + unit
            data.clear()
        self.shown.add(at, b"".join(data), line)

    def _text(self, at: int, text: str, encoding: str, line: int) -> None:
        """Take a row of characters. A period stands for itself and for whatever can't be printed."""
        unit = 2 if encoding == "utf-16-le" else 1
        if not encoding or not text.isprintable() or (unit == 1 and not text.isascii()):
            return
        for piece in text.split("."):
            self.shown.add(at, piece.encode(encoding, "surrogatepass"), line)
            at += len(piece.encode(encoding, "surrogatepass"))
            self.shown.say(at, unit, line, "a period, which may be any character that can't be printed,")
            at += unit


class _Window(Lines):
    """Lines of which the last ones stay at hand: those of the block that is being read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        super().__init__(lines)
        self._kept: list[tuple[int, list[str]]] = []

    def chunks(self) -> Iterator[list[str]]:
        """Yield the cleaned lines in lists."""
        for chunk in super().chunks():
            self._kept.append((self.count - len(chunk) + 1, list(chunk)))
            yield chunk

    def of(self, block: Block) -> Iterator[tuple[int, str]]:
        """Yield number and text of the lines in *block* that its reader may have taken."""
        outside = {*block.unparsed, *block.noise}
        for first, chunk in self._kept:
            begin = max(0, block.first_line - first)
            for number, line in enumerate(chunk[begin : max(0, block.last_line - first + 1)], first + begin):
                if not line or number in outside:
                    continue
                if number == block.first_line and (prompted(line) is not None or bare(line) is not None):
                    continue
                yield number, line

    def drop(self, line: int) -> None:
        """Forget the lines before *line*."""
        while len(self._kept) > 1 and self._kept[1][0] <= line:
            del self._kept[0]


def collected(pieces: Iterator[bytes]) -> tuple[Collected, Lines]:
    """Return what a text shows, and its lines, which know what is wrong with it.

    :param pieces: the bytes of the text
    """
    window = _Window(pieces)
    found = Collected()
    for item in split(window):
        if isinstance(item, Block):
            if item.kind == "memory":
                found.memory(item, window)
            elif item.kind == "dt":
                found.structures(item, window)
            else:
                found.said.take(item)
            window.drop(item.last_line)
        elif isinstance(item, int):
            window.drop(item)
    return found, window
