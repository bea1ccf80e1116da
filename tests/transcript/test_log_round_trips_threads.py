"""What the commands about processes and threads print of any record is read back as that record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, addresses, names, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, each, replaced, run, set_and_there
from shown import Shown

from dumpwalk.commands import process, thread
from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.kernel.process_details import ProcessDetails
from dumpwalk.kernel.thread_details import ThreadDetails
from dumpwalk.kernel.thread_waits import KINDS, WaitObject
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, day_time, elapsed_time

ID = st.one_of(st.integers(0, 0xFFFFF), ABSENT)
FEW = st.one_of(st.integers(0, 0xFFFF), ABSENT)
TIME = st.one_of(st.integers(0, 1 << 52), ABSENT)
IMAGES = st.one_of(st.sampled_from(["System", "svchost.exe", "a b (c).exe", "Ünï.exe", "a\x1b[2J.exe"]), ABSENT)


def number(text: str, base: int = 10) -> Any:
    return text if "?" in text else int(text.replace("`", ""), base)


def values(pattern: str, text: str, *kinds: tuple[str, int]) -> dict[str, Any]:
    """Return the numbers in *text*: a name and a base for each group of the pattern."""
    found = re.fullmatch(pattern.replace("N", r"(-?[0-9a-f]+|\?{4})"), text)
    assert found, f"{text!r} is no {pattern!r}"
    return {name: number(group, base) for (name, base), group in zip(kinds, found.groups())}


# A process.


def processes(wide: bool) -> Strategy:
    given = {
        "process.address": places(wide), "process.UniqueProcessId": ID, "process.InheritedFromUniqueProcessId": ID,
        "process.DirectoryTableBase": st.one_of(numbers(wide), ABSENT), "process.Protection": ABSENT,
        "process.fields": st.just(()), "process.ExitTime": st.none(), "image_name": IMAGES,
        "SessionId": st.one_of(st.none(), FEW), "threads": st.just(()), "*.MemoryPriority": st.one_of(
            st.sampled_from(["BACKGROUND", "FOREGROUND"]), ABSENT),
        "*.elapsed": TIME, "*.UserTime": TIME, "*.KernelTime": TIME,
        "statistics.Job": st.one_of(ABSENT, addresses(wide)),
        "statistics.BasePriority": st.one_of(st.integers(-1, 31), ABSENT),
    }  # fmt: skip
    details = record_of(ProcessDetails, wide, given)
    return details.map(lambda found: process.Processes("", 1, (found,), ()))


WORKING_SET = ("WorkingSetSize", "MinimumWorkingSetSize", "MaximumWorkingSetSize")
DECIMAL = {
    "QuotaPoolUsage[PagedPool]": "PagedPoolQuota", "QuotaPoolUsage[NonPagedPool]": "NonPagedPoolQuota",
    **{n: n for n in ("PeakWorkingSetSize", "PageFaultCount", "BasePriority", "CommitCharge")},
}  # fmt: skip


def process_view(found: Any) -> dict[str, Any]:
    """Read the texts that a process's record keeps, by the names of the members."""
    [one] = found.processes
    texts = dict(one.fields)
    own = {
        "address": one.address,
        "UniqueProcessId": number(texts["Cid"], 16), "InheritedFromUniqueProcessId": number(texts["ParentCid"], 16),
        **{name: number(texts[name], 16) for name in ("Peb", "ObjectTable")},
        "DirectoryTableBase": number(texts["DirBase"], 16),
    }  # fmt: skip
    count = texts["HandleCount"]
    out: dict[str, Any] = {
        "process": own, "image_name": one.image, "remarks": found.remarks,
        "SessionId": None if texts["SessionId"] == "none" else number(texts["SessionId"]),
        "HandleCount": "????" if count == "<Data Not Accessible>" else int(count.rstrip(".")),
    }  # fmt: skip
    if "VadRoot" not in texts:
        return out
    vads = r"N Vads N Clone N Private N\. Modified N\. Locked N\."
    kinds = (("VadRoot", 16), ("Vads", 10), ("CloneRoot", 16), ("NumberOfPrivatePages", 10), ("ModifiedPageCount", 10))
    sizes = texts["Working Set Sizes (now,min,max)"]
    out["statistics"] = {
        **values(vads, texts["VadRoot"], *kinds, ("NumberOfLockedPages", 10)),
        **values(r"\(N, N, N\) \(.*\)", sizes, *((name, 10) for name in WORKING_SET)),
        **{name: number(texts[key]) for key, name in DECIMAL.items()},
        **{name: texts[name] for name in ("MemoryPriority", "VirtualSize", "PeakVirtualSize")},
        **{name: number(texts[name], 16) for name in ("DeviceMap", "Job", "DebugPort") if name in texts},
        "elapsed": texts["ElapsedTime"], "times": {name: texts[name] for name in ("UserTime", "KernelTime")},
    }  # fmt: skip
    own["Token"] = number(texts["Token"], 16)
    return out


def unless_absent(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, Absent) else form(value)


megabytes = unless_absent(lambda size: f"{size // (1 << 20)} Mb")
PROCESS_HIDDEN = {
    **{f"process.{name}": NOT_PRINTED for name in (
        "ImageFileName", "ActiveThreads", "Session", "Wow64Process", "Protection", "CreateTime", "ExitTime", "source",
        "fields", "problems")},
    "threads": "blocks of their own", "problems": AT_FOOT,
}  # fmt: skip
PROCESS = Case(
    "!process X 1", "process", processes, process.layout,
    Shown(
        hidden=PROCESS_HIDDEN,
        forms={
            "statistics.elapsed": unless_absent(elapsed_time), "statistics.times.UserTime": unless_absent(clock_time),
            "statistics.times.KernelTime": unless_absent(clock_time), "statistics.VirtualSize": megabytes,
            "statistics.PeakVirtualSize": megabytes,
            "statistics.Job": set_and_there, "statistics.DebugPort": set_and_there,
        },
    ),
    of=lambda answer: _process(answer.processes[0]), found=process_view, least=7,
)  # fmt: skip


def _process(details: ProcessDetails) -> Any:
    """Return a process without its token where that is among statistics that were not asked for."""
    own = details.process if details.statistics else replaced(details.process, Token=None)
    return replaced(details, process=own)


# A thread.


def threads(wide: bool) -> Strategy:
    kind = st.one_of(st.sampled_from(sorted(KINDS.values())), ABSENT)
    wait = record_of(
        WaitObject,
        wide,
        {"address": places(wide), "kind": kind, "OwnerThread": st.none(), "Limit": st.none()},
    )
    start = st.one_of(
        record_of(
            CodeAddress,
            wide,
            {"address": places(wide), "where": st.one_of(ABSENT, st.sampled_from(["nt!KiIdleLoop", "example+0x10"]))},
        ),
        ABSENT,
    )
    given = {
        "thread.address": places(wide), "thread.Cid.UniqueProcess": ID, "thread.Cid.UniqueThread": ID,
        "thread.State": st.one_of(st.sampled_from(["Waiting", "Running", "Ready", "Standby", "Terminated"]), ABSENT),
        "thread.WaitReason": st.one_of(st.sampled_from(["Executive", "WrQueue"]), ABSENT), "thread.fields": st.just(()),
        "thread.WaitMode": st.one_of(st.sampled_from(["KernelMode", "UserMode"]), ABSENT),
        **{f"thread.{n}": st.one_of(st.integers(-16, 31), ABSENT) for n in ("Priority", "BasePriority")},
        "thread.Win32StartAddress": start, "thread.StartAddress": start, "thread.NextProcessor": FEW,
        "process_name": IMAGES, "attached_name": IMAGES, "waits": st.lists(wait, max_size=3).map(tuple),
        "irps[].address": places(wide), "impersonation.ImpersonationLevel": st.one_of(st.just("Impersonation"), ABSENT),
        "irps[].Type": FEW, "irps[].Size": FEW, "irps[].Flags": st.one_of(numbers(False), ABSENT),
        "*.UserTime": TIME, "*.KernelTime": TIME, "waited": FEW, "waited_time": st.integers(0, 1 << 50),
        "CallbackDepth": FEW, "name": st.one_of(st.none(), names(), ABSENT), "apcs": st.none(), "notes": st.just(()),
        "stack": st.just(Absent("not asked for")), "IdealProcessor": FEW,
        **dict.fromkeys(("PriorityDecrement", "ForegroundBoost", "UnusualBoost", "ThreadIoPriority"), FEW),
        "ThreadPagePriority": FEW,
    }  # fmt: skip
    return record_of(ThreadDetails, wide, given).map(lambda found: thread.ThreadAnswer(6, found, None))


THREAD_STATES = {"Waiting": "WAIT", "Running": "RUNNING", "Ready": "READY"}


def thread_as_printed(answer: thread.ThreadAnswer) -> Any:
    """Return a thread with one word or one value for what a line leaves out or words otherwise."""
    details: Any = answer.thread
    own: Any = details.thread
    waiting, state = own.State == "Waiting", own.State
    word = state if isinstance(state, Absent) else THREAD_STATES.get(state, state.upper())
    runs = state in ("Running", "Ready")
    if runs and isinstance(own.NextProcessor, Absent):
        runs = False
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
    waits = tuple(replaced(w, kind=w.kind or Absent("?")) for w in details.waits)
    named = None if not details.name else details.name
    resident = answer.thread.KernelStackResident is False and answer.thread.thread.State != "Running"
    return replaced(
        details, thread=own, Alertable=details.Alertable if waiting else False, attached_name=name, waits=waits,
        name=named, PriorityDecrement=decrement, UnusualBoost=unusual, ForegroundBoost=foreground,
        ThreadIoPriority=None if isinstance(io, Absent) else io, ThreadPagePriority=page,
        CallbackDepth=0 if isinstance(details.CallbackDepth, Absent) else details.CallbackDepth,
        KernelStackResident=False if resident else None,
        waited_time=details.waited_time if details.waited and not isinstance(details.waited, Absent) else None,
    )  # fmt: skip


def thread_view(found: Any) -> dict[str, Any]:
    """Read the texts that a thread's record keeps, by the names of the members."""
    texts = dict(found.fields)
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
    own = {name: getattr(found, attribute) for name, attribute in THREAD_FIELDS.items()}
    own |= {
        "Cid": {"UniqueProcess": found.process_id, "UniqueThread": found.thread_id},
        "Win32StartAddress": {"where": start[1], "address": int(start[2], 16)} if start else "????",
        "WaitTime": number(wait.strip()), "ContextSwitches": number(switches.strip()),
        **{name: number(words[name]) for name in ("Priority", "BasePriority")},
        **{name: stack.pop(name) for name in ("InitialStack", "StackBase", "StackLimit")},
    }  # fmt: skip
    irps = [dict(zip(IRP_FIELDS, (i.address, i.type, i.size, i.flags, i.mdl))) for i in found.irps]
    return {
        "thread": own, "Win32Thread": found.win32_thread, "Alertable": found.alertable,
        "process_name": found.owner_image,
        "attached_name": found.attached_image, "DeviceMap": number(texts["DeviceMap"], 16), **stack,
        "IdealProcessor": number(ideal), "impersonation": _impersonation(texts.get("Impersonation token")),
        "waits": tuple({"address": at, "kind": kind} for at, kind in found.objects), "irps": tuple(irps),
        "waited": number(waited), "waited_time": time.rstrip(")"),
        "times": {name: texts[name] for name in ("UserTime", "KernelTime")}, "name": texts.get("ThreadName"),
        "KernelStackResident": False if "Kernel stack not resident." in texts else None,
        **{n: number(words[w], 16 if n == "PriorityDecrement" else 10) for w, n in PRIORITIES.items() if w in words},
        "remarks": tuple(text for key, text in found.fields if not key),
    }  # fmt: skip


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
THREAD = Case(
    "!thread", "thread", threads, thread.layout,
    Shown(
        hidden={
            **{f"thread.{n}": NOT_PRINTED for n in (
                "WaitIrql", "KernelStack", "TrapFrame", "KernelApcDisable", "SpecialApcDisable", "ApcStateIndex",
                "KernelTime", "UserTime", "CreateTime", "CrossThreadFlags", "IrpList", "source", "fields", "problems",
                "StartAddress", "attached", "ThreadName")},
            **{f"waits[].{n}": NOT_PRINTED for n in ("block", "OwnerThread", "Limit")},
            **dict.fromkeys(("apcs", "stack", "notes"), "not asked for"), "problems": AT_FOOT,
        },
        forms={
            "times.UserTime": unless_absent(clock_time), "times.KernelTime": unless_absent(clock_time),
            "waited_time": lambda time: None if time is None else day_time(time),
        },
    ),
    of=thread_as_printed, found=thread_view,
)  # fmt: skip


CASES = [PROCESS, THREAD]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
