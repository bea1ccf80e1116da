"""The length of a tick, and what ticks are in time."""

from __future__ import annotations

import pytest
from fakes import fake_target
from process_machines import PROFILES, machine

from dumpwalk.kernel.clock import Clock, clock
from dumpwalk.kernel.shared_data import shared_data
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, day_time, elapsed_time
from dumpwalk.times import FileTime


# Ticks and times of a published listing: its machine's tick is 156001 units of 100 ns long, and times are cut.
@pytest.mark.parametrize(("ticks", "text"), [(1, ".015"), (2, ".031"), (16, ".249"), (34, ".530"), (675, "10.530")])
def test_ticks_of_a_listing(ticks: int, text: str) -> None:
    ticking = Clock(156001, "", 0, FileTime(0))

    assert clock_time(ticking.duration(ticks)).endswith(text)
    assert day_time(ticking.duration(ticks)).endswith(text)


def test_ticks_that_ran_over() -> None:
    assert Clock(156250, "", 0x1_0000_0005, FileTime(0)).since(0xFFFFFFFE) == 7


def test_a_long_time() -> None:
    assert elapsed_time(2 * 864_000_000_000 + 10_000) == "2 Days 00:00:00.001"
    assert day_time(Absent("x")) == clock_time(Absent("x")) == elapsed_time(Absent("x")) == "????"


@pytest.mark.parametrize(("multiplier", "increment"), [("0x0f99a027", 156001), ("0x0fa00000", 156250)])
def test_the_multiplier_is_rounded(multiplier: str, increment: int) -> None:
    number = int(multiplier, 16).to_bytes(4, "little").hex()
    found = clock(machine("nt/19041.3570-x64", f"block fffff780`00000004 bytes {number}"))

    assert (found.increment, found.source) == (increment, "TickCountMultiplier")


def test_the_kernels_own_variable_is_asked_first() -> None:
    found = clock(
        machine("nt/19041.3570-x64", "symbol KeMaximumIncrement 2616a size 4\nsymbol KeTimeIncrement 2710 size 4")
    )

    assert (found.increment, found.source) == (156010, "nt!KeMaximumIncrement")


def test_a_length_that_makes_no_sense() -> None:
    found = clock(machine("nt/19041.3570-x64", "block fffff780`00000004 bytes 01000000"))

    assert found.increment == Absent("TickCountMultiplier 0x1 makes no sense")


def test_no_shared_page() -> None:
    found = clock(fake_target(SystemTime=FileTime(5)))

    assert isinstance(found.increment, Absent)
    assert isinstance(found.duration(3), Absent)
    assert isinstance(found.since(3), Absent)
    assert found.time == FileTime(5)


@pytest.mark.parametrize("profile", PROFILES)
def test_shared_data_of_every_generation(profile: str) -> None:
    target = machine(profile, "")
    found = shared_data(target)

    assert not isinstance(found, Absent)
    assert found.NtSystemRoot == "C:\\Windows"
    assert str(found.SystemTime) == "2020-02-01T10:00:00.000000Z"
    assert found.InterruptTime == 36_000_000_000
    assert found.TickCount == 36_000_000_000 // 156250
    assert found.KdDebuggerEnabled == 0
    assert (found.NtBuildNumber is None) == (found.NtMajorVersion != 10)
    assert found.uptime == 36_000_000_000


def test_ticks_of_windows_xp() -> None:
    found = shared_data(machine("nt/xpsp3-x86", "block ffdf0320 bytes 00000000\nblock ffdf0000 bytes 07000000"))

    assert not isinstance(found, Absent)
    assert found.TickCount == 7


def test_a_time_that_was_being_written() -> None:
    found = shared_data(machine("nt/19041.3570-x64", "block fffff780`0000001c bytes 00000000"))

    assert not isinstance(found, Absent)
    assert found.SystemTime == Absent("SystemTime was being written when the dump was taken")
