"""Memory made of segments reads as a table from addresses to bytes would."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dumpwalk
from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.memory.segments import Segment, SegmentedMemory


def _memory(*pieces: tuple[int, bytes]) -> SegmentedMemory:
    return SegmentedMemory([Segment(address, memoryview(data)) for address, data in pieces])


def _model(pieces: list[tuple[int, bytes]]) -> dict[int, int]:
    """Return the byte at each address: the piece given first wins."""
    table: dict[int, int] = {}
    for address, data in pieces:
        for n, byte in enumerate(data):
            table.setdefault(address + n, byte)
    return table


pieces = st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=20)), max_size=12)


@given(pieces, st.integers(0, 80), st.integers(-1, 80))
def test_reads_as_the_table_does(parts: list[tuple[int, bytes]], address: int, size: int) -> None:
    memory, table = _memory(*parts), _model(parts)
    expected = bytearray()
    while len(expected) < size and address + len(expected) in table:
        expected.append(table[address + len(expected)])

    assert memory.read_some(address, size) == expected
    if len(expected) >= size:
        assert memory.read(address, size) == expected
        assert memory.view(address, size) == expected
    else:
        with pytest.raises(ReadError) as caught:
            memory.read(address, size)
        with pytest.raises(ReadError, match=f"^{caught.value}$"):
            memory.view(address, size)
        assert (caught.value.address, caught.value.size) == (address + len(expected), size - len(expected))


@given(pieces)
def test_segments_are_sorted_disjoint_and_complete(parts: list[tuple[int, bytes]]) -> None:
    memory, table = _memory(*parts), _model(parts)

    assert all(a.end <= b.address for a, b in zip(memory.segments, memory.segments[1:]))
    assert {s.address + n: byte for s in memory.segments for n, byte in enumerate(s.data)} == table


@given(pieces)
def test_runs_are_the_stretches_of_the_table(parts: list[tuple[int, bytes]]) -> None:
    memory, table = _memory(*parts), _model(parts)
    starts = sorted(a for a in table if a - 1 not in table)
    ends = sorted(a + 1 for a in table if a + 1 not in table)

    assert list(memory.runs()) == list(zip(starts, ends))


@given(pieces, st.integers(-1, 90))
def test_find_names_the_segment_that_is_read(parts: list[tuple[int, bytes]], address: int) -> None:
    memory, table = _memory(*parts), _model(parts)
    found = memory.find(address)

    assert (found is not None) == (address in table)
    if found is not None:
        assert found.data[address - found.address] == table[address]


def test_source_of_the_piece_stays_with_its_bytes() -> None:
    memory = SegmentedMemory(
        [Segment(0x1002, memoryview(b"--"), "stack"), Segment(0x1000, memoryview(b"abcdef"), "data page")]
    )

    assert memory.read(0x1000, 6) == b"ab--ef"
    assert [(s.address, bytes(s.data), s.source) for s in memory.segments] == [
        (0x1000, b"ab", "data page"),
        (0x1002, b"--", "stack"),
        (0x1004, b"ef", "data page"),
    ]


def test_bytes_are_not_copied() -> None:
    data = bytearray(b"abcdef")
    memory = SegmentedMemory([Segment(2, memoryview(b"x")), Segment(0, memoryview(data))])
    data[0] = ord("A")

    assert memory.read(0, 3) == b"Abx"


def test_nothing_holds_nothing() -> None:
    memory = SegmentedMemory([Segment(0x1000, memoryview(b""))])

    assert memory.segments == []
    assert list(memory.runs()) == []
    assert memory.read(0x1000, 0) == b""
    with pytest.raises(ReadError, match="0x1000: not in the dump"):
        memory.read(0x1000, 1)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (Address(0xFFFFF80002A5C002), "fffff800`02a5c004: cut off"),
        (Address32(0x8750EF82), "8750ef84: cut off"),
        (Hex(0x12), "0x14: cut off"),
        (0x12, "0x14: cut off"),
    ],
    ids=repr,
)
def test_missing_byte_prints_as_the_address_asked_for(address: int, message: str) -> None:
    memory = SegmentedMemory([Segment(address - 2, memoryview(b"abcd"))], "cut off")

    with pytest.raises(ReadError) as caught:
        memory.read(address, 4)

    assert str(caught.value) == message
    assert (caught.value.address, caught.value.size, caught.value.reason) == (address + 2, 2, "cut off")


def test_a_size_beyond_reason_allocates_nothing() -> None:
    memory = _memory((0x1000, b"ab"), (0x1002, b"cd"))

    assert memory.read_some(0x1001, 2**63) == b"bcd"
    with pytest.raises(ReadError) as caught:
        memory.read(0x1001, 2**63)
    assert caught.value.size == 2**63 - 3


def test_top_of_the_address_space() -> None:
    memory = _memory((2**64 - 2, b"ab"))

    assert memory.read(2**64 - 2, 2) == b"ab"
    with pytest.raises(ReadError):
        memory.read(2**64 - 2, 3)


def _lines_run(action: Any) -> int:
    """Return how many lines of dumpwalk *action* executes: work, not time."""
    package = os.path.dirname(dumpwalk.__file__)
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def _nested(n: int) -> list[Segment]:
    """Return *n* segments each inside the one before, the innermost first and so read first."""
    data = memoryview(bytes(2 * n + 2))
    return [Segment(n - k, data[: 2 * k + 1]) for k in range(n)]


def _stairs(n: int) -> list[Segment]:
    """Return *n* segments that all overlap their hundred neighbours."""
    return [Segment(n - k, memoryview(bytes(100))) for k in range(n)]


def _same(n: int) -> list[Segment]:
    """Return *n* segments of the same bytes."""
    return [Segment(0x1000, memoryview(bytes(4096)))] * n


@pytest.mark.parametrize("shape", [_nested, _stairs, _same])
def test_work_grows_with_the_number_of_segments_not_its_square(shape: Any) -> None:
    """A hostile dump can name the same bytes thousands of times."""
    few, many = shape(500), shape(4000)

    work = [_lines_run(lambda s=s: SegmentedMemory(s)) for s in (few, many)]

    assert work[0] > len(few)
    assert work[1] < 12 * work[0]  # eight times as many; a square law would make it 64
    assert work[1] < 100 * len(many)


def test_a_read_costs_what_it_crosses() -> None:
    memory = SegmentedMemory([Segment(n, memoryview(b"x")) for n in range(4000)])

    assert 4 <= _lines_run(lambda: memory.read(2000, 4)) < 60
    assert 1 <= _lines_run(lambda: memory.find(3999)) < 20
    assert memory.read(0, 4000) == b"x" * 4000


def test_thousands_of_nested_segments_read_right() -> None:
    data = memoryview(bytes(range(256)) * 40)
    memory = SegmentedMemory([Segment(5000 - k, data[: 2 * k + 1]) for k in range(4000)])

    assert memory.read(5000, 1) == bytes([data[0]])
    assert memory.read(5000 - 3999, 1) == bytes([data[0]])
    assert memory.read(5003, 1) == bytes([data[6]])
    assert list(memory.runs()) == [(1001, 9000)]
