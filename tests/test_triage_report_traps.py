"""The traps of triage dumps that lie above the file format: types, contexts, stacks.

Those of the format are in ``tests/formats/test_triage_traps.py``; together
they are numbered from 1 to 34, and none may be missing.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from fakes import BY_NAME, fake_target

from dumpwalk import target
from dumpwalk.kernel.context import Context, parse_context
from dumpwalk.kernel.processor import processors
from dumpwalk.kernel.thread import Thread, thread
from dumpwalk.kernel.trap_frame import TrapFrame
from dumpwalk.remarks import Absent
from dumpwalk.symbols.codeview import pdb_references
from dumpwalk.symbols.modules import Module
from dumpwalk.target import Target
from dumpwalk.triage import triage
from dumpwalk.unwind.call_sites import ends_with_call
from dumpwalk.unwind.code_ranges import code_ranges
from dumpwalk.unwind.frames import call_stack


@pytest.fixture
def x64(real_dumps: Path) -> Target:
    return target.open(str(real_dumps / "triage_x64.dmp"))


@pytest.fixture
def arm64(real_dumps: Path) -> Target:
    return target.open(str(real_dumps / "triage_arm64.dmp"))


def test_every_trap_has_its_test():
    pages = [Path(__file__), Path(__file__).parent / "formats/test_triage_traps.py"]
    numbers = {int(n) for page in pages for n in re.findall(r"^def test_(\d\d)_", page.read_text("utf-8"), re.M)}

    assert numbers == set(range(1, 35))


def test_19_sizes_do_not_choose_a_layout_symbol_addresses_do(x64: Target):
    profile = x64.profile
    assert not isinstance(profile, Absent)

    assert profile.match.kind == "exact"
    assert profile.name == "nt/19041.804-x64"
    assert profile.match.symbols == profile.match.symbols_checked > 3


def test_21_on_x64_the_prcbs_own_context_frame_is_empty_and_on_arm64_it_is_the_one(x64: Target, arm64: Target):
    for found, inside in ((x64, False), (arm64, True)):
        cpu = processors(found)[0]
        assert not isinstance(cpu.Context, Absent)
        assert not isinstance(cpu.ContextFrame, Absent)
        own = parse_context(found.memory.read_some(cpu.ContextFrame, 0x4D0), found.machine, "own")

        assert isinstance(own, Context) is inside
        assert (cpu.Context == cpu.ContextFrame) is inside


def test_22_an_address_without_a_symbol_is_module_and_offset(x64: Target):
    """Public symbols would put the exception filter of PspSystemThreadStartup 0x1611 past a string."""
    cpu = processors(x64)[0]
    assert not isinstance(cpu.Context, Absent)
    context = parse_context(x64.memory.read(cpu.Context, 0x4D0), x64.machine, "KPRCB")
    assert isinstance(context, Context)

    assert "nt+0x40f4e1" in [f.site for f in call_stack(x64, context)]


def test_23_what_a_running_thread_stores_of_its_last_wait_is_not_shown(x64: Target):
    assert not isinstance(x64.dump.thread, Absent)
    found = thread(x64, x64.dump.thread)
    assert isinstance(found, Thread)

    stale = (found.KernelStack, found.WaitReason, found.TrapFrame)

    assert found.State == "Running"
    assert all(isinstance(value, Absent) and "running" in value.reason for value in stale)
    assert (found.KernelApcDisable, found.SpecialApcDisable) == (-5, 0)  # CombinedApcDisable is 0xfffb


def test_24_the_header_page_is_whole_for_nt_and_cut_for_the_others(x64: Target):
    kernel = x64.modules.kernel
    assert isinstance(kernel, Module)
    page = x64.memory.read(kernel.base, 0x1000)

    assert code_ranges(x64, kernel)
    for held in (*range(0, 0x400, 7), 0x1000):
        cut = fake_target("x64", {int(kernel.base): page[:held]}, {"nt": (int(kernel.base), 0x1000000)})
        (module,) = cut.modules.modules

        assert code_ranges(cut, module) is None or held >= 0x400


def test_25_a_codeview_record_belongs_to_the_image_it_lies_in(arm64: Target):
    names = {r.name for r in pdb_references(arm64.memory, arm64.modules)}

    assert "Kernel.Appcore.pdb" not in names  # it lies in paged pool


def test_26_calls_as_the_loader_rewrites_them():
    x64 = BY_NAME["x64"]
    nop = bytes.fromhex("48 ff 15 11 22 33 44 0f 1f 44 00 00")
    guarded = b"\x90" * 7 + bytes.fromhex("ff 15 11 22 33")

    assert ends_with_call(nop, x64, from_file=True)
    assert ends_with_call(guarded, x64, from_file=True)
    assert not ends_with_call(guarded, x64)
    assert ends_with_call(bytes.fromhex("4c 8b 15 11 22 33 44 e8 11 22 33 44"), x64)


def test_27_the_trap_frame_ends_where_the_exceptions_stack_begins(x64: Target):
    report = triage(x64)
    assert isinstance(report.trap_frame, TrapFrame)
    assert isinstance(report.context, Context)

    assert report.trap_frame.address + 0x190 == report.context.sp == report.trap_frame.sp
    assert isinstance(report.thread, Thread)
    assert not isinstance(report.thread.InitialStack, Absent)
    assert report.stack[-1].child_sp < report.thread.InitialStack


def test_28_a_frame_chain_climbs_and_ends_at_null():
    base, code = 0xFFFFE00E_0E4BC000, 0xFFFFF803_00010000
    address = BY_NAME["ARM64"].address
    for links, frames in (((base + 0x20, 0), 3), ((base + 0x20, base), 3), ((base - 0x10, 0), 2), ((base, 0), 2)):
        stack = struct.pack("<2Q16x2Q", links[0], code + 1, links[1], code + 2)
        world = fake_target("ARM64", {base: stack}, {"driver": (code, 0x10000)})
        context = parse_context(_arm64_context(code, base), BY_NAME["ARM64"], "test")
        assert isinstance(context, Context)

        found = list(call_stack(world, context))

        assert len(found) == frames
        assert found[0].instruction == address(code)


def _arm64_context(pc: int, fp: int) -> bytes:
    data = bytearray(0x390)
    struct.pack_into("<I", data, 0, 0x400007)
    struct.pack_into("<4Q", data, 0xF0, fp, 0, fp, pc)
    return bytes(data)
