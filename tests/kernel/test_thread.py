"""Threads: of stated bytes, and of real dumps against what was decoded by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from fakes import fake_target, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.kernel.thread import Thread, thread
from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent, Problem
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.anchors import TRUSTS, Layout
from dumpwalk.types.profiles import Match, Profile

THREAD, PROCESS, OTHER = 0xFFFFE00000001000, 0xFFFFE00000005000, 0xFFFFE00000009000
TYPES = {
    "_ETHREAD": "_ETHREAD,200;Tcb,0,180;Tcb.Header.Type,0,1;Tcb.InitialStack,28,8;Tcb.StackLimit,30,8;"
    "Tcb.StackBase,38,8;Tcb.KernelStack,58,8;Tcb.ApcState.Process,b8,8;Tcb.Priority,c3,1;Tcb.Teb,f0,8;Tcb.State,104,1;"
    "Tcb.WaitReason,105,1;Tcb.KernelApcDisable,108,2;Tcb.SpecialApcDisable,10a,2;Tcb.Process,110,8;CreateTime,180,8;Cid,190,10;"
    "Cid.UniqueProcess,190,8;Cid.UniqueThread,198,8;StartAddress,1a0,8",
    "_EPROCESS": "_EPROCESS,40;Pcb,0,20;Pcb.Header.Type,0,1;UniqueProcessId,20,8;ImageFileName,28,f",
}


def world(thread_bytes: bytes, *, build: int = 19041, process_id: int = 4, **memory: bytes) -> Target:
    target = fake_target(
        "x64",
        {
            THREAD: thread_bytes,
            PROCESS: b"\3".ljust(0x20, b"\0") + process_id.to_bytes(8, "little") + b"System".ljust(24, b"\0"),
        },
        {"storport": (0xFFFFF80000100000, 0x1000)},
        MinorVersion=build,
    )
    match = Match("exact", "exact", 0, 0, 0, 0, (), ())
    target._profile = Profile("nt/1-x64", "x64", build, {n: parse(t) for n, t in TYPES.items()}, match)
    return target


def bytes_of(**fields: int) -> bytes:
    """Return a thread: the fields named, by the offsets of TYPES."""
    struct = parse(TYPES["_ETHREAD"])
    out = bytearray(struct.size)
    values = dict(  # noqa: C408
        Tcb_Header_Type=6, Tcb_ApcState_Process=PROCESS, Tcb_Process=PROCESS,
        Cid_UniqueProcess=4, Cid_UniqueThread=0x108,
        Tcb_StackLimit=0xFFFFD00000001000, Tcb_KernelStack=0xFFFFD00000002000, Tcb_InitialStack=0xFFFFD00000006C90,
        Tcb_StackBase=0xFFFFD00000007000, Tcb_State=5, Tcb_WaitReason=27,
    )  # fmt: skip
    for name, value in (values | fields).items():
        field = struct.find(name.replace("_", "."))
        assert field is not None
        out[field.offset : field.offset + field.size] = value.to_bytes(field.size, "little")
    return bytes(out)


def test_waiting_thread() -> None:
    found = thread(world(bytes_of(Tcb_KernelApcDisable=0xFFFB, StartAddress=0xFFFFF80000100010)), THREAD)

    assert str(found.Cid) == "0004.0108"
    assert (found.State, found.WaitReason) == ("Waiting", "WrResource")
    assert (found.KernelApcDisable, found.SpecialApcDisable) == (-5, 0)
    assert found.KernelStack == 0xFFFFD00000002000
    assert isinstance(found.KernelStack, Address)
    assert not isinstance(found.StartAddress, Absent)
    assert found.StartAddress.where == "storport+0x10"
    assert found.attached is False
    assert found.problems == ()
    assert found.source.startswith("nt/1-x64: ")
    assert found.source.endswith(" exact")


def test_attached_thread() -> None:
    found = thread(world(bytes_of(Tcb_ApcState_Process=OTHER)), THREAD)

    assert (found.Process, found.ApcStateProcess, found.attached) == (PROCESS, OTHER, True)


def test_what_a_running_thread_stored_at_its_last_wait_is_not_shown() -> None:
    found = thread(world(bytes_of(Tcb_State=2)), THREAD)

    assert found.State == "Running"
    for stale in (found.WaitReason, found.KernelStack, found.TrapFrame, found.WaitMode):
        assert stale == Absent("the thread is running: what is stored is of its last wait")


@pytest.mark.parametrize(("build", "name"), [(2600, "Spare5"), (7601, "WrCpuRateControl")])
def test_wait_reasons_of_the_build(build: int, name: str) -> None:
    assert thread(world(bytes_of(Tcb_WaitReason=24), build=build), THREAD).WaitReason == name


def test_values_out_of_range() -> None:
    found = thread(world(bytes_of(Tcb_State=77, Tcb_WaitReason=40)), THREAD)

    assert found.State == Absent("77 is no KTHREAD_STATE of build 19041")
    assert found.WaitReason == Absent("40 is no KWAIT_REASON of build 19041")
    assert [p.where for p in found.problems] == [f"_ETHREAD {Address(THREAD)}"] * 2


def test_not_a_thread() -> None:
    found = thread(world(bytes_of(Tcb_Header_Type=5)), THREAD)

    assert found.problems == (Problem(f"_ETHREAD {Address(THREAD)}", "its type is 5, not 6: this is no thread"),)


def test_a_process_that_denies_its_thread() -> None:
    found = thread(world(bytes_of(), process_id=0x510), THREAD)

    assert [p.what for p in found.problems] == [
        "Cid.UniqueProcess is 0x4, the UniqueProcessId of its process 0x510",
    ]


def test_stack_out_of_order() -> None:
    found = thread(world(bytes_of(Tcb_KernelStack=0xFFFFD00000009000)), THREAD)

    assert [p.what for p in found.problems] == [
        "KernelStack ffffd000`00009000 lies above InitialStack ffffd000`00006c90",
    ]


def test_nothing_of_it_is_in_the_dump() -> None:
    found = thread(world(bytes_of()), OTHER)

    assert found.State == Absent("ffffe000`00009104: not in the dump")
    assert found.attached == Absent("ffffe000`00009110: not in the dump")
    assert str(found.Cid) == "????.????"
    assert found.source == "nt/1-x64: nothing could be read"


def test_half_of_it_is_in_the_dump() -> None:
    found = thread(world(bytes_of()[:0x108]), THREAD)

    assert found.State == "Waiting"
    assert isinstance(found.KernelApcDisable, Absent)


def test_a_thread_that_is_its_own_process() -> None:
    """A pointer back to where it came from ends, and contradicts itself."""
    found = thread(world(bytes_of(Tcb_Process=THREAD)), THREAD)

    assert found.Process == THREAD
    assert found.attached is True


def test_no_profile_leaves_the_offsets_of_the_debugger_data() -> None:
    target = world(bytes_of())
    target._profile = Absent("dumpwalk has no type layouts of IA64 kernels")
    cast("Any", target.dump).debugger_data = {
        "OffsetKThreadState": 0x104,
        "OffsetKThreadApcProcess": 0xB8,
        "SizeEThread": 0x200,
    }
    found = thread(target, THREAD)

    assert (found.State, found.ApcStateProcess) == ("Waiting", PROCESS)
    assert [(s.field, s.trust) for s in found.fields] == [("Tcb.State", "kdbg"), ("Tcb.ApcState.Process", "kdbg")]
    assert isinstance(found.Priority, Absent)


def test_a_profile_with_offsets_outside_the_structure() -> None:
    target = world(bytes_of())
    match = Match("exact", "exact", 0, 0, 0, 0, (), ())
    damaged = {"_ETHREAD": parse("_ETHREAD,10;Tcb.State,184,1;Tcb.Process,ffffffffffff,8;Tcb.Priority,f,4")}
    target._profile = Profile("nt/1-x64", "x64", 19041, damaged, match)
    found = thread(target, THREAD)

    assert isinstance(found.State, Absent)
    assert "lies outside _ETHREAD (0x10 bytes)" in found.State.reason


@settings(max_examples=60)
@given(st.binary(max_size=0x210), st.integers(0, (1 << 64) - 1), st.sampled_from(["exact", "nearest"]))
def test_any_bytes(data: bytes, address: int, kind: str) -> None:
    target = world(data.ljust(0x200, data[:1] or b"\xff"))
    match = Match(kind, kind, 0, 0, 0, 0, (), ())
    target._profile = Profile("nt/1-x64", "x64", 19041, {n: parse(t) for n, t in TYPES.items()}, match)

    for where in (THREAD, address):
        found = thread(target, where)
        assert isinstance(found, Thread)
        assert all(s.trust in TRUSTS[:-1] for s in found.fields)


def hand_decoded(directory: Path, name: str, what: str) -> Any:
    return json.loads((directory / "expected" / name).read_text("utf-8"))[what]


def number(text: str) -> int:
    """Return the number that *text* begins with, in the spellings the expectations use."""
    word = text.split(" ")[0]
    return int(word.replace("0x-", "-0x"), 16 if "0x" in word else 10)


@pytest.mark.real
def test_x64(real_dumps: Path) -> None:
    expected = hand_decoded(real_dumps, "triage_x64.json", "thread")
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    found = thread(target, int(expected["address"], 16))
    fields, summary = expected["fields"], expected["summary"]

    # The offset of each field that was read is the one found by hand.
    single = [s for s in found.fields if s.field in fields and "off" in fields[s.field]]
    assert len(single) > 20
    for source in single:
        assert source.offset == int(fields[source.field]["off"], 16), source.field
        assert source.trust == "exact"
    assert found.Cid == type(found.Cid)(4, 0x108)  # type: ignore[arg-type]
    assert summary["State"] == f"{found.State} (2)"
    assert "stale" in summary["WaitReason"]
    assert isinstance(found.WaitReason, Absent)
    assert "stale" in summary["KernelStack"]
    assert isinstance(found.KernelStack, Absent)
    for name in ("Priority", "BasePriority", "WaitTime", "ContextSwitches", "KernelTime", "UserTime"):
        assert getattr(found, name) == summary[name], name
    for name in ("Process", "InitialStack", "StackLimit", "StackBase"):
        assert getattr(found, name) == int(summary[name], 16), name
    assert (found.Teb, found.ThreadName) == (0, 0)
    assert summary["CombinedApcDisable"].endswith(
        f"KernelApcDisable={found.KernelApcDisable} SpecialApcDisable={found.SpecialApcDisable}"
    )
    assert str(found.CreateTime) == summary["CreateTime"]
    for name in ("Win32StartAddress", "StartAddress"):
        assert getattr(found, name).address == int(fields[name]["value"], 16)
    assert found.StartAddress.where == "nt!ExpWorkerThread"  # type: ignore[union-attr]
    for name in ("CrossThreadFlags", "IrpList.Flink", "Tcb.NextProcessor", "Tcb.ApcStateIndex"):
        assert getattr(found, name.split(".")[1] if "Tcb" in name else name.split(".")[0]) == int(
            fields[name]["value"], 16
        ), name
    assert found.attached is False
    assert found.problems == ()


# What the expectation calls its sources, and how sure we may say to be of them. A field that is
# inside one that the debugger data locate is inferred from it.
TRUSTED_AS = {
    "KDBG": {"kdbg", "inferred"},
    "fixed": {"inferred"},
    "same as x64": {"inferred"},
    "x64-8": {"inferred", "guessed and confirmed"},
    "x64+0x20": {"inferred"},
    "x64+0x20 (must equal the thread address)": {"inferred"},
}


@pytest.mark.real
@pytest.mark.parametrize("which", ["thread", "second_thread"])
def test_arm64_by_the_shifted_layouts_of_x64(which: str, real_dumps: Path) -> None:
    expected = hand_decoded(real_dumps, "triage_arm64.json", which)
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    found = thread(target, int(expected["address"], 16))
    fields = expected["fields"]

    checked = 0
    for source in found.fields:
        if source.field in fields:
            assert source.offset == int(fields[source.field]["off"], 16), source.field
            assert source.trust in TRUSTED_AS[fields[source.field]["source"]], source.field
            checked += 1
    assert checked >= 22
    for name in ("InitialStack", "StackLimit", "StackBase", "Priority", "Teb", "ContextSwitches", "WaitTime",
                 "KernelApcDisable", "SpecialApcDisable", "NextProcessor", "Process", "BasePriority"):  # fmt: skip
        assert getattr(found, name) == number(fields[f"Tcb.{name}"]["value"]), name
    assert found.State in fields["Tcb.State"]["value"]  # type: ignore[operator]
    if found.State != "Running":
        for name in ("KernelStack", "TrapFrame", "WaitIrql"):
            assert getattr(found, name) == number(fields[f"Tcb.{name}"]["value"]), name
        assert (
            fields["Tcb.WaitReason"]["value"].endswith(f"({found.WaitReason})")
            or str(found.WaitReason) in (fields["Tcb.WaitReason"]["value"])
        )
        assert found.WaitMode == "KernelMode"
    assert found.ApcStateProcess == number(fields["Tcb.ApcState.Process"]["value"])
    assert found.attached is expected.get("attached", False)
    assert str(found.CreateTime) == fields["CreateTime"]["value"]
    for name in ("StartAddress", "Win32StartAddress"):
        start = getattr(found, name)
        assert f"{int(start.address):#x} {start.where}" == fields[name]["value"]
    assert found.Cid.UniqueProcess == number(fields["Cid.UniqueProcess"]["value"])
    assert found.Cid.UniqueThread == number(fields["Cid.UniqueThread"]["value"])
    assert found.IrpList == number(fields["IrpList.Flink"]["value"])
    assert found.CrossThreadFlags == number(fields["CrossThreadFlags"]["value"])
    assert found.ThreadName == 0
    assert found.problems == ()


@pytest.mark.real
def test_arm64_no_place_is_wrong(real_dumps: Path) -> None:
    """Also of the fields we do not show: the place found by hand is among those said to be possible."""
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    data = target.dump.debugger_data
    assert not isinstance(data, Absent)
    layout = Layout("_ETHREAD", target.profile, data, target.machine)

    for name, field in hand_decoded(real_dumps, "triage_arm64.json", "thread")["fields"].items():
        places = layout.places(name)
        if places:  # SwitchFrame is ARM64's own
            assert int(field["off"], 16) in [p.offset for p in places], name


DUMPS = [
    "100623-4953-01.dmp", "100623-6156-01.dmp", "RPi3_ARM_mini.cab.dmp", "triage_x64.dmp", "triage_arm64.dmp",
    "win81/111217-27671-01.dmp", "win81/111317-27812-01.dmp", "win81/111317-52015-01.dmp",
    "win81/111417-173000-01.dmp", "win81/111417-56671-01.dmp", "win81/111417-58375-01.dmp",
]  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", DUMPS)
def test_crashing_threads(name: str, real_dumps: Path) -> None:
    """The thread of a crash was running, on a stack with its ends in order, in the process of its client id."""
    target = open_target(str(real_dumps / name))
    assert not isinstance(target.dump.thread, Absent)
    found = thread(target, target.dump.thread)

    assert found.State == "Running"
    assert found.problems == ()
    assert found.ApcStateProcess == target.dump.process
    assert found.StackLimit < found.InitialStack < found.StackBase  # type: ignore[operator]
    assert not isinstance(found.Cid.UniqueThread, Absent)
    if name != "win81/111217-27671-01.dmp":  # an idle thread, which was never created
        assert found.Cid.UniqueThread > 0
        assert found.attached is False
        assert found.CreateTime < target.dump.header.SystemTime  # type: ignore[operator]
