"""Physical memory in runs reads as a table from addresses to bytes would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.errors import ReadError
from dumpwalk.memory import physical
from dumpwalk.memory.physical import HIGHEST, PhysicalMemory, RunMemory

FILE = bytes(n % 251 for n in range(0x5000))
edges = st.integers(0, 0x60).map(lambda n: n * 0x100) | st.integers(0, 0x6000)
runs = st.lists(st.tuples(edges, edges, edges), max_size=8)


def _memory(*parts: tuple[int, int, int], data: bytes = FILE) -> RunMemory:
    return RunMemory(memoryview(data), parts)


def _model(parts: list[tuple[int, int, int]]) -> dict[int, int]:
    """Return the offset of each address: whole words inside the file, the run given first wins."""
    table: dict[int, int] = {}
    for start, end, offset in parts:
        end = min(end, start + len(FILE) - offset)
        for address in range(-(-start // 8) * 8, end // 8 * 8):
            table.setdefault(address, offset + address - start)
    return table


@settings(max_examples=40)
@given(runs, st.lists(st.integers(0, 0x6100), min_size=1, max_size=20))
def test_places_are_those_of_the_table(parts: list[tuple[int, int, int]], addresses: list[int]) -> None:
    memory, table = _memory(*parts), _model(parts)
    expected = [table.get(a, -1) for a in addresses]

    assert [memory.place(a) for a in addresses] == expected
    assert memory.places(np.array(addresses, "u8")).tolist() == expected
    assert {a: o + a - s for s, e, o in memory.runs() for a in range(s, e)} == table


@settings(max_examples=40)
@given(runs, edges, st.integers(-1, 0x3000))
def test_reads_as_the_table_does(parts: list[tuple[int, int, int]], address: int, size: int) -> None:
    memory, table = _memory(*parts), _model(parts)
    expected = bytearray()
    while len(expected) < size and address + len(expected) in table:
        expected.append(FILE[table[address + len(expected)]])

    assert memory.read_some(address, size) == expected
    if len(expected) >= size:
        assert memory.read(address, size) == expected
    else:
        with pytest.raises(ReadError, match="is not in the dump") as caught:
            memory.read(address, size)
        assert (caught.value.address, caught.value.size) == (address + len(expected), size - len(expected))


def test_runs_that_follow_each_other_are_one() -> None:
    memory = _memory((0x2000, 0x3000, 0x1000), (0x1000, 0x2000, 0), (0x3000, 0x4000, 0x3000))

    assert list(memory.runs()) == [(0x1000, 0x3000, 0), (0x3000, 0x4000, 0x3000)]
    assert memory.whole
    assert memory.read(0x1FFE, 4) == FILE[0xFFE:0x1002]
    assert memory.read(0x2FFE, 4) == FILE[0x1FFE:0x2000] + FILE[0x3000:0x3002]


@pytest.mark.parametrize(
    "run",
    [
        (0x2000, 0x1000, 0),  # ends before it begins
        (0x1000, 0x1000, 0),
        (-0x1000, 0x1000, 0),
        (0x1000, 0x2000, -8),
        (0x1000, 0x2000, 0x5000),  # beyond the file
        (0x1000, 0x2000, 1 << 70),
        (HIGHEST, HIGHEST + 0x1000, 0),
        (1 << 64, 1 << 65, 0),
        (0x1001, 0x1007, 0),  # no whole word
    ],
)
def test_run_that_makes_no_sense_is_nothing(run: tuple[int, int, int]) -> None:
    memory = _memory(run)

    assert list(memory.runs()) == []
    assert memory.place(0x1000) == memory.place(run[0]) == -1
    assert memory.places(np.array([0x1000, 0, 2**64 - 1], "u8")).tolist() == [-1, -1, -1]


def test_run_that_promises_too_much_is_cut_to_the_file() -> None:
    memory = _memory((0x1000, 1 << 52, 0x4100))

    assert list(memory.runs()) == [(0x1000, 0x1F00, 0x4100)]
    assert not memory.whole
    with pytest.raises(ReadError, match="0x1f00: page 1 is not in the dump"):
        memory.read(0x1EFE, 4)


def test_highest_address_is_the_processors() -> None:
    memory = _memory((HIGHEST - 0x1000, HIGHEST + 0x1000, 0))

    assert memory.place(HIGHEST - 1) == 0xFFF
    assert memory.place(HIGHEST) == -1


def test_whole_says_whether_pages_may_be_partial() -> None:
    assert _memory((0x1000, 0x3000, 0)).whole
    assert not _memory((0x1000, 0x2800, 0)).whole
    assert not _memory((0x1008, 0x2000, 0)).whole


def test_pages_that_lie_apart_are_read_one_by_one() -> None:
    class Backwards(PhysicalMemory):
        """Five pages, the last one first: a kind of memory that says no more than where an address is."""

        data = memoryview(FILE)
        whole = True

        def place(self, address: int) -> int:
            return (4 - (address >> 12)) * 0x1000 + address % 0x1000 if address < 0x5000 else -1

    assert Backwards().read(0xFFE, 4) == FILE[0x4FFE:0x5000] + FILE[0x3000:0x3002]
    assert len(Backwards().read_some(0x100, 1 << 60)) == 0x4F00


def test_same_page_a_million_times_is_not_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that lie can make a small file a memory of terabytes."""
    monkeypatch.setattr(physical, "MOST_READ", 1 << 21)

    class Endless(PhysicalMemory):
        data = memoryview(bytes(1 << 20))
        whole = True

        def place(self, address: int) -> int:
            return 0

        def _room(self, address: int) -> int:
            return 1 << 20

    with pytest.raises(ReadError, match="no more than 1 GB is read at once") as caught:
        Endless().read(0, 1 << 50)
    assert caught.value.address == 1 << 21
