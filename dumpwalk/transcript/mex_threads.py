"""A thread as mex's ``!t`` prints it above its stack: a row under column names, what it waits for, its priorities."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_HEADER = re.compile(
    r"[ ]*(?:Process[ ]+(?:AttachedProcess[ ]+)?Thread[ ]+CID[ ]+(?:TEB[ ]+)?UserTime[ ]+KernelTime ContextSwitches"
    r" Wait Reason[ ]+Time[ ]+State|DbgID ThreadID[ ]+User Kernel Create Time \(UTC\))\Z"
)
_KERNEL = re.compile(
    r"[ ]*(\S.{0,40}?) \(([0-9a-f]{8,16})\) (?:(\S.{0,40}?) \(([0-9a-f]{8,16})\) )?([0-9a-f]{8,16}) \(E\|K\|W\|R\|V\)"
    r" ([0-9a-f]{1,8})\.([0-9a-f]{1,8})(?: ([0-9a-f]{8,16}))?[ ]+([0-9][\w:.]*)[ ]+([0-9][\w:.]*)[ ]+([0-9]{1,9}) (\w+)"
    r"[ ]+([0-9][\w:.]*) (\w.*)\Z"
)
_USER = re.compile(
    r"[ ]*([0-9]{1,9})[ ]+([0-9a-f]{1,8}) \(0n([0-9]{1,10})\) ([0-9][\w:.]*)[ ]+([0-9][\w:.]*)"
    r" ([0-9]{2}/[0-9]{2}/[0-9]{4} [0-9:.]+ [AP]M)\Z"
)
_PART = re.compile(r"[ ]*(Priority|WaitBlockList):\Z")
_PRIORITIES = ("Current", "Base", "Decrement", "ForegroundBoost", "IO", "Page")
_NAMES = re.compile(r"[ ]*(?:Current Base Decrement ForegroundBoost IO Page|Object[ ]+Type[ ]+Other Waiters Info)\Z")
_NUMBERS = re.compile(r"[ ]*([0-9]{1,9}(?:[ ]+[0-9]{1,9}){5})\Z")
_OBJECT = re.compile(r"[ ]*([0-9a-f]{8,16}) (\w+)[ ]+([0-9]{1,9})(?: (\S.*))?\Z")


@record
class WaitObject:
    """What a thread waits for, how many others do, and what mex says of it."""

    address: Address
    type: str
    other_waiters: int
    info: str


@record
class MexThread:
    """A thread; times are as printed.

    :param process: image of its process; ``""`` in user mode, where *number* is the debugger's
    :param attached: image of the process it is attached to
    :param time: how long it has been in its state
    :param created: in user mode, when it was created
    :param priorities: by name
    :param thread_id_decimal: in user mode, where *thread_id* is printed in decimal too
    """

    number: int | None
    process: str
    process_address: Address | None
    attached: str
    attached_address: Address | None
    address: Address | None
    process_id: int | None
    thread_id: int
    teb: Address | None
    user_time: str
    kernel_time: str
    context_switches: int | None
    wait_reason: str
    time: str
    state: str
    created: str
    objects: tuple[WaitObject, ...]
    priorities: dict[str, int]
    thread_id_decimal: int | None


@kind("mex-thread", opens=r"[ ]*(?:Process[ ]+(?:AttachedProcess[ ]+)?Thread[ ]+CID |DbgID ThreadID )", rank=40)
class MexThreadReader(Reader):
    """Takes one thread; its stack is a block of its own."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._row: re.Match[str] | None = None
        self._part = ""
        self._objects: list[WaitObject] = []
        self._priorities: dict[str, int] = {}

    def take(self, line: str, number: int) -> bool:
        if len(line) > 512:
            return False
        if not self._headed:
            self._headed = _HEADER.match(line) is not None
            return self._headed
        if self._row is None:
            self._row = _KERNEL.match(line) or _USER.match(line)
            return self._row is not None
        if found := _PART.match(line):
            self._part = found[1]
        elif self._part and _NAMES.match(line):
            pass
        elif self._part == "Priority" and not self._priorities and (found := _NUMBERS.match(line)):
            self._priorities = dict(zip(_PRIORITIES, map(int, found[1].split())))
        elif self._part == "WaitBlockList" and (found := _OBJECT.match(line)):
            self._objects.append(WaitObject(address(found[1]), found[2], int(found[3]), found[4] or ""))
        else:
            return False
        return True

    def record(self) -> MexThread | None:
        found = self._row
        if found is None:
            return None
        rest = tuple(self._objects), self._priorities
        if found.re is _USER:
            number, thread, decimal, user, kernel, created = found.groups()
            return MexThread(
                int(number), "", None, "", None, None, None, int(thread, 16), None, user, kernel, None, "", "", "",
                created, *rest, int(decimal),
            )  # fmt: skip
        process, at, attached, attached_at, thread, pid, tid, teb, user, kernel, switches, reason, time, state = (
            found.groups()
        )
        return MexThread(
            None, process, address(at), attached or "", address(attached_at) if attached_at else None, address(thread),
            int(pid, 16), int(tid, 16), address(teb) if teb else None, user, kernel, int(switches), reason, time, state,
            "", *rest, None,
        )  # fmt: skip
