"""Processors and their threads as ``!running`` prints them; the stacks below each are blocks of their own."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_MASK = re.compile(
    r"[ ]*(System|Idle) Processors(?:[ ]([0-9a-f]{1,16})(?: \(affinity mask\))?|:[ ]+\(([0-9a-f]{1,16})\))\Z"
)
_COLUMNS = re.compile(r"[ ]*Prcbs?[ ]+Current[ ]+(?:\(pri\)[ ]+)?Next(?:[ ]+\(pri\)[ ]+Idle)?\Z")
_NOTE = re.compile(r"[ ]*(All processors idle\.)\Z")
# Of the next thread nothing is printed where there is none; newer debuggers print priorities and the idle thread.
_ROW = re.compile(
    r"[ ]*([0-9]{1,4})[ ]+([0-9a-f]{8,16})[ ]+([0-9a-f]{8,16})(?:[ ]\([ ]?([0-9]{1,2})\))?"
    r"(?:[ ]+([0-9a-f]{8,16})(?:[ ]\([ ]?([0-9]{1,2})\))?(?:[ ]+([0-9a-f]{8,16}))?)?[ ]+([.OW]{16})\Z"
)


@record
class RunningProcessor:
    """A processor.

    :param prcb: address of its PRCB
    :param priority: of the current thread; ``None`` where the debugger is too old to print it
    :param locks: a sign for each of its queued spin locks: ``.`` not in use, ``O`` owned, ``W`` waited for
    """

    number: int
    prcb: Address
    CurrentThread: Address
    priority: int | None
    NextThread: Address | None
    next_priority: int | None
    IdleThread: Address | None
    locks: str


@record
class Running:
    """What ``!running`` says of the processors.

    :param active: mask of the processors that the system has; ``None`` where it is not printed
    :param idle: mask of those that are idle
    """

    active: Hex | None
    idle: Hex | None
    processors: tuple[RunningProcessor, ...]
    remarks: tuple[str, ...]


@kind(
    "running",
    "running",
    opens=r"[ ]*(?:System Processors[ :]|[0-9]{1,4}[ ]+[0-9a-f]{8,16}[ ]+[0-9a-f]{8,16}[ 0-9a-f()]*[ ][.OW]{16}\Z)",
    rank=20,
)
class RunningReader(Reader):
    """Takes the masks and the rows of processors."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._masks: dict[str, Hex] = {}
        self._processors: list[RunningProcessor] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            self._processors.append(_processor(found))
        elif found := _MASK.match(line):
            if found[1] in self._masks:
                return False
            self._masks[found[1]] = hexadecimal(found[2] or found[3])
        elif found := _NOTE.match(line):
            self._remarks.append(found[1])
        else:
            return _COLUMNS.match(line) is not None
        return True

    def record(self) -> Running | None:
        if not self._masks and not self._processors and not self._remarks:
            return None
        return Running(
            self._masks.get("System"), self._masks.get("Idle"), tuple(self._processors), tuple(self._remarks)
        )


def _processor(found: re.Match[str]) -> RunningProcessor:
    number, prcb, current, priority, following, next_priority, idle, locks = found.groups()
    if following and priority and not next_priority and not idle:  # none is next; the last column is the idle thread
        following, idle = None, following
    return RunningProcessor(
        int(number), address(prcb), address(current), int(priority) if priority else None,
        address(following) if following else None, int(next_priority) if next_priority else None,
        address(idle) if idle else None, locks,
    )  # fmt: skip
