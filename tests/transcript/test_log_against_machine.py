"""Processors that run threads, resources that are held, and device nodes of pasted text against a machine."""

from __future__ import annotations

import pytest

from dumpwalk.cli import main
from dumpwalk.target import Target, open
from dumpwalk.transcript.against.whole import compare_text

SPEC = """\
dump bitmap-kernel x64
profile nt/19041.3570-x64
lab 19041.1.amd64fre.vb_release.191206-1406
time 2024-03-05T14:20:00Z
uptime 3:07:12
bugcheck e2
thread 4.8 as holder State=Running Priority=9
thread 4.c as sharer WaitReason=0 WaitTime=ad210 WaitMode=1
struct _ERESOURCE as alone at ffffb80f`12200000 ActiveCount=1 Flag=80 ContentionCount=0n3911396
  NumberOfExclusiveWaiters=2 OwnerEntry.OwnerThread=holder+0 OwnerEntry.OwnerCount=1 ActiveEntries=1
struct _ERESOURCE as shared at ffffb80f`12200100 ActiveCount=1 OwnerTable=table+0 ActiveEntries=2
  OwnerEntry.OwnerThread=sharer+3 OwnerEntry.OwnerCount=2
struct _OWNER_ENTRY as table at ffffb80f`12200200 TableSize=3
struct _OWNER_ENTRY at ffffb80f`12200210 OwnerThread=holder+0 OwnerCount=5
struct _OWNER_ENTRY at ffffb80f`12200220
struct _ERESOURCE as damaged at ffffb80f`12200300 OwnerTable=lying+0
struct _OWNER_ENTRY as lying at ffffb80f`12200400 TableSize=7fffffff
struct _DEVICE_NODE as node at ffffb80f`12100200 PhysicalDeviceObject=ffffb80f`12100900 Parent=ffffb80f`12100600
  InstancePath="EXBUS\\\\Disk" ServiceName="exdisk" State=308 Flags=1129 Level=2
"""
HOLDER, SHARER, IDLE, PRCB = "ffffb80f1200b040", "ffffb80f12012040", "ffffb80f12003010", "ffffb80f1201b180"
RUNNING = f"""\
0: kd> !running
System Processors:  (0000000000000001)
  Idle Processors:  (0000000000000000)
       Prcbs             Current         (pri) Next            (pri) Idle
  0    {PRCB}  {HOLDER} ( 9)                       {IDLE}  ................
"""
LOCKS = f"""\
0: kd> !locks
**** DUMP OF ALL RESOURCE OBJECTS ****
KD: Scanning for held locks.
Resource @ 0xffffb80f12200000 Exclusively owned
    Contention Count = 3911396
    NumberOfExclusiveWaiters = 2
     Threads: {HOLDER}-01<*>
KD: Scanning for held locks.
Resource @ 0xffffb80f12200100 Shared 2 owning threads
     Threads: {SHARER[:-1]}3-02<*> *** Actual Thread {SHARER}
              {HOLDER}-05<*>
"""
NODE = """\
0: kd> !devnode ffffb80f12100200
DevNode 0xffffb80f12100200 for PDO 0xffffb80f12100900 at level 0x2
  Parent 0xffffb80f12100600   Sibling 0000000000   Child 0000000000
  InstancePath is "EXBUS\\Disk"
  ServiceName is "exdisk"
  State = DeviceNodeStarted (0x308)
  Flags (0x00001129)  DNF_PROCESSED, DNF_ENUMERATED
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Target:
    made = tmp_path_factory.mktemp("machine") / "machine.dmp"
    spec = made.with_suffix(".spec")
    spec.write_text(SPEC.replace("\\\\", "\\"), "utf-8")

    assert main(["synth", str(spec), "-o", str(made)]) == 0
    return open(str(made))


def found(machine: Target, text: str) -> tuple[int, list[tuple[str, str, int | None]]]:
    """Return how many values are equal, and what is not, with its line."""
    log = compare_text(machine, text)
    statements = [s for b in log.blocks if b.against for s in b.against.statements]
    return log.against.equal, [(s.verdict, s.what, s.line) for s in statements if s.verdict != "equal"]


@pytest.mark.parametrize(("text", "equal"), [(RUNNING, 4), (LOCKS, 8), (NODE, 10)])
def test_what_is_so(machine: Target, text: str, equal: int) -> None:
    assert found(machine, text) == (equal, [])


@pytest.mark.parametrize(
    ("text", "old", "new", "verdict", "what", "line"),
    [
        (RUNNING, PRCB, "ffffb80f1201b181", "different", "processor 0 PRCB", 5),
        (RUNNING, HOLDER, SHARER, "different", "processor 0 CurrentThread", 5),
        (RUNNING, "( 9)", "(10)", "different", "processor 0 CurrentThread Priority", 5),
        (RUNNING, IDLE, SHARER, "different", "processor 0 IdleThread", 5),
        (LOCKS, "3911396", "3911397", "different", "resource ffffb80f`12200000 ContentionCount", 5),
        (LOCKS, "Waiters = 2", "Waiters = 3", "different", "resource ffffb80f`12200000 NumberOfExclusiveWaiters", 6),
        (
            *(LOCKS, "Shared 2 owning threads", "Exclusively owned", "different"),
            *("resource ffffb80f`12200100 owned exclusively", 9),
        ),
        (
            *(LOCKS, f"{HOLDER}-05", f"{HOLDER}-06", "different"),
            *("resource ffffb80f`12200100 owner ffffb80f`1200b040 count", 11),
        ),
        (
            *(LOCKS, f"{HOLDER}-01", f"{SHARER}-01", "absent"),
            *("resource ffffb80f`12200000 owner ffffb80f`12012040", 7),
        ),
        (
            *(LOCKS, f"Actual Thread {SHARER}", f"Actual Thread {HOLDER}", "different"),
            *("resource ffffb80f`12200100 owner ffffb80f`12012043 thread", 10),
        ),
        (NODE, "PDO 0xffffb80f12100900", "PDO 0xffffb80f12100901", "different", "PhysicalDeviceObject", 2),
        (NODE, "level 0x2", "level 0x3", "different", "Level", 2),
        (NODE, "0xffffb80f12100600", "0xffffb80f12100601", "different", "Parent", 3),
        (NODE, "EXBUS", "EXBUT", "different", "InstancePath", 4),
        (NODE, '"exdisk"', '"exdusk"', "different", "ServiceName", 5),
        (NODE, "(0x308)", "(0x307)", "different", "State", 6),
        (NODE, "(0x00001129)", "(0x00001128)", "different", "Flags", 7),
    ],
)
def test_one_other_value_is_found(
    machine: Target, text: str, old: str, new: str, verdict: str, what: str, line: int
) -> None:
    if text is NODE:
        what = f"DevNode ffffb80f`12100200 {what}"

    assert old in text
    assert found(machine, text.replace(old, new, 1))[1] == [(verdict, what, line)]


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        ("0xffffb80f12200300", "2147483647 entries"),
        ("0xffffb80f19990000", "nothing is mapped here"),
    ],
)
def test_resources_that_are_damaged_or_not_there(machine: Target, resource: str, why: str) -> None:
    text = f"0: kd> !locks\nResource @ {resource} Shared 1 owning threads\n     Threads: {HOLDER}-01<*>\n"
    (block,) = compare_text(machine, text).blocks

    assert block.against is not None
    absent = [s for s in block.against.statements if s.verdict == "absent"]
    assert any(why in str(s.held) for s in absent)
