"""Splits a text into blocks: by commands, and by what lines look like where no command is shown."""

from __future__ import annotations

from dumpwalk.annotations.codes import may_mention, remarks_in
from dumpwalk.annotations.conditions import Situation
from dumpwalk.transcript import Block, Reader
from dumpwalk.transcript.lines import LONGEST, Lines
from dumpwalk.transcript.noise import Noise, is_noise
from dumpwalk.transcript.openers import openers
from dumpwalk.transcript.output import CommandReader
from dumpwalk.transcript.prompt import bare, prompted, word
from dumpwalk.transcript.prose import gathered
from dumpwalk.transcript.together import Together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.annotations import Annotation

# Remarks of these kinds are the same wherever a text mentions what they are about.
_ONCE = ("pitfall", "wait reason", "pool tag")
# So many lines that nobody understands end a block where no blank line does.
_PATIENCE = 12
# A block of more lines is cut, and goes on as another one: a reader holds all of its block.
_MOST_LINES = 200_000
_MOST_SAID = 256


# A block, what a code means, or the number and text of a line outside of all blocks.
if TYPE_CHECKING:
    _Item = Block | Annotation | tuple[int, str]


class _Open:
    """A block that is being read."""

    def __init__(self, reader: Reader, first: int) -> None:
        self.reader = reader
        self.first = self.last = first
        self.taken = 0
        self.unparsed: list[int] = []
        self.noise: list[int] = []
        # Lines since the last one of the block: whose they are, the next lines decide.
        self.pending: list[int] = []
        self.pending_text: list[str] = []
        self.pending_noise: list[int] = []
        self.blank = False

    def keep(self, number: int) -> None:
        """Note that line *number* was understood; those that waited in front of it are inside the block."""
        self.settle()
        self.last = number
        self.taken += 1

    def settle(self) -> None:
        """Count the waiting lines as the block's."""
        if self.pending or self.pending_noise:
            self.unparsed += self.pending
            self.noise += self.pending_noise
            self.last = max(self.last, *self.pending[-1:], *self.pending_noise[-1:])
            self.pending, self.pending_text, self.pending_noise = [], [], []
        self.blank = False


def split(lines: Lines) -> Iterator[Block | int | Annotation]:
    """Yield the blocks of *lines*, the numbers of the lines outside of them, what codes in such lines mean, and what
    several blocks show together.

    One line is looked ahead. Prose outside of what commands printed is a block of its own kind.
    """
    return gathered(_split(lines))


def _split(lines: Lines) -> Iterator[_Item]:
    state = _Splitter()
    number = 0
    held: str | None = None
    for chunk in lines.chunks():
        if held is not None:
            chunk.insert(0, held)
        for at in range(len(chunk) - 1):
            number += 1
            line = chunk[at]
            block = state.open
            # Nearly all lines of a listing go this way.
            if block is not None and len(line) <= LONGEST and block.reader.take(line, number):
                if block.pending or block.blank or block.pending_noise:
                    block.settle()
                block.last = number
                block.taken += 1
                if block.taken >= _MOST_LINES:
                    yield from state.cut(number)
                continue
            yield from state.other(line, chunk[at + 1], number)
        held = chunk[-1] if chunk else held
    if held is not None:
        number += 1
        block = state.open
        if block is not None and len(held) <= LONGEST and block.reader.take(held, number):
            block.keep(number)
        else:
            yield from state.other(held, "", number)
    yield from state.close()
    yield from state.together.end()


class _Splitter:
    def __init__(self) -> None:
        self.open: _Open | None = None
        self.situation = Situation()
        self.openers = openers()
        self.together = Together()
        self.said: set[str] = set()

    def other(self, line: str, following: str, number: int) -> Iterator[_Item]:
        """Take a line that the open block's reader did not understand."""
        block = self.open
        if not line:
            if block is not None:
                block.blank = True
            return
        if len(line) > LONGEST:
            yield from self._outside(line, number)
            return
        command = prompted(line)
        if command is None:
            command = bare(line)
        if command is not None:
            yield from self.close()
            if command:
                kind = self.openers.commands.get(word(command)) if ";" not in command else None
                self._begin(kind.reader(command) if kind else CommandReader(command), number)
            else:  # a prompt with nothing behind it
                self._begin(CommandReader(""), number)
            self.open.taken = 0  # type: ignore[union-attr]
            return
        if is_noise(line):
            if block is None:
                self._begin(Noise(), number, True)
            else:
                block.pending_noise.append(number)
                if not block.blank:
                    block.settle()
            return
        yield from self._shape(line, following, number)

    def _shape(self, line: str, following: str, number: int) -> Iterator[_Item]:
        """Begin a block by what *line* looks like; else count it as not understood."""
        block = self.open
        kind = self.openers.by_shape(line, following[:LONGEST])
        if kind is None:
            if may_mention(line):
                yield from self._mentions(line, number)
            yield from self._outside(line, number)
            return
        command = ""
        if block is not None:
            command = block.reader.command if not block.pending else ""
            if not block.taken and command and not block.unparsed:
                # The command's own output has another form than its word lets expect.
                first, noise = block.first, block.noise + block.pending_noise
                self.open = _Open(kind.reader(command), first)
                self.open.noise = noise
                if self.open.reader.take(line, number):
                    self.open.keep(number)
                    return
                self.open = block
        reader = kind.reader(command)
        reader.more = bool(command and block is not None and block.taken)
        if not reader.take(line, number):
            yield from self._outside(line, number)
            return
        yield from self.close()
        self._begin(reader, number, True)

    def _mentions(self, line: str, number: int) -> Iterator[Annotation]:
        """Yield what is known of what a line of prose mentions, what is true of any mention but once."""
        for said in remarks_in(line, number):
            if said.kind not in _ONCE:
                yield said
            elif said.title not in self.said and len(self.said) < _MOST_SAID:
                self.said.add(said.title)
                yield said

    def _begin(self, reader: Reader, number: int, taken: bool = False) -> None:
        self.open = _Open(reader, number)
        self.open.taken = int(taken)

    def _outside(self, line: str, number: int) -> Iterator[_Item]:
        block = self.open
        if block is None:
            yield number, line if len(line) <= LONGEST else ""
            return
        if isinstance(block.reader, Noise):  # it owns nothing but its own lines
            yield from self.close()
            yield number, line if len(line) <= LONGEST else ""
            return
        block.pending.append(number)
        block.pending_text.append(line if len(line) <= LONGEST else "")
        if block.reader.command and not block.blank:
            block.settle()  # right below a command's output it can be nothing else
        elif len(block.pending) > (block.reader.patience if block.blank else _PATIENCE):
            yield from self.close()

    def cut(self, number: int) -> Iterator[_Item]:
        """End the open block for its length; what follows line *number* begins another one of its kind."""
        assert self.open is not None
        again = type(self.open.reader)(self.open.reader.command)
        yield from self.close()
        self._begin(again, number + 1)

    def close(self) -> Iterator[_Item]:
        """End the open block; lines that still wait behind it are outside."""
        block = self.open
        if block is None:
            return
        self.open = None
        if not block.blank:
            block.noise += block.pending_noise
            block.last = max(block.last, *block.pending_noise[-1:]) if block.pending_noise else block.last
            block.pending_noise = []
        reader = block.reader
        record = reader.record()
        annotations = reader.annotations(self.situation)
        self.situation = reader.situation(self.situation)
        whole = Block(
            reader.kind,
            block.first,
            block.last,
            reader.command,
            record,
            annotations,
            tuple(n for n in block.unparsed if n <= block.last),
            tuple(block.noise),
        )
        yield whole
        yield from self.together.add(whole)
        left: list[tuple[int, _Item]] = [
            (n, (n, s)) for n, s in zip(block.pending, block.pending_text) if n > block.last
        ]
        for first, last in _runs(block.pending_noise):
            left.append((first, Block("noise", first, last, "", None, (), (), tuple(range(first, last + 1)))))
        left.sort(key=lambda entry: entry[0])
        yield from (item for _, item in left)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of consecutive *numbers*."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
