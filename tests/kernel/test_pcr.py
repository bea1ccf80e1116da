"""Control regions and control blocks: of every generation of kernels, of lying ones, and of real dumps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_target
from images import opened
from processor_worlds import GENERATIONS, machine

from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.kernel.pcr import control_block, control_region
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.target import open as open_target

DPCS = "dpc 0 example+1500\ndpc 0 ndis+1600\ndpc 0 example+1700 threaded"
TIMES = "InterruptCount=1a2b KernelTime=9c40 UserTime=2710 DpcTime=3 InterruptTime=12"


@pytest.mark.parametrize("profile", GENERATIONS)
def test_every_generation(profile: str) -> None:
    target = opened(machine(profile, f"{DPCS}\npcr 0 Irql=2\nprcb 0 {TIMES}"))

    region, block = control_region(target), control_block(target)

    assert region.SelfPcr == region.address
    assert region.Prcb == block.address
    assert (region.MajorVersion, region.MinorVersion, region.Irql) == (1, 1, 2)
    assert all((region.IDT, region.GDT, region.TSS))
    assert region.CurrentThread == block.CurrentThread
    assert isinstance(target.dump.thread, Absent) or target.dump.thread == region.CurrentThread  # so it is on XP
    assert not isinstance(region.DpcQueue, Absent)
    queues = [(dpc.queue, dpc.routine) for dpc in region.DpcQueue]
    one = profile == "nt/xpsp3-x86"
    threaded = ("" if one else "Threaded", "example+0x1700")
    ordinary = [("" if one else "Normal", routine) for routine in ("example+0x1500", "ndis+0x1600")]
    assert queues == [*ordinary, threaded]
    assert (region.IRR is None) == profile.endswith("x64")
    assert (block.InterruptCount, block.KernelTime, block.UserTime) == (0x1A2B, 0x9C40, 0x2710)
    assert (block.DpcTime, block.InterruptTime, block.Number) == (3, 0x12, 0)
    assert region.problems == block.problems == ()


def test_several_processors() -> None:
    statements = "pcr 3 at ffffa001`290c6000\nprcb 1 Number=9"
    target = opened(machine("nt/19041.3570-x64", statements, processors=4))

    assert control_region(target, 3).address == 0xFFFFA001290C6000
    assert control_region(target).processor == control_block(target).processor == 0
    (problem,) = control_block(target, 1).problems
    assert "its Number is 9, but it is entry 1 of KiProcessorBlock" in str(problem)
    with pytest.raises(UsageError, match="no processor 4 in the dump; it has processors 0 to 3"):
        control_block(target, 4)


def test_a_region_that_takes_itself_for_another() -> None:
    target = opened(machine("nt/19041.3570-x64", "pcr 0 Self=ffffb80f`00001000"))

    assert "it takes ffffb80f`00001000 for its own address" in str(control_region(target).problems[0])


@pytest.mark.parametrize(
    ("profile", "statements", "said"),
    [
        ("nt/19041.3570-x64", "prcb 0 DpcData[0].DpcList.ListHead.Next=ffffb80f`7f000000", "can't be read"),
        ("nt/7601.24540-x64", "prcb 0 DpcData[0].DpcListHead.Flink=ffffb80f`7f000000", "can't be read"),
        ("nt/7601.24540-x64", "prcb 0 DpcData[0].DpcListHead.Flink=0", "is null"),
        ("nt/xpsp3-x86", "prcb 0 DpcListHead.Flink=0", "is null"),
    ],
)
def test_queues_that_lie(profile: str, statements: str, said: str) -> None:
    region = control_region(opened(machine(profile, f"dpc 0 example+1000 threaded\n{statements}")))

    assert any(said in str(problem) for problem in region.problems)


@pytest.mark.parametrize("profile", ["nt/19041.3570-x64", "nt/7601.24540-x64"])
def test_a_queue_that_runs_in_a_circle(profile: str) -> None:
    at = 0xFFFFB80F1F400000
    circle = f"struct _KDPC at {at:x} DpcListEntry.{{}}={at + 8:x} DeferredRoutine=fffff804`7b901000"
    circle = circle.format("Next" if "19041" in profile else "Flink")
    head = "DpcList.ListHead.Next" if "19041" in profile else "DpcListHead.Flink"
    target = opened(machine(profile, f"{circle}\ndpc 0 ndis+10\nprcb 0 DpcData[0].{head}={at + 8:x}"))

    region = control_region(target)

    assert not isinstance(region.DpcQueue, Absent)
    assert [dpc.routine for dpc in region.DpcQueue] == ["example+0x1000"]
    assert "leads to itself" in str(region.problems)


def test_no_processors_at_all() -> None:
    target = fake_target("x64", {}, NumberProcessors=1)
    dump: Any = target.dump
    dump.processor = Absent("the block is encoded")

    with pytest.raises(TypeInfoError, match="does not say where its processors are"):
        control_region(target)


def test_no_types_for_the_region() -> None:
    target = fake_target("x64", {}, NumberProcessors=1)
    dump: Any = target.dump
    dump.processor = Address(0xFFFFF80000001180)

    with pytest.raises(TypeInfoError, match="where the _KPRCB lies in this kernel's _KPCR is not known"):
        control_region(target)


def test_arm64_keeps_no_tables() -> None:
    with pytest.raises(UsageError, match="prcb shows their processors"):
        control_region(fake_target("ARM64"))


# What a small dump holds is the control block; hand-decoded in the same order.


def test_a_real_control_block(real_dumps: Path) -> None:
    expected = json.loads((real_dumps / "expected" / "triage_x64.json").read_text())
    block = control_block(open_target(str(real_dumps / "triage_x64.dmp")))

    text = json.dumps(expected).lower()
    assert f"{int(block.address):x}" in text
    assert block.CurrentThread == 0xFFFFC08BDE9E1640
    assert (block.Number, block.SetMember, block.Group) == (0, 1, 0)
    assert block.problems == ()


@pytest.mark.parametrize("name", ["100623-4953-01.dmp", "100623-6156-01.dmp", "triage_arm64.dmp"])
def test_real_dumps_of_kernels_not_known_exactly(name: str, real_dumps: Path) -> None:
    block = control_block(open_target(str(real_dumps / name)))

    assert block.Number in (0, 1) or isinstance(block.Number, Absent)
    assert isinstance(block.CurrentThread, Address)


@pytest.mark.parametrize("name", ["triage_x64.dmp", "100623-6156-01.dmp"])
def test_the_region_is_not_in_small_dumps(name: str, real_dumps: Path) -> None:
    region = control_region(open_target(str(real_dumps / name)))

    assert isinstance(region.IDT, Absent)
    assert "not in the dump" in region.IDT.reason
    assert region.CurrentThread
