"""Positions in a recorded execution as the commands of time travel debugging print them (``!tt``)."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_POSITION = re.compile(r"[ ]*Setting position: ([0-9A-F]{1,16}:[0-9A-F]{1,16})\Z")
_REPLAYING = re.compile(
    r"[ ]*Replaying - Currently at ([0-9A-F]{1,16}:[0-9A-F]{1,16}) \([ ]*([0-9]{1,3}(?:\.[0-9]+)?)%\)\Z"
)
_MODULE = re.compile(r"[ ]*ModLoad: ([0-9a-f]{8}(?:`?[0-9a-f]{8})?) ([0-9a-f]{8}(?:`?[0-9a-f]{8})?)[ ]+(\S.*)\Z")


@record
class LoadedModule:
    """A module that was loaded: from where to where it lies, and its file."""

    start: Address
    end: Address
    file: str


@record
class TimeTravel:
    """A move through a recording.

    :param position: where the debugger went, as ``SEQUENCE:STEP``
    :param passed: positions that were reported on the way, with per cent of the recording
    :param modules: what was loaded on the way
    """

    position: str
    passed: tuple[tuple[str, str], ...]
    modules: tuple[LoadedModule, ...]


@kind("time-travel", "tt", opens=r"[ ]*Setting position: [0-9A-F]+:[0-9A-F]", rank=80)
class TimeTravelReader(Reader):
    """Takes one move."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._position = ""
        self._passed: list[tuple[str, str]] = []
        self._modules: list[LoadedModule] = []

    def take(self, line: str, number: int) -> bool:
        if not self._position and (found := _POSITION.match(line)):
            self._position = found[1]
        elif found := _REPLAYING.match(line):
            self._passed.append((found[1], found[2]))
        elif found := _MODULE.match(line):
            self._modules.append(LoadedModule(address(found[1]), address(found[2]), found[3]))
        else:
            return False
        return True

    def record(self) -> TimeTravel | None:
        if not self._position and not self._passed and not self._modules:
            return None
        return TimeTravel(self._position, tuple(self._passed), tuple(self._modules))
