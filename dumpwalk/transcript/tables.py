"""Tables with a ruling of equals signs below their header, as mex prints threads, processes and much else."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

# One run alone underlines a title.
_RULING = re.compile(r"[ ]*={2,}(?:[ ]={2,})+\Z")
_REMARK = re.compile(r"[ ]*((?:Thread )?Count: [0-9]+\b.*|Warning! Zombie process.*|CommandLine: \S.*)\Z")
_SPAN = re.compile(r"={2,}")


@record
class Table:
    """A table.

    :param columns: the names in the header, ``""`` for a column without one
    :param rows: the cells of each row, as many as *columns*, without the blanks around them
    :param remarks: lines below it: how many rows there are, and what was left out
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def _ruled(line: str, following: str) -> bool:
    return following.lstrip(" ")[:2] == "==" and _RULING.match(following) is not None


@kind("table", opens=r"[ ]*[A-Z_#][\w.#]*(?: |\Z)", confirms=_ruled, rank=98)
class TableReader(Reader):
    """Takes a header, its ruling and rows whose cells stand below the rulings."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._header: str | None = None
        self._spans: list[tuple[int, int]] = []
        self._rows: list[tuple[str, ...]] = []
        self._remarks: list[str] = []
        self._last = 0
        self._footer = False

    def take(self, line: str, number: int) -> bool:
        taken = self._take(line, number)
        if taken:
            self._last = number
        return taken

    def _take(self, line: str, number: int) -> bool:
        if not line or self._footer:
            return False
        if self._header is None:
            self._header = line
            return True
        if self._spans and (found := _REMARK.match(line)):
            self._remarks.append(found[1])
            return True
        if number != self._last + 1 or self._remarks:
            return False
        if not self._spans:
            if not _RULING.match(line):
                return False
            self._spans = _cut([m.span() for m in _SPAN.finditer(line)])
            return True
        if _RULING.match(line):  # a second ruling and the header once more end a long table
            return True
        if line == self._header:
            self._footer = True
            return True
        if any(line[start - 1 : start].strip() for start, _ in self._spans[1:]):
            return False  # something stands where columns are parted
        self._rows.append(tuple(line[a:b].strip() for a, b in self._spans))
        return True

    def record(self) -> Table | None:
        if not self._spans or self._header is None:
            return None
        return Table(tuple(self._header[a:b].strip() for a, b in self._spans), tuple(self._rows), tuple(self._remarks))


def _cut(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans of the columns; the last goes on to the end of the line."""
    return [*spans[:-1], (spans[-1][0], 1 << 16)]
