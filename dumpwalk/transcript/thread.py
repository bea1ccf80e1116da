"""Threads as ``!thread`` and ``!process`` print them, from NT 4 to Windows 11, each with its stack."""

from __future__ import annotations

import re
from functools import lru_cache

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.conditions import Situation, in_system, with_fact
from dumpwalk.annotations.fields import field
from dumpwalk.annotations.stacks import annotate
from dumpwalk.annotations.waits import wait_reason
from dumpwalk.kernel.thread import Cid, Thread
from dumpwalk.kernel.thread_details import ThreadDetails, Times
from dumpwalk.kernel.thread_irps import PendingIrp
from dumpwalk.kernel.thread_states import state_called, state_word
from dumpwalk.memory.address import Hex
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.noise import is_noise
from dumpwalk.transcript.stack import Stack, StackReader, annotated, crashed_by
from dumpwalk.transcript.thread_members import REASON, members, wait_object
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    of_text,
    pointer,
    reasoned,
    remark,
    text_or_absent,
    value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from dumpwalk.memory.address import Address

    # What stands in a thread's record in front of its stack.
    AboveStack: TypeAlias = tuple[ThreadDetails, str, tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]

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
_STATE_UNKNOWN = "state ????"
_WAIT_UNKNOWN = re.compile(rf"\(({REASON})\) ({REASON}|\w+Mode)\Z")
_NONE = ("", "N/A")
_NO_TIMES = of_text(Times)


@record
class ListedThread:
    """A thread as text shows it.

    :param details: what the text shows of the command's own record; its ``stack`` is not among it
    :param remark: what else stands on the first line
    :param wait_words: the words for each object that it waits for, as far as the record does not say them; ``()`` where
        it says them all
    :param fields: lines that no member of the record is, name and text, and the rest of lines that show more than that
    :param remarks: what stands in brackets on lines of its own
    :param stack: the frames as they are printed
    """

    details: ThreadDetails
    remark: str
    wait_words: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    stack: Stack | None


@kind("thread", "thread", opens=r"[ ]*THREAD [0-9a-f]{8,16}[ ]+Cid", rank=10)
class ThreadReader(Reader):
    """Takes one thread and the stack below it."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._objects: list[tuple[str, str]] = []
        self._irps: list[PendingIrp] = []
        self._processes: dict[str, tuple[str, str | None]] = {}
        self._lines: list[tuple[str, str]] = []
        self._remarks: list[str] = []
        self._made: AboveStack | None = None
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
        self._made = None
        self._remarks.append(said)
        return True

    def _detail(self, line: str) -> bool:
        if found := _FIELD.match(line):  # most are
            self._lines.append((found[1].rstrip(":"), found[2]))
        elif found := _OBJECT.match(line):
            self._objects.append((found[1], found[2]))
        elif found := _IRP.match(line):
            kind, size, flags = (value(found[n]) for n in (2, 3, 4))
            self._irps.append(PendingIrp(address(found[1]), kind, size, flags, pointer(found[5])))
        elif found := _PROCESS.match(line):
            self._processes[found[1]] = (found[2], found[3])
        elif found := _PROCESSES.match(line):
            self._processes |= {"Owning": (found[1], None), "Attached": (found[2], None)}
        elif found := _BARE.match(line):
            self._lines.append((found[1].rstrip(":"), ""))
        elif said := remark(line.strip()):
            self._remarks.append(said)
        else:
            return False
        self._made = None
        return True

    def record(self) -> ListedThread | None:
        if self._head is None:
            return None
        if self._made is None:  # it is asked for more than once
            self._made = self._without_stack(self._head)
        return ListedThread(*self._made, self._stack.record())

    def _without_stack(self, head: re.Match[str]) -> AboveStack:
        at, process, thread, teb, win32, rest = head.groups()
        (own, details, times), lines = members(self._lines)
        if teb == "????" and rest and (why := _REASON.match(rest)):
            teb, rest = f"{teb} {why[1]}", rest[why.end() :]
        state, alertable, said = _state(rest or "")
        waits = [wait_object(place, words) for place, words in self._objects]
        if self._irps:
            lines = [line for line in lines if line != ("IRP List", "")]
        found = of_text(
            ThreadDetails,
            thread=of_text(
                Thread,
                address=address(at),
                Cid=Cid(*[UNREADABLE if i == "????" else Hex(i, 16) for i in (process, thread)]),
                Teb=_pointer(teb),
                **state,
                **own,
                **self._owner(),
            ),
            Win32Thread=_pointer(win32) if win32 else NOT_SHOWN,
            Alertable=alertable,
            waits=tuple([wait for wait, _ in waits]),
            irps=tuple(self._irps),
            times=of_text(Times, **times) if times else _NO_TIMES,
            **details,
            **self._images(),
        )
        words = tuple([more for _, more in waits])
        return found, said, words if any(words) else (), tuple(lines), tuple(self._remarks)

    def _owner(self) -> dict[str, Any]:
        """Return the members of a thread that say which processes it belongs and is attached to."""
        found: dict[str, Any] = {}
        owner, _ = self._processes.get("Owning", ("", None))
        if owner not in _NONE:
            found["Process"] = _pointer(owner)
        attached, image = self._processes.get("Attached", ("", None))
        if attached in _NONE:
            return found | ({"attached": False} if attached else {})
        if attached[0] == "?" and image is None:  # whether it is attached at all is what could not be read
            return found | {"attached": reasoned(attached)}
        return found | {"attached": True, "ApcStateProcess": _pointer(attached)}

    def _images(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        _, image = self._processes.get("Owning", ("", None))
        if image is not None and image != "N/A":
            found["process_name"] = text_or_absent(image)
        attached, image = self._processes.get("Attached", ("", None))
        if attached == "N/A" and image in (None, "N/A"):
            found["attached_name"] = None
        elif image is not None:
            found["attached_name"] = text_or_absent(image)
        return found

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        listed = self.record()
        if listed is None:
            return ()
        found = listed.details
        thread = found.thread
        reason = _word(thread.WaitReason)
        known = Situation(
            "windows",
            state_word(_word(thread.State)),
            reason,
            _word(thread.WaitMode),
            tuple([words for _, words in self._objects]),
            _word(found.process_name),
            _word(found.attached_name),
            situation.bugcheck,
            situation.facts,
            situation.bugcheck_by,
            situation.interrupted,
        )
        said = [wait_reason(reason) if reason else None, *(irp_flags(irp) for irp in found.irps[:8])]
        return (*self._rules(known), *(a for a in said if a is not None))

    def situation(self, before: Situation) -> Situation:
        """A thread in System is why a cleanup that it asks for runs there."""
        attached, owner = (self._processes.get(which, ("", ""))[1] for which in ("Attached", "Owning"))
        if self._head is None or attached != "System" or owner in (None, "", "N/A", "System"):
            return before
        return with_fact(before, in_system(int(self._head[1], 16)))

    def _rules(self, known: Situation) -> tuple[Annotation, ...]:
        if not self._stack.frames:
            # What a crash means is said where the crash is.
            return annotate((), replace(known, bugcheck=None))
        return annotated(self._stack.frames, crashed_by(self._stack.frames, known))


def irp_flags(irp: PendingIrp) -> Annotation | None:
    """Return what the flags of an IRP in a thread's list stand for."""
    found = None if isinstance(irp.Flags, Absent) else field("_IRP", "Flags", irp.Flags)
    return found and Annotation(found.kind, found.name, f"IRP {irp.address:x}: {found.title}", "")


@lru_cache(maxsize=1024)  # of a process's threads most wait, for one of few reasons
def _state(text: str) -> tuple[dict[str, Any], bool | Absent, str]:
    """Return what the end of a first line shows: members of a thread, whether APCs end its wait, and what else."""
    found = _STATE.match(text)
    assert found is not None  # everything in it is optional
    state, reason, mode, alertable, processor, rest = found.groups()
    shown: dict[str, Any] = {}
    if state:
        shown["State"] = UNREADABLE if state == "????" else state_called(state)
    elif rest[:10] == _STATE_UNKNOWN:
        shown["State"], rest = reasoned(rest.removeprefix("state ")), ""
    if unknown := _WAIT_UNKNOWN.match(rest) if state == "WAIT" and not reason else None:
        reason, mode, rest = unknown[1], unknown[2], ""
    elif mode == "????" and rest[:1] == "(" and rest[-1:] == ")":
        mode, rest = f"{mode} {rest}", ""
    if reason:
        shown["WaitReason"] = reasoned(reason) if reason[0] == "?" else reason
    if mode:
        shown["WaitMode"] = reasoned(mode) if mode[0] == "?" else mode
    if processor:
        shown["NextProcessor"] = int(processor, 16)
    if not alertable:
        return shown, NOT_SHOWN, rest
    return shown, UNREADABLE if alertable == "????" else alertable == "Alertable", rest


def _pointer(text: str) -> Address | Absent:
    return reasoned(text) if text[0] == "?" else address(text)


def _word(text: str | Absent | None) -> str:
    """Return a word of the record, ``""`` where the text has none."""
    return "" if text is None or isinstance(text, Absent) else text
