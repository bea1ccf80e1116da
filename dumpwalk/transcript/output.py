"""Output of commands that have no kind of their own: what of it are labels and values."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

# Usage:                  Module | pDb   = 0x1 | @x: 5; a label is no sentence
_FIELD = re.compile(
    r"([ ]*)([A-Za-z_@.$\[][\w$@.\[\]()/#*+-]*(?:[ ][\w$@.\[\]()/#*+-]+){0,4})"
    r"[ ]*([:=])(?:[ ]+(\S.*))?\Z"
)
# Prose that begins with a word and a colon has more words behind it than any value.
_MOST_WORDS = 12


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
    """Takes lines of a label and a value right below a command."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._fields: list[Field] = []
        self._last = 0

    def take(self, line: str, number: int) -> bool:
        if not self.command or (self._last and number - self._last > 2) or len(line) > 512:
            return False
        found = _FIELD.match(line)
        if not found or (found[4] or "").count(" ") > _MOST_WORDS or ">" in line[:8]:
            return False
        self._fields.append(Field(len(found[1]), found[2], found[4] or ""))
        self._last = number
        return True

    def record(self) -> Output | None:
        return Output(tuple(self._fields)) if self._fields else None
