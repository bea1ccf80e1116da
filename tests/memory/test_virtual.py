"""Virtual memory reads across pages, up to what is missing, and says why."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_worlds import PAGE, World, scrambled

from dumpwalk.errors import ReadError
from dumpwalk.memory import virtual
from dumpwalk.memory.paging.modes import MODES, X64, Level
from dumpwalk.memory.paging.translation import Resolved
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory

BASE = 0xFFFFF80000400000


def _letters(*pages: int, missing: tuple[int, ...] = ()) -> VirtualMemory:
    """Return memory that maps from BASE on the given physical pages, each full of its number; 0 maps nothing."""
    world = World("x64", missing=missing)
    for n, page in enumerate(pages):
        world.map(BASE + n * PAGE, page * PAGE | 1 if page else 0)
        world.put(page * PAGE, bytes([page]) * PAGE) if page else None
    return world.memory()


def test_read_goes_from_page_to_page() -> None:
    memory = _letters(9, 10, 8)

    assert memory.read(BASE + 0xFFE, 4) == b"\x09\x09\x0a\x0a"
    assert memory.read(BASE, 3 * PAGE) == b"\x09" * PAGE + b"\x0a" * PAGE + b"\x08" * PAGE
    assert memory.read(BASE + 0x1FFF, 2) == b"\x0a\x08"
    assert list(memory.runs()) == [(BASE, BASE + 3 * PAGE)]


def test_read_stops_where_nothing_is_mapped() -> None:
    memory = _letters(9, 0, 8)

    assert memory.read_some(BASE + 0xFF0, 100) == b"\x09" * 16
    assert memory.read_some(BASE + PAGE, 100) == b""
    with pytest.raises(ReadError) as caught:
        memory.read(BASE + 0xFF0, 100)
    assert str(caught.value) == "fffff800`00401000: PTE not present"
    assert (caught.value.address, caught.value.size) == (BASE + PAGE, 84)
    assert list(memory.runs()) == [(BASE, BASE + PAGE), (BASE + 2 * PAGE, BASE + 3 * PAGE)]


def test_read_stops_at_a_page_that_is_not_in_the_dump() -> None:
    memory = _letters(9, 10, missing=(10,))

    assert memory.find(BASE + PAGE) == 10 * PAGE
    assert memory.read_some(BASE + 0xFF0, 100) == b"\x09" * 16
    with pytest.raises(ReadError, match="page a is not in the dump"):
        memory.read(BASE + PAGE, 4)


def test_nothing_is_read_for_no_size() -> None:
    memory = _letters(9)

    assert memory.read(BASE, 0) == memory.read(BASE, -3) == memory.read(0x1234, 0) == b""
    assert memory.read_some(BASE + 2, -3) == b""


def test_large_page_is_read_as_far_as_it_is_there() -> None:
    world = World("x64", pages=32).put(0x1F000, b"end " * 0x400).map(BASE, 0x83, 2)
    memory = world.memory()

    assert memory.read(BASE, 0x20000) == world.data
    assert memory.read_some(BASE + 0x1FFFC, 100) == b"end "
    with pytest.raises(ReadError, match="page 20 is not in the dump"):
        memory.read(BASE + 0x1F000, 0x2000)


def test_partial_pages_are_read_as_far_as_they_are_there() -> None:
    """A table of which one half is in the file still maps what that half says."""
    world = World("x64").map(BASE, 0x8001).map(BASE + 0x1FF000, 0x9001).put(0x8000, b"first").put(0x9000, b"last!")
    table = world.table(BASE, 3)
    file = memoryview(bytes(world.data))
    memory = VirtualMemory(
        RunMemory(file, [(0, table + 0x800, 0), (0x8000, 0x9003, 0x8000), (0x9008, 0xA000, 0x9008)]), X64, PAGE
    )

    assert not memory.physical.whole
    assert memory.read(BASE, 5) == b"first"
    assert memory.find(BASE) == 0x8000
    assert memory.find(BASE + 0x1FF000) == -1
    assert f"page {table >> 12:x} is not in the dump" in memory.why_not(BASE + 0x1FF000)


def test_addresses_of_a_32_bit_machine_print_as_such() -> None:
    memory = World("PAE").map(0x8750E000, 0x5003).memory()

    with pytest.raises(ReadError, match=r"^8750f000: PTE not present"):
        memory.read(0x8750EFFF, 2)
    assert memory.read_some(0xFFFFFFFF, 8) == b""


def test_what_the_operating_system_means_is_followed() -> None:
    """Each level asks; above the last one the answer is a table."""

    class Moved:
        settled = True

        def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
            return Resolved("moved", entry & 0xFFFFF000) if entry & 2 else Resolved("gone", -1, f"{level.name} is gone")

    world = World("x64").map(BASE, 0x8002).map(BASE + PAGE, 0x4).put(0x8000, b"there")
    for depth in (2, 1, 0):
        table = world.table(BASE, depth)
        index = BASE >> 39 - 9 * depth & 511
        entry = world.get(table + index * 8)
        assert entry is not None
        world.set(table, index, entry & ~1 | 2)
    memory = world.memory(Moved())

    assert memory.read(BASE, 5) == b"there"
    assert memory.translate(BASE).physical == memory.find(BASE) == 0x8000
    assert [e.state for e in memory.translate(BASE).entries] == ["moved"] * 4
    assert memory.why_not(BASE + PAGE) == "PTE is gone"
    assert memory.find(BASE + PAGE) == -1


def test_one_page_mapped_everywhere_is_not_read_at_once() -> None:
    """All tables are the root: every address leads to one page, and there are 256 TB of them."""
    world = World("x64", pages=2)
    for index in range(512):
        world.set(PAGE, index, PAGE | 3)
    memory = world.memory()

    assert memory.read(0xFFFFF80000000FFF, 2) == b"\x00\x03"
    assert len(memory.read_some(0, 1 << 20)) == 1 << 20


def test_no_more_than_a_gigabyte_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "MOST_READ", 0x1800)

    with pytest.raises(ReadError, match="no more than 1 GB is read at once"):
        _letters(9, 10, 8).read(BASE, 3 * PAGE)


def test_what_is_kept_of_the_tables_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "_MOST_CACHED", 100)
    world = World("x64", pages=2)
    for index in range(512):
        world.set(PAGE, index, PAGE | 3)
    memory = world.memory()

    for n in range(1000):
        assert memory.find(n << 21) == PAGE
    assert len(memory._known) <= 100


def test_what_is_kept_of_the_tables_takes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "_MOST_CACHED", 2000)
    world = World("x64", pages=2)
    for index in range(512):
        world.set(PAGE, index, PAGE | 3)
    memory = world.memory()
    tracemalloc.start()
    try:
        for n in range(5000):
            memory.find(n << 21)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert taken < 2000 * 600


@settings(max_examples=25)
@given(
    st.sampled_from(list(MODES)),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3 * PAGE), st.integers(0, 3 * PAGE)), max_size=8),
)
def test_reads_are_the_bytes_behind_each_address(mode: str, random: object, asked: list[tuple[int, int, int]]) -> None:
    world = scrambled(mode, random.randrange, 0x1000)  # type: ignore[attr-defined]
    memory = world.memory()
    pages = world.pages()[:4] or [(0, 0, 0)]
    for which, offset, size in asked:
        address = max(0, pages[which % len(pages)][0] + offset)
        expected = bytearray()
        while len(expected) < size:
            physical = world.walk(address + len(expected))
            if not 0 <= physical < len(world.data) or physical // PAGE in world.missing:
                break
            until = min(size - len(expected), PAGE - physical % PAGE)
            expected += world.data[physical : physical + until]

        assert memory.read_some(address, size) == expected
        if len(expected) == size:
            assert memory.read(address, size) == expected
        else:
            with pytest.raises(ReadError) as caught:
                memory.read(address, size)
            assert caught.value.address == (address + len(expected)) % 2 ** (32 if mode in ("x86", "PAE") else 64)


def test_what_is_kept_may_be_forgotten_while_it_is_read() -> None:
    """Who looks up what an entry means translates addresses too, and so may fill what is kept."""

    class Forgetful:
        settled = True

        def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
            memory._known.clear()
            return Resolved("moved", entry & 0xFFFFF000)

    world = World("x64").map(BASE, 0x8002).map(BASE + PAGE, 0x9001).map(BASE + 2 * PAGE, 0x8002)
    memory = world.put(0x8000, b"\x08" * PAGE).put(0x9000, b"\x09" * PAGE).memory(Forgetful())

    assert memory.read(BASE, 3 * PAGE) == b"\x08" * PAGE + b"\x09" * PAGE + b"\x08" * PAGE
