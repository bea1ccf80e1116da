"""Threads as ``thread`` and ``process`` print them: records of any kind, what their text shows, what is read of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, addresses, names, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, replaced
from shown import Shown

from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.kernel.impersonation import LEVELS
from dumpwalk.kernel.thread_details import ThreadDetails
from dumpwalk.kernel.thread_waits import KINDS, WaitObject
from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, day_time
from dumpwalk.render.thread import DETAILS, SCANNED, WAITS, is_scanned
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
    return tuple(Row(frame.child_sp, to, site) for frame, to, site in zip(stack, back, sites))


WORDS = {"Waiting": "WAIT", "Running": "RUNNING", "Ready": "READY", "DeferredReady": "READY"}


def thread_as_printed(details: Any, flags: int) -> Any:
    """Return a thread with one word or one value for what a line leaves out or words otherwise."""
    own: Any = details.thread
    state, full = own.State, bool(flags & WAITS)
    waiting = state == "Waiting" and full
    word = state if isinstance(state, Absent) else WORDS.get(state, state.upper())
    runs = state in ("Running", "Ready", "DeferredReady")
    if runs and isinstance(own.NextProcessor, Absent):
        word, runs = state.upper(), False
    nothing = {} if waiting else {"WaitReason": None, "WaitMode": None}
    start = own.Win32StartAddress
    if isinstance(start, Absent) or not start.address:
        start = start if isinstance(own.StartAddress, Absent) else own.StartAddress
    if not isinstance(start, Absent) and isinstance(start.where, Absent):
        start = replaced(start, where=None)
    there, attached = own.ApcStateProcess, own.attached
    name: Any = details.attached_name if attached is True and details.attached_name is not None else Absent("none")
    if attached is not True:
        there, name = (attached if isinstance(attached, Absent) else None), None
    decrement, unusual = details.PriorityDecrement, details.UnusualBoost
    if isinstance(unusual, Absent) or not isinstance(own.ThreadName, Absent):
        unusual = foreground = None
    else:
        decrement, foreground = None, details.ForegroundBoost
    io = details.ThreadIoPriority
    page = None if isinstance(io, Absent) else details.ThreadPagePriority
    own = replaced(
        own, State=word, NextProcessor=own.NextProcessor if runs else None, Win32StartAddress=start, StartAddress=None,
        ApcStateProcess=there, attached=None, ThreadName=None, **nothing,
    )  # fmt: skip
    named = None if not details.name else details.name
    resident = details.KernelStackResident is False and details.thread.State != "Running"
    return replaced(
        details, thread=own, Alertable=details.Alertable if waiting else False, attached_name=name,
        waits=tuple(map(_wait_as_printed, details.waits)), stack=_rows(details),
        name=named, PriorityDecrement=decrement, UnusualBoost=unusual, ForegroundBoost=foreground,
        ThreadIoPriority=None if isinstance(io, Absent) else io, ThreadPagePriority=page,
        CallbackDepth=0 if isinstance(details.CallbackDepth, Absent) else details.CallbackDepth,
        KernelStackResident=False if resident else None,
        waited_time=details.waited_time if details.waited and not isinstance(details.waited, Absent) else None,
    )  # fmt: skip


def _wait_as_printed(wait: Any) -> Any:
    return replaced(wait, kind=wait.kind or "NotificationEvent") if not isinstance(wait.kind, Absent) else wait


def remarks_of(details: Any, flags: int) -> set[str]:
    """Return what is said of a thread in brackets, the reasons of what is not there aside."""
    if not flags & WAITS or not flags & DETAILS:
        return set()
    stack = details.stack
    lacks = isinstance(stack, Absent) and stack.reason != "not asked for"
    return {*details.notes, *([f"no stack: {stack.reason}"] if lacks else []), *([SCANNED[1:-1]] * is_scanned(details))}


# What is read.


def thread_view(found: Any) -> dict[str, Any]:
    """Read the texts that a thread's record keeps, by the names of the members."""
    own: dict[str, Any] = {name: getattr(found, attribute) for name, attribute in THREAD_FIELDS.items()}
    own["Cid"] = {"UniqueProcess": found.process_id, "UniqueThread": found.thread_id}
    out: dict[str, Any] = {
        "thread": own, "Win32Thread": found.win32_thread, "Alertable": found.alertable, "beside": found.remark,
        "process_name": found.owner_image, "attached_name": found.attached_image,
        "waits": tuple(_wait(at, kind) for at, kind in found.objects),
        "irps": tuple(dict(zip(IRP_FIELDS, (i.address, i.type, i.size, i.flags, i.mdl))) for i in found.irps),
        "stack": () if found.stack is None else tuple(map(_row, found.stack.frames)),
        "remarks": tuple(text for key, text in found.fields if not key),
    }  # fmt: skip
    texts = dict(found.fields)
    return out | _details(texts, own) if "Stack Init" in texts else out


def _details(texts: dict[str, str], own: dict[str, Any]) -> dict[str, Any]:
    if "Base" in texts:
        stack = values("N Current N", texts["Stack Init"], *STACK[:2])
        stack |= values("N Limit N Call N", texts["Base"], *STACK[2:])
    else:
        stack = values("N Current N Base N Limit N Call N", texts["Stack Init"], *STACK)
    wait, _, ticks = texts["Wait Start TickCount"].partition(" Ticks: ")
    waited, _, time = ticks.partition(" (")
    switches, _, ideal = texts["Context Switch Count"].partition(" IdealProcessor: ")
    words = dict(zip(("Priority", *texts["Priority"].split()[1::2]), texts["Priority"].split()[::2]))
    start = re.fullmatch(r"(?:(.*) \()?0x([0-9a-f]+)\)?", texts["Win32 Start Address"])
    own |= {
        "Win32StartAddress": {"where": start[1], "address": int(start[2], 16)} if start else "????",
        "WaitTime": number(wait.strip()), "ContextSwitches": number(switches.strip()),
        **{name: number(words[name]) for name in ("Priority", "BasePriority")},
        **{name: stack.pop(name) for name in ("InitialStack", "StackBase", "StackLimit")},
    }  # fmt: skip
    return {
        "DeviceMap": number(texts["DeviceMap"], 16), **stack, "IdealProcessor": number(ideal),
        "impersonation": _impersonation(texts.get("Impersonation token")),
        "waited": number(waited), "waited_time": time.rstrip(")"),
        "times": {name: texts[name] for name in ("UserTime", "KernelTime")}, "name": texts.get("ThreadName"),
        "KernelStackResident": False if "Kernel stack not resident." in texts else None,
        **{n: number(words[w], 16 if n == "PriorityDecrement" else 10) for w, n in PRIORITIES.items() if w in words},
    }  # fmt: skip


def _wait(at: Any, text: str) -> dict[str, Any]:
    kind, _, owner = text.partition(" - owning thread ")
    kind, _, limit = kind.partition(" Limit ")
    return {
        "address": at, "kind": kind, "OwnerThread": number(owner, 16) if owner else None,
        "Limit": number(limit, 16) if limit else None,
    }  # fmt: skip


def _row(frame: Any) -> dict[str, Any]:
    assert (frame.number, frame.args, frame.size, frame.inline) == (None, (), None, False)
    return {"child_sp": frame.child_sp, "return_address": frame.return_address, "site": frame.place}


def _impersonation(text: str | None) -> Any:
    if text is None or text == "????":
        return text
    token, _, level = text.partition(" (Level ")
    return {"Token": number(token, 16), "ImpersonationLevel": level.rstrip(")")}


THREAD_FIELDS = {
    "address": "address", "Teb": "teb", "State": "state", "WaitReason": "reason", "WaitMode": "mode",
    "NextProcessor": "processor", "Process": "owner", "ApcStateProcess": "attached",
}  # fmt: skip
IRP_FIELDS = ("address", "Type", "Size", "Flags", "MdlAddress")
STACK = (("InitialStack", 16), ("KernelStack", 16), ("StackBase", 16), ("StackLimit", 16), ("CallbackDepth", 16))
PRIORITIES = {
    "PriorityDecrement": "PriorityDecrement", "UnusualBoost": "UnusualBoost", "ForegroundBoost": "ForegroundBoost",
    "IoPriority": "ThreadIoPriority", "PagePriority": "ThreadPagePriority",
}  # fmt: skip

# The members that the first line shows, and what stands below it with flag 2; the rest with flags 2 and 4.
_HEAD = ("address", "Cid", "Teb", "State", "WaitReason", "WaitMode", "NextProcessor")
_HEAD_OF_DETAILS = ("thread", "Win32Thread", "Alertable")
_NEVER = (
    *("WaitIrql", "KernelStack", "TrapFrame", "KernelApcDisable", "SpecialApcDisable", "ApcStateIndex", "KernelTime"),
    *("UserTime", "CreateTime", "CrossThreadFlags", "IrpList", "source", "fields", "problems", "StartAddress"),
    *("attached", "ThreadName"),
)


def thread_shown(flags: int) -> Shown:
    """Return what the text of a thread shows with these flags."""
    hidden = {
        **{f"thread.{n}": NOT_PRINTED for n in _NEVER}, "waits[].block": NOT_PRINTED,
        **dict.fromkeys(("apcs", "notes"), "said in words or not at all"), "problems": AT_FOOT,
    }  # fmt: skip
    if not flags & WAITS or not flags & DETAILS:
        shown = (*_HEAD_OF_DETAILS, *(["waits"] if flags & WAITS else []))
        hidden |= {n: "with flags 2 and 4" for n in ThreadDetails.__annotations__ if n not in shown}
        from dumpwalk.kernel.thread import Thread

        hidden |= {f"thread.{n}": "with flags 2 and 4" for n in Thread.__annotations__ if n not in _HEAD}
    return Shown(
        hidden=hidden,
        forms={
            "times.UserTime": unless_absent(clock_time), "times.KernelTime": unless_absent(clock_time),
            "waited_time": lambda time: None if time is None else day_time(time),
        },
    )  # fmt: skip
