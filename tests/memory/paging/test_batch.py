"""Thousands of addresses at a time give what one at a time gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from page_worlds import PAGE, World, scrambled

from dumpwalk.memory.paging import batch
from dumpwalk.memory.paging.batch import NOWHERE, find_many, read_many
from dumpwalk.memory.paging.modes import MODES, X64, Level
from dumpwalk.memory.paging.translation import Resolved
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory

BASE = 0xFFFFF80000400000


class Transition:
    """Entries with bit 11 are pages still in memory; counts what it is asked."""

    settled = True

    def __init__(self) -> None:
        self.asked: list[int] = []

    def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
        self.asked.append(address)
        return Resolved("transition", entry & 0xFFFFF000 if entry & 0x800 else -1)


def test_nothing_asked_nothing_answered() -> None:
    memory = World("x64").memory()
    rows, read = read_many(memory, np.zeros(0, "u8"), 8)

    assert find_many(memory, np.zeros(0, "u8")).tolist() == []
    assert (rows.shape, read.tolist()) == ((0, 8), [])
    assert read_many(memory, np.array([BASE], "u8"), 0)[1].tolist() == [True]


def test_entries_that_are_not_valid_are_asked_about_once_a_page() -> None:
    software = Transition()
    world = World("x64").map(BASE, 0x8001).map(BASE + PAGE, 0x9880).map(BASE + 2 * PAGE, 0x80)
    memory = world.memory(software)
    addresses = np.tile(np.array([BASE + 5, BASE + PAGE + 6, BASE + PAGE + 7, BASE + 2 * PAGE], "u8"), 1000)

    found = find_many(memory, addresses)

    assert found.reshape(1000, 4).tolist() == [[0x8005, 0x9006, 0x9007, NOWHERE]] * 1000
    assert sorted(software.asked) == [BASE + PAGE, BASE + 2 * PAGE]


def test_table_in_transition_is_followed() -> None:
    world = World("x64").map(BASE, 0x8001)
    entry = world.get(world.table(BASE, 2) + (BASE >> 21 & 511) * 8)
    assert entry is not None
    memory = world.map(BASE, entry & ~1 | 0x800, 2).memory(Transition())

    assert find_many(memory, np.array([BASE + 9], "u8")).tolist() == [0x8009]


def test_answers_keep_their_places_over_many_pieces() -> None:
    world = World("x64")
    for n in range(0, 512, 2):
        world.map(BASE + n * PAGE, n << 12 | 1)
    memory = world.memory()
    numbers = np.random.default_rng(1).integers(0, 512, 3 * batch._AT_ONCE + 17, "u8")

    found = find_many(memory, np.uint64(BASE) + (numbers << np.uint64(12)))

    assert (found == np.where(numbers % 2, NOWHERE, numbers << np.uint64(12))).all()


def test_rows_are_what_one_read_each_gives() -> None:
    world = World("x64", missing=(10,)).put(0x8000, bytes(range(256)) * 32)
    for n, page in enumerate((8, 9, 10, 8)):
        world.map(BASE + n * PAGE, page * PAGE | 1)
    memory = world.memory()
    addresses = np.array([BASE, BASE + 0x123, BASE + 0xFFE, BASE + 0x1FFE, BASE + 0x2000, BASE + 0x3FF0, 5], "u8")

    for size in (1, 4, 24, 0x1001):
        rows, read = read_many(memory, addresses, size)
        expected = [memory.read_some(a, size) for a in addresses.tolist()]

        assert read.tolist() == [len(e) == size for e in expected]
        assert [r.tobytes() for r in rows] == [e if len(e) == size else bytes(size) for e in expected]


def test_rows_of_partial_pages() -> None:
    world = World("x64").map(BASE, 0x8001).put(0x8000, b"abcdefghijklmnop")
    memory = VirtualMemory(RunMemory(memoryview(bytes(world.data)), [(0, 0x8008, 0)]), X64, PAGE)

    rows, read = read_many(memory, np.array([BASE, BASE + 6], "u8"), 4)

    assert (rows[0].tobytes(), read.tolist()) == (b"abcd", [True, False])


@settings(max_examples=25)
@given(
    st.sampled_from(list(MODES)),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 2**64 - 1), max_size=30),
    st.integers(0, 0x8000),
)
def test_any_addresses_of_any_tables(mode: str, random: object, anything: list[int], end: int) -> None:
    """Also of memory that ends within a page, or within a table."""
    world = scrambled(mode, random.randrange)  # type: ignore[attr-defined]
    physical = RunMemory(memoryview(bytes(world.data)), [(0, end, 0), (0x7000, 0x7400, 0x7000)])
    memory = VirtualMemory(physical, MODES[mode], PAGE, Transition())
    addresses = anything + [a + 0x10 for a, _, _ in world.pages()[:200]]

    found = find_many(memory, np.array(addresses, "u8")).tolist()

    assert found == [memory.find(a) % 2**64 for a in addresses]
    for address in addresses[:20]:
        physical_address = memory.translate(address).physical
        assert memory.find(address) == (physical_address if isinstance(physical_address, int) else -1)
