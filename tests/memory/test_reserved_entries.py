"""Entries whose valid bit is set and that no processor takes: the walk stops where it would fault."""

from __future__ import annotations

import struct

import pytest

from dumpwalk.memory.paging.mapped import mapped
from dumpwalk.memory.paging.modes import ARM64, LA57, PAE, X64, X86, Mode
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent


def _space(mode: Mode, entries: list[int]) -> VirtualMemory:
    """Return an address space whose address 0 leads through *entries*, in pages 1, 2, ... of memory."""
    data = bytearray((len(entries) + 2) << 12)
    for n, entry in enumerate(entries, 1):
        struct.pack_into("<Q" if mode.entry_size == 8 else "<I", data, n << 12, entry)
    return VirtualMemory(RunMemory(memoryview(data), [(0, len(data), 0)]), mode, 0x1000)


@pytest.mark.parametrize(
    ("mode", "entries", "names"),
    [
        (X64, [0x2083, 0x3003, 0x4003, 0x5003], ["PXE"]),
        (LA57, [0x2083, 0x3003, 0x4003, 0x5003, 0x6003], ["PML5E"]),
        (LA57, [0x2003, 0x3083, 0x4003, 0x5003, 0x6003], ["PML5E", "PXE"]),
        (PAE, [0x2081, 0x3003, 0x4003], ["PPE"]),
        (ARM64, [0x2401, 0x3003, 0x4003, 0x5403], ["PXE"]),
        (ARM64, [0x2003, 0x3003, 0x4003, 0x5401], ["PXE", "PPE", "PDE", "PTE"]),
    ],
    ids=lambda value: value.name if isinstance(value, Mode) else None,
)
def test_walk_stops_where_the_processor_faults(mode: Mode, entries: list[int], names: list[str]) -> None:
    """Bit 7 where no page is that large (Intel SDM), a block descriptor on such levels (Arm ARM)."""
    memory = _space(mode, entries)

    found = memory.translate(0)

    assert [entry.level for entry in found.entries] == names
    assert found.entries[-1].state == "reserved"
    assert found.physical == Absent(f"{names[-1]} is reserved: no processor takes such bits")
    assert memory.find(0) == -1
    assert list(mapped(memory)) == []


@pytest.mark.parametrize(
    ("mode", "entries"),
    [
        (X64, [0x2003, 0x3003, 0x4003, 0x5083]),
        (X86, [0x2003, 0x3083]),
        (ARM64, [0x2003, 0x3003, 0x4003, 0x5403]),
    ],
    ids=lambda value: value.name if isinstance(value, Mode) else None,
)
def test_the_same_bit_in_a_pte_is_no_obstacle(mode: Mode, entries: list[int]) -> None:
    memory = _space(mode, entries)
    page = entries[-1] & 0xF000

    assert (memory.find(0x123), memory.translate(0x123).physical) == (page | 0x123, page | 0x123)
    assert list(mapped(memory)) == [(0, 0x1000, page)]


def test_long_reads_end_where_short_ones_do() -> None:
    """Three ARM64 pages, the second of which no processor follows."""
    memory = _space(ARM64, [0x2003, 0x3003, 0x4003, 0x5403])
    data = bytearray(memory.physical.data)
    struct.pack_into("<QQ", data, 0x4008, 0x5401, 0x5403)
    space = VirtualMemory(RunMemory(memoryview(data), [(0, len(data), 0)]), ARM64, 0x1000)

    assert len(space.read_some(0, 0x3000)) == 0x1000
    assert len(space.read_some(0x2000, 0x1000)) == 0x1000
