"""The state of all queued spin locks as ``!qlocks`` prints it."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_KEY = re.compile(r"[ ]*Key: O = Owner, .*\Z")
_COLUMNS = re.compile(r"[ ]*(?:Processor Number|Lock Name((?:[ ]+[0-9]+)+))\Z")
_ROW = re.compile(r"[ ]*([A-Z]{2,4})[ ]+- (.{1,30}?)(?:[ ]{3,}(.*))?\Z")


@record
class QueuedLock:
    """A lock, and its state by processor: ``O`` its owner, a number the place in the queue."""

    component: str
    name: str
    processors: dict[int, str]


@record
class QueuedLocks:
    """All queued spin locks of the system."""

    processors: tuple[int, ...]
    locks: tuple[QueuedLock, ...]


@kind("queued-locks", "qlocks", opens=r"[ ]*Key: O = Owner, 1-n = Wait order", rank=40)
class QueuedLocksReader(Reader):
    """Takes one listing."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._columns: list[tuple[int, int]] = []
        self._rows: list[QueuedLock] = []

    def take(self, line: str, number: int) -> bool:
        if found := _COLUMNS.match(line):
            if found[1]:
                self._columns = [(m.end(), int(m[0])) for m in re.finditer(r"[0-9]+", line)]
            return True
        if self._columns and (found := _ROW.match(line)):
            states = {}
            for end, processor in self._columns:
                if end - 1 <= found.end(2):
                    continue  # a long name reaches into the columns
                state = line[max(0, end - 2) : end].strip()
                if state:
                    states[processor] = state
            if bool(found[3]) != bool(states):
                return False
            self._rows.append(QueuedLock(found[1], found[2].strip(), states))
            return True
        return _KEY.match(line) is not None

    def record(self) -> QueuedLocks | None:
        return QueuedLocks(tuple(n for _, n in self._columns), tuple(self._rows)) if self._columns else None
