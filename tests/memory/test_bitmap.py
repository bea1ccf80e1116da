"""Memory that a bitmap lists, against a plain count of bits."""

from __future__ import annotations

import random
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import ReadError
from dumpwalk.memory import bitmap
from dumpwalk.memory.bitmap import BitmapMemory

FIRST = 0x3000


class Long:
    """Stands for a file of that length."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


def memory(bits: bytes, pages: int, in_file: int) -> BitmapMemory:
    """Return a memory whose file has room for *in_file* whole pages and some bytes."""
    file: Any = Long(FIRST + in_file * 0x1000 + 0x123)
    return BitmapMemory(file, memoryview(bits), pages, FIRST)


def counted(bits: bytes, pages: int, in_file: int) -> tuple[dict[int, int], list[int]]:
    """Return where each page lies, and which pages do not fit into the file."""
    present = [n for n in range(min(pages, 8 * len(bits))) if bits[n // 8] >> n % 8 & 1]
    places = {n: FIRST + rank * 0x1000 for rank, n in enumerate(present[:in_file])}
    return places, present[in_file:]


def agrees(bits: bytes, pages: int, in_file: int, step: int = 1) -> None:
    found = memory(bits, pages, in_file)
    places, lost = counted(bits, pages, in_file)
    asked = range(0, pages + 3, step)
    expected = [places.get(n, -8) + 7 for n in asked]
    runs = list(found.runs())

    assert (found.present, found.held) == (len(places) + len(lost), len(places))
    assert [max(-1, found.place(n * 0x1000 + 7)) for n in asked] == expected
    assert found.places(np.array([n * 0x1000 + 7 for n in asked], "u8")).tolist() == expected
    assert {start + at: offset + at for start, end, offset in runs for at in range(0, end - start, 0x1000)} == {
        n * 0x1000: place for n, place in places.items()
    }
    assert all(before[1] < after[0] for before, after in zip(runs, runs[1:]))
    assert found.extent() == (len(runs), len(places) * 0x1000)
    assert found.first_missing() == (lost[0] if lost else found.pages)


@given(st.binary(max_size=100), st.integers(0, 820), st.integers(0, 900))
def test_small_bitmaps(bits: bytes, pages: int, in_file: int) -> None:
    agrees(bits, min(pages, 8 * len(bits)), in_file)


@pytest.mark.parametrize("pages", [32767, 32768, 32769, 65536 + 13, 600_001])
@pytest.mark.parametrize("bits_are", ["any", "mostly runs"])
def test_bitmaps_of_many_blocks(pages: int, bits_are: str) -> None:
    chance = random.Random(pages)
    choose = (lambda: chance.randrange(256)) if bits_are == "any" else (lambda: chance.choice((0, 0, 255, 255, 0x1F)))
    bits = bytes(choose() for _ in range(-(-pages // 8)))

    agrees(bits, pages, pages, 97)
    agrees(bits, pages, pages // 5, 97)


def test_the_way_of_numpy_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    words = [0, 1, 0xFFFFFFFFFFFFFFFF, 0x8000000000000000, 0x123456789ABCDEF0]

    assert bitmap._ones(np.array(words, "u8")).tolist() == [w.bit_count() for w in words]


def test_reading() -> None:
    pages = [bytes([n]) * 0x1000 for n in range(1, 4)]
    found = BitmapMemory(memoryview(bytes(FIRST) + b"".join(pages)), memoryview(b"\x16"), 8, FIRST)

    assert found.read(0x2FFE, 2) == b"\2\2"
    assert found.read(0x1FFE, 4) == b"\1\1\2\2"
    assert found.read_some(0x2FFE, 4) == b"\2\2"
    with pytest.raises(ReadError, match="page 3 is not in the dump"):
        found.read(0x2FFE, 4)


def test_bits_behind_the_last_page_mean_nothing() -> None:
    found = memory(b"\xff\xff", 11, 100)

    assert found.present == 11
    assert found.place(11 << 12) == -1


def test_a_claim_of_more_pages_than_there_are_bits_costs_nothing() -> None:
    found = memory(b"\x03", 1 << 52, 100)

    assert (found.pages, found.present) == (8, 2)


@pytest.mark.parametrize("first", [-1, 1 << 63, 1 << 64])
def test_a_first_page_that_is_nowhere(first: int) -> None:
    found = BitmapMemory(memoryview(bytes(0x4000)), memoryview(b"\xff"), 8, first)

    assert found.place(0) == -1
    assert found.places(np.array([0, 0x1000], "u8")).tolist() == [-1, -1]
    assert list(found.runs()) == []


def test_nothing_at_all() -> None:
    found = memory(b"", 0, 0)

    assert (found.place(0), list(found.runs()), found.extent(), found.first_missing()) == (-1, [], (0, 0), 0)
    assert found.places(np.array([0], "u8")).tolist() == [-1]


def test_addresses_that_no_machine_has() -> None:
    found = memory(struct.pack("<Q", (1 << 64) - 1), 64, 64)

    assert [found.place(a) for a in (-1, 1 << 52, (1 << 64) - 1)] == [-1, -1, -1]
