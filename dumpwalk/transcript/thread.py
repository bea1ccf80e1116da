"""Threads as ``!thread`` and ``!process`` print them, from NT 4 to Windows 11, each with its stack."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.conditions import Situation, in_system, with_fact
from dumpwalk.annotations.fields import field
from dumpwalk.annotations.stacks import annotate
from dumpwalk.annotations.waits import wait_reason
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.noise import is_noise
from dumpwalk.transcript.stack import Stack, StackReader, annotated, crashed_by
from dumpwalk.transcript.values import UNREADABLE, integer, pointer, remark, value

_THREAD = re.compile(
    r"[ ]*THREAD ([0-9a-f]{8,16})[ ]+Cid:? ([0-9a-f]+|\?{4})\.([0-9a-f]+|\?{4})[ ]+Teb: ([0-9a-f]+|\?{4})"
    r"(?:[ ]+Win32Thread:[ ]*([0-9a-f]*|\?{4}))?(?:[ ]+(.*))?\Z"
)
_STATE = re.compile(
    r"(\?{4}|WAITINGFORPROCESSINSWAP|WAIT|RUNNING|READY|STANDBY|INITIALIZED|TERMINATED|TRANSITION|DEFERREDREADY"
    r"|DEFERRED_READY|GATEWAITOBSOLETE|GATE ?WAIT)?"
    r"(?::[ ]*(?:\((\w+|\?{4})\))?)?[ ]*(KernelMode|UserMode|\?{4})?[ ]*(Alertable|Non-Alertable|\?{4})?"
    r"(?:on processor ([0-9a-f]+))?[ ]*(.*)"
)
_OBJECT = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]+((?:NotificationEvent|SynchronizationEvent|Semaphore|QueueObject|ProcessObject|Thread"
    r"|Mutant|NotificationTimer|SynchronizationTimer|Unknown|Gate|Event|Timer|Mutex|GateObject|QueueTimer|[A-Z]\w+Object"
    r"|EventPair|ProcessObject)\b.*|\?{4})\Z"
)
_N = r"([0-9a-f]+|\?{4})"
_IRP = re.compile(rf"[ ]*([0-9a-f]{{8,16}}): \({_N},{_N}\) Flags: {_N}[ ]+Mdl: {_N}\Z")
_PROCESS = re.compile(r"[ ]*(Owning|Attached) Process[ ]+([0-9a-f]{8,16}|N/A|\?{4})(?:[ ]+Image:(?:[ ]+|\Z)(.*))?\Z")
_BARE = re.compile(r"[ ]*(Not impersonating|IRP List:|Kernel stack not resident\.?|Unable to get context.*)\Z")
_FIELD = re.compile(
    r"[ ]*(DeviceMap|Wait Start TickCount|WaitTime(?: \(\w+\))?|Context Switch Count|UserTime|KernelTime"
    r"|Win32 Start Address|Start Address|Stack Init|Initial Sp|Base|Limit|Priority|Impersonation token:"
    r"|Scheduling Group:?|IdealProcessor:|Child-SP limit|LPC Server.*?:|Current LPC.*?:|Ticks:|Freeze Count"
    r"|Suspend Count|ThreadName|KernelApcDisable)[ ]+(\S.*)\Z"
)
# In reports of this program both stand on a line, with the reasons of what is not there.
_PROCESSES = re.compile(
    r"[ ]*Owning Process ([0-9a-f]{8,16}|\?{4} \(.*\))  Attached Process ([0-9a-f]{8,16}|N/A|\?{4} \(.*\))\Z"
)
_REASON = re.compile(r"(\([^\n]*?\))  (?=\S)")
_NONE = ("", "N/A")


@record
class ListedIrp:
    """An IRP in a thread's list."""

    address: Address
    type: Hex | Absent
    size: Hex | Absent
    flags: Hex | Absent
    mdl: Address | Absent


@record
class ListedThread:
    """A thread as text shows it.

    :param state: ``WAIT``, ``RUNNING``, ``READY``, ... ``""`` where the author cut it
    :param reason: why it waits: KWAIT_REASON
    :param processor: where it runs, or is to run
    :param remark: what else stands on the line
    :param objects: what it waits for: address, and type as printed
    :param owner: the process it belongs to, and its image
    :param attached: the process it is attached to, ``None`` for none
    :param fields: the other lines, name and text; a remark in brackets has no name
    """

    address: Address
    process_id: int | Absent
    thread_id: int | Absent
    teb: Address | Absent
    win32_thread: Address | Absent | None
    state: str
    reason: str
    mode: str
    alertable: bool | Absent
    processor: int | None
    remark: str
    objects: tuple[tuple[Address, str], ...]
    irps: tuple[ListedIrp, ...]
    owner: Address | Absent | None
    owner_image: str
    attached: Address | Absent | None
    attached_image: str
    fields: tuple[tuple[str, str], ...]
    stack: Stack | None


@kind("thread", "thread", opens=r"[ ]*THREAD [0-9a-f]{8,16}[ ]+Cid", rank=10)
class ThreadReader(Reader):
    """Takes one thread and the stack below it."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._objects: list[tuple[Address, str]] = []
        self._irps: list[ListedIrp] = []
        self._processes: dict[str, tuple[str, str]] = {}
        self._fields: list[tuple[str, str]] = []
        self._stack = StackReader()
        self._last = 0

    def take(self, line: str, number: int) -> bool:
        taken = self._take(line, number)
        if taken:
            self._last = number
        return taken

    def _take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _THREAD.match(line)
            return self._head is not None
        if self._stack.frames:
            return self._stack.take(line, number) or self._remark(line)
        if not line or _THREAD.match(line):
            return False
        # Its stack stands right below a thread; noise and a blank line may come between.
        return self._detail(line) or (number - self._last <= 4 and self._stack.take(line, number))

    def _remark(self, line: str) -> bool:
        """Take what this program says at the foot of a text, below the last thread's stack."""
        said = remark(line)
        if not said or is_noise(line):
            return False
        self._fields.append(("", said))
        return True

    def _detail(self, line: str) -> bool:
        if found := _OBJECT.match(line):
            self._objects.append((_address(found[1]), found[2]))
        elif found := _IRP.match(line):
            kind, size, flags = (value(found[n]) for n in (2, 3, 4))
            self._irps.append(ListedIrp(_address(found[1]), kind, size, flags, pointer(found[5])))
        elif found := _PROCESS.match(line):
            self._processes[found[1]] = (found[2], found[3] or "")
        elif found := _PROCESSES.match(line):
            self._processes |= {"Owning": (_known(found[1]), ""), "Attached": (_known(found[2]), "")}
        elif found := _BARE.match(line):
            self._fields.append((found[1].rstrip(":"), ""))
        elif found := _FIELD.match(line):
            self._fields.append((found[1].rstrip(":"), found[2]))
        elif said := remark(line.strip()):
            self._fields.append(("", said))
        else:
            return False
        return True

    def record(self) -> ListedThread | None:
        if self._head is None:
            return None
        address, process, thread, teb, win32, rest = self._head.groups()
        if teb == "????" and rest and (why := _REASON.match(rest)):
            rest = rest[why.end() :]
        state = _STATE.match(rest or "")
        assert state is not None  # everything in it is optional
        owner, owner_image = self._processes.get("Owning", ("", ""))
        attached, attached_image = self._processes.get("Attached", ("", ""))
        return ListedThread(
            _address(address),
            integer(process, 16),
            integer(thread, 16),
            pointer(teb),
            pointer(win32) if win32 else None,
            state[1] or "",
            state[2] or "",
            state[3] or "",
            UNREADABLE if state[4] == "????" else state[4] == "Alertable",
            int(state[5], 16) if state[5] else None,
            state[6] or "",
            tuple(self._objects),
            tuple(self._irps),
            pointer(owner) if owner not in _NONE else None,
            owner_image if owner_image != "N/A" else "",
            pointer(attached) if attached not in _NONE else None,
            attached_image if attached_image != "N/A" else "",
            tuple(self._fields),
            self._stack.record(),
        )

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        thread = self.record()
        if thread is None:
            return ()
        known = Situation(
            "windows",
            thread.state,
            thread.reason,
            thread.mode,
            tuple(type for _, type in thread.objects),
            thread.owner_image,
            thread.attached_image,
            situation.bugcheck,
            situation.facts,
            situation.bugcheck_by,
            situation.interrupted,
        )
        said = [self._reason(thread), *(irp_flags(irp) for irp in thread.irps[:8])]
        return (*self._rules(known), *(a for a in said if a is not None))

    def situation(self, before: Situation) -> Situation:
        """A thread in System is why a cleanup that it asks for runs there."""
        attached, owner = (self._processes.get(which, ("", ""))[1] for which in ("Attached", "Owning"))
        if self._head is None or attached != "System" or owner in ("", "N/A", "System"):
            return before
        return with_fact(before, in_system(int(self._head[1], 16)))

    def _reason(self, thread: ListedThread) -> Annotation | None:
        return wait_reason(thread.reason) if thread.reason else None

    def _rules(self, known: Situation) -> tuple[Annotation, ...]:
        if not self._stack.frames:
            # What a crash means is said where the crash is.
            return annotate((), replace(known, bugcheck=None))
        return annotated(self._stack.frames, crashed_by(self._stack.frames, known))


def irp_flags(irp: ListedIrp) -> Annotation | None:
    """Return what the flags of an IRP in a thread's list stand for."""
    found = None if isinstance(irp.flags, Absent) else field("_IRP", "Flags", irp.flags)
    return found and Annotation(found.kind, found.name, f"IRP {irp.address:x}: {found.title}", "")


def _known(text: str) -> str:
    """Return an address, or what stands in its place without the reason."""
    return text.partition(" (")[0]


def _address(digits: str) -> Address:
    return (Address if len(digits) > 8 else Address32)(int(digits, 16))
