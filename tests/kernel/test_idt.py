"""Interrupt descriptor tables: of every generation of kernels, and of machines that lie about them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_target
from hypothesis import given, settings
from hypothesis import strategies as st
from images import opened
from processor_worlds import GENERATIONS, MODULES, machine

from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.kernel.idt import InterruptTable, interrupt_table
from dumpwalk.kernel.interrupt_object import InterruptObjects
from dumpwalk.kernel.processor_tables import IDT, TableRegister, every_table, table_register
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.idt import layout as idt_text
from dumpwalk.target import Target

STATEMENTS = "interrupt 93 to example+1a30\ninterrupt b4 to ndis+12f0 example+2000 ndis+1310\ngate 3b to example+2222"


def table(target: Target, vector: int | None = None) -> InterruptTable:
    return interrupt_table(target, table_register(target, IDT), vector)


@pytest.mark.parametrize("profile", GENERATIONS)
def test_interrupts_of_drivers(profile: str) -> None:
    """Whichever way the kernel leads from a vector to its interrupt objects.

    Unconnected vectors are told by the kernel's symbols, or by the row that their gates lead into.
    """
    found = table(opened(machine(profile, STATEMENTS)))

    served = {int(e.vector): [i.routine for i in e.interrupts] for e in found.entries if e.interrupts}
    assert served == {0x93: ["example+0x1a30"], 0xB4: ["ndis+0x12f0", "example+0x2000", "ndis+0x1310"]}
    assert found.entries[0x3B].handler == "example+0x2222"
    assert {int(i.Vector) for e in found.entries for i in e.interrupts if not isinstance(i.Vector, Absent)} == {
        0x93,
        0xB4,
    }
    assert found.problems == ()
    assert len(found.entries) == 256
    unused = {int(e.vector) for e in found.entries if not e.used}
    assert {0x40, 0x77, 0xFF} <= unused
    assert not {0, 0xE, 0x3B, 0x93, 0xB4} & unused


def test_a_stack_of_its_own() -> None:
    found = table(opened(machine("nt/19041.3570-x64")))
    entry = found.entries[8]

    assert (entry.handler, entry.gate.ist) == ("nt!KiDoubleFaultAbort", 1)
    assert isinstance(entry.stack, Address)
    assert entry.stack % 0x1000 == 0
    assert found.entries[0].stack is None


def test_tasks_on_32_bit_machines() -> None:
    found = table(opened(machine("nt/win7sp1-x86")))

    assert [(int(e.vector), int(e.gate.selector)) for e in found.entries if e.gate.leads_to_task] == [
        (2, 0x58),
        (8, 0x50),
    ]


def test_each_processor_has_its_own() -> None:
    target = opened(machine("nt/19041.3570-x64", STATEMENTS, processors=3))
    tables = every_table(target, IDT)

    assert [t.processor for t in tables] == [0, 1, 2]
    assert len({t.base for t in tables}) == 3
    objects = {interrupt_table(target, t, 0x93).entries[0].interrupts[0].address for t in tables}
    assert len(objects) == 3
    assert table_register(target, IDT, 2) == tables[2]
    with pytest.raises(UsageError, match="no processor 3 in the dump; it has processors 0 to 2"):
        table_register(target, IDT, 3)


@pytest.mark.parametrize("profile", ["nt/19041.3570-x64", "nt/9600.20625-x64", "nt/win7sp1-x86"])
def test_what_leads_out_of_every_module(profile: str) -> None:
    place = MODULES[8 if profile.endswith("x64") else 4][1].replace("`", "")
    outside = int(place, 16) + 0x90000
    found = table(opened(machine(profile, f"gate 21 to {outside:x}\ninterrupt 93 to {outside + 0x10:x}")))

    texts = [str(problem) for problem in found.problems]
    assert len(texts) == 2
    assert texts[0].startswith("vector 21: it leads to ")
    assert "outside of every module" in texts[0]
    assert texts[1].startswith("vector 93: the routine of interrupt ")


def test_a_gate_that_passes_its_interrupt_object_by() -> None:
    """The object is where the kernel has it; the gate does not lead there any more."""
    statements = "interrupt d1 to ndis+1000\ngate d1 to fffff804`7b990000"
    found = table(opened(machine("nt/19041.3570-x64", statements)), 0xD1)

    assert found.entries[0].interrupts[0].routine == "ndis+0x1000"
    assert ["outside of every module" in str(problem) for problem in found.problems] == [True]


def test_a_message_signalled_interrupt_is_its_drivers() -> None:
    """The kernel's routine hands it on to the driver's, which is the one to show."""
    at = 0xFFFFB80F1F400000
    message = f"interrupt 50 to nt!KiInterruptMessageDispatch at {at:x}\nblock {at + 0x20:x} pointers ndis+777"
    (entry,) = table(opened(machine("nt/19041.3570-x64", message)), 0x50).entries

    assert [i.routine for i in entry.interrupts] == ["ndis+0x777"]


# Machines that lie.


def with_register(target: Target, **changes: Any) -> TableRegister:
    values = {
        "processor": 0,
        "prcb": Absent("not known"),
        "base": Address(0xFFFFF80000001000),
        "limit": Hex(0xFFF),
        "limit_known": True,
        "source": "test",
    }
    return TableRegister(**{**values, **changes})


def test_a_table_that_is_not_there() -> None:
    target = fake_target("x64", {})
    found = interrupt_table(target, with_register(target))

    assert found.entries == ()
    assert "can't be read to its end" in str(found.problems[0])


@pytest.mark.parametrize(("limit", "count"), [(0xFFFF, 256), (0, 0), (0xF, 1), (0x17, 1), (0x7FF, 128)])
def test_limits(limit: int, count: int) -> None:
    target = fake_target("x64", {0xFFFFF80000001000: bytes(0x10000)})
    found = interrupt_table(target, with_register(target, limit=Hex(limit)))

    assert len(found.entries) == count
    assert any("256 gates" in str(problem) for problem in found.problems) == (limit == 0xFFFF)


def test_a_null_base_is_an_error() -> None:
    spec = machine("nt/19041.3570-x64", "pcr 0 IdtBase=0\nprcb 0 ProcessorState.SpecialRegisters.Idtr.Base=0")
    target = opened(spec)

    with pytest.raises(AbsentError, match="IDT of processor 0 is, is not known: its _KPCR has a null pointer"):
        table_register(target, IDT)


def test_the_saved_register_stands_in_for_the_region() -> None:
    target = opened(machine("nt/19041.3570-x64", "pcr 0 IdtBase=0"))

    found = table_register(target, IDT)

    assert found.source == "_KPRCB.ProcessorState.SpecialRegisters.Idtr"
    assert table(target).entries[0].handler == "nt!KiDivideErrorFault"


def test_a_base_that_leads_nowhere() -> None:
    target = opened(machine("nt/19041.3570-x64", "pcr 0 IdtBase=fffff80000001000"))
    found = table(target)

    assert found.entries == ()
    assert len(found.problems) == 1


def test_no_such_vector() -> None:
    target = opened(machine("nt/19041.3570-x64"))

    with pytest.raises(UsageError, match="no vector 100: the table ends with ff"):
        table(target, 0x100)


@pytest.mark.parametrize("profile", ["nt/19041.3570-x64", "nt/9600.20625-x64", "nt/win10-19041-x86"])
@pytest.mark.parametrize("kind", ["itself", "circle", "nowhere", "null"])
def test_chains_that_lie(profile: str, kind: str) -> None:
    target = opened(machine(profile, STATEMENTS))
    first, second, _ = table(target, 0xB4).entries[0].interrupts
    width = target.machine.pointer_size
    at = 8 if width == 8 else 4  # InterruptListEntry stands behind Type and Size
    to = {"itself": second.address + at, "circle": second.address + at, "nowhere": first.address - 0x100000, "null": 0}
    place = (second if kind != "circle" else first).address + at
    if kind == "circle":  # the second one leads to the first one's object, past the head
        place = second.address + at
        to["circle"] = first.address + at
    memory: Any = target.memory
    read, forged = memory.read, to[kind].to_bytes(width, "little")

    def lie(address: int, size: int) -> bytes:
        data = bytearray(read(address, size))
        for n in range(width):
            if 0 <= place + n - address < size:
                data[place + n - address] = forged[n]
        return bytes(data)

    memory.read = lie
    found = table(target, 0xB4)

    routines = [interrupt.routine for interrupt in found.entries[0].interrupts]
    assert routines[0] == "ndis+0x12f0"
    assert len(routines) <= 3


@settings(max_examples=30)
@given(st.binary(min_size=64, max_size=0x1000), st.sampled_from(["x64", "x86"]), st.integers(0, 0xFFFFF))
def test_any_table(raw: bytes, architecture: str, limit: int) -> None:
    base = 0xFFFFF80000001000 if architecture == "x64" else 0x80001000
    target = fake_target(architecture, {base: raw}, {"example": (base & -0x10000, 0x10000)})
    found = interrupt_table(target, with_register(target, base=target.address(base), limit=Hex(limit)))

    assert len(found.entries) <= 256
    assert idt_text(found, everything=True)


def test_objects_that_are_none() -> None:
    """An array of interrupt objects that points into nothing, to a bad type, and to something of another size."""
    target = opened(machine("nt/19041.3570-x64", STATEMENTS))
    good = table(target, 0x93).entries[0].interrupts[0].address
    objects = InterruptObjects(target, None)
    objects._size = 0x120
    objects._array = (0, 0, struct.pack("<4Q", 0, good, 0x1234, good + 8))

    assert objects.serving(0, 0) == ()
    assert len(objects.serving(1, 0)) == 1
    assert objects.serving(2, 0) == objects.serving(3, 0) == objects.serving(4, 0) == objects.serving(300, 0) == ()
    assert sum("is no _KINTERRUPT" in problem for problem in objects.problems) == 2


def test_arm64_has_none() -> None:
    with pytest.raises(UsageError, match="ARM64 processors have no descriptor tables"):
        table_register(fake_target("ARM64"), IDT)


def test_a_dump_without_its_region(real_dumps: Path) -> None:
    """A real small dump has the control block, and in it the processor's registers; not the table that they name."""
    from dumpwalk.target import open as open_target

    target = open_target(str(real_dumps / "triage_x64.dmp"))
    found = table(target)

    assert found.source == "_KPRCB.ProcessorState.SpecialRegisters.Idtr"
    assert found.entries == ()
    assert "not in the dump" in str(found.problems)
