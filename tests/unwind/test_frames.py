"""Call stacks without image files: chains that hold together, scans that claim no more than they know."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from fakes import BY_NAME, fake_target

from dumpwalk import target
from dumpwalk.kernel.context import Context, parse_context
from dumpwalk.kernel.thread import Thread
from dumpwalk.kernel.trap_frame import TrapFrame
from dumpwalk.memory.address import Address, Hex
from dumpwalk.triage import triage
from dumpwalk.unwind.call_sites import ends_with_call
from dumpwalk.unwind.frames import FRAME_POINTER, MOST_FRAMES, call_stack

STACK = 0xFFFF8000_00001000
DRIVER = 0xFFFFF800_00010000
CODE = DRIVER + 0x1000


def at(architecture: str, pc: int, sp: int, fp: int) -> Context:
    address = BY_NAME[architecture].address
    return Context(architecture, "test", Hex(0), {}, address(pc), address(sp), address(fp))


def test_a_chain_of_frame_pointers_is_followed_to_its_null():
    stack = struct.pack("<6Q", STACK + 0x10, DRIVER + 0x100, STACK + 0x20, DRIVER + 0x200, 0, DRIVER + 0x300)
    world = fake_target("ARM64", {STACK: stack}, {"driver": (DRIVER, 0x1000)})

    frames = list(call_stack(world, at("ARM64", DRIVER + 0x50, STACK, STACK)))

    assert [f.site for f in frames] == ["driver+0x50", "driver+0x100", "driver+0x200", "driver+0x300"]
    assert {f.trust for f in frames[1:]} == {FRAME_POINTER}


@pytest.mark.parametrize(
    ("what", "first"),
    [
        ("a link to itself", STACK),
        ("a link downwards", STACK - 0x100),
        ("a link off the stack", STACK + 0x100000000),
        ("an unreadable link", STACK + 0x800),
        ("null", 0),
    ],
)
def test_a_bad_link_ends_the_chain(what, first):
    world = fake_target("ARM64", {STACK: struct.pack("<2Q", first, DRIVER + 0x100)}, {"driver": (DRIVER, 0x1000)})

    frames = list(call_stack(world, at("ARM64", DRIVER, STACK, STACK)))

    assert [f.site for f in frames] == ["driver+0x0", "driver+0x100"], what


def test_a_long_chain_is_bounded():
    links = b"".join(struct.pack("<2Q", STACK + 16 * (n + 1), DRIVER + 0x10) for n in range(5000))
    world = fake_target("ARM64", {STACK: links}, {"driver": (DRIVER, 0x1000)})

    frames = list(call_stack(world, at("ARM64", DRIVER, STACK, STACK)))

    assert len(frames) == MOST_FRAMES


def test_x86_keeps_its_chain_in_ebp():
    stack = struct.pack("<4I", 0x8078B010, 0x82A00100, 0, 0x82A00200)
    world = fake_target("x86", {0x8078B000: stack}, {"driver": (0x82A00000, 0x1000)})

    frames = list(call_stack(world, at("x86", 0x82A00050, 0x8078AFF0, 0x8078B000), (0x8078AFF0, 0x8078C000)))

    assert [f.site for f in frames] == ["driver+0x50", "driver+0x100"]  # the second link is read at ...b010: not there


def test_a_scan_passes_over_what_cannot_be_a_return_address():
    code = bytearray(b"\x90" * 0x100)
    code[0x20:0x25] = b"\xe8\x00\x00\x00\x00"  # a call that ends at +0x25
    values = [CODE + 0x25, 1234, CODE + 0x40, 0xFFFFF900_00000000, DRIVER, CODE + 0x25]
    world = fake_target("x64", {STACK: struct.pack("<6Q", *values), CODE: bytes(code)}, {"driver": (DRIVER, 0x2000)})

    frames = list(call_stack(world, at("x64", CODE + 0x30, STACK, 0)))

    assert [(f.child_sp, f.site) for f in frames[1:]] == [
        (STACK + 8, "driver+0x1025"),
        (STACK + 48, "driver+0x1025"),
    ]


def test_a_frame_outside_all_modules_shows_its_bare_address():
    """A name further away than any image is worse than none: the real dump's frame 1 is nt+0x40f4e1, not a string."""
    (frame,) = call_stack(fake_target("x64"), at("x64", DRIVER, STACK, 0))

    assert frame.site == "fffff800`00010000"


@pytest.mark.parametrize(
    ("before", "from_file", "call"),
    [
        ("e8 11 22 33 44", False, True),  # call rel32
        ("ff 15 11 22 33 44", False, True),  # call [rip+d32]
        ("ff d0", False, True),  # call rax
        ("41 ff d3", False, True),  # call r11
        ("ff 50 18", False, True),  # call [rax+d8]
        ("ff 54 24 20", False, True),  # call [rsp+d8]
        ("ff 94 24 20 01 00 00", False, True),  # call [rsp+d32]
        ("ff e0", False, False),  # jmp rax
        ("90 90 90 90 90", False, False),
        ("4c 8b 15 11 22 33 44 e8 11 22 33 44", False, True),  # an imported call as the loader rewrote it
        ("48 ff 15 11 22 33 44 0f 1f 44 00 00", True, True),  # the same call in the file: the NOP is passed over
        ("48 ff 15 11 22 33 44 0f 1f 44 00 00", False, False),
        ("ff 15 11 22 33", True, True),  # a guarded call in the file: five bytes into its six
        ("ff 15 11 22 33", False, False),
        ("", False, False),
    ],
)
def test_calls_of_x64(before, from_file, call):
    padded = b"\x90" * 12 + bytes.fromhex(before)

    assert ends_with_call(padded, BY_NAME["x64"], from_file=from_file) is call


@pytest.mark.parametrize(
    ("machine", "before", "call"),
    [
        ("ARM64", "1f 00 00 94", True),  # bl
        ("ARM64", "00 01 3f d6", True),  # blr x8
        ("ARM64", "00 09 3f d7", True),  # blraa x8, x0
        ("ARM64", "1f 20 03 d5", False),  # nop
        ("ARM64", "", False),
        ("ARM", "00 f0 00 f8", True),  # bl
        ("ARM", "98 47", True),  # blx r3
        ("ARM", "00 bf", False),  # nop
    ],
)
def test_calls_of_arm(machine, before, call):
    assert ends_with_call(bytes.fromhex(before), BY_NAME[machine]) is call


def opened(real_dumps: Path, name: str):
    found = target.open(str(real_dumps / f"triage_{name}.dmp"))
    context = parse_context(found.dump.header.ContextRecord, found.machine, "header")
    assert isinstance(context, Context)
    return found, context, json.loads((real_dumps / f"expected/triage_{name}.json").read_text())


def test_the_arm64_stack_is_the_decoded_one(real_dumps: Path):
    found, context, expected = opened(real_dumps, "arm64")

    frames = list(call_stack(found, context))

    assert [int(f.instruction) for f in frames] == [int(f["pc"], 16) for f in expected["stack"]["frames"]]


def test_the_x64_scan_holds_every_true_frame_in_order(real_dumps: Path):
    """The decoded stack from the exception on, 28 frames, lies in the candidates; most of those are in turn true."""
    found, context, expected = opened(real_dumps, "x64")
    true = [(int(f["child_sp"], 16), int(f["ip"], 16)) for f in expected["stack"]["frames"][8:]]

    frames = [(int(f.child_sp), int(f.instruction)) for f in call_stack(found, context)]

    assert frames[0] == true[0]
    assert [f for f in frames if f in true] == true
    assert len(frames) == 44


def test_kernel_frames_have_the_names_that_another_debugger_gave_them(real_dumps: Path):
    """rizin had the image and its PDB; dumpwalk has the symbols that ship with it."""
    found, context, expected = opened(real_dumps, "x64")
    named = {f["site"] for f in expected["stack"]["frames"][8:] if f["site"].startswith("nt!")}

    assert len(named) == 12
    assert named <= {f.site for f in call_stack(found, context)}


def test_the_scan_goes_on_from_the_registers_in_a_trap_frame(real_dumps: Path):
    """KiExceptionDispatch's return address stands below the frame; execution resumes at its Rip and Rsp."""
    found = target.open(str(real_dumps / "win81/111317-27812-01.dmp"))
    report = triage(found)
    trap = report.trap_frame
    assert isinstance(trap, TrapFrame)

    trusts = [f.trust for f in report.stack]
    resumed = trusts.index("trap frame")

    assert (report.stack[resumed].instruction, report.stack[resumed].child_sp) == (trap.pc, trap.sp)
    assert report.stack[resumed - 1].child_sp <= trap.address
    assert all(f.child_sp > trap.sp for f in report.stack[resumed + 1 :])


def test_no_frame_lies_above_the_initial_stack(real_dumps: Path):
    report = triage(target.open(str(real_dumps / "triage_x64.dmp")))
    assert isinstance(report.thread, Thread)
    assert isinstance(report.thread.InitialStack, Address)

    assert report.stack[-1].child_sp <= report.thread.InitialStack
