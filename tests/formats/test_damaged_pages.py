"""Dumps with physical pages whose headers lie: they open in bounded time, and say what is wrong."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paged_machine import World

from dumpwalk.errors import Error
from dumpwalk.formats import Dump, open_dump
from dumpwalk.remarks import Absent
from dumpwalk.synth import Spec
from dumpwalk.synth.containers import WRITERS

Opened = Callable[[bytes], Dump]
WRITTEN = WRITERS.load()
KINDS = ("full", "kernel", "bitmap-full", "range-kernel", "range-complete")
PAGES = {n: bytes([n]) * 0x1000 for n in (3, 4, 5, 9, 10, 17)}
# Where the fields of each header lie, behind the dump header.
FIRST_PAGE, PRESENT, BITS, BITMAP = 0x20, 0x28, 0x30, 0x38
METADATA_SIZE, FIRST_OFFSET, RANGES, TOTAL = 0x10, 0x18, 0x20, 0x28


def dump(kind: str, machine: str = "x64") -> bytearray:
    build = 19041 if machine == "x64" else 7601
    return bytearray(WRITTEN[kind](Spec(kind, machine, build), PAGES))


def changed(kind: str, *changes: tuple[int, int], machine: str = "x64") -> bytes:
    """Return a dump with 64-bit words changed, at offsets behind its header."""
    data = dump(kind, machine)
    for at, value in changes:
        struct.pack_into("<Q", data, (0x2000 if machine == "x64" else 0x1000) + at, value & (1 << 64) - 1)
    return bytes(data)


def said(opened: Dump) -> list[str]:
    return [f"{p.where}: {p.what}" for p in opened._problems]


def held(opened: Dump) -> set[int]:
    physical = opened.physical
    return set() if isinstance(physical, Absent) else {n for n in range(32) if physical.read_some(n << 12, 1)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("machine", ["x64", "x86"])
def test_a_cut_file_says_which_pages_it_lost(opened: Opened, kind: str, machine: str) -> None:
    data = bytes(dump(kind, machine))
    found = opened(data[: -0x1000 * 2 - 0x800])
    text = "3 of 6 pages lie behind the end of the file, from page 9 on"

    assert held(found) == {3, 4, 5}
    assert f"memory: {text}" in found._missing
    assert said(found) == [f"file: it is cut at {len(data) - 0x2800:#x}: {text}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_at_every_interesting_place(opened: Opened, kind: str) -> None:
    data = bytes(dump(kind))
    for size in (0x2000, 0x2001, 0x2008, 0x2027, 0x2030, 0x2037, 0x2038, 0x2039, 0x2050, 0x2FFF, 0x3000, 0x3001):
        found = opened(data[:size])

        if not (kind == "full" and size >= 0x2008):
            assert held(found) == set()
        assert found._problems
        assert any(text.startswith("memory: ") for text in found._missing)


@pytest.mark.parametrize(
    ("changes", "kept", "what"),
    [
        ([(PRESENT, 7)], {3, 4, 5, 9, 10, 17}, "bitmap: 0x6 bits are set, which is believed; TotalPresentPages is 0x7"),
        ([(BITS, 1 << 52)], None, "bitmap: Pages is 0x10000000000000; the first 0x400000000 bits are read"),
        ([(BITS, 1 << 52)], None, "there is room for 0x7e40 bits before the first page"),
        ([(BITS, -1)], None, "bitmap: Pages is 0xffffffffffffffff; the first 0x400000000 bits are read"),
        ([(BITS, 0)], set(), "bitmap: 0x0 bits are set, which is believed; TotalPresentPages is 0x6"),
        ([(FIRST_PAGE, 0)], set(), "bitmap header: FirstPage is 0x0, inside the headers: no page can be read"),
        ([(FIRST_PAGE, 1 << 62)], set(), "6 of 6 pages lie behind the end of the file, from page 3 on"),
        ([(FIRST_PAGE, -1)], set(), "6 of 6 pages lie behind the end of the file, from page 3 on"),
        ([(0, 0)], {3, 4, 5, 9, 10, 17}, r"bitmap header: it begins with"),
        ([(BITMAP, -1)], None, "bits are set, which is believed"),
    ],
)
def test_bitmaps_that_lie(opened: Opened, changes: list[tuple[int, int]], kept: set[int] | None, what: str) -> None:
    found = opened(changed("bitmap-full", *changes))

    assert any(what in text for text in said(found)), said(found)
    assert kept is None or held(found) == kept


@pytest.mark.parametrize(
    ("changes", "kept", "what"),
    [
        ([(METADATA_SIZE, 0x20)], {3, 4, 5}, "MetadataSize 0x20 and FirstPageOffset 0x3000 contradict each other"),
        ([(METADATA_SIZE, -1)], {3, 4, 5, 9, 10, 17}, "contradict each other"),
        ([(FIRST_OFFSET, 0)], set(), "MetadataSize 0xfe0 and FirstPageOffset 0x0 contradict each other"),
        ([(FIRST_OFFSET, -1)], set(), "contradict each other"),
        ([(RANGES, 1000)], {3, 4, 5, 9, 10, 17}, "NumberOfRanges is 1000; there is room for 253"),
        ([(RANGES, 0xFFFFFFFF)], {3, 4, 5, 9, 10, 17}, "NumberOfRanges is 4294967295"),
        ([(RANGES, 1)], {3, 4, 5}, "TotalNumberOfPages is 0x6; the ranges have 0x3 pages"),
        ([(TOTAL, 1 << 52)], {3, 4, 5, 9, 10, 17}, "TotalNumberOfPages is 0x10000000000000"),
        ([(0x30, -1)], {9, 10, 17}, "runs: 1 of 3 lie above 2**52"),
        ([(0x38, -1)], None, "pages lie behind the end of the file"),
        ([(0x40, 4)], {3, 4, 5, 17}, "runs: they overlap: 2 pages are listed twice, of which the first is read"),
        ([(0, 0)], {3, 4, 5, 9, 10, 17}, "range header: it begins with"),
    ],
)
def test_ranges_that_lie(opened: Opened, changes: list[tuple[int, int]], kept: set[int] | None, what: str) -> None:
    found = opened(changed("range-complete", *changes))

    assert any(what in text for text in said(found)), said(found)
    assert kept is None or held(found) == kept


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0x88, 0, "header: NumberOfPages is 0x6; the runs have 0x0 pages"),
        (0x88, 44, "header: PhysicalMemoryBlock: NumberOfRuns is 44; the header has room for 43"),
        (0x90, 7, "header: NumberOfPages is 0x7; the runs have 0x6 pages"),
        (0x98, (1 << 64) - 1, "runs: 1 of 3 lie above 2**52"),
        (0xA0, (1 << 64) - 1, "pages lie behind the end of the file, from page 9 on"),
        (0xA8, 4, "runs: they overlap"),
    ],
)
def test_run_lists_that_lie(opened: Opened, at: int, value: int, what: str) -> None:
    data = dump("full")
    struct.pack_into("<Q", data, at, value)

    assert any(what in text for text in said(opened(bytes(data))))


WORLDS: dict[str, bytes] = {}


def world(kind: str, mode: str) -> bytes:
    key = f"{kind} {mode}"
    if key not in WORLDS:
        made = World(mode)
        WORLDS[key] = WRITTEN[kind](made.spec.__replace__(kind=kind), made.pages)  # type: ignore[attr-defined]
    return WORLDS[key]


@given(
    st.sampled_from(("full", "kernel", "bitmap-kernel", "range-kernel", "range-complete")),
    st.sampled_from(("x64", "PAE", "x86", "ARM64")),
    st.lists(st.tuples(st.integers(0, 0x2100), st.binary(min_size=1, max_size=8)), max_size=6),
    st.none() | st.integers(0x2000, 0x20000),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_flips_and_cuts(kind: str, mode: str, flips: list[tuple[int, bytes]], cut: int | None) -> None:
    """Whatever stands in the headers, opening and reading end, and nothing but our own errors is raised."""
    data = bytearray(world(kind, mode))
    for at, value in flips:
        data[at : at + len(value)] = value
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.dmp"
        path.write_bytes(bytes(data[:cut]))
        _look_at_all_of(path)


@given(st.sampled_from(("x64", "x86")), st.lists(st.tuples(st.integers(0, 0x30000), st.binary(min_size=1, max_size=8))))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_flips_in_pages(mode: str, flips: list[tuple[int, bytes]]) -> None:
    """The same of page tables, lists and structures."""
    data = bytearray(world("bitmap-kernel", mode))
    for at, value in flips:
        data[0x3000 + at : 0x3000 + at + len(value)] = value
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.dmp"
        path.write_bytes(data)
        _look_at_all_of(path)


def _look_at_all_of(path: Path) -> None:
    from dumpwalk.commands.info import describe
    from dumpwalk.target import Target
    from dumpwalk.triage import triage

    try:
        found = open_dump(str(path))
    except Error:
        return
    report: Any = triage(Target(found))
    described = describe(found)

    assert report.verdict
    assert described.memory_bytes >= 0
    physical = found.physical
    if not isinstance(physical, Absent):
        for start, end, offset in list(physical.runs())[:50]:
            assert physical.place(start) == offset
            assert 0 <= offset < offset + end - start <= len(physical.data)
            assert physical.read(end - 1, 1) == bytes(physical.data[offset + end - 1 - start :][:1])
