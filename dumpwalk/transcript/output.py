"""Output of commands that have no kind of their own: what of it are labels and values."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.prose import is_prose

# Usage:                  Module | pDb   = 0x1 | @x: 5; a label is no sentence
_FIELD = re.compile(
    r"([ ]*)([A-Za-z_@.$\[][\w$@.\[\]()/#*+-]*(?:[ ][\w$@.\[\]()/#*+-]+){0,4})"
    r"[ ]*[:=](?:[ ]+(\S.*)|([0-9][0-9a-fA-F`]*))?\Z"
)
# Two columns:     Device PnP         Started
_COLUMN = re.compile(
    r"([ ]*)([A-Za-z_@.$\[(][\w$@.\[\]()/#*+&'-]*(?:[ ][\w$@.\[\]()/#*+&'-]+){0,5})(?<=[\w\])#])[ ]{2,}(\S.*)\Z"
)
_WORDS = re.compile(r"[A-Z][A-Za-z]*(?: [A-Za-z]+)*\Z")
_ADDRESS = re.compile(r"[ ]*[0-9a-fA-F`]{8,17}(?!\w)")
# Prose that begins with a word and a colon has more words behind it than any value.
_MOST_WORDS = 12
_LONGEST = 512
# So far from the last one a line is not the command's any more.
_FARTHEST = 12


@record
class Field:
    """A line that says one thing.

    :param indent: blanks in front of it: what it belongs to
    """

    indent: int
    label: str
    value: str


@record
class Output:
    """What a command printed, as far as it is labels and values."""

    fields: tuple[Field, ...]


@kind("command")
class CommandReader(Reader):
    """Takes lines of a label and a value below a command, until prose stands behind a blank line."""

    patience = _FARTHEST

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._fields: list[Field] = []
        self._last = self._number = 0
        self._column = 0  # where the value of the last line of two columns stands
        self._near = False  # nothing stands between the last line and this one
        self._ended = False

    def take(self, line: str, number: int) -> bool:
        if not self.command or self._ended or not 0 < len(line) <= _LONGEST:
            return False
        if self._last and number - self._last > _FARTHEST:
            self._ended = True
            return False
        self._near = self._near and number - self._number == 1
        taken = self._field(line) or self._columns(line)
        if taken:
            self._last = number
        elif number - self._number > 1 and is_prose(line):
            self._ended = True
        self._near = taken
        self._number = number
        return taken

    def _field(self, line: str) -> bool:
        found = _FIELD.match(line)
        if not found or ">" in line[:8] or _ADDRESS.match(line):
            return False
        value = found[3] or found[4] or ""
        if value.count(" ") > _MOST_WORDS or (not self._near and (is_prose(line) or _is_known(line))):
            return False
        self._fields.append(Field(len(found[1]), found[2], value))
        self._column = 0
        return True

    def _columns(self, line: str) -> bool:
        """Take a line of two columns. One of more is the row of a table, unless its value stands below others."""
        indent = len(line) - len(line.lstrip(" "))
        if self._column and indent == self._column and self._near:
            last = self._fields[-1]
            self._fields[-1] = Field(last.indent, last.label, f"{last.value} {line[indent:]}")
            return True
        found = _COLUMN.match(line)
        if found is None or _ADDRESS.match(line) or found[3].count(" ") > _MOST_WORDS:
            return False
        if ("  " in found[3] and found.start(3) != self._column) or is_prose(line) or _is_known(line):
            return False
        first = found.start(3) != self._column
        self._column = found.start(3)
        if first and _WORDS.match(found[2]) and _WORDS.match(found[3]):
            return False  # two words above others are the heading of a table as well
        self._fields.append(Field(len(found[1]), found[2], found[3]))
        return True

    def record(self) -> Output | None:
        return Output(tuple(self._fields)) if self._fields else None


def _is_known(line: str) -> bool:
    """Say whether *line* begins a block of a kind that is known by its looks."""
    from dumpwalk.transcript.openers import openers  # which loads this module

    return openers().by_shape(line, "") is not None
