"""All that page tables map is found a piece at a time, however hostile they are."""

from __future__ import annotations

from itertools import islice

import pytest
from page_worlds import PAGE, World

from dumpwalk.memory.paging import mapped as mapped_module
from dumpwalk.memory.paging.mapped import Mapped, mapped, virtual_addresses_of

BASE = 0xFFFFF80000000000
MB2 = 1 << 21
EVERYWHERE = PAGE | 3


def _loop(mode: str) -> World:
    """Return tables of which every entry is the root: 2**36 pages on x64."""
    world = World(mode, pages=2)
    for index in range(PAGE // world.size):
        world.set(PAGE, index, EVERYWHERE)
    return world


@pytest.mark.parametrize("mode", ["x86", "PAE", "x64", "x64 with 5 levels", "ARM64"])
def test_first_pages_of_endless_tables_come_at_once(mode: str) -> None:
    memory = _loop(mode).memory()

    assert list(islice(mapped(memory), 3)) == [(0, PAGE, PAGE), (0x1000, PAGE, PAGE), (0x2000, PAGE, PAGE)]
    assert list(islice(virtual_addresses_of(memory, 0x1234), 3)) == [0x234, 0x1234, 0x2234]


def test_endless_tables_are_cut_and_that_is_said() -> None:
    everything = mapped(_loop("x64").memory(), most_tables=10)

    assert len(list(everything)) == 7 * 512  # three of the ten lead to tables
    assert everything.cut


def test_endless_tables_that_map_nothing_are_cut() -> None:
    """2**27 tables, each of them full of nothing."""
    world = World("x64")
    for table, below in ((1, 2), (2, 3), (3, 4)):
        for index in range(512):
            world.set(table * PAGE, index, below * PAGE | 1)
    everything = mapped(world.memory(), most_tables=5000)

    assert list(everything) == []
    assert everything.cut
    assert list(everything.joined()) == []


def test_exactly_as_many_tables_as_there_are_cut_nothing() -> None:
    memory = World("x64").map(BASE, 0x8001).memory()
    enough, short = mapped(memory, most_tables=4), mapped(memory, most_tables=3)

    assert (list(enough), enough.cut) == ([(BASE, PAGE, 0x8000)], False)
    assert (list(short), short.cut) == ([], True)


def test_cut_pages_are_the_first_ones() -> None:
    """Nothing is given out that lies behind what was left out."""
    world = World("x64").map(BASE, 0x8001).map(BASE + MB2, 0x400081, 2).map(BASE + 2 * MB2, 0x9001)
    everything = mapped(world.map(BASE + 3 * MB2, 0x600081, 2).memory(), most_tables=4)

    assert list(everything) == [(BASE, PAGE, 0x8000)]
    assert everything.cut


def test_pages_of_all_sizes_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("x64", pages=32).map(BASE, 0x40000081, 1)  # 1 GB
    at = BASE + (1 << 30)
    for n in range(8):
        world.map(at + n * MB2, n << 21 | 0x81, 2) if n % 3 else world.map(at + n * MB2 + 0x5000, 0x8001)
    memory = world.map(at + (1 << 30), 0x80000081, 1).memory()
    expected = world.pages()

    assert list(mapped(memory)) == expected
    assert len({size for _, size, _ in expected}) == 3
    monkeypatch.setattr(mapped_module, "_AT_ONCE", 1)
    assert list(mapped(memory)) == expected


def test_pages_are_joined_where_both_addresses_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("x64").map(BASE + MB2 - PAGE, 0x3FF001).map(BASE + MB2, 0x400081, 2)  # physically one
    world.map(BASE + 2 * MB2, 0x600001).map(BASE + 2 * MB2 + PAGE, 0x700001)  # then one, then another
    memory = world.memory()
    expected = [(BASE + MB2 - PAGE, MB2 + 2 * PAGE, 0x3FF000), (BASE + 2 * MB2 + PAGE, PAGE, 0x700000)]

    assert list(mapped(memory).joined()) == expected
    monkeypatch.setattr(mapped_module, "_AT_ONCE", 1)
    assert list(mapped(memory).joined()) == expected
    assert list(memory.runs()) == [(BASE + MB2 - PAGE, BASE + 2 * MB2 + 2 * PAGE)]


def test_range_that_holds_nothing() -> None:
    memory = World("x64").map(BASE, 0x8001).memory()

    assert list(mapped(memory, BASE + PAGE)) == list(mapped(memory, 0, BASE)) == []
    assert list(mapped(memory, 5, 5)) == list(mapped(memory, 1 << 64, 1 << 65)) == []
    assert list(mapped(memory, BASE + PAGE - 1, BASE + PAGE)) == [(BASE, PAGE, 0x8000)]
    assert list(mapped(memory, -5, 1 << 70)) == [(BASE, PAGE, 0x8000)]


def test_every_address_of_a_physical_page() -> None:
    world = World("x64").map(0x7FF600000000, 0x8001).map(BASE, 0x8001).map(BASE + MB2, 0x81, 2)
    memory = world.memory()

    assert list(virtual_addresses_of(memory, 0x8123)) == [0x7FF600000123, BASE + 0x123, BASE + MB2 + 0x8123]
    assert list(virtual_addresses_of(memory, 0x200000)) == []


def test_it_can_be_asked_again() -> None:
    everything = Mapped(World("x64").map(BASE, 0x8001).memory())

    assert list(everything) == list(everything) == [(BASE, PAGE, 0x8000)]
