"""``!pcr``, ``!prcb``, ``!running``, ``!idt``, ``!apc``: processors, what they run, and procedure calls that wait."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import nth, statement, values
from dumpwalk.transcript.against.places import located, site_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.apc_state import Apc, ThreadApcs
    from dumpwalk.kernel.idt import IdtEntry, InterruptTable
    from dumpwalk.target import Target
    from dumpwalk.transcript.apcs import ApcListing
    from dumpwalk.transcript.interrupts import ListedInterruptTable
    from dumpwalk.transcript.processor import ListedProcessor
    from dumpwalk.transcript.running import Running

# Members of a KAPC that name code.
_ROUTINES = ("KernelRoutine", "RundownRoutine", "NormalRoutine")
_MOST_GATES = 256
# Of a processor that runs a thread: what is compared otherwise, and the queues of its locks, which no walk follows.
_OTHERWISE = ("number", "prcb", "priority", "next_priority", "locks")


@compares("processor")
def processor(target: Target, said: ListedProcessor, command: str) -> Iterator[Statement | None]:
    """Compare a processor's control region or block."""
    from dumpwalk.kernel.pcr import control_block, control_region

    width = target.machine.pointer_size
    shown: Any = said.control
    block = said.kind == "PRCB"
    held: Any = (control_block if block else control_region)(target, shown.processor)
    what = f"{said.kind} {shown.processor}"
    yield from values(what, shown, held, skip=("processor", "source", "DpcQueue"), pointer_size=width)
    queue = () if block else shown.DpcQueue
    for number, dpc in enumerate(() if isinstance(queue, Absent) else queue):
        where = f"{what} DPC {number + 1}"
        there = held.DpcQueue if isinstance(held.DpcQueue, Absent) else nth(held.DpcQueue, number)
        yield statement(where, dpc.address, getattr(there, "address", there), width)
        yield statement(f"{where} routine", dpc.DeferredRoutine, getattr(there, "DeferredRoutine", there), width)
        yield statement(f"{where} queue", dpc.queue, getattr(there, "queue", there) or None)
        if dpc.routine and not isinstance(dpc.DeferredRoutine, Absent):
            yield located(target, f"{where} routine name", int(dpc.DeferredRoutine), site_in(dpc.routine))


@compares("running")
def running(target: Target, said: Running, command: str) -> Iterator[Statement | None]:
    """Compare which threads processors run."""
    from dumpwalk.kernel.pcr import control_block
    from dumpwalk.kernel.thread import thread

    width = target.machine.pointer_size
    for listed in said.processors:
        held, what = control_block(target, listed.number), f"processor {int(listed.number)}"
        yield statement(f"{what} PRCB", listed.prcb, held.address, width)
        yield from values(what, listed, held, skip=_OTHERWISE, pointer_size=width)
        for name, priority in (("CurrentThread", listed.priority), ("NextThread", listed.next_priority)):
            at = getattr(held, name)
            if priority is not None:
                there = at if isinstance(at, Absent) else thread(target, at).Priority
                yield statement(f"{what} {name} Priority", priority, there)


@compares("idt")
def interrupts(target: Target, said: ListedInterruptTable, command: str) -> Iterator[Statement | None]:
    """Compare an interrupt descriptor table."""
    from dumpwalk.kernel.idt import interrupt_table
    from dumpwalk.kernel.processor_tables import IDT, every_table, table_register

    first = table_register(target, IDT)
    try:
        tables = (first, *every_table(target, IDT))
    except Error:
        tables = (first,)  # which a register listing names
    base = said.table.base
    chosen = next((t for t in tables if not isinstance(base, Absent) and t.base == target.address(base)), tables[0])
    width = target.machine.pointer_size
    yield statement("IDT base", base, chosen.base, width)
    held = interrupt_table(target, chosen)
    for entry in said.table.entries[:_MOST_GATES]:
        yield from _vector(target, entry, held)


def _vector(target: Target, said: IdtEntry, table: InterruptTable) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    what = f"interrupt {int(said.vector):02x}"
    entry = next((e for e in table.entries if e.vector == said.vector), None)
    if entry is None:
        yield statement(what, said.gate.offset, Absent("the table in the dump has no such vector"))
        return
    if said.gate.leads_to_task:
        yield statement(f"{what} selector", said.gate.selector, entry.gate.selector)
    else:
        yield statement(f"{what} handler", said.gate.offset, entry.gate.offset, width)
    yield statement(f"{what} stack", said.stack, entry.stack, width)
    if said.handler:
        yield located(target, f"{what} name", int(said.gate.offset), site_in(said.handler))
    for number, interrupt in enumerate(said.interrupts):
        there = nth(entry.interrupts, number)
        where = f"{what} KINTERRUPT {number + 1}"
        yield statement(where, interrupt.address, getattr(there, "address", there), width)
        routine = getattr(there, "MessageServiceRoutine", None) or getattr(there, "ServiceRoutine", None)
        if routine and interrupt.routine:
            yield located(target, f"{where} name", int(routine), site_in(interrupt.routine))


@compares("apc")
def calls(target: Target, said: ApcListing, command: str) -> Iterator[Statement | None]:
    """Compare APCs."""
    from dumpwalk.kernel.process import process
    from dumpwalk.transcript.against.threads import image_name

    for listed in said.processes:
        name, held = listed.ImageFileName, process(target, listed.address).ImageFileName
        yield image_name(f"process {listed.address} Image", "" if isinstance(name, Absent) else name, held)
    for thread in said.every_thread:
        yield from _thread(target, thread)
    for one in said.every_apc:
        yield from _call(target, one)


def _thread(target: Target, said: ThreadApcs) -> Iterator[Statement | None]:
    from dumpwalk.kernel.apc_state import thread_apcs

    width = target.machine.pointer_size
    held, what = thread_apcs(target, said.thread), f"thread {said.thread}"
    yield from values(what, said, held, skip=("thread", "states"), pointer_size=width)
    heads = [listed.head for state in held.states for listed in state.lists]
    for state in said.states:
        there = next((one for one in held.states if one.name == state.name), None)
        if there is not None:
            yield from values(f"{what} {state.name}", state, there, skip=("name", "lists"), pointer_size=width)
        for listed in state.lists:
            if heads:
                nearest = next((head for head in heads if head == listed.head), heads[0])
                yield statement(f"{what} ApcListHead", listed.head, nearest, width)


def _call(target: Target, said: Apc) -> Iterator[Statement | None]:
    from dumpwalk.kernel.apc_state import apc

    held = apc(target, said.address)
    what, width = f"KAPC {said.address}", target.machine.pointer_size
    yield from values(what, said, held, skip=("address", "kind", *_ROUTINES), pointer_size=width)
    for label in _ROUTINES:
        routine, there = getattr(said, label), getattr(held, label)
        if isinstance(routine, Absent):
            continue
        address = target.address(0) if there is None else getattr(there, "address", there)
        yield statement(f"{what} {label}", target.address(0) if routine is None else routine.address, address, width)
        if routine is not None and not isinstance(routine.where, Absent):
            yield located(target, f"{what} {label} name", int(routine.address), site_in(routine.where))
