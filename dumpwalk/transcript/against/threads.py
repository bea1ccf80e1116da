"""``!thread``: threads with their waits, requests, times and stacks."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.durations import in_brackets, lasting
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement
from dumpwalk.transcript.against.places import located, site_in
from dumpwalk.transcript.against.stacks import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.thread_details import ThreadDetails
    from dumpwalk.target import Target
    from dumpwalk.transcript.thread import ListedThread

# What !thread calls the states of KTHREAD_STATE.
STATES = {
    "WAIT": "Waiting",
    "RUNNING": "Running",
    "READY": "Ready",
    "STANDBY": "Standby",
    "INITIALIZED": "Initialized",
    "TERMINATED": "Terminated",
    "TRANSITION": "Transition",
    "DEFERRED_READY": "DeferredReady",
    "GATE WAIT": "GateWait",
}
# Numbers of a thread's lines, by the labels they have in the text, and where the record has them.
_OF_THREAD = {
    ("DeviceMap", ""): "DeviceMap",
    ("Wait Start TickCount", ""): "thread.WaitTime",
    ("Wait Start TickCount", "Ticks"): "waited",
    ("Context Switch Count", ""): "thread.ContextSwitches",
    ("Context Switch Count", "IdealProcessor"): "IdealProcessor",
    ("Stack Init", ""): "thread.InitialStack",
    ("Stack Init", "Current"): "KernelStack",
    ("Stack Init", "Base"): "thread.StackBase",
    ("Stack Init", "Limit"): "thread.StackLimit",
    ("Base", ""): "thread.StackBase",
    ("Base", "Limit"): "thread.StackLimit",
    ("Priority", ""): "thread.Priority",
    ("Priority", "BasePriority"): "thread.BasePriority",
    ("Priority", "PriorityDecrement"): "PriorityDecrement",
    ("Priority", "IoPriority"): "ThreadIoPriority",
    ("Priority", "PagePriority"): "ThreadPagePriority",
}
_DECIMAL = ("Wait Start TickCount", "Context Switch Count", "Priority")
# Counted in ticks, and printed as time.
TIMES = ("UserTime", "KernelTime")
_KEPT_CHARACTERS = 14  # of an image's name, of which the kernel keeps a part


def at(record: Any, path: str) -> Any:
    """Return what *record* has at the names in *path*, or where that ends."""
    for name in path.split("."):
        if isinstance(record, Absent) or record is None:
            break
        record = getattr(record, name)
    return record


@compares("thread")
def thread(target: Target, said: ListedThread, command: str) -> Iterator[Statement | None]:
    """Compare a thread and its stack."""
    from dumpwalk.kernel.thread_details import thread_details

    held = thread_details(target, said.address)
    what, width = f"thread {said.address}", target.machine.pointer_size
    own = held.thread
    yield statement(f"{what} Cid.UniqueProcess", said.process_id, own.Cid.UniqueProcess)
    yield statement(f"{what} Cid.UniqueThread", said.thread_id, own.Cid.UniqueThread)
    yield statement(f"{what} Teb", said.teb, own.Teb, width)
    yield statement(f"{what} Win32Thread", said.win32_thread, held.Win32Thread, width)
    yield statement(f"{what} State", like(STATES.get(said.state, said.state), said.state), own.State)
    yield statement(f"{what} WaitReason", said.reason, own.WaitReason)
    if said.state == "WAIT" and said.mode:
        yield statement(f"{what} WaitMode", said.mode, own.WaitMode)
        yield statement(f"{what} Alertable", said.alertable, held.Alertable)
    if said.state == "RUNNING":
        yield statement(f"{what} processor", said.processor, own.NextProcessor)
    yield from _waits(target, what, said, held)
    yield from _requests(what, said, held, width)
    yield statement(f"{what} Process", said.owner, own.Process, width)
    yield image_name(f"{what} Process image", said.owner_image, held.process_name)
    if said.attached is not None:
        yield statement(f"{what} ApcState.Process", said.attached, own.ApcStateProcess, width)
        yield image_name(f"{what} attached image", said.attached_image, held.attached_name)
    yield from _lines(target, what, said, held)
    if said.stack is not None:
        yield from frames(target, said.stack)


def image_name(what: str, said: str, held: Any) -> Statement | None:
    """Compare names of images; of long ones either side may have what the kernel keeps alone."""
    if isinstance(held, str) and said and min(len(said), len(held)) >= _KEPT_CHARACTERS:
        length = min(len(said), len(held))
        return statement(what, like(said[:length], said), held[:length])
    return statement(what, said, held)


def _waits(target: Target, what: str, said: ListedThread, held: ThreadDetails) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    for number, (address, text) in enumerate(said.objects):
        there = nth(held.waits, number, held.problems)
        where = f"{what} wait object {number + 1}"
        yield statement(where, address, getattr(there, "address", there), width)
        kind = getattr(there, "kind", there)
        # The debugger's words for the types vary over the years: only those that are KOBJECTS' here are compared.
        word = text.split()[0] if text.split() else ""
        if word not in ("Unknown", "Event", "Timer", "Mutex", "GateObject", "QueueTimer"):
            yield statement(f"{where} type", like(word, text), "none" if kind == "" else kind)


def _requests(what: str, said: ListedThread, held: ThreadDetails, width: int) -> Iterator[Statement | None]:
    by_address = {int(irp.address): irp for irp in held.irps}
    for number, irp in enumerate(said.irps):
        where = f"{what} IRP {number + 1}"
        there = by_address.get(int(irp.address)) or nth(held.irps, number, held.problems)
        yield statement(where, irp.address, getattr(there, "address", there), width)
        if isinstance(there, (str, Absent)) or int(there.address) != int(irp.address):
            continue
        for name, field in (("Type", "type"), ("Size", "size"), ("Flags", "flags"), ("MdlAddress", "mdl")):
            yield statement(f"{where} {name}", getattr(irp, field), getattr(there, name), width)


def _lines(target: Target, what: str, said: ListedThread, held: ThreadDetails) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    for label, text in said.fields:
        if label in ("Win32 Start Address", "Start Address"):
            yield from _start(target, what, label, text, held)
            continue
        for name, value in numbers_in(text, 10 if label in _DECIMAL else 16):
            path = _OF_THREAD.get((label, name))
            if path is None:
                continue
            there = at(held, path)
            yield statement(f"{what} {path.rpartition('.')[2]}", value, there, width)
        if label == "Wait Start TickCount":
            yield lasting(f"{what} time waited", like(in_brackets(text), text), held.waited_time)
        elif label in TIMES:
            yield lasting(f"{what} {label}", text, getattr(held.times, label))


def _start(target: Target, what: str, label: str, text: str, held: ThreadDetails) -> Iterator[Statement | None]:
    """Yield what a line says of where a thread began: ``nt!Foo (0xfffff800...)`` or an address alone."""
    name, bracket, rest = text.rpartition(" (")
    digits = (rest.rstrip(")") if bracket else text).strip().replace("`", "").removeprefix("0x")
    if not digits or len(digits) > 16 or not set(digits.lower()) <= set("0123456789abcdef"):
        return
    value = int(digits, 16)
    field = "Win32StartAddress" if label.startswith("Win32") else "StartAddress"
    there = getattr(held.thread, field)
    if field == "Win32StartAddress" and not isinstance(there, Absent) and not there.address:
        field, there = "StartAddress", held.thread.StartAddress  # which is printed in place of none
    address = there if isinstance(there, Absent) else there.address
    yield statement(f"{what} {field}", like(target.address(value), text), address, target.machine.pointer_size)
    if bracket and value:
        yield located(target, f"{what} {field} name", value, like(site_in(name), text))
