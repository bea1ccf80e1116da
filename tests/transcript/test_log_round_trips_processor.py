"""What the commands about processors and their tables print of any record is read back as that record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, PLACES, Strategy, addresses, names, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, beside, each, equal, replaced, run, shown_of
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
    of_x86 = st.none() if wide else hexadecimal
    given = {
        "processor": INDEX, "address": places(wide), "MajorVersion": SMALL, "MinorVersion": SMALL, "Irql": hexadecimal,
        **dict.fromkeys(("IRR", "IDR", "InterruptMode"), of_x86),
        "DpcQueue[].address": places(wide), "DpcQueue[].queue": st.sampled_from(["", "Normal", "Threaded"]),
        "DpcQueue[].routine": PLACES,
    }  # fmt: skip
    return record_of(ProcessorControlRegion, wide, given)


CONTROL = Shown(hidden={"source": NOT_PRINTED, "problems": AT_FOOT}, beside={"kind": "the first word of the text"})
PCR = Case(
    "!pcr", "processor", regions, pcr.layout,
    CONTROL, found=beside("control"), same=equal("control"),
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


PRCB = Case(
    "!prcb", "processor", blocks, prcb.layout,
    CONTROL, found=beside("control"), same=equal("control"),
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


UNPLACED = ("processor", "base", "limit", "local", "source")
DG = Case(
    "dg 0 ff", "segments", segments(False), dg.layout,
    Shown(hidden={**dict.fromkeys(UNPLACED, NOT_PRINTED), "problems": AT_FOOT}), found=beside("table"),
    same=equal("table"),
)  # fmt: skip
GDT = Case(
    "gdt", "segments", segments(True), gdt.layout,
    Shown(hidden={"source": NOT_PRINTED, "problems": AT_FOOT}), of=lambda answer: answer.tables[0],
    found=beside("table"), same=equal("table", lambda answer: answer.tables[0]),
)  # fmt: skip


# Interrupts.


def interrupts(wide: bool) -> Strategy:
    gate = record_of(
        Gate,
        wide,
        {"offset": addresses(wide), "selector": st.integers(0, 0xFFFF).map(Hex), "type": st.sampled_from(GATES),
         "present": st.booleans()},
    )  # fmt: skip
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


def table_shown(table: InterruptTable) -> Any:
    """Return a table as it is read: of each vector what lines of its kind of gate have a place for."""
    found = shown_of(table, "processor", "limit", "source", "entries")
    return replaced(found, entries=tuple(map(entry_shown, table.entries)))


def entry_shown(entry: Any) -> Any:
    """Return a vector as it is read: what no line of its kind of gate has a place for is as it is in such a gate."""
    gate = entry.gate
    if gate.present and gate.leads_to_task:
        gate = replaced(gate, offset=Address(0), ist=0)
        return shown_of(replaced(entry, gate=gate, handler="", stack=None, interrupts=(), used=True), "gate.dpl")
    if not gate.present or gate.kind == "reserved":
        found = replaced(entry, handler="", stack=None, interrupts=(), used=False)
        kind = ["gate.kind"] * (not gate.present)
        return shown_of(found, "gate.selector", "gate.type", "gate.dpl", "gate.ist", *kind)
    others = [f"gate.{name}" for name in ("selector", "type", "kind", "dpl", "present", "ist")]
    found = shown_of(replaced(entry, used=True), *others, *(["handler", "stack"] if entry.interrupts else ["used"]))
    return replaced(found, interrupts=tuple(map(interrupt_shown, entry.interrupts)))


def interrupt_shown(interrupt: Any) -> Any:
    others = ("MessageServiceRoutine", "ServiceContext", "DispatchAddress", "Vector", "Irql")
    return shown_of(interrupt, *others, *(["ServiceRoutine"] if interrupt.routine else []))


IDT = Case(
    "!idt -a", "idt", interrupts, idt.layout,
    Shown(hidden={"": "compared as a whole"}, beside={"table": "compared as a whole"}), least=0,
    same=lambda found, answer: (found.table, table_shown(answer.tables[0])),
)  # fmt: skip


# System services, and what processes see of the kernel.


def services(wide: bool) -> Strategy:
    given = {
        **dict.fromkeys(("descriptor", "Base", "services[].address"), places(wide)), "name": PLACES.filter(bool),
        "process": st.one_of(st.none(), places(wide)), "Limit": st.integers(0, 0x1000).map(Hex),
        "form": st.sampled_from(["pointers", "offsets", "offsets, not shifted"]), "services[].name": PLACES,
        "services[].number": st.integers(0, 0x1FFF).map(Hex), "services[].stack_arguments": SMALL,
    }  # fmt: skip
    return record_of(ServiceTable, wide, given).map(
        lambda table: replaced(table, services=tuple(replaced(s, module=module_in(s.name)) for s in table.services))
    )


def module_in(name: str) -> str:
    """Return the module that a routine's name begins with."""
    return name[: min(name.find(sign) % (len(name) + 1) for sign in "!+")]


SSDT = Case(
    "ssdt", "service-table", services, ssdt.layout,
    Shown(hidden={"Number": NOT_PRINTED, "services[].entry": NOT_PRINTED, "problems": AT_FOOT}),
    found=beside("table"), same=equal("table"),
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


UNSEEN = ("InterruptTime", "SuiteMask", "NumberOfPhysicalPages", "ActiveProcessorCount", "Cookie")


KUSER = Case(
    "!kuser", "shared-data", shared_pages, kuser.layout,
    Shown(
        hidden=dict.fromkeys(UNSEEN, NOT_PRINTED),
        forms={"SystemTime": to_the_microsecond, "NtProductType": product},
        beside={"seen_at": "where processes have the page, which is the same on all machines"},
    ),
    found=beside("shared"),
    same=equal("shared", lambda page: replaced(page, SystemTime=to_the_microsecond(page.SystemTime))),
)  # fmt: skip

CASES = [PCR, PRCB, DG, GDT, IDT, SSDT, KUSER]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
