"""Spans that overlap are cut as a table from addresses to the first span there would be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.spans import disjoint


@pytest.mark.parametrize(
    ("spans", "pieces"),
    [
        ([], []),
        ([(5, 5), (7, 3)], []),
        ([(3, 4), (1, 2)], [(1, 2, 1), (3, 4, 0)]),
        ([(1, 2), (2, 3)], [(1, 2, 0), (2, 3, 1)]),
        ([(0, 9), (3, 4)], [(0, 9, 0)]),
        ([(3, 4), (0, 9)], [(0, 3, 1), (3, 4, 0), (4, 9, 1)]),
        ([(0, 4), (2, 6), (4, 8)], [(0, 4, 0), (4, 6, 1), (6, 8, 2)]),
        ([(1, 5), (1, 5), (1, 9)], [(1, 5, 0), (5, 9, 2)]),
        ([(0, 2**64), (2**64 - 1, 2**64 + 1)], [(0, 2**64, 0), (2**64, 2**64 + 1, 1)]),
    ],
)
def test_cuts(spans: list[tuple[int, int]], pieces: list[tuple[int, int, int]]) -> None:
    assert disjoint(spans) == pieces


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_first_span_wins_at_every_address(spans: list[tuple[int, int]]) -> None:
    table: dict[int, int] = {}
    for index, (start, end) in enumerate(spans):
        for address in range(start, end):
            table.setdefault(address, index)
    pieces = disjoint(spans)

    assert {address: index for start, end, index in pieces for address in range(start, end)} == table
    assert all(start < end for start, end, _ in pieces)
    # ascending, and no two pieces that could be one
    assert all(a[1] < b[0] or (a[1] == b[0] and a[2] != b[2]) for a, b in zip(pieces, pieces[1:]))
