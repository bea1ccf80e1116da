"""Processors: of stated bytes, and of real dumps against what was decoded by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from fakes import fake_target, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.kernel.processor import MOST_PROCESSORS, processor, processors
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent, Problem
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.profiles import Match, Profile

BLOCK, PRCB = 0xFFFFF80000200000, 0xFFFFF80000300000
TYPES = (
    "_KPRCB,40;CurrentThread,8,8;NextThread,10,8;IdleThread,18,8;Number,24,4;VendorString,28,d;MHz,38,4;Context,30,8"
)


def prcb(number: int, vendor: bytes = b"\0", current: int = 0xFFFFE00000001000) -> bytes:
    threads = current.to_bytes(8, "little") + bytes(8) + (0xFFFFE00000001000).to_bytes(8, "little")
    return bytes(8) + threads + bytes(4) + number.to_bytes(4, "little") + vendor.ljust(16, b"\0") + bytes(8)


def world(*entries: int, count: int | None = None, blocks: int = 2, **memory: Any) -> Target:
    held = {BLOCK: b"".join(e.to_bytes(8, "little") for e in entries)}
    held |= {PRCB + 0x1000 * n: prcb(n) for n in range(blocks)}
    target = fake_target("x64", held, MinorVersion=19041, NumberProcessors=len(entries) if count is None else count)
    match = Match("exact", "exact", 0, 0, 0, 0, (), ())
    target._profile = Profile("nt/1-x64", "x64", 19041, {"_KPRCB": parse(TYPES)}, match)
    dump = cast("Any", target.dump)
    dump.debugger_data = {"KiProcessorBlock": BLOCK}
    dump.processor = Absent("the dump does not say")
    return target


def test_processors() -> None:
    first, second = processors(world(PRCB, PRCB + 0x1000))

    assert (first.address, first.index, first.Number) == (PRCB, 0, 0)
    assert (second.address, second.index, second.Number) == (PRCB + 0x1000, 1, 1)
    assert first.idle is True
    assert first.CurrentThread == Address(0xFFFFE00000001000)
    assert second.problems == ()


def test_block_that_is_not_in_the_dump() -> None:
    _, missing = processors(world(PRCB, PRCB + 0x9000))

    assert missing.CurrentThread == missing.idle == Absent("fffff800`00309008: not in the dump")
    assert missing.source == "nt/1-x64: nothing could be read"


def test_wrong_number() -> None:
    found = processors(world(PRCB + 0x1000))

    assert found[0].problems == (
        Problem(f"_KPRCB {Address(PRCB + 0x1000)}", "its Number is 1, but it is entry 0 of KiProcessorBlock"),
    )


def test_a_list_that_repeats_itself() -> None:
    assert [p.address for p in processors(world(PRCB, PRCB, 0, PRCB + 0x1000, PRCB))] == [PRCB, PRCB + 0x1000]


@pytest.mark.parametrize("count", [0, -1, 1 << 31, MOST_PROCESSORS + 1])
def test_a_count_that_can_not_be(count: int) -> None:
    """Then as many are looked for as one processor group has."""
    assert len(processors(world(*(PRCB + 0x1000 * n for n in range(100)), count=count))) == 64


def test_no_more_than_windows_supports() -> None:
    assert len(processors(world(*(PRCB + 0x1000 * n for n in range(3000)), count=MOST_PROCESSORS))) == 2048


def test_list_that_is_cut() -> None:
    assert len(processors(world(PRCB, PRCB + 0x1000, count=16))) == 2


def test_no_list() -> None:
    """The processor that the dump was taken on is known all the same."""
    target = world(PRCB)
    dump = cast("Any", target.dump)
    dump.debugger_data = Absent("the debugger data block is encoded")

    assert processors(target) == ()
    dump.processor = Address(PRCB + 0x1000)
    assert processors(target) == (processor(target, PRCB + 0x1000),)
    assert processors(target)[0].Number == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"AuthenticAMD", "AuthenticAMD"), (b"Q", "Q"), (b"\xff\1", Absent("the field holds no printable text"))],
)
def test_vendor(text: bytes, expected: object) -> None:
    target = fake_target("x64", {PRCB: prcb(0, text)}, MinorVersion=19041, NumberProcessors=1)
    target._profile = world()._profile

    assert processor(target, PRCB).VendorString == expected


@settings(max_examples=40)
@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=20), st.integers(-5, 5000))
def test_any_list(entries: list[int], count: int) -> None:
    found = processors(world(*entries, count=count))

    assert len(found) <= len(set(entries))


@pytest.mark.real
def test_x64(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    everything = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))
    expected = everything["processors"]
    found = processors(target)

    assert len(found) == len(expected) == 16
    for ours, theirs in zip(found, expected):
        assert ours.address == int(theirs["prcb"], 16)
        for name in ("CurrentThread", "NextThread", "IdleThread", "RspBase", "CpuType", "CpuModel"):
            assert getattr(ours, name) == int(theirs[name], 16), name
        for name in (
            "Number",
            "MHz",
            "VendorString",
            "InitialApicId",
            "DpcRoutineActive",
            "InterruptCount",
            "KernelTime",
        ):
            assert getattr(ours, name) == theirs[name], name
        for name in ("Cr0", "Cr2", "Cr3", "Cr4", "Cr8"):
            assert getattr(ours, name) == int(theirs[name.lower()], 16), name
        assert ours.idle == theirs["idle"]
        assert ours.Context == int(theirs["context"], 16)
        assert ours.problems == ()
    fields = everything["prcb"]["fields"]
    for source in found[0].fields:
        if "off" in fields.get(source.field, {}):
            assert source.offset == int(fields[source.field]["off"], 16), source.field


@pytest.mark.real
def test_arm64(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    expected = json.loads((real_dumps / "expected" / "triage_arm64.json").read_text("utf-8"))["processors"]
    found = processors(target)

    assert len(found) == len(expected) == 8
    for ours, theirs in zip(found, expected):
        assert ours.address == int(theirs["prcb"], 16)
        for name in ("CurrentThread", "NextThread", "IdleThread", "CpuType"):
            assert getattr(ours, name) == int(theirs[name], 16), name
        for name in ("Number", "MHz", "idle"):
            assert getattr(ours, name) == theirs[name], name
        assert ours.VendorString == theirs["Vendor"][0]
        assert ours.Context == ours.ContextFrame == int(theirs["context"], 16)
        assert isinstance(ours.Cr3, Absent)  # x64's own
        assert ours.problems == ()


@pytest.mark.real
def test_dumps_that_hold_one_block_only(real_dumps: Path) -> None:
    """Windows 8.1 put the crashing processor alone into a small dump."""
    target = open_target(str(real_dumps / "win81" / "111417-56671-01.dmp"))
    (only,) = processors(target)

    assert target.dump.header.NumberProcessors == 4
    assert only.address == target.dump.processor
    assert only.CurrentThread == target.dump.thread
    assert only.VendorString == "GenuineIntel"
