"""Segment descriptors and gates: published constants, and every descriptor that an encoder of the test's own makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.kernel.descriptors import descriptor, gate

# include/asm of Linux kernels: the flat segments of its GDT, as numbers that many documents show.
FLAT = {
    0x00CF9B000000FFFF: ("code", 0, 0xFFFFFFFF, 0, True, False),  # GDT_ENTRY_KERNEL32_CS
    0x00AF9B000000FFFF: ("code", 0, 0xFFFFFFFF, 0, False, True),  # GDT_ENTRY_KERNEL_CS
    0x00CF93000000FFFF: ("data", 0, 0xFFFFFFFF, 0, True, False),  # GDT_ENTRY_KERNEL_DS
    0x00CFFB000000FFFF: ("code", 0, 0xFFFFFFFF, 3, True, False),  # GDT_ENTRY_DEFAULT_USER32_CS
    0x00CFF3000000FFFF: ("data", 0, 0xFFFFFFFF, 3, True, False),  # GDT_ENTRY_DEFAULT_USER_DS
}


@pytest.mark.parametrize("value", FLAT, ids=hex)
def test_segments_of_linux(value: int) -> None:
    found = descriptor(value.to_bytes(8, "little"), 0x60, wide=False)

    assert (found.kind, found.base, found.limit, found.dpl, found.big, found.long) == FLAT[value]
    assert found.present
    assert not found.system


def test_the_task_state_of_a_64_bit_machine_has_16_bytes() -> None:
    raw = bytes.fromhex("6700 2005 b9 8b 40 00 00f8ffff 00000000".replace(" ", ""))

    found = descriptor(raw, 0x40, wide=True)

    assert (found.kind, found.size, found.base, found.limit) == ("TSS (busy)", 16, 0xFFFFF80000B90520, 0x67)
    assert descriptor(raw, 0x40, wide=False).size == 8


def test_a_gate_of_a_listing() -> None:
    """Vector 0e of a real `!idt` on x64: fffff8052b23c1c0, nt!KiPageFault."""
    raw = bytes.fromhex("c0c1 1000 00 8e 232b 05f8ffff 00000000".replace(" ", ""))

    found = gate(raw, wide=True)

    assert (found.offset, found.selector, found.kind, found.dpl) == (0xFFFFF8052B23C1C0, 0x10, "interrupt gate", 0)
    assert (found.present, found.ist) == (True, 0)


def test_a_task_gate_leads_to_no_address() -> None:
    found = gate(bytes.fromhex("1234 5000 0085 5678"), wide=False)

    assert (found.leads_to_task, found.selector, found.offset) == (True, 0x50, 0)


numbers = st.integers(0, 0xFFFFFFFF)


@given(numbers, st.integers(0, 0xFFFFF), st.integers(0, 15), st.integers(0, 3), st.integers(0, 15), st.booleans())
def test_segments_come_back(base: int, limit: int, type: int, dpl: int, high: int, present: bool) -> None:
    value = limit & 0xFFFF | (base & 0xFFFFFF) << 16 | type << 40 | 1 << 44 | dpl << 45 | present << 47
    value |= (limit >> 16) << 48 | high << 52 | (base >> 24) << 56

    found = descriptor(value.to_bytes(8, "little"), 8, wide=False)

    assert (found.base, found.type, found.dpl, found.present) == (base, type, dpl, present)
    assert found.limit == (limit << 12 | 0xFFF if high & 8 else limit)
    assert (found.available, found.long, found.big, found.pages) == tuple(bool(high & 1 << n) for n in range(4))
    assert found.flags == type | 0x10 | dpl << 5 | present << 7 | high << 8


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 0xFFFF), st.integers(0, 3), st.integers(0, 7))
def test_gates_come_back(offset: int, selector: int, dpl: int, ist: int) -> None:
    low = offset & 0xFFFF | selector << 16 | (0x8E00 | dpl << 13 | ist) << 32 | (offset >> 16 & 0xFFFF) << 48
    raw = low.to_bytes(8, "little") + (offset >> 32).to_bytes(8, "little")

    wide, narrow = gate(raw, wide=True), gate(raw, wide=False)

    assert (wide.offset, wide.selector, wide.dpl, wide.ist) == (offset, selector, dpl, ist)
    assert (narrow.offset, narrow.ist) == (offset & 0xFFFFFFFF, 0)


@given(st.binary(max_size=20), st.booleans())
def test_any_bytes(raw: bytes, wide: bool) -> None:
    found = descriptor(raw, 0x10, wide=wide)

    assert found.size in (8, 16)
    assert found.kind
    assert gate(raw, wide=wide).kind
