"""Processors' control regions and blocks as ``!pcr`` and ``!prcb`` print them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import UNREADABLE, address, cells, pointer, remark, value

_HEAD = re.compile(r"[ ]*(K?PCR|PRCB) (?:for )?Processor ([0-9a-f]+) (?:at |@ ?)([0-9a-f]{8,16}):?\Z")
_VERSION = re.compile(r"[ ]*Major ([0-9]+|\?+) Minor ([0-9]+|\?+)\Z")
_FIELD = re.compile(
    r"[ \t]*(NtTib\.\w+|SelfPcr|Prcb|Irql|IRR|IDR|InterruptMode|IDT|GDT|TSS|\w+Thread):[ ]+([0-9a-f]+|\?+)\Z"
)
_DPC = re.compile(
    r"[ \t]*(?:DpcQueue:[ ]*)?(?:0x([0-9a-f]{8,16}) (0x[0-9a-f]{8,16}|\?{4})(?: \[(\w+)\])?(?: (\S.*?))?|\?{4})?\Z"
)
_CELL = re.compile(
    r"[ ]*(Current IRQL|Threads|Current|Next|Idle|Processor Index|Number|GroupSetMember|SetMember|Interrupt Count"
    r"|Times|Dpc|Interrupt|Kernel|User)(?: --|--)?[ ]*(\([0-9?]+, [0-9?]+\)|(?<=[ ])[0-9a-f]+(?=[ ]|\Z)|\?+|)[ ]*"
)
# The names of the kernel's members.
_NAMES = {
    "Current IRQL": "DebuggerSavedIRQL",
    "Current": "CurrentThread",
    "Next": "NextThread",
    "Idle": "IdleThread",
    "Processor Index": "Number",
    "GroupSetMember": "SetMember",
    "Interrupt Count": "InterruptCount",
    "Dpc": "DpcTime",
    "Interrupt": "InterruptTime",
    "Kernel": "KernelTime",
    "User": "UserTime",
    "NtTib.UserPointer": "NtTib.ArbitraryUserPointer",
    "NtTib.SelfTib": "NtTib.Self",
}
_DECIMAL = ("Current IRQL", "Processor Index", "Number")


@record
class ListedDpc:
    """A deferred procedure call in a processor's queue; *queue* is ``Normal`` or ``Threaded`` where it is printed."""

    address: Address
    DeferredRoutine: Address | Absent
    queue: str
    routine: Site | None


@record
class ListedProcessor:
    """A processor's control region or block as text shows it.

    :param kind: ``KPCR``, ``PCR`` or ``PRCB``
    :param values: the members that are printed; those of the ``NtTib`` with its name in front
    :param group: the group and the number in it, as printed
    """

    kind: str
    processor: int
    address: Address
    MajorVersion: int | Absent | None
    MinorVersion: int | Absent | None
    values: dict[str, int | Absent]
    group: str
    DpcQueue: tuple[ListedDpc, ...] | Absent
    remarks: tuple[str, ...]


@kind("processor", "pcr", "prcb", opens=r"[ ]*(?:KPCR|PRCB|PCR) (?:for )?Processor [0-9a-f]+ (?:at|@)", rank=12)
class ProcessorReader(Reader):
    """Takes one region or block."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._version: tuple[int | Absent | None, int | Absent | None] = (None, None)
        self._values: dict[str, int | Absent] = {}
        self._group = ""
        self._queued: list[ListedDpc] = []
        self._queue = False
        self._unread = False
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _FIELD.match(line):
            self._values[_NAMES.get(found[1], found[1])] = pointer(found[2])
        elif found := _VERSION.match(line):
            major, minor = (int(n) if n.isdecimal() else UNREADABLE for n in found.groups())
            self._version = major, minor
        elif line.lstrip().startswith("DpcQueue:") or (self._queue and line.strip().startswith("0x")):
            return self._dpc(line)
        elif numbers := cells(_CELL, line):
            for name, text in numbers:
                if text[:1] == "(":
                    self._group = text
                elif text:
                    decimal = name in _DECIMAL and text.isdecimal()
                    self._values[_NAMES.get(name, name)] = int(text) if decimal else value(text)
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _dpc(self, line: str) -> bool:
        found = _DPC.match(line)
        if found is None:
            return False
        self._queue = True
        self._unread = line.partition(":")[2].strip() == "????"
        if found[1]:
            routine = site(found[4]) if found[4] else None
            self._queued.append(ListedDpc(address(found[1]), pointer(found[2]), found[3] or "", routine))
        return True

    def record(self) -> ListedProcessor | None:
        if self._head is None:
            return None
        name, number, at = self._head.groups()
        return ListedProcessor(
            name, int(number, 16), address(at), *self._version, self._values, self._group,
            UNREADABLE if self._unread else tuple(self._queued),
            tuple(self._remarks),
        )  # fmt: skip
