"""Threads as ``thread`` and ``process`` print them: records of any kind, what their text shows, what is read of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, addresses, names, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, as_read, replaced

from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.kernel.impersonation import LEVELS
from dumpwalk.kernel.thread import Thread
from dumpwalk.kernel.thread_details import ThreadDetails, Times
from dumpwalk.kernel.thread_waits import KINDS, WaitObject
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import fields, record
from dumpwalk.remarks import Absent
from dumpwalk.render.log_records import place
from dumpwalk.render.text import printable
from dumpwalk.render.thread import DETAILS, SCANNED, WAITS, is_scanned
from dumpwalk.transcript.values import NOT_SHOWN
from dumpwalk.unwind.frames import CONTEXT, FRAME_POINTER, SCAN, TRAP_FRAME, Frame

ID = st.one_of(st.integers(0, 0xFFFFF), ABSENT)
FEW = st.one_of(st.integers(0, 0xFFFF), ABSENT)
TIME = st.one_of(st.integers(0, 1 << 52), ABSENT)
IMAGES = st.one_of(names(), ABSENT)
# KTHREAD_STATE and some of KWAIT_REASON, as the kernels of all versions have them.
STATES = (
    *("Initialized", "Ready", "Running", "Standby", "Terminated", "Waiting", "Transition", "DeferredReady"),
    *("GateWait", "GateWaitObsolete", "WaitingForProcessInSwap"),
)
REASONS = ("Executive", "WrQueue", "DelayExecution", "UserRequest", "WrAlertByThreadId")
# A place of a frame: of a module, with or without a symbol, whatever a module is called.
SITES = st.one_of(
    PLACES.filter(bool),
    st.builds("{}+{:#x}".format, names("!+/<\\"), st.integers(1, 0xFFFFFF)),
    st.builds("{}!{}+{:#x}".format, names("!+/<\\"), st.sampled_from(["DriverEntry", "f<a, b>::g"]), st.integers(1, 9)),
)


def number(text: str, base: int = 10) -> Any:
    return text if "?" in text else int(text.replace("`", ""), base)


def values(pattern: str, text: str, *kinds: tuple[str, int]) -> dict[str, Any]:
    """Return the numbers in *text*: a name and a base for each group of the pattern."""
    found = re.fullmatch(pattern.replace("N", r"(-?[0-9a-f]+|\?{4})"), text)
    assert found, f"{text!r} is no {pattern!r}"
    return {name: number(group, base) for (name, base), group in zip(kinds, found.groups())}


def unless_absent(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, Absent) else form(value)


# Records.


def waits(wide: bool) -> Strategy:
    """Return what a thread can wait for: objects of all kinds, what a mutant and a semaphore have besides, and none."""
    at = places(wide)
    kinds = [kind for kind in KINDS.values() if kind not in ("Mutant", "Semaphore")]
    given = {"address": at, "OwnerThread": st.none(), "Limit": st.none()}
    owner, limit = st.one_of(addresses(wide), ABSENT), st.one_of(st.integers(-1, (1 << 31) - 1), ABSENT)
    nothing = st.just((Address if wide else Address32)(-1 & ((1 << (64 if wide else 32)) - 1)))
    return st.one_of(
        record_of(WaitObject, wide, given | {"kind": st.one_of(st.sampled_from(kinds), ABSENT)}),
        record_of(WaitObject, wide, given | {"kind": st.just("Mutant"), "OwnerThread": owner}),
        record_of(WaitObject, wide, given | {"kind": st.just("Semaphore"), "Limit": limit}),
        record_of(WaitObject, wide, given | {"kind": st.just(""), "address": nothing}),
    )


def frames(wide: bool) -> Strategy:
    """Return stacks: frames in modules and outside of any, of all degrees of trust."""
    given = {
        "site": SITES, "module": st.sampled_from(["nt", ""]), "instruction": places(wide),
        "trust": st.sampled_from([CONTEXT, TRAP_FRAME, FRAME_POINTER, SCAN]),
    }  # fmt: skip
    listed = st.lists(record_of(Frame, wide, given), max_size=4)
    return listed.map(
        lambda found: tuple(
            replaced(frame, number=n, site=frame.site if frame.module else str(frame.instruction))
            for n, frame in enumerate(found)
        )
    )


def threads(wide: bool) -> Strategy:
    where = st.one_of(ABSENT, st.sampled_from(["nt!KiIdleLoop", "example+0x10", "a-b (c)+0x1"]))
    start = st.one_of(record_of(CodeAddress, wide, {"address": places(wide), "where": where}), ABSENT)
    given = {
        "thread.address": places(wide), "thread.Cid.UniqueProcess": ID, "thread.Cid.UniqueThread": ID,
        "thread.State": st.one_of(st.sampled_from(STATES), ABSENT),
        "thread.WaitReason": st.one_of(st.sampled_from(REASONS), ABSENT), "thread.fields": st.just(()),
        "thread.WaitMode": st.one_of(st.sampled_from(["KernelMode", "UserMode"]), ABSENT),
        **{f"thread.{n}": st.one_of(st.integers(-16, 31), ABSENT) for n in ("Priority", "BasePriority")},
        "thread.Win32StartAddress": start, "thread.StartAddress": start, "thread.NextProcessor": FEW,
        "process_name": IMAGES, "attached_name": IMAGES, "waits": st.lists(waits(wide), max_size=3).map(tuple),
        "irps[].address": places(wide), "impersonation.ImpersonationLevel": st.one_of(st.sampled_from(LEVELS), ABSENT),
        "irps[].Type": FEW, "irps[].Size": FEW, "irps[].Flags": st.one_of(numbers(False), ABSENT),
        "*.UserTime": TIME, "*.KernelTime": TIME, "waited": FEW, "waited_time": st.integers(0, 1 << 50),
        "CallbackDepth": FEW, "name": st.one_of(st.none(), names(), ABSENT), "apcs": st.none(),
        "notes": st.lists(st.sampled_from(["an IRP (or two) holds it", "a note"]), max_size=2).map(tuple),
        "stack": st.one_of(st.just(Absent("not asked for")), ABSENT, frames(wide)), "IdealProcessor": FEW,
        **dict.fromkeys(("PriorityDecrement", "ForegroundBoost", "UnusualBoost", "ThreadIoPriority"), FEW),
        "ThreadPagePriority": FEW,
    }  # fmt: skip
    return record_of(ThreadDetails, wide, given)


# What a text shows of a thread.


@record
class Row:
    """A frame of a stack in its row."""

    child_sp: Address
    return_address: Address
    site: str


def _rows(details: Any) -> tuple[Row, ...]:
    stack = details.stack
    if isinstance(stack, Absent):
        return ()
    back = [*(frame.instruction for frame in stack[1:]), 0]
    # A debugger prints the bare address of a place in no module with 0x; who reads it knows that it is an address.
    sites = [frame.site if frame.module else frame.site.replace("`", "") for frame in stack]
    return tuple(Row(frame.child_sp, to, printable(site)) for frame, to, site in zip(stack, back, sites))


# What no text has a place for. KernelStack of a thread that does not run is printed from the details' own member.
NEVER = {
    **{f"thread.{name}": NOT_PRINTED for name in (
        *("WaitIrql", "TrapFrame", "KernelApcDisable", "SpecialApcDisable", "ApcStateIndex", "CreateTime"),
        *("CrossThreadFlags", "IrpList", "ThreadName", "StartAddress", "source", "fields"))},
    "thread.KernelStack": "as the details' own", "thread.KernelTime": "in ticks", "thread.UserTime": "in ticks",
    "waits[].block": NOT_PRINTED, "apcs": NOT_PRINTED, "stack": "beside, as frames of a text",
    "notes": AT_FOOT, "problems": AT_FOOT, "thread.problems": AT_FOOT,
}  # fmt: skip
# The members that the first line shows; what it waits for stands below it with flag 2, the rest with flags 2 and 4.
_HEAD = ("thread", "Win32Thread", "Alertable", "times")
_HEAD_OF_IT = ("address", "Cid", "Teb", "State", "WaitReason", "WaitMode", "NextProcessor")


def thread_as_read(details: Any, flags: int) -> Any:
    """Return the record that the text of *details* is: what has no place in it is NOT_SHOWN."""
    own: Any = details.thread
    full = bool(flags & WAITS and flags & DETAILS)
    hidden = set(NEVER)
    if not full:
        shown = (*_HEAD, *(["waits"] if flags & WAITS else []))
        hidden |= {name for name in fields(ThreadDetails) if name not in shown}
        hidden |= {f"thread.{name}" for name in fields(Thread) if name not in _HEAD_OF_IT}
        hidden |= {f"times.{name}" for name in fields(Times)}
    if own.State != "Waiting" or not flags & WAITS:  # why and how it waits
        hidden |= {"thread.WaitReason", "thread.WaitMode", "Alertable"}
    runs = own.State in ("Running", "Ready", "DeferredReady") and not isinstance(own.NextProcessor, Absent)
    hidden |= set() if runs else {"thread.NextProcessor"}
    # READY is what both are called that are to run on a processor.
    state = "Ready" if runs and own.State == "DeferredReady" else own.State
    attached = details.attached_name if own.attached is True else None
    hidden |= set() if own.attached is True else {"thread.ApcStateProcess"}
    hidden |= {"attached_name"} if isinstance(own.attached, Absent) else set()
    named = not isinstance(own.ThreadName, Absent)
    hidden |= {"CallbackDepth"} if named and isinstance(details.CallbackDepth, Absent) else set()
    decrement = isinstance(details.UnusualBoost, Absent) or named
    hidden |= {"UnusualBoost", "ForegroundBoost"} if decrement else {"PriorityDecrement"}
    if isinstance(details.ThreadIoPriority, Absent):
        hidden |= {"ThreadIoPriority", "ThreadPagePriority"}
    hidden |= set() if details.name else {"name"}
    resident = details.KernelStackResident is False and own.State != "Running"
    hidden |= set() if resident else {"KernelStackResident"}
    hidden |= set() if details.waited else {"waited_time"}
    whole = replaced(
        details, thread=replaced(own, State=state, Win32StartAddress=_start(own)),
        attached_name=Absent("") if attached is None and own.attached is True else attached,
        CallbackDepth=0 if isinstance(details.CallbackDepth, Absent) else details.CallbackDepth,
        waited_time=_milliseconds(details.waited_time),
        times=Times(_milliseconds(details.times.UserTime), _milliseconds(details.times.KernelTime)),
    )  # fmt: skip
    read = as_read(whole, hidden)
    where = read.thread.Win32StartAddress
    if isinstance(where, CodeAddress) and isinstance(where.where, Absent):  # the number alone
        return replaced(read, thread=replaced(read.thread, Win32StartAddress=replaced(where, where=NOT_SHOWN)))
    return read


def _start(own: Any) -> Any:
    """Return where a thread began, as the line has it: StartAddress takes the place of none."""
    start = own.Win32StartAddress
    if isinstance(start, Absent) or not start.address:
        return own.StartAddress if not isinstance(own.StartAddress, Absent) else start
    return start


def _milliseconds(time: Any) -> Any:
    return time if isinstance(time, Absent) else time // 10_000 * 10_000


def remarks_of(details: Any, flags: int) -> set[str]:
    """Return what is said of a thread in brackets, the reasons of what is not there aside."""
    if not flags & WAITS or not flags & DETAILS:
        return set()
    stack = details.stack
    lacks = isinstance(stack, Absent) and stack.reason != "not asked for"
    return {*details.notes, *([f"no stack: {stack.reason}"] if lacks else []), *([SCANNED[1:-1]] * is_scanned(details))}


def thread_pair(found: Any, details: Any, flags: int) -> tuple[Any, Any]:
    """Return what was read of a thread, and what its text says: the two are equal."""
    full = flags & WAITS and flags & DETAILS
    named = not isinstance(details.thread.ThreadName, Absent)
    no_depth = bool(full and named and isinstance(details.CallbackDepth, Absent))
    beside = (found.remark, found.wait_words, [text for _, text in found.fields])
    rows = () if found.stack is None else tuple(map(_row, found.stack.frames))
    zeros = f"Call {0:0{8 if isinstance(details.thread.address, Address32) else 16}}"  # since Windows 8
    return (found.details, beside, rows), (
        thread_as_read(details, flags), ("", (), [zeros] * no_depth), _rows(details) if full else (),
    )  # fmt: skip


def _row(frame: Any) -> Row:
    assert (frame.number, frame.args, frame.size, frame.inline) == (None, (), None, False)
    return Row(frame.child_sp, frame.return_address, place(frame.place))
