"""CONTEXT records of four architectures, from stated bytes and from real dumps."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from fakes import BY_NAME

from dumpwalk import target
from dumpwalk.kernel.context import Context, context_size, parse_context
from dumpwalk.remarks import Absent


def test_x64_registers_stand_where_winnt_h_has_them():
    data = bytearray(0x4D0)
    struct.pack_into("<I", data, 0x30, 0x10001F)
    struct.pack_into("<16Q", data, 0x78, *range(0x100, 0x110))
    struct.pack_into("<Q", data, 0xF8, 0xFFFFF80000001000)
    struct.pack_into("<6HI", data, 0x38, 0x10, 0x2B, 0x2B, 0x53, 0x2B, 0x18, 0x246)

    context = parse_context(bytes(data), BY_NAME["x64"], "test")

    assert isinstance(context, Context)
    order = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
    assert [context.registers[name] for name in order] == list(range(0x100, 0x110))
    assert (context.pc, context.sp, context.fp) == (0xFFFFF80000001000, 0x104, 0x105)
    assert (context.registers["cs"], context.registers["ss"], context.registers["EFlags"]) == (0x10, 0x18, 0x246)


def test_x86_registers_stand_where_winnt_h_has_them():
    data = bytearray(0x2CC)
    struct.pack_into("<I", data, 0, 0x1003F)
    # edi esi ebx edx ecx eax ebp eip cs efl esp ss
    struct.pack_into("<12I", data, 0x9C, *range(1, 13))

    context = parse_context(bytes(data), BY_NAME["x86"], "test")

    assert isinstance(context, Context)
    names = "edi esi ebx edx ecx eax ebp eip cs EFlags esp ss".split()
    assert [context.registers[name] for name in names] == list(range(1, 13))
    assert (str(context.pc), str(context.sp)) == ("00000008", "0000000b")


def test_arm_registers_stand_where_winnt_h_has_them():
    data = struct.pack("<19I", 0x200007, *range(13), 0x80A75CD0, 0x80500001, 0x80500002, 0x1F3, 0).ljust(0x1A0, b"\0")

    context = parse_context(data, BY_NAME["ARM"], "test")

    assert isinstance(context, Context)
    assert [context.registers[f"r{n}"] for n in range(13)] == list(range(13))
    assert (context.sp, context.pc, context.fp, context.registers["lr"]) == (0x80A75CD0, 0x80500002, 11, 0x80500001)


@pytest.mark.parametrize("machine", ["x64", "x86", "ARM64", "ARM"])
@pytest.mark.parametrize("fill", [b"\0", b"PAGE"])
def test_a_context_that_was_never_written_is_absent(machine, fill):
    size = context_size(BY_NAME[machine])

    assert parse_context((fill * size)[:size], BY_NAME[machine], "test") == Absent("the CONTEXT is not filled in")


def test_a_cut_context_is_absent():
    assert parse_context(b"\0" * 100, BY_NAME["x64"], "test") == Absent("the CONTEXT is cut: 0x64 of 0x4d0 bytes")


@pytest.mark.parametrize("name", ["x64", "arm64"])
def test_header_context_of_the_decoded_dumps(real_dumps: Path, name: str):
    expected = json.loads((real_dumps / f"expected/triage_{name}.json").read_text())["contexts"]["header_0x348"]
    dump = target.open(str(real_dumps / f"triage_{name}.dmp")).dump

    context = parse_context(dump.header.ContextRecord, dump.header.machine, "header")

    assert isinstance(context, Context)
    assert context.ContextFlags == int(expected["ContextFlags"], 16)
    for register, value in context.registers.items():
        assert value == int(expected[register], 16), register
