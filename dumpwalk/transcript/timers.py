"""Timers of the kernel as ``!timer`` lists them, and DPCs as ``!dpcs`` does."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(r"[ ]*(?:Dump system timers|List Timer[ ]+Interrupt Low/High[ ]+Fire Time[ ]+DPC/thread)\Z")
_NOW = re.compile(r"[ ]*Interrupt time: ([0-9a-f]{8}) ([0-9a-f]{8}) \[([^\]]{1,40})\]\Z")
_TABLE = re.compile(r"[ ]*PROCESSOR ([0-9]{1,9}) \((\S+) ([0-9a-f]{8,16})\)\Z")
_ROW = re.compile(
    r"[ ]*(?:([0-9]{1,4}) )?([0-9a-f]{8,16})[ ]+(P[ ]+)?([0-9a-f]{8}) ([0-9a-f]{8}) \[([^\]]{1,40})\](?:[ ]+(\S.*))?\Z"
)
_OF = re.compile(r"(?:(thread)(?:[ ]+([0-9a-f]{8,16}))?|(?!thread(?: |\Z))(\S+?)(?: \(DPC @ ([0-9a-f]{8,16})\))?)\Z")
_CONTINUED = re.compile(r"[ ]*(?:(?:(\w+![\w:]+) )?\(DPC @ ([0-9a-f]{8,16})\)|([0-9a-f]{8,16}))\Z")
_DPC = re.compile(r"[ ]*([0-9]{1,9}): (Normal|Threaded)[ ]*: (0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16})(?: (\S.*))?\Z")


@record
class Timer:
    """A KTIMER.

    :param list: number of the list it is in
    :param due: when it fires, in interrupt time, and *fires* as the debugger prints that
    :param periodic: it is marked ``P``
    :param function: of its DPC, *dpc*; or *thread* waits for it
    """

    list: int | None
    address: Address
    due: Hex
    fires: str
    periodic: bool
    function: Site | None
    dpc: Address | None
    thread: Address | None


@record
class TimerTable:
    """The timers of one processor; its number, the type of the table and where it is; ``None`` where not said."""

    processor: int | None
    type: str
    address: Address | None
    timers: tuple[Timer, ...]


@record
class TimerListing:
    """Timers; *interrupt_time* is when they were looked at, *time* the same as the debugger prints it."""

    interrupt_time: Hex | None
    time: str
    tables: tuple[TimerTable, ...]


class _Timer:
    def __init__(self, found: re.Match[str], list_number: int | None) -> None:
        self.list = list_number
        self.at = address(found[2])
        self.due = hexadecimal(found[5] + found[4])
        self.fires = found[6].strip()
        self.periodic = bool(found[3])
        self.function: Site | None = None
        self.dpc: Address | None = None
        self.thread: Address | None = None
        self.waited = False  # "thread" is printed
        if of := _OF.match(found[7] or ""):
            self.waited = bool(of[1])
            self.thread = address(of[2]) if of[2] else None
            self.function = site(of[3]) if of[3] else None
            self.dpc = address(of[4]) if of[4] else None

    def goes_on(self, line: str) -> bool:
        """Take the rest of the line, which pages of little width print below."""
        found = _CONTINUED.match(line)
        if not found or self.dpc is not None or self.thread is not None:
            return False
        if found[3]:
            self.thread = address(found[3]) if self.waited else None
            return self.waited
        if (found[1] is None) == (self.function is None):
            return False
        self.function = site(found[1]) if found[1] else self.function
        self.dpc = address(found[2])
        return True

    def record(self) -> Timer:
        return Timer(self.list, self.at, self.due, self.fires, self.periodic, self.function, self.dpc, self.thread)


@kind("timers", "timer", opens=r"[ ]*(?:Dump system timers\Z|List Timer[ ]+Interrupt Low)", rank=40)
class TimersReader(Reader):
    """Takes timers."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._titled = False
        self._now: re.Match[str] | None = None
        self._tables: list[tuple[re.Match[str] | None, list[_Timer]]] = []
        self._list: int | None = None

    def take(self, line: str, number: int) -> bool:
        if _TITLE.match(line):
            self._titled = True
        elif not self._titled:
            return False
        elif self._now is None and (found := _NOW.match(line)):
            self._now = found
        elif found := _TABLE.match(line):
            self._tables.append((found, []))
            self._list = None
        elif (found := _ROW.match(line)) and (not found[7] or _OF.match(found[7])):
            if not self._tables:
                self._tables.append((None, []))
            self._list = int(found[1]) if found[1] else self._list
            self._tables[-1][1].append(_Timer(found, self._list))
        else:
            return bool(self._tables) and bool(self._tables[-1][1]) and self._tables[-1][1][-1].goes_on(line)
        return True

    def record(self) -> TimerListing | None:
        if not self._tables:
            return None
        now = self._now
        due = hexadecimal(now[2] + now[1]) if now else None
        return TimerListing(due, now[3].strip() if now else "", tuple(_table(*table) for table in self._tables))


def _table(head: re.Match[str] | None, timers: list[_Timer]) -> TimerTable:
    found = tuple(timer.record() for timer in timers)
    if head is None:
        return TimerTable(None, "", None, found)
    return TimerTable(int(head[1]), head[2], address(head[3]), found)


@record
class QueuedDpc:
    """A KDPC that is queued to a processor.

    :param type: ``Normal`` or ``Threaded``
    """

    processor: int
    type: str
    address: Address
    routine: Address
    function: Site | None


@record
class DpcListing:
    """DPCs that wait to be run."""

    dpcs: tuple[QueuedDpc, ...]


@kind("dpcs", "dpcs", opens=r"[ ]*CPU Type[ ]+KDPC[ ]+Function\Z", rank=40)
class DpcsReader(Reader):
    """Takes DPCs."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._dpcs: list[QueuedDpc] = []

    def take(self, line: str, number: int) -> bool:
        if found := _DPC.match(line):
            place = site(found[5]) if found[5] else None
            self._dpcs.append(QueuedDpc(int(found[1]), found[2], address(found[3]), address(found[4]), place))
            return True
        return not self._dpcs and line.split() == ["CPU", "Type", "KDPC", "Function"]

    def record(self) -> DpcListing | None:
        return DpcListing(tuple(self._dpcs)) if self._dpcs else None
