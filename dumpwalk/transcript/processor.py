"""Processors' control regions and blocks as ``!pcr`` and ``!prcb`` print them: the commands' own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.dpc_queue import QueuedDpc
from dumpwalk.kernel.pcr import ProcessorControlBlock, ProcessorControlRegion, ThreadInformationBlock
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import fields, record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, cells, integer, of_text, pointer, remark, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = re.compile(r"[ ]*(K?PCR|PRCB) (?:for )?Processor ([0-9a-f]+) (?:at |@ ?)([0-9a-f]{8,16}):?\Z")
_VERSION = re.compile(r"[ ]*Major ([0-9]+|\?+) Minor ([0-9]+|\?+)\Z")
_FIELD = re.compile(
    r"[ \t]*(NtTib\.(?:ExceptionList|StackBase|StackLimit|SubSystemTib|Version|UserPointer|SelfTib)|SelfPcr|Prcb|Irql"
    r"|IRR|IDR|InterruptMode|IDT|GDT|TSS|(?:Current|Next|Idle)Thread):[ ]+([0-9a-f]+|\?+)\Z"
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
}
_TIB = {"UserPointer": "ArbitraryUserPointer", "SelfTib": "Self"}
_X86 = ("IRR", "IDR", "InterruptMode")
_NUMBERS = ("Irql", *_X86)
_THREADS = ("Current", "Next", "Idle")
_DECIMAL = ("Current IRQL", "Processor Index", "Number")


@record
class ListedProcessor:
    """A processor's control region or block, with what is remarked on it.

    :param kind: ``KPCR``, ``PCR`` or ``PRCB``
    """

    control: ProcessorControlRegion | ProcessorControlBlock
    kind: str
    remarks: tuple[str, ...]


@kind("processor", "pcr", "prcb", opens=r"[ ]*(?:KPCR|PRCB|PCR) (?:for )?Processor [0-9a-f]+ (?:at|@)", rank=12)
class ProcessorReader(Reader):
    """Takes one region or block."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._shown: dict[str, object] = {}
        self._tib: dict[str, object] = {}
        self._queued: list[QueuedDpc] | Absent = NOT_SHOWN
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _FIELD.match(line):
            return self._field(found[1], found[2])
        if found := _VERSION.match(line):
            return self._once(zip(("MajorVersion", "MinorVersion"), map(integer, found.groups())))
        if line.lstrip().startswith("DpcQueue:") or (self._queued is not NOT_SHOWN and line.strip().startswith("0x")):
            return self._dpc(line)
        if numbers := cells(_CELL, line):
            return self._once(pair for name, text in numbers for pair in _members(name, text))
        if said := remark(line):
            self._remarks.append(said)
        return bool(said)

    def _field(self, label: str, text: str) -> bool:
        part, _, name = label.rpartition(".")
        if not part:
            return self._once([(name, value(text) if name in _NUMBERS else pointer(text))])
        name = _TIB.get(name, name)
        known = self._is_region() and name not in self._tib
        if known:
            self._tib[name] = pointer(text)
        return known

    def _once(self, members: Iterable[tuple[str, object]]) -> bool:
        """Keep members that the structure has, unless one of them is there already, or none at all."""
        found = tuple(members)
        known = fields(ProcessorControlRegion if self._is_region() else ProcessorControlBlock)
        twice = len(dict(found)) < len(found)
        kept = bool(found) and not twice and all(name in known and name not in self._shown for name, _ in found)
        self._shown |= dict(found) if kept else {}
        return kept

    def _is_region(self) -> bool:
        return self._head is not None and self._head[1] != "PRCB"

    def _dpc(self, line: str) -> bool:
        found = _DPC.match(line)
        if found is None or not self._is_region():
            return False
        queued = [] if isinstance(self._queued, Absent) else self._queued
        self._queued = UNREADABLE if line.partition(":")[2].strip() == "????" else queued
        if found[1]:
            queued.append(QueuedDpc(address(found[1]), pointer(found[2]), found[3] or "", found[4] or ""))
        return True

    def record(self) -> ListedProcessor | None:
        if self._head is None:
            return None
        name, number, at = self._head.groups()
        control = (self._region if self._is_region() else self._block)(int(number, 16), address(at))
        return ListedProcessor(control, name, tuple(self._remarks))

    def _region(self, processor: int, at: Address) -> ProcessorControlRegion:
        shown = dict(self._shown)
        if not isinstance(at, Address32):
            # x64 has no such fields; zeros are printed in place of them.
            shown |= {name: None for name in _X86 if shown.get(name) == 0}
        queue = self._queued if isinstance(self._queued, Absent) else tuple(self._queued)
        tib = of_text(ThreadInformationBlock, **self._tib)
        return of_text(ProcessorControlRegion, processor=processor, address=at, NtTib=tib, DpcQueue=queue, **shown)

    def _block(self, processor: int, at: Address) -> ProcessorControlBlock:
        # The line stands first, and is not printed where the kernel has no such member.
        first = {"DebuggerSavedIRQL": None} if self._shown else {}
        return of_text(ProcessorControlBlock, processor=processor, address=at, **first | self._shown)


def _members(label: str, text: str) -> Iterator[tuple[str, object]]:
    """Yield the members of a block that a label and what stands behind it show."""
    if text[:1] == "(":
        yield from zip(("Group", "GroupIndex"), map(integer, text.strip("()").split(", ")))
    elif text:
        name = _NAMES.get(label, label)
        decimal = label in _DECIMAL and text.isdecimal()
        yield name, pointer(text) if label in _THREADS else int(text) if decimal else value(text)
        if label == "SetMember":  # of a kernel that has no groups
            yield from (("Group", None), ("GroupIndex", None))
