"""What is searched for is found wherever in memory it is, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.memory import scan
from dumpwalk.memory.physical import PhysicalMemory, RunMemory
from dumpwalk.memory.scan import find_bytes, find_tags

PAGE = 0x1000
PROC, THRE = b"Proc", b"Thr\xe5"


def _tags(memory: PhysicalMemory, tags: list[bytes], align: int = 16) -> list[tuple[int, bytes]]:
    return [(int(a), tags[n]) for found, which in find_tags(memory, tags, align) for a, n in zip(found, which)]


def _memory(data: bytes | bytearray, *runs: tuple[int, int, int]) -> RunMemory:
    return RunMemory(memoryview(bytes(data)), runs or [(0, len(data), 0)])


def _with(size: int, *places: tuple[int, bytes]) -> bytearray:
    data = bytearray(size)
    for at, what in places:
        data[at : at + len(what)] = what
    return data


def test_tag_is_four_bytes_into_an_aligned_header() -> None:
    data = _with(PAGE, (0x14, PROC), (0x28, PROC), (0x3C, PROC), (0x50, PROC), (0x84, THRE), (0xFF4, PROC))

    assert _tags(_memory(data), [THRE, PROC]) == [(0x10, PROC), (0x80, THRE), (0xFF0, PROC)]
    assert _tags(_memory(data), [PROC], 8) == [(0x10, PROC), (0x38, PROC), (0xFF0, PROC)]


def test_tag_at_the_very_end_and_beyond() -> None:
    assert _tags(_memory(_with(0x18, (0x14, PROC))), [PROC]) == [(0x10, PROC)]
    assert _tags(_memory(_with(0x10, (0xC, PROC))), [PROC], 8) == [(8, PROC)]
    assert _tags(_memory(b""), [PROC]) == []
    assert _tags(_memory(bytes(8)), [PROC]) == []


def test_no_tags_find_nothing() -> None:
    assert _tags(_memory(bytes(PAGE)), []) == []


def test_tags_of_zeros_and_of_twice_the_same() -> None:
    assert _tags(_memory(bytes(0x30)), [bytes(4)]) == [(0, bytes(4)), (0x10, bytes(4)), (0x20, bytes(4))]
    assert _tags(_memory(_with(0x20, (4, PROC))), [PROC, PROC]) == [(0, PROC)]


@pytest.mark.parametrize(("tags", "align"), [([b"abc"], 16), ([b"abcde"], 16), ([PROC], 4), ([PROC], 24), ([PROC], 0)])
def test_what_is_no_tag_or_no_alignment_is_refused(tags: list[bytes], align: int) -> None:
    with pytest.raises(ValueError, match="pool"):
        find_tags(_memory(bytes(PAGE)), tags, align)


def test_addresses_are_those_of_memory_not_of_the_file() -> None:
    """The second run lies in front of the first in the file; the third goes on in the file and not in memory."""
    data = _with(4 * PAGE, (0x24, PROC), (0x1004, THRE), (0x2FF4, PROC), (0x3014, PROC))
    memory = _memory(data, (0x5000, 0x6000, PAGE), (0x9000, 0xA000, 0), (0x10000, 0x11000, 2 * PAGE))

    assert _tags(memory, [PROC, THRE]) == [(0x5000, THRE), (0x9020, PROC), (0x10FF0, PROC)]


def test_alignment_is_that_of_memory_not_of_the_file() -> None:
    data = _with(2 * PAGE, (3 + 0x24, PROC), (PAGE + 3 + 0x18 + 4, PROC))
    memory = _memory(data, (0x5000, 0x6000, 3), (0x9008, 0xA000, PAGE + 3 + 8))

    assert _tags(memory, [PROC]) == [(0x5020, PROC)]
    assert _tags(memory, [PROC], 8) == [(0x5020, PROC), (0x9018, PROC)]


class Pages(PhysicalMemory):
    """Many small runs that follow each other in the file, every second page of memory."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.whole = True

    def runs(self) -> Iterator[tuple[int, int, int]]:
        for n in range(len(self.data) // PAGE):
            yield 2 * n * PAGE, (2 * n + 1) * PAGE, n * PAGE


@pytest.mark.parametrize("most", [1, 3, 1 << 16])
def test_many_small_runs(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(scan, "_MOST_RUNS", most)
    data = _with(20 * PAGE, *((n * PAGE + 16 * n + 4, PROC) for n in range(20)))

    assert _tags(Pages(bytes(data)), [PROC]) == [(2 * n * PAGE + 16 * n, PROC) for n in range(20)]


letters = st.sampled_from([b"Proc", b"Thre", b"\0\0\0\0", b"Fil\xe5", b"zzzz"])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 0x3FFF), letters), max_size=40),
    st.lists(letters, max_size=4),
    st.sampled_from([8, 16, 32]),
    st.lists(st.tuples(*[st.integers(0, 0x80).map(lambda n: n * 0x80)] * 3), max_size=4),
)
def test_as_a_search_byte_by_byte(
    planted: list[tuple[int, bytes]], tags: list[bytes], align: int, runs: list[tuple[int, int, int]]
) -> None:
    data = _with(0x4000, *((at & ~3, tag) for at, tag in planted))
    memory = _memory(data[:0x4000], *runs)
    expected = []
    for start, end, offset in memory.runs():
        for address in range(-(-start // align) * align, end - 7, align):
            word = bytes(data[offset + address - start + 4 :][:4])
            expected += [(address, word)] if word in tags else []

    found = [(a, t) for a, t in _tags(memory, tags, align)]

    if tags:
        assert sorted(found) == sorted(expected)


def test_pieces_and_threads_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_AT_ONCE", 0x1000)
    monkeypatch.setattr(scan, "_PER_THREAD", 0x4000)
    data = np.zeros(0x20000 // 4, "<u4")
    data[1::4] = int.from_bytes(PROC, "little")

    found = _tags(_memory(data.tobytes()), [PROC])

    assert [a for a, _ in found] == list(range(0, 0x20000, 16))


@pytest.mark.parametrize("tags", [[b"Proc"], [b"Proc", b"\xff\0\xff\0", b"\0\xff\0\xff"], [b"    ", b"\x01abc"]])
def test_random_bytes_however_the_tags_are_sieved(tags: list[bytes]) -> None:
    data = np.random.default_rng(1).integers(0, 256, 1 << 18, "u1")
    for n in range(200):
        data[n * 1024 + 4 : n * 1024 + 8] = np.frombuffer(tags[n % len(tags)], "u1")
    found = _tags(_memory(data.tobytes()), tags)

    assert {(n * 1024, tags[n % len(tags)]) for n in range(200)} <= set(found)
    assert all(data[a + 4 : a + 8].tobytes() == tag for a, tag in found)


# -- bytes


def test_bytes_are_found_across_runs_that_touch_in_memory() -> None:
    data = _with(4 * PAGE, (0x10, b"KDBG"), (2 * PAGE - 2, b"KD"), (2 * PAGE, b"xx"), (3 * PAGE, b"BG"))
    memory = _memory(data, (0x5000, 0x7000, 0), (0x7000, 0x8000, 3 * PAGE), (0x9000, 0xA000, 2 * PAGE))

    assert list(find_bytes(memory, b"KDBG")) == [0x5010, 0x6FFE]
    assert list(find_bytes(memory, b"KDBG", 16)) == [0x5010]


def test_bytes_are_not_found_across_runs_that_touch_in_the_file_only() -> None:
    data = _with(2 * PAGE, (PAGE - 2, b"KDBG"))

    assert list(find_bytes(_memory(data, (0x5000, 0x6000, 0), (0x9000, 0xA000, PAGE)), b"KDBG")) == []
    assert list(find_bytes(_memory(data), b"KDBG")) == [0xFFE]


def test_bytes_that_overlap_themselves_and_are_no_pattern() -> None:
    assert list(find_bytes(_memory(b"..aaaa.."), b"aaa")) == [2, 3]
    assert list(find_bytes(_memory(b"........"), b".*")) == []
    with pytest.raises(ValueError, match="nothing to look for"):
        find_bytes(_memory(bytes(8)), b"")
