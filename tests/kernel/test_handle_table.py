"""Handle tables of every generation, and tables that lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_worlds import HANDLES, PROFILES, machine

import dumpwalk
from dumpwalk.kernel.handle_entry import entry_format
from dumpwalk.kernel.handle_table import (
    HandleEntry,
    HandleTable,
    cid_table,
    entries,
    entry_of,
    handle_table,
    kernel_handle,
    kernel_handle_table,
    object_table,
    process_by_id,
    thread_by_id,
)
from dumpwalk.kernel.object_header import type_name
from dumpwalk.remarks import Absent, Problem
from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"


def table_of(target: Target, pid: int = 0x344) -> HandleTable:
    process = process_by_id(target, pid)
    assert not isinstance(process, Absent)
    table = object_table(target, process)
    assert not isinstance(table, Absent)
    return handle_table(target, table)


def walk(target: Target, table: HandleTable, *, free: bool = False) -> tuple[list[HandleEntry], list[Problem]]:
    problems: list[Problem] = []
    return list(entries(target, table, problems, free=free)), problems


@pytest.mark.parametrize("profile", PROFILES)
def test_every_generation(profile: str) -> None:
    target = machine(profile)
    table = table_of(target)
    found, problems = walk(target, table)
    shown = [(e.handle, type_name(target, e.object or 0), e.GrantedAccess, e.Attributes) for e in found]

    assert shown == HANDLES
    assert problems == []
    assert (table.levels, table.HandleCount, table.UniqueProcessId) == (1, 4, 0x344)
    assert [entry_of(target, table, e.handle) for e in found] == found


@pytest.mark.parametrize("profile", PROFILES)
def test_ids(profile: str) -> None:
    target = machine(profile)
    process, thread, system = process_by_id(target, 0x344), thread_by_id(target, 0x348), process_by_id(target, 4)

    assert not isinstance(process, Absent)
    assert not isinstance(thread, Absent)
    assert not isinstance(system, Absent)
    assert target.object("_EPROCESS", process).UniqueProcessId == 0x344
    assert target.object("_ETHREAD", thread).Cid.UniqueThread == 0x348
    assert kernel_handle_table(target) == object_table(target, system)
    for wrong in (process_by_id(target, 0x348), thread_by_id(target, 0x344), process_by_id(target, 0x345)):
        assert isinstance(wrong, Absent)
    assert "a Thread's" in getattr(process_by_id(target, 0x348), "reason", "")


def test_three_levels() -> None:
    target = machine("nt/19041.3570-x64", "handle 344 200004 to ready access 1")
    table = table_of(target)
    found, problems = walk(target, table)

    assert table.levels == 2
    assert [e.handle for e in found] == [4, 8, 0xC, 0x2004, 0x200004]
    assert problems == []
    assert entry_of(target, table, 0x200004) == found[-1]
    assert isinstance(entry_of(target, table, 0x100004), Absent)


def test_free_entries() -> None:
    target = machine("nt/19041.3570-x64")
    found, _ = walk(target, table_of(target), free=True)

    assert len(found) == 512  # two pages of entries
    assert [e.handle for e in found if e.object is None][:2] == [0, 0x10]
    # The first entry of each page is none.
    assert found[256].object is None


def test_low_bits_of_a_handle_are_its_owners() -> None:
    target = machine("nt/19041.3570-x64")
    table = table_of(target)

    assert entry_of(target, table, 7) == entry_of(target, table, 4)


@pytest.mark.parametrize(
    ("handle", "meant"),
    [(0x80000ABC, 0xABC), (0xFFFFFFFF80000ABC, 0xABC), (0xABC, None), (0xFFFFFFFFFFFFFFFF, None), (1 << 40, None)],
)
def test_kernel_handles(handle: int, meant: int | None) -> None:
    assert kernel_handle(handle) == meant


def broken(statement: str) -> tuple[Target, HandleTable]:
    """Return a machine whose notepad's handle table is at a known address and is broken by *statement*."""
    place = "struct _HANDLE_TABLE at ffffb80f45670000"
    text = f"struct _HANDLE_TABLE at ffffb80f45670000\n{statement.replace('TABLE', place)}"
    target = machine("nt/19041.3570-x64", text)
    return target, handle_table(target, 0xFFFFB80F45670000)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("TABLE TableCode=7", "three levels"),
        ("TABLE TableCode=ffffb80f00000000", "entries from ffffb80f`00000000 on"),
        ("TABLE TableCode=ffffb80f00000001", "pointers at ffffb80f`00000000"),
        # A page of pointers that leads to itself, at both levels, and to one page twice.
        (
            "block ffffb80f45680000 pointers ffffb80f45680000 zeros ff8\nTABLE TableCode=ffffb80f45680001",
            "a page that is in it already",
        ),
        (
            "block ffffb80f45680000 pointers ffffb80f45690000 ffffb80f45690000 zeros ff0\nblock ffffb80f45690000 zeros"
            " 1000\nTABLE TableCode=ffffb80f45680002",
            "a page that is in it already",
        ),
        (
            "block ffffb80f45680000 zeros 10 pointers b80f456a00000001 1\nTABLE TableCode=ffffb80f45680000"
            " NextHandleNeedingPool=4",
            "NextHandleNeedingPool is 0x4, and 0x4 is a handle",
        ),
        (
            "block ffffb80f45680000 zeros 1000\nTABLE TableCode=ffffb80f45680000 FreeLists[0].HandleCount=9",
            "is 9, and 0",
        ),
    ],
)
def test_lying_tables(statement: str, problem: str) -> None:
    target, table = broken(statement)
    _, problems = walk(target, table)

    assert any(problem in str(one) for one in problems), problems


def test_a_table_that_is_not_in_the_dump() -> None:
    target = machine("nt/19041.3570-x64")
    table = handle_table(target, 0xFFFF800000000000)
    found, problems = walk(target, table)

    assert found == []
    assert "ffff8000`00000008" in str(problems[0])
    assert isinstance(entry_of(target, table, 4), Absent)


def test_a_handle_to_nothing() -> None:
    target, table = broken("block ffffb80f45680000 zeros 10 pointers 12345600001 1\nTABLE TableCode=ffffb80f45680000")
    (entry,), _ = walk(target, table)

    assert entry.object == 0x1234560 + 0x30
    assert isinstance(type_name(target, entry.object or 0), Absent)


def test_published_vectors() -> None:
    """Windows 8 and 8.1 x64, as System Informer shifts them."""
    eight = entry_format(machine("nt/win8-x64"))
    low = (0xFFFFFA80034210D0 & (1 << 45) - 1) >> 4 << 23 | 5 << 20 | 1
    assert eight.decode(low.to_bytes(8, "little") + (0x1F0003).to_bytes(8, "little"), 0) == (
        0xFFFFFA80034210D0,
        0x1F0003,
        5,
    )
    later = entry_format(machine("nt/9600.20625-x64"))
    low = (0xFFFFE000F75708C0 & (1 << 48) - 1) >> 4 << 20 | 2 << 17 | 1

    assert later.decode(low.to_bytes(8, "little") + (0x12019F).to_bytes(8, "little"), 0) == (
        0xFFFFE000F75708C0,
        0x12019F,
        2,
    )


@given(data=st.binary(min_size=16, max_size=16))
def test_any_entry(data: bytes) -> None:
    for name in ("objects_x64", "file_mapping_x86"):
        format = entry_format(dumpwalk.open(str(SAMPLES / f"{name}.dmp")))
        pointer, access, attributes = format.decode(data, 0)

        assert 0 <= pointer < 1 << 64
        assert pointer % 8 == 0
        assert (0 <= access < 1 << 25, 0 <= attributes < 8) == (True, True)


def test_a_table_of_ids_that_is_not_there() -> None:
    target = dumpwalk.open(str(SAMPLES / "apc_index_mismatch.dmp"))

    assert isinstance(cid_table(target), Absent)
    assert isinstance(process_by_id(target, 4), Absent)
