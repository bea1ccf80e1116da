"""What the commands about processors and their tables print of any record is read back as that record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, addresses, names, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, beside, each, replaced, run
from shown import Shown

from dumpwalk.commands import dg, gdt, idt, kuser, pcr, prcb, ssdt
from dumpwalk.kernel.constants import name_of
from dumpwalk.kernel.descriptors import SYSTEM_TYPES, TASK_GATE, Gate, descriptor
from dumpwalk.kernel.gdt import DescriptorTable
from dumpwalk.kernel.idt import InterruptTable
from dumpwalk.kernel.pcr import ProcessorControlBlock, ProcessorControlRegion
from dumpwalk.kernel.shared_data import SharedData
from dumpwalk.kernel.ssdt import ServiceTable
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.times import FileTime

INDEX = st.integers(0, 0x7F)
SMALL = st.one_of(st.integers(0, 0xFF), ABSENT)


# A processor's region and block.


def regions(wide: bool) -> Strategy:
    hexadecimal = st.one_of(numbers(wide), ABSENT)
    given = {
        "processor": INDEX, "address": places(wide), "MajorVersion": SMALL, "MinorVersion": SMALL, "Irql": hexadecimal,
        **dict.fromkeys(("IRR", "IDR", "InterruptMode"), st.one_of(st.none(), hexadecimal)),
        "DpcQueue[].address": places(wide), "DpcQueue[].queue": st.sampled_from(["", "Normal", "Threaded"]),
        "DpcQueue[].routine": PLACES,
    }  # fmt: skip
    return record_of(ProcessorControlRegion, wide, given)


def zero(value: Any) -> Any:
    return 0 if value is None else value


PCR = Case(
    "!pcr", "processor", regions, pcr.layout,
    Shown(
        names={f"NtTib.{name}": f"NtTib.{name}" for name in ("Self", "ArbitraryUserPointer")},
        hidden={"source": NOT_PRINTED, "problems": AT_FOOT},
        forms=dict.fromkeys(("IRR", "IDR", "InterruptMode"), zero),
        beside={"kind": "the first word of the text"},
    ),
)  # fmt: skip


def blocks(wide: bool) -> Strategy:
    given = {
        "processor": INDEX, "address": places(wide), "Number": SMALL, "Group": st.one_of(st.none(), SMALL),
        "GroupIndex": st.one_of(st.none(), SMALL), "DebuggerSavedIRQL": st.one_of(st.none(), SMALL),
        "SetMember": st.one_of(numbers(wide), ABSENT),
    }  # fmt: skip
    return record_of(ProcessorControlBlock, wide, given).map(_block)


def _block(found: ProcessorControlBlock) -> Any:
    """Return a block that has a group and a number in it, or neither."""
    return (
        replaced(found, GroupIndex=None)
        if found.Group is None
        else found
        if found.GroupIndex is not None
        else replaced(found, Group=None)
    )


def block_view(found: Any) -> dict[str, Any]:
    group = found.group.strip("()").split(", ") if found.group else [None, None]
    values = {
        name: None if text is None else "????" if text == "????" else int(text)
        for name, text in zip(("Group", "GroupIndex"), group)
    }
    return {
        **{n: getattr(found, n) for n in ("kind", "processor", "address", "DpcQueue", "remarks")},
        **found.values,
        **values,
    }


PRCB = Case(
    "!prcb", "processor", blocks, prcb.layout,
    Shown(hidden={"source": NOT_PRINTED, "problems": AT_FOOT}, beside={"kind": "the first word of the text"}),
    found=block_view,
)  # fmt: skip


# Segments: all that a row shows is the command's record.


def segments(whole: bool) -> Any:
    def of(wide: bool) -> Strategy:
        row = st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 0x1FFF))
        return st.tuples(
            st.lists(row, max_size=4), places(wide), st.integers(0, 0xFFFF), st.booleans(), st.one_of(st.none(), INDEX)
        ).map(lambda made: _segments(*made, wide=wide))

    def _segments(rows: Any, base: Address, limit: int, local: bool, processor: int | None, *, wide: bool) -> Any:
        found = tuple(descriptor(raw, number << 3, wide=wide) for raw, number in rows)
        if whole:
            found = tuple(d for d in found if d.flags or d.base or d.limit)
        table = DescriptorTable(processor, base, Hex(limit), local, "the region", wide, found, ())
        return gdt.GdtAnswer((table,)) if whole else table

    return of


DG = Case(
    "dg 0 ff", "segments", segments(False), dg.layout,
    Shown(hidden={
        **dict.fromkeys(("processor", "base", "limit", "local", "source", "wide"), NOT_PRINTED), "problems": AT_FOOT,
    }),
    least=0, same=lambda found, table: (found.descriptors, table.descriptors),
)  # fmt: skip
GDT = Case(
    "gdt", "segments", segments(True), gdt.layout,
    Shown(hidden={"source": NOT_PRINTED, "wide": "the columns of addresses say it", "problems": AT_FOOT}),
    of=lambda answer: answer.tables[0], same=lambda found, answer: (found.descriptors, answer.tables[0].descriptors),
)  # fmt: skip


# Interrupts.


def interrupts(wide: bool) -> Strategy:
    gate = record_of(
        Gate,
        wide,
        {"offset": addresses(wide), "selector": st.integers(0, 0xFFFF).map(Hex), "type": st.sampled_from(GATES)},
    )
    given = {
        "base": places(wide), "entries[].vector": st.integers(0, 0xFF).map(Hex), "entries[].gate": gate,
        "entries[].stack": st.one_of(st.none(), places(wide), ABSENT), "entries[].handler": PLACES,
        "entries[].interrupts[].address": places(wide), "entries[].interrupts[].routine": PLACES,
    }  # fmt: skip
    return record_of(InterruptTable, wide, given).map(_table)


GATES = [Hex(n) for n in (0xE, 0xE, 0xF, TASK_GATE, 0x0)]


def _table(table: InterruptTable) -> Any:
    """Return an answer that shows all vectors; types of gates have their names."""
    entries = tuple(
        replaced(e, gate=replaced(e.gate, kind=SYSTEM_TYPES.get(int(e.gate.type), "reserved"))) for e in table.entries
    )
    return idt.IdtAnswer((replaced(table, entries=entries),), True)


def as_printed(answer: idt.IdtAnswer) -> Any:
    """Return the table with what a line has no place for left out: each kind of gate has its own."""
    entries = []
    for entry in answer.tables[0].entries:
        gate = entry.gate
        task = gate.present and gate.leads_to_task
        note = "" if task else "not present" if not gate.present else "reserved" if gate.kind == "reserved" else ""
        routines = () if task or note else entry.interrupts
        shown = tuple(replaced(i, ServiceRoutine=None if i.routine else i.ServiceRoutine) for i in routines)
        gate = replaced(gate, kind=note, selector=gate.selector if task else None, offset=None if task else gate.offset)
        named = not (task or note or shown)
        entry = replaced(entry, gate=gate, interrupts=shown, handler=entry.handler if named else "")
        entries.append(replaced(entry, stack=entry.stack if named else None))
    return replaced(answer.tables[0], entries=tuple(entries))


IDT = Case(
    "!idt -a", "idt", interrupts, idt.layout,
    Shown(
        names={
            "entries": "gates", "entries[].vector": "gates[].vector", "entries[].gate.offset": "gates[].handler",
            "entries[].handler": "gates[].routine", "entries[].stack": "gates[].stack",
            "entries[].gate.kind": "gates[].note", "entries[].gate.selector": "gates[].selector",
            "entries[].interrupts": "gates[].interrupts",
            **{f"entries[].interrupts[].{name}": f"gates[].interrupts[].{name}"
               for name in ("address", "routine", "ServiceRoutine")},
        },
        hidden={
            **dict.fromkeys(("processor", "limit", "source", "entries[].used"), NOT_PRINTED), "problems": AT_FOOT,
            **{f"entries[].gate.{name}": NOT_PRINTED for name in ("type", "dpl", "ist", "present")},
            **{f"entries[].interrupts[].{name}": NOT_PRINTED for name in (
                "MessageServiceRoutine", "ServiceContext", "DispatchAddress", "Vector", "Irql")},
        },
    ),
    of=as_printed,
)  # fmt: skip


# System services, and what processes see of the kernel.


def services(wide: bool) -> Strategy:
    given = {
        **dict.fromkeys(("descriptor", "Base", "services[].address"), places(wide)), "name": PLACES.filter(bool),
        "process": st.one_of(st.none(), places(wide)), "Limit": st.integers(0, 0x1000).map(Hex),
        "form": st.sampled_from(["pointers", "offsets", "offsets, not shifted"]), "services[].name": PLACES,
        "services[].number": st.integers(0, 0x1FFF).map(Hex), "services[].stack_arguments": SMALL,
    }  # fmt: skip
    return record_of(ServiceTable, wide, given)


SSDT = Case(
    "ssdt", "service-table", services, ssdt.layout,
    Shown(hidden={
        "Number": NOT_PRINTED, "services[].entry": NOT_PRINTED, "problems": AT_FOOT,
        "services[].module": "the routine's name begins with it",
    }),
)  # fmt: skip


def shared_pages(wide: bool) -> Strategy:
    given = {
        "address": st.just(Address(0xFFFFF78000000000 if wide else 0xFFDF0000)),
        "NtSystemRoot": st.one_of(names(), st.just(""), ABSENT),
        "TimeZoneBias": st.one_of(st.integers(-14 * 60, 14 * 60).map(lambda minutes: minutes * 600_000_000), ABSENT),
        **dict.fromkeys(("NtMajorVersion", "NtMinorVersion", "SafeBootMode"), SMALL),
    }  # fmt: skip
    return record_of(SharedData, wide, given)


def to_the_microsecond(value: Any) -> Any:
    return value if isinstance(value, Absent) or str(value).startswith("0x") else FileTime(value // 10 * 10)


def product(value: Any) -> Any:
    return value if not isinstance(value, Absent) and name_of("product_type", value) else None


KUSER = Case(
    "!kuser", "shared-data", shared_pages, kuser.layout,
    Shown(
        hidden=dict.fromkeys(
            ("InterruptTime", "SuiteMask", "NumberOfPhysicalPages", "ActiveProcessorCount", "Cookie"), NOT_PRINTED
        ),
        forms={"SystemTime": to_the_microsecond, "NtProductType": product},
        beside={"seen_at": "where processes have the page, which is the same on all machines"},
    ),
    found=beside("shared"),
)  # fmt: skip

CASES = [PCR, PRCB, DG, GDT, IDT, SSDT, KUSER]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
