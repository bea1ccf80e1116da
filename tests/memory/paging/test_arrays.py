"""Arrays in virtual memory, against reading one number at a time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_worlds import PAGE, World

from dumpwalk.errors import ReadError
from dumpwalk.memory.paging.arrays import read_array
from dumpwalk.memory.segments import Segment, SegmentedMemory

BASE = 0xFFFFF80000400000


@given(st.integers(0, 3 * PAGE), st.integers(0, 1500), st.sampled_from([4, 8]))
@settings(deadline=None, max_examples=60)
def test_each_number_is_what_reading_it_alone_gives(start: int, count: int, size: int) -> None:
    """Pages 0, 1 and 3 are there; page 2 is not."""
    world = World("x64", 16)
    for n, page in ((0, 10), (1, 12), (3, 11)):
        world.map(BASE + n * PAGE, page * PAGE | 1)
        world.put(page * PAGE, bytes((n * 7 + i) % 251 for i in range(PAGE)))
    memory = world.memory()

    values, read = read_array(memory, BASE + start, count, size)

    for n in range(0, count, 37):
        try:
            alone = int.from_bytes(memory.read(BASE + start + n * size, size), "little")
        except ReadError:
            assert not read[n]
        else:
            assert (read[n], values[n]) == (True, alone)


@given(st.integers(0, 64), st.integers(0, 40))
def test_pieces_of_virtual_memory(start: int, count: int) -> None:
    pieces = {0x1010: bytes(range(1, 50)), 0x1060: bytes(range(100, 200))}
    memory = SegmentedMemory(Segment(address, memoryview(data)) for address, data in pieces.items())

    values, read = read_array(memory, 0x1000 + start, count, 4)

    for n in range(count):
        try:
            alone = int.from_bytes(memory.read(0x1000 + start + n * 4, 4), "little")
        except ReadError:
            assert not read[n]
        else:
            assert (read[n], values[n]) == (True, alone)


@pytest.mark.parametrize("address", [0xFFFFFFFFFFFFFFF8, 0xFFFFFFFFFFFFF000, (1 << 64) - 1])
def test_the_end_of_all_addresses(address: int) -> None:
    values, read = read_array(World("x64").memory(), address, 1000, 8)

    assert (len(values), read.any()) == (1000, False)
