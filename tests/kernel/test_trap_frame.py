"""Trap frames: believed when selector and flags can be, found where the stack pointer or the fault says."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from dumpwalk import synth, target
from dumpwalk.kernel.trap_frame import TrapFrame, trap_frame, trap_frame_of
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.triage import triage

STACK = 0xFFFFC681_6B400000
SPEC = """
dump triage x64
build 14393
bugcheck a 0 2 0 0
module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff800`4e000000 size 820000 timestamp 585a2651 checksum 781d5a
block ffffc681`6b400000 bytes {bytes}
"""


def frame(rip: int, rsp: int, cs: int = 0x10, eflags: int = 0x246, error: int = 0) -> bytes:
    """Return a _KTRAP_FRAME of Windows 10 x64: 0x190 bytes, of which the machine pushes the last six words."""
    data = bytearray(0x190)
    struct.pack_into("<8Q", data, 0x30, *range(0x100, 0x107), 0)  # Rax Rcx Rdx R8 R9 R10 R11
    struct.pack_into("<Q", data, 0x158, 0x1234)  # Rbp
    struct.pack_into("<QQHxxxxxxIxxxxQ", data, 0x160, error, rip, cs, eflags, rsp)
    return bytes(data)


def world(tmp_path: Path, stack: bytes) -> Target:
    path = tmp_path / "x.dmp"
    path.write_bytes(synth.write(SPEC.format(bytes=stack.hex(" "))))
    return target.open(str(path))


def test_the_registers_stand_where_the_profile_has_them(tmp_path: Path):
    found = trap_frame(world(tmp_path, frame(0xFFFFF8004E001000, STACK + 0x190, error=2)), STACK, "test")

    assert isinstance(found, TrapFrame)
    assert (found.pc, found.sp, found.user, found.ErrorCode) == (0xFFFFF8004E001000, STACK + 0x190, False, 2)
    assert list(found.registers.values()) == [*range(0x100, 0x107), 0x1234]


def test_a_system_calls_frame_comes_from_user_mode(tmp_path: Path):
    found = trap_frame(world(tmp_path, frame(0x7FFEB44461B4, 0x255E8F8, cs=0x33)), STACK, "test")

    assert isinstance(found, TrapFrame)
    assert found.user


@pytest.mark.parametrize(
    "stack",
    [bytes(0x190), b"\xff" * 0x190, frame(1, 2, cs=0x11), frame(1, 2, eflags=0), frame(1, 2, eflags=0xFFFFFFFF)],
    ids=["zeros", "ones", "selector", "no flag", "all flags"],
)
def test_what_can_be_no_trap_frame_is_absent(tmp_path: Path, stack: bytes):
    found = trap_frame(world(tmp_path, stack), STACK, "test")

    assert found == Absent("what is at ffffc681`6b400000 is no trap frame")


def test_a_frame_cut_off_by_the_dump_is_absent(tmp_path: Path):
    found = trap_frame(world(tmp_path, frame(1, 2)[:-8]), STACK, "test")

    assert found == Absent("ffffc681`6b400000: not in the dump")


def test_the_frame_of_a_fault_is_found_on_the_stack_among_copies_of_the_address(tmp_path: Path):
    fault = 0xFFFFF8004E001000
    stray = struct.pack("<4Q", fault, 0, fault, 1)
    opened = world(tmp_path, stray + frame(fault, STACK + 0x400))

    found = trap_frame_of(opened, fault, STACK, STACK + 0x1000, "test")

    assert isinstance(found, TrapFrame)
    assert found.address == STACK + 0x20
    assert isinstance(trap_frame_of(opened, fault + 1, STACK, STACK + 0x1000, "test"), Absent)


def test_the_decoded_trap_frame(real_dumps: Path):
    expected: dict[str, Any] = json.loads((real_dumps / "expected/triage_x64.json").read_text())["trap_frame"]
    report = triage(target.open(str(real_dumps / "triage_x64.dmp")))
    found = report.trap_frame

    assert isinstance(found, TrapFrame)
    assert found.address == int(expected["address"], 16)
    assert (found.pc, found.sp) == (int(expected["Rip"], 16), int(expected["Rsp"], 16))
    assert (found.ErrorCode, found.EFlags) == (int(expected["ErrorCode"], 16), int(expected["EFlags"], 16))
    for name, value in found.registers.items():
        assert value == int(expected[name], 16), name


@pytest.mark.parametrize("name", ["100623-6156-01.dmp", "win81/111317-27812-01.dmp"])
def test_a_page_faults_error_code_is_the_bug_checks_second_parameter(real_dumps: Path, name: str):
    """Two independent places: the processor pushed the one, the memory manager passed the other on."""
    report = triage(target.open(str(real_dumps / name)))
    found = report.trap_frame

    assert isinstance(found, TrapFrame)
    assert found.pc == report.bugcheck.parameters[2].value
    assert found.ErrorCode == report.bugcheck.parameters[1].value
