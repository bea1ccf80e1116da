"""Descriptor tables by selector, of machines that tell the truth and of others."""

from __future__ import annotations

import pytest
from fakes import fake_target
from images import opened
from processor_worlds import GENERATIONS, machine

from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.kernel.gdt import DescriptorTable, descriptor_table
from dumpwalk.kernel.processor_tables import GDT, TableRegister, every_table, table_register
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.target import Target

BASE = 0xFFFFF80000001000


def table(target: Target, first: int = 0, last: int | None = None) -> DescriptorTable:
    return descriptor_table(target, table_register(target, GDT), first, last)


def stated(raw: bytes, architecture: str = "x64", **registers: int) -> tuple[Target, TableRegister]:
    base = BASE if architecture == "x64" else 0x80001000
    target = fake_target(architecture, {base: raw})
    target.dump.registers = registers
    address = target.address(base)
    return target, TableRegister(0, Absent("not known"), address, Hex(len(raw) - 1), True, "test")


@pytest.mark.parametrize("profile", GENERATIONS)
def test_segments_of_windows(profile: str) -> None:
    target = opened(machine(profile))
    found = {int(d.selector): d for d in table(target).descriptors}
    code = found[0x10 if found[0x10].kind == "code" else 8]

    assert (code.kind, code.dpl, code.present, code.long) == ("code", 0, True, profile.endswith("x64"))
    assert found[0x40 if profile.endswith("x64") else 0x28].kind == "TSS (busy)"
    assert len(every_table(target, GDT)) == 1


def test_the_task_state_is_where_the_region_says() -> None:
    from dumpwalk.kernel.pcr import control_region

    target = opened(machine("nt/19041.3570-x64"))

    (tss,) = table(target, 0x43, 0x43).descriptors
    assert tss.base == control_region(target).TSS
    assert tss.size == 16


def test_what_a_spec_puts_there() -> None:
    gate = "descriptor 68 8e000010`00001234 ffffb80f`ffffb80f"
    target = opened(machine("nt/19041.3570-x64", f"descriptor 60 00cf9b000000ffff\n{gate}".replace("`", "")))

    (flat,) = table(target, 0x60, 0x60).descriptors
    assert (flat.kind, flat.limit, flat.big) == ("code", 0xFFFFFFFF, True)


def test_a_call_gate() -> None:
    target, where = stated(bytes(8) + bytes.fromhex("00100800 00ecc082"), "x86")

    found = descriptor_table(target, where, 8).descriptors[0]

    assert found.gate is not None
    assert (found.kind, found.gate.offset, found.gate.selector, found.dpl) == ("call gate", 0x82C01000, 8, 3)


def test_a_local_table() -> None:
    raw = bytearray(0x48)
    # LDTR selects 0x10: an LDT with limit f at BASE + 30.
    raw[0x10:0x20] = bytes.fromhex("0f00 3010 00 82 00 00 00f8ffff 00000000".replace(" ", ""))
    raw[0x38:0x40] = bytes.fromhex("ffff0000009bcf00")
    target, where = stated(bytes(raw), ldtr=0x10)

    found = descriptor_table(target, where, 0xC, 0xF)

    assert (found.local, found.base, found.limit) == (True, BASE + 0x30, 0xF)
    assert [d.kind for d in found.descriptors] == ["code"]


@pytest.mark.parametrize("ldtr", [0, 8, 0x18])
def test_no_local_table(ldtr: int) -> None:
    target, where = stated(bytes(0x20), ldtr=ldtr)

    with pytest.raises(AbsentError, match="local table"):
        descriptor_table(target, where, 0xC, 0xC)


def test_ends_of_tables() -> None:
    target, where = stated(bytes.fromhex("ffff0000009bcf00") * 4, "x86")

    assert len(descriptor_table(target, where).descriptors) == 4
    assert len(descriptor_table(target, where, 8, 0xFFFF).descriptors) == 3
    assert len(descriptor_table(target, where, 0x1B, 0x1B).descriptors) == 1
    for first in (0x20, 0xFFF8):
        with pytest.raises(UsageError, match="behind the end of the table"):
            descriptor_table(target, where, first)
    with pytest.raises(UsageError, match="stands before the first"):
        descriptor_table(target, where, 0x10, 8)


def test_a_table_that_is_cut() -> None:
    target, where = stated(bytes.fromhex("ffff0000009bcf00") * 4, "x86")
    longer = TableRegister(0, where.prcb, where.base, Hex(0xFFFFFF), True, "test")

    found = descriptor_table(target, longer)

    assert len(found.descriptors) == 4
    assert "selector 20 at 80001020 can't be read" in str(found.problems[0])
    assert found.limit == 0xFFFF


def test_a_table_that_is_not_there() -> None:
    target, _ = stated(b"")
    nowhere = TableRegister(0, Absent(""), Address(BASE), Hex(0x7F), True, "test")

    assert len(descriptor_table(target, nowhere).problems) == 1
