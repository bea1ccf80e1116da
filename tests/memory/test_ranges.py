"""Memory in ranges that ascend, against a plain list of pages."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.ranges import ranges

FIRST = 0x3000


class Long:
    """Stands for a file of that length."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


def table(*entries: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<QQ", *entry) for entry in entries)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12), st.integers(0, 60), st.integers(0, 3))
def test_any_ranges(steps: list[tuple[int, int]], in_file: int, nulls: int) -> None:
    entries, at = [], 0
    for gap, count in steps:
        entries.append((at + gap, count))
        at += gap + count
    file: Any = Long(FIRST + in_file * 0x1000 + 0x10)
    found = ranges(file, table(*entries, *[(0, 0)] * nulls), FIRST)
    assert found is not None
    present = [n for base, count in entries for n in range(base, base + count)]
    places = {n: FIRST + rank * 0x1000 for rank, n in enumerate(present[:in_file])}
    expected = [places.get(n, -6) + 5 for n in range(at + 2)]
    runs = list(found.runs())

    assert (found.present, found.held) == (len(present), len(places))
    assert [found.place(n << 12 | 5) for n in range(at + 2)] == expected
    assert found.places(np.array([n << 12 | 5 for n in range(at + 2)], "u8")).tolist() == expected
    assert {start + i: offset + i for start, end, offset in runs for i in range(0, end - start, 0x1000)} == {
        n << 12: place for n, place in places.items()
    }
    assert all(before[1] < after[0] for before, after in zip(runs, runs[1:]))
    if len(places) < len(present):
        assert found.first_missing() == present[in_file]


@pytest.mark.parametrize(
    "entries",
    [[(5, 2), (6, 1)], [(5, 2), (1, 1)], [(1, (1 << 64) - 1)], [((1 << 64) - 1, 1)], [(1 << 40, 1)]],
    ids=["overlap", "descend", "overflow", "overflow too", "above 2**52"],
)
def test_others_are_refused(entries: list[tuple[int, int]]) -> None:
    assert ranges(memoryview(b""), table(*entries), 0) is None


@pytest.mark.parametrize("first", [0, 1 << 63, (1 << 64) - 1])
def test_a_first_page_that_is_nowhere(first: int) -> None:
    found = ranges(memoryview(bytes(100)), table((5, 2)), first)
    assert found is not None

    assert (found.place(0x5000), list(found.runs())) == (-1, [])
    assert found.places(np.array([0x5000], "u8")).tolist() == [-1]
