"""Threads and processes with all that belongs to them: stated ones, and real ones against what was decoded by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from images import file_of, spec_of
from process_machines import HEAD, machine

from dumpwalk.kernel.pitfalls import told
from dumpwalk.kernel.process_details import process_details
from dumpwalk.kernel.processes import find_thread, processes
from dumpwalk.kernel.thread_details import NOT_ASKED, ThreadDetails, thread_details
from dumpwalk.remarks import Absent
from dumpwalk.target import open as open_target

PROCESS = 'process 344 "explorer.exe" as explorer\n'


def details(profile: str, fields: str, more: str = "") -> ThreadDetails:
    target = machine(profile, f"{PROCESS}thread 344.348 as t {fields}\n{more}")
    address = find_thread(target, 0x348)
    assert address is not None
    return thread_details(target, address)


@pytest.mark.parametrize("profile", ["nt/vistasp2-x86", "nt/7601.24540-x64", "nt/19041.3570-x64"])
def test_impersonation(profile: str) -> None:
    token = "8c001000" if "x86" in profile else "ffffc50000001000"
    found = details(profile, f"ActiveImpersonationInfo=1 ClientSecurity.ImpersonationData={token[:-1]}6")

    assert not isinstance(found.impersonation, Absent)
    assert found.impersonation is not None
    assert found.impersonation.Token == int(token, 16)
    assert found.impersonation.ImpersonationLevel == "Impersonation"
    assert details(profile, "").impersonation is None


@pytest.mark.parametrize(("level", "name"), [(0, "Anonymous"), (3, "Delegation"), (9, None)])
def test_impersonation_of_windows_xp(level: int, name: str | None) -> None:
    info = f"struct _PS_IMPERSONATION_INFORMATION at 8c001000 Token=8c002000 ImpersonationLevel={level}"
    found = details("nt/xpsp3-x86", "ActiveImpersonationInfo=1 ImpersonationInfo=8c001000", info).impersonation

    assert not isinstance(found, Absent)
    assert found is not None
    assert found.Token == 0x8C002000
    assert found.ImpersonationLevel == (name or Absent("9 is no level of impersonation"))


@pytest.mark.parametrize(
    ("profile", "fields", "said"),
    [
        ("nt/19041.3570-x64", "CombinedApcDisable=ffff", "KernelApcDisable -1, SpecialApcDisable 0: normal"),
        ("nt/win7sp1-x86", "CombinedApcDisable=fffe0000", "KernelApcDisable 0, SpecialApcDisable -2: no APCs are"),
        ("nt/22000.318-x64", "CombinedApcDisable=1", "KernelApcDisable 1, SpecialApcDisable 0: APCs were enabled"),
        ("nt/xpsp3-x86", "KernelApcDisable=ffffffff", "KernelApcDisable -1: normal kernel APCs"),
    ],
)
def test_what_holds_apcs_off(profile: str, fields: str, said: str) -> None:
    (note,) = details(profile, fields).notes

    assert note.startswith(said)


def test_a_thread_that_terminates_with_irps() -> None:
    irp = "irp 344.348 IRP_MJ_READ"

    assert details("nt/19041.3570-x64", "Terminated=1", irp).notes == (told("thread-exit"),)
    assert details("nt/19041.3570-x64", "Terminated=1").notes == ()
    assert details("nt/19041.3570-x64", "", irp).notes == ()


@pytest.mark.parametrize(
    ("fields", "count", "problem"),
    [
        ("IrpList.Flink=ffffdead00000000", 1, "can't be read"),
        ("IrpList.Flink=t+0", 1, "has type 1798, not 6: no IRP"),  # the thread itself: its Type and Size
        ("IrpList.Flink=0", 0, ""),
    ],
)
def test_a_list_of_irps_that_lies(fields: str, count: int, problem: str) -> None:
    found = details("nt/19041.3570-x64", fields)

    assert len(found.irps) >= count
    assert problem in " ".join(p.what for p in found.problems) or "type" in problem


def test_stacks_are_looked_for_when_asked() -> None:
    assert details("nt/19041.3570-x64", "").stack == NOT_ASKED


def test_a_session_is_read_in_its_processs_space() -> None:
    """Before Windows 10 all processes have their session at one address: the page tables decide which."""
    text = """process 344 "a" Session=ffffc0ff00000000
process 588 "b" Session=ffffdead00000000
struct _MM_SESSION_SPACE at ffffc0ff00000000 SessionId=3
"""
    target = machine("nt/19041.3570-x64", text)
    _, first, second = (process_details(target, p, statistics=False) for p in processes(target).addresses)

    assert first.SessionId == 3
    assert isinstance(second.SessionId, Absent)


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/7601.24540-x64", "nt/19041.3570-x64"])
def test_handles_are_counted(profile: str) -> None:
    wide = "x64" in profile
    at = "ffffc50000001000" if wide else "8c001000"
    path = "FreeLists[0].HandleCount" if "19041" in profile else "HandleCount"
    target = machine(profile, f'process 344 "a" ObjectTable={at}\nstruct _HANDLE_TABLE at {at} {path}=7b')
    found = process_details(target, processes(target).addresses[1], statistics=True)

    assert found.HandleCount == 0x7B
    assert found.statistics is not None
    assert found.statistics.MemoryPriority == "BACKGROUND"
    assert found.statistics.elapsed == 0


def hand_decoded(real_dumps: Path, name: str, what: str) -> dict[str, Any]:
    fields = json.loads((real_dumps / "expected" / f"{name}.json").read_text("utf-8"))[what]["fields"]
    return {path: field.get("value") for path, field in fields.items()}


def test_a_real_thread(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    expected = hand_decoded(real_dumps, "triage_x64", "thread")
    assert not isinstance(target.dump.thread, Absent)
    found = thread_details(target, target.dump.thread)
    said = {
        "Tcb.KernelStack": found.KernelStack,
        "Tcb.Win32Thread": found.Win32Thread,
        "Tcb.IdealProcessor": found.IdealProcessor,
        "Tcb.Alertable": found.Alertable,
        "Tcb.KernelStackResident": found.KernelStackResident,
        "Tcb.PriorityDecrement": found.PriorityDecrement,
        "Tcb.ForegroundBoost": found.ForegroundBoost,
        "Tcb.UnusualBoost": found.UnusualBoost,
        "ThreadIoPriority": found.ThreadIoPriority,
        "ThreadPagePriority": found.ThreadPagePriority,
    }

    assert {path: int(value) for path, value in said.items()} == {path: int(expected[path], 16) for path in said}
    assert found.impersonation is None
    assert int(expected["ClientSecurity.ImpersonationData"], 16) == 0
    assert found.irps == ()
    assert int(expected["IrpList.Flink"], 16) == found.thread.address + 0x4B0
    assert (found.process_name, found.attached_name) == ("System", None)
    assert found.problems == ()


def test_a_real_process(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    expected = hand_decoded(real_dumps, "triage_x64", "process")
    assert not isinstance(target.dump.process, Absent)
    found = process_details(target, target.dump.process, statistics=True).statistics
    assert found is not None
    paths = {
        "VadRoot.Root": found.VadRoot,
        "VadCount": found.Vads,
        "DeviceMap": found.DeviceMap,
        "VirtualSize": found.VirtualSize,
        "PeakVirtualSize": found.PeakVirtualSize,
        "CommitCharge": found.CommitCharge,
        "Job": found.Job,
        "Vm.Instance.PageFaultCount": found.PageFaultCount,
        "Vm.Instance.WorkingSetSize": found.WorkingSetSize,
        "Vm.Instance.MinimumWorkingSetSize": found.MinimumWorkingSetSize,
        "Vm.Instance.MaximumWorkingSetSize": found.MaximumWorkingSetSize,
        "Vm.Instance.PeakWorkingSetSize": found.PeakWorkingSetSize,
    }

    assert {path: int(value) for path, value in paths.items()} == {path: int(expected[path], 16) for path in paths}
    quota = [int(number, 16) for number in expected["ProcessQuotaUsage"]]
    assert [found.NonPagedPoolQuota, found.PagedPoolQuota] == quota


def test_a_real_thread_of_another_architecture(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    expected = hand_decoded(real_dumps, "triage_arm64", "thread")
    assert not isinstance(target.dump.thread, Absent)
    found = thread_details(target, target.dump.thread)

    assert found.KernelStack == int(expected["Tcb.KernelStack"], 16)
    assert found.thread.WaitTime == int(expected["Tcb.WaitTime"], 16)
    assert found.process_name == "System"


def test_types_out_of_a_file(real_data: Path) -> None:
    """Whose kernel is not known needs its own types: here those of a symbol file."""
    text = f"{PROCESS}thread 344.348 State=Running IdealProcessor=3 ThreadIoPriority=2"
    file = file_of(spec_of("nt/19041.3570-x64", HEAD + text))
    target = open_target(file, types=str(real_data / "isf" / "606FF669409B00F7FC8C61A9C1670129-1.json.xz"))
    address = find_thread(target, 0x348)
    assert address is not None
    found, known = thread_details(target, address), thread_details(open_target(file), address)

    assert found.thread.source.endswith(" exact")
    assert "606FF669409B00F7FC8C61A9C1670129-1" in found.thread.source
    assert (found.IdealProcessor, found.ThreadIoPriority, found.process_name) == (3, 2, "explorer.exe")
    assert found.thread.__replace__(source="", fields=()) == known.thread.__replace__(source="", fields=())
