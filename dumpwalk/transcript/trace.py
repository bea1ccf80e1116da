"""Functions called and instructions executed as ``wt`` traces them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address

_TITLE = re.compile(r"[ ]*Tracing (\S+) to return address ([0-9a-f`]{8,17})\Z")
_ROW = re.compile(r"[ ]*([0-9]+)[ ]+([0-9]+) \[[ ]*([0-9]+)\][ ]+(\S.*)\Z")
_COLUMNS = re.compile(r"[ ]*(?:Function Name[ ]+Invocations MinInst MaxInst AvgInst|Calls[ ]+System Call)\Z")
_FUNCTION = re.compile(r"(\S.*?)(?<![ ])[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+)\Z")
_CALLS = re.compile(r"[ ]*([0-9]+)[ ]{2}(\w+!\S+)\Z")
_SUM = re.compile(r"[ ]*([0-9]+ (?:instructions were executed in|system calls? (?:was|were) executed).*)\Z")


@record
class TraceRow:
    """A step: instructions in the function itself, in those it called, how deep it is, and its name."""

    own: int
    called: int
    depth: int
    place: Site


@record
class TracedFunction:
    """A function: how often it was called; the least, most and average number of instructions."""

    place: Site
    invocations: int
    least: int
    most: int
    average: int


@record
class Trace:
    """A trace.

    :param system_calls: how often each function was one
    """

    function: Site | None
    return_address: Address | None
    rows: tuple[TraceRow, ...]
    functions: tuple[TracedFunction, ...]
    system_calls: tuple[tuple[Site, int], ...]
    remarks: tuple[str, ...]


@kind("trace", "wt", opens=r"[ ]*Tracing \S+ to return address [0-9a-f]{8}", rank=40)
class TraceReader(Reader):
    """Takes one trace."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title: re.Match[str] | None = None
        self._rows: list[TraceRow] = []
        self._functions: list[TracedFunction] = []
        self._calls: list[tuple[Site, int]] = []
        self._counting = False
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            self._rows.append(TraceRow(int(found[1]), int(found[2]), int(found[3]), site(found[4])))
        elif self._title is None and (found := _TITLE.match(line)):
            self._title = found
        elif found := _SUM.match(line):
            self._remarks.append(found[1])
        elif _COLUMNS.match(line):
            self._counting = True
        elif self._counting and (found := _CALLS.match(line)):
            self._calls.append((site(found[2]), int(found[1])))
        elif self._counting and (found := _FUNCTION.match(line)):
            counts = (int(found[2]), int(found[3]), int(found[4]), int(found[5]))
            self._functions.append(TracedFunction(site(found[1]), *counts))
        else:
            return False
        return True

    def record(self) -> Trace | None:
        if self._title is None and not self._rows:
            return None
        function = site(self._title[1]) if self._title else None
        at = address(self._title[2]) if self._title else None
        return Trace(function, at, tuple(self._rows), tuple(self._functions), tuple(self._calls), tuple(self._remarks))
