"""All that ``!thread`` shows of a thread: the thread itself, and what it waits for, does and stands on."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.apc import held_off
from dumpwalk.kernel.apc_state import ThreadApcs, has_apcs, thread_apcs
from dumpwalk.kernel.clock import clock
from dumpwalk.kernel.impersonation import Impersonation, impersonation
from dumpwalk.kernel.pitfalls import told
from dumpwalk.kernel.process import device_map, full_image_name, process
from dumpwalk.kernel.thread import Thread, thread
from dumpwalk.kernel.thread_irps import PendingIrp, pending_irps
from dumpwalk.kernel.thread_waits import WaitObject, wait_objects
from dumpwalk.kernel.views import view_of
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target
    from dumpwalk.unwind.frames import Frame

    Stacks: TypeAlias = Callable[[Target, Thread], tuple[Frame, ...] | Absent]

NOT_ASKED = Absent("not asked for")
# Bits of CrossThreadFlags that all versions have (public symbols): PS_CROSS_THREAD_FLAGS_TERMINATED.
_TERMINATED = 1
_SYSTEM_PROCESS = 4


@record
class Times:
    """How long something took, in units of 100 ns."""

    UserTime: int | Absent
    KernelTime: int | Absent


@record
class ThreadDetails:
    """A thread, with all that ``!thread`` shows. Names are NT's.

    :param process_name: file name of the image of the process it belongs to
    :param attached_name: of the process it is attached to; ``None`` when it is attached to none
    :param Alertable: whether user APCs end its wait
    :param waits: what it waits for; nothing unless it waits
    :param waited: ticks since it began to wait or to run
    :param waited_time: the same in units of 100 ns
    :param KernelStack: what is stored, of a running thread that of its last wait
    :param CallbackDepth: absent since Windows 8
    :param name: what ``SetThreadDescription`` called it; ``None`` without a name
    :param apcs: its APC lists where one is not empty, or it is attached; else ``None``
    :param stack: candidates or frames, innermost first; absent when it can't be had or wasn't asked for
    :param notes: what follows from all this, in words
    """

    thread: Thread
    Win32Thread: Address | Absent
    Alertable: bool | Absent
    process_name: str | Absent
    attached_name: str | Absent | None
    DeviceMap: Address | Absent
    impersonation: Impersonation | Absent | None
    IdealProcessor: int | Absent
    waits: tuple[WaitObject, ...]
    irps: tuple[PendingIrp, ...]
    waited: int | Absent
    waited_time: int | Absent
    times: Times
    KernelStack: Address | Absent
    KernelStackResident: bool | Absent
    CallbackDepth: int | Absent
    PriorityDecrement: int | Absent
    ForegroundBoost: int | Absent
    UnusualBoost: int | Absent
    ThreadIoPriority: int | Absent
    ThreadPagePriority: int | Absent
    name: str | Absent | None
    apcs: ThreadApcs | None
    stack: tuple[Frame, ...] | Absent
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def thread_details(target: Target, address: int, stacks: Stacks | None = None) -> ThreadDetails:
    """Return the thread at *address* with all that belongs to it.

    :param address: of an ``_ETHREAD``; nothing about it is believed
    :param stacks: gives the call stack of a thread; none is looked for without it
    """
    view = view_of(target, "_ETHREAD", address)
    found = thread(target, address, view, target.kept.setdefault("process identifiers", {}))
    problems: list[Problem] = list(found.problems)
    waits: tuple[WaitObject, ...] = ()
    if found.State == "Waiting":
        waits, more = wait_objects(target, view)
        problems += more
    irps, more = pending_irps(target, view)
    problems += more
    apcs = thread_apcs(target, address, view) if found.attached is True or has_apcs(view) else None
    ticking = clock(target)
    waited = ticking.since(found.WaitTime)
    owner = found.Process if not isinstance(found.Process, Absent) else found.ApcStateProcess
    return ThreadDetails(
        thread=found,
        Win32Thread=view.pointer("Tcb.Win32Thread"),
        Alertable=_truth(view.int("Tcb.Alertable")),
        process_name=_of_process(target, owner, "ImageFileName"),
        attached_name=_of_process(target, found.ApcStateProcess, "ImageFileName") if found.attached else None,
        DeviceMap=_of_process(target, owner, "DeviceMap"),
        impersonation=impersonation(target, view),
        IdealProcessor=view.int("Tcb.IdealProcessor"),
        waits=waits,
        irps=irps,
        waited=waited,
        waited_time=ticking.duration(waited),
        times=Times(ticking.duration(found.UserTime), ticking.duration(found.KernelTime)),
        KernelStack=view.pointer("Tcb.KernelStack"),
        KernelStackResident=_truth(view.int("Tcb.KernelStackResident")),
        CallbackDepth=view.int("Tcb.CallbackDepth"),
        PriorityDecrement=view.int("Tcb.PriorityDecrement", signed=True),
        ForegroundBoost=view.int("Tcb.ForegroundBoost"),
        UnusualBoost=view.int("Tcb.UnusualBoost"),
        ThreadIoPriority=view.int("ThreadIoPriority"),
        ThreadPagePriority=view.int("ThreadPagePriority"),
        name=_name(target, found.ThreadName, view),
        apcs=apcs,
        stack=stacks(target, found) if stacks is not None else NOT_ASKED,
        notes=_notes(target, found, irps),
        problems=tuple(problems + list(apcs.problems if apcs else ())),
    )


def _truth(value: int | Absent) -> bool | Absent:
    return value if isinstance(value, Absent) else bool(value)


def _of_process(target: Target, address: Address | Absent, field: str) -> Any:
    """Return the name or the DeviceMap of the process at *address*; they are the same for all its threads."""
    if isinstance(address, Absent):
        return address
    known = target.kept.setdefault("process fields", {})
    if address not in known:
        view = view_of(target, "_EPROCESS", address)
        name = full_image_name(target, process(target, address, view), view)
        known[address] = {"ImageFileName": name, "DeviceMap": device_map(view)}
    return known[address][field]


def _name(target: Target, place: Address | Absent, view: AnyView) -> str | Absent | None:
    """Return what the thread is called, which it can be since Windows 10 14393."""
    if isinstance(place, Absent):
        return place if view.has("ThreadName") else None
    if not place:
        return None
    try:
        text: str | Absent = target.object("_UNICODE_STRING", place).str_()
    except TypeInfoError as error:
        return Absent(str(error))
    return text


def _notes(target: Target, found: Thread, irps: tuple[PendingIrp, ...]) -> tuple[str, ...]:
    out = []
    flags = found.CrossThreadFlags
    if irps and not isinstance(flags, Absent) and flags & _TERMINATED:
        out.append(told("thread-exit"))
    if found.attached is True and not isinstance(found.ApcStateProcess, Absent):
        ids = target.kept.setdefault("process identifiers", {})
        if found.ApcStateProcess not in ids:
            ids[found.ApcStateProcess] = view_of(target, "_EPROCESS", found.ApcStateProcess).int("UniqueProcessId")
        # The idle process's threads are attached to System as long as the machine runs.
        if ids[found.ApcStateProcess] == _SYSTEM_PROCESS and found.Cid.UniqueProcess not in (0, _SYSTEM_PROCESS):
            out.append(told("kernel-handle-close"))
    out += _apcs_held_off(found)
    return tuple(out)


def _apcs_held_off(found: Thread) -> list[str]:
    """Return what the two halves of ``CombinedApcDisable`` say where they are not both 0."""
    counts = {"KernelApcDisable": found.KernelApcDisable, "SpecialApcDisable": found.SpecialApcDisable}
    said = held_off({name: int(count) for name, count in counts.items() if not isinstance(count, Absent)})
    return [said] if said else []
