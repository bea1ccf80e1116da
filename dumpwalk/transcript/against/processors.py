"""``!pcr``, ``!prcb``, ``!idt``, ``!apc``: processors, their interrupts, and procedure calls that wait."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement, values
from dumpwalk.transcript.against.places import located, site_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.idt import InterruptTable
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target
    from dumpwalk.transcript.apcs import ApcListing, ListedApc
    from dumpwalk.transcript.interrupts import InterruptListing, ListedGate
    from dumpwalk.transcript.processor import ListedProcessor

# Members of a KAPC that are printed as numbers, in hexadecimal, and those that name code.
_NUMBERS = ("Thread", "NormalContext", "SystemArgument1", "SystemArgument2", "ApcStateIndex", "ApcMode", "Inserted")
_ROUTINES = ("KernelRoutine", "RundownRoutine", "NormalRoutine")
_MOST_GATES = 256


@compares("processor")
def processor(target: Target, said: ListedProcessor, command: str) -> Iterator[Statement | None]:
    """Compare a processor's control region or block."""
    from dumpwalk.kernel.pcr import control_block, control_region

    width = target.machine.pointer_size
    block = said.kind == "PRCB"
    held: Any = (control_block if block else control_region)(target, said.processor)
    what = f"{said.kind} {said.processor}"
    yield statement(f"{what} address", said.address, held.address, width)
    if not block:
        yield statement(f"{what} MajorVersion", said.MajorVersion, held.MajorVersion)
        yield statement(f"{what} MinorVersion", said.MinorVersion, held.MinorVersion)
    tib = {f"NtTib.{name}": getattr(held.NtTib, name) for name in held.NtTib._fields_} if not block else {}
    # Such members as only x86 has are printed as zeros on x64.
    shown = {n: v for n, v in said.values.items() if v or n in tib or getattr(held, n, None) is not None}
    yield from values(what, shown, held, tib, pointer_size=width)
    if block and said.group:
        numbers = [
            int(word) for word in said.group.strip("()").split(",") if word.strip().isdecimal() and len(word) < 9
        ]
        for name, number in zip(("Group", "GroupIndex"), numbers):
            yield statement(f"{what} {name}", like(number, said.group), getattr(held, name))
    queue = () if block or isinstance(held.DpcQueue, Absent) else held.DpcQueue
    why = [held.DpcQueue] if not block and isinstance(held.DpcQueue, Absent) else []
    for number, dpc in enumerate(() if isinstance(said.DpcQueue, Absent) else said.DpcQueue):
        where = f"{what} DPC {number + 1}"
        there = why[0] if why else nth(queue, number)
        yield statement(where, dpc.address, getattr(there, "address", there), width)
        yield statement(f"{where} routine", dpc.DeferredRoutine, getattr(there, "DeferredRoutine", there), width)
        yield statement(f"{where} queue", dpc.queue, getattr(there, "queue", there) or None)
        if dpc.routine is not None and not isinstance(dpc.DeferredRoutine, Absent):
            yield located(target, f"{where} routine name", int(dpc.DeferredRoutine), dpc.routine)


@compares("idt")
def interrupts(target: Target, said: InterruptListing, command: str) -> Iterator[Statement | None]:
    """Compare an interrupt descriptor table."""
    from dumpwalk.kernel.idt import interrupt_table
    from dumpwalk.kernel.processor_tables import IDT, every_table, table_register

    first = table_register(target, IDT)
    try:
        tables = (first, *every_table(target, IDT))
    except Error:
        tables = (first,)  # which a register listing names
    chosen = next((t for t in tables if said.base is not None and t.base == target.address(said.base)), tables[0])
    width = target.machine.pointer_size
    yield statement("IDT base", said.base, chosen.base, width)
    held = interrupt_table(target, chosen)
    for gate in said.gates[:_MOST_GATES]:
        yield from _gate(target, gate, held)


def _gate(target: Target, said: ListedGate, table: InterruptTable) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    what = f"interrupt {int(said.vector):02x}"
    entry = next((e for e in table.entries if e.vector == said.vector), None)
    if entry is None:
        yield statement(what, said.handler, Absent("the table in the dump has no such vector"))
        return
    yield statement(f"{what} handler", said.handler, entry.gate.offset, width)
    yield statement(f"{what} selector", said.selector, entry.gate.selector)
    yield statement(f"{what} stack", said.stack, entry.stack, width)
    if said.routine is not None and said.handler is not None:
        yield located(target, f"{what} name", int(said.handler), said.routine)
    for number, interrupt in enumerate(said.interrupts):
        there = nth(entry.interrupts, number)
        where = f"{what} KINTERRUPT {number + 1}"
        yield statement(where, interrupt.address, getattr(there, "address", there), width)
        routine = getattr(there, "MessageServiceRoutine", None) or getattr(there, "ServiceRoutine", None)
        if routine and interrupt.routine is not None:
            yield located(target, f"{where} name", int(routine), interrupt.routine)


@compares("apc")
def calls(target: Target, said: ApcListing, command: str) -> Iterator[Statement | None]:
    """Compare APCs."""
    from dumpwalk.kernel.process import process
    from dumpwalk.transcript.against.threads import image_name

    for place, image in said.processes:
        yield image_name(f"process {place} Image", image, process(target, place).ImageFileName)
    for place, text in said.threads:
        yield from _thread(target, place, text)
    for listed in said.apcs:
        yield from _call(target, listed)


def _thread(target: Target, place: Address, text: str) -> Iterator[Statement | None]:
    """Yield what stands behind a thread: ``ApcStateIndex 0 KernelApcDisable -1``, and where a list of it begins."""
    from dumpwalk.kernel.apc_state import thread_apcs

    held, what = thread_apcs(target, place), f"thread {place}"
    for name, value in numbers_in(text, 10):
        if name in ("ApcStateIndex", "KernelApcDisable", "SpecialApcDisable"):
            yield statement(f"{what} {name}", value, getattr(held, name))
    head = dict(numbers_in(text, 16)).get("ApcListHead")
    heads = [listed.head for state in held.states for listed in state.lists]
    if head is not None and heads:
        yield statement(f"{what} ApcListHead", head, next((h for h in heads if h == head), heads[0]))


def _call(target: Target, said: ListedApc) -> Iterator[Statement | None]:
    from dumpwalk.kernel.apc_state import apc

    held = apc(target, said.address)
    what, width = f"KAPC {said.address}", target.machine.pointer_size
    for label, text in said.fields:
        value = dict(numbers_in(like(text.partition(" ")[0], text), 16)).get("")
        if label == "Type":
            yield statement(f"{what} Type", value, held.Type)
        elif label in _NUMBERS:
            yield statement(f"{what} {label}", value, getattr(held, label), width)
        elif label in _ROUTINES:
            there: Any = getattr(held, label)
            address = target.address(0) if there is None else getattr(there, "address", there)
            yield statement(f"{what} {label}", value, address, width)
            name = text.partition(" ")[2].strip()
            if value and name:
                yield located(target, f"{what} {label} name", value, like(site_in(name), text))
