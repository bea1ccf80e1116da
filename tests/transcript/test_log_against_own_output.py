"""What dumpwalk's commands print of the samples is read back and held against the same sample: all of it is equal.

The text goes through the layouts and the readers, the comparison asks the kernel's structures again, through members
and types: so text and walk are witnesses of each other. The commands are those that docs/commands.md shows.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.cli import main
from dumpwalk.target import open
from dumpwalk.transcript.against.whole import ComparedLog, compare_text

ROOT = Path(__file__).parents[2]
# What they print is that there is nothing, or nothing of what a dump holds.
NOTHING_SAID = [["object", "@$proc+40"], ["vtop", "82b1cb5c"], ["ptov", "--page", "500"], ["dg", "10"]]


def _shown() -> list[tuple[str, str, list[str]]]:
    """Return sample, types and command of each line of docs/commands.md that looks at a sample."""
    out = []
    for line in (ROOT / "docs/commands.md").read_text("utf-8").splitlines():
        words = shlex.split(line[2:]) if line.startswith("$ dumpwalk ") and "-z samples/" in line else []
        if not words or "--extract" in words:
            continue
        given: dict[str, str] = {}
        at = 1
        while words[at].startswith("-"):
            given[words[at]] = words[at + 1]
            at += 2
        if "--registers" not in given:
            out.append((given["-z"], given.get("--types", ""), words[at:]))
    return out


SHOWN = _shown()
_STRUCTURES = (
    *("dt nt!_EPROCESS @$proc", "dt -r1 nt!_KTHREAD @$thread", "dt -a nt!_KTHREAD @$thread", "dt nt!_EPROCESS"),
    *("dt -b nt!_EPROCESS @$proc", "thread", "lmv"),
)
_LISTINGS = ("process 0 7", "handle 0 3 0", "prcb", "object @$proc 39", "pool @$thread", "pte @$thread")
MORE = [
    *((f"samples/{name}.dmp", "", c.split()) for name in ("apc_index_mismatch", "live_x86") for c in _STRUCTURES),
    *(
        (f"samples/{name}.dmp", "", c.split())
        for name in ("device_stack", "memory_manager", "processor_x86", "paging_x86", "apc_index_mismatch_full")
        for c in (*_STRUCTURES, *_LISTINGS)
    ),
]


def printed(capsys: pytest.CaptureFixture[str], sample: str, types: str, command: list[str]) -> str:
    """Return a command and what it prints of a sample, as a session has it."""
    main(["-z", str(ROOT / sample), *(["--types", types] if types else []), *command])
    prompt = "" if command[0][:2] in ("dt", "lm", "dg") else "!"
    return f"0: kd> {prompt}{' '.join(command)}\n{capsys.readouterr().out}"


def against(text: str, sample: str, types: str = "") -> ComparedLog:
    return compare_text(open(str(ROOT / sample), types=types), text)


def unequal(log: ComparedLog) -> list[tuple[Any, ...]]:
    return [
        (s.verdict, s.what, s.said, s.held, s.line)
        for block in log.blocks
        for s in (block.against.statements if block.against else ())
        if s.verdict != "equal"
    ]


def test_the_page_shows_many_commands() -> None:
    assert len({command[0] for _, _, command in SHOWN}) >= 30
    assert len(SHOWN) >= 45


@pytest.mark.parametrize(
    ("sample", "types", "command"),
    [*SHOWN, *MORE],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_all_is_equal(capsys: pytest.CaptureFixture[str], sample: str, types: str, command: list[str]) -> None:
    text = printed(capsys, sample, types, command)
    # The frames of user mode, whose stack is in no kernel dump, have no names.
    text = re.sub(r"(?m)^[ ]*[0-7][0-9a-f]{7} [0-9a-f]{8} [0-9a-f]{8}$", "", text)
    log = against(text, sample, types)

    assert unequal(log) == []
    assert log.against.equal > 0 or "????" in text or command in NOTHING_SAID


def test_what_is_equal_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "samples/device_stack.dmp", "", ["drvobj", "exdisk", "7"])
    log = against(text, "samples/device_stack.dmp")

    assert (log.against.equal, log.against.different, log.against.absent) == (76, 0, 0)
    assert [(b.kind, b.against and b.against.equal) for b in log.blocks] == [("driver", 62), ("devstack", 14)]


# Of each listing one digit is changed; what is said of the difference names it.
CHANGED = [
    ("device_stack", "irp ffffb80f1200cd30", "Thread ffffb80f12013040", "Thread ffffb80f12013041", "Thread"),
    ("device_stack", "irp ffffb80f1200cd30", "0 e1 ffffb80f1200be50", "0 e0 ffffb80f1200be50", "Control"),
    ("device_stack", "irp ffffb80f1200cd30", "excrypt+0x1100", "excrypt+0x1101", "CompletionRoutine name"),
    ("device_stack", "irp ffffb80f120138f0 1", "RequestorMode = 00000001", "RequestorMode = 00000000", "RequestorMode"),
    ("device_stack", "devobj ExDisk0", "RefCount 14", "RefCount 15", "ReferenceCount"),
    ("device_stack", "devobj ExDisk0", "(Upper) ffffb80f1200c920", "(Upper) ffffb80f1200c921", "AttachedDevice"),
    ("device_stack", "devstack ExDisk0", "ffffb80f12100a80  ExDisk0", "ffffb80f12100a81  ExDisk0", "DeviceExtension"),
    ("device_stack", "drvobj exdisk 7", "DriverUnload:  fffff8047b912040", "DriverUnload:  fffff8047b912041", "Unload"),
    ("device_stack", "drvobj exdisk 7", "fffff8047b921400\texcrypt", "fffff8047b921401\texcrypt", "IRP_MJ_READ"),
    ("objects_x64", "object \\Device", "HandleCount: 0", "HandleCount: 9", "HandleCount"),
    ("objects_x64", "object \\GLOBAL??\\E: 29", "Drive Letter Index is 5", "Drive Letter Index is 6", "DriveIndex"),
    ("objects_x64", "handle 0 3 344", "GrantedAccess: 00120089", "GrantedAccess: 00120088", "GrantedAccess"),
    ("objects_x64", "handle 0 3 344", "Entry: ffffb80f1201b010", "Entry: ffffb80f1201b011", "handle 0004 entry"),
    ("memory_manager", "vad", "Mapped       READWRITE", "Private      READWRITE", "private"),
    ("memory_manager", "vad 0`ff2b1000", "ProtoPte: ffffb80f12016610", "ProtoPte: ffffb80f12016611", "First"),
    ("memory_manager", "pfn 1c1", "Active", "Standby", "state"),
    ("memory_manager", "pool fffffa8001a3c070", "size:   60", "size:   70", "size"),
    ("memory_manager", "pool fffffa8001a3c1d0 3", "00000000 00000000 00000000", "00000000 00000001", "memory at"),
    ("processor_x64", "pcr", "CurrentThread: ffffb80f1200b040", "CurrentThread: ffffb80f1200b041", "CurrentThread"),
    ("processor_x64", "prcb", "Number (0, 0)", "Number (0, 1)", "GroupIndex"),
    ("processor_x64", "idt", "nt!KiPageFault", "nt!KiPageFaulu", "name"),
    ("processor_x64", "lmvm example", "6553F0A1", "6553F0A2", "timestamp"),
    ("processor_x64", "lm", "fffff804`7ca46000", "fffff804`7ca46001", "module nt end"),
    ("file_views", "ca --file ffffb80f12340b00", "                  8000", "                  8001", "SizeOfSegment"),
    ("file_views", "fileobj ffffb80f12340b00", "ffffb80f12340c40", "ffffb80f12340c41", "FsContext"),
    ("file_views", "fileobj ffffb80f12340b00", "Access: Read", "Access: Write", "access 1"),
    ("file_views", "fileobj ffffb80f12340b00", "data ffffb80f12341310", "data ffffb80f12341311", "DataSectionObject"),
    ("file_mapping_x64", "pte nt!PsActiveProcessHead", "00000000001AC063", "00000000001AC062", "value"),
    ("paging_x64", "pte ffffa00090001000", "Offset: 1234", "Offset: 1235", "Offset"),
    ("exiting_process", "process 1100 3", "Vads 426", "Vads 427", "Vads"),
    ("exiting_process", "process 1100 3", "DirBase: 00194000", "DirBase: 00194001", "DirectoryTableBase"),
    ("exiting_process", "thread 870788e8", "Flags: 00060a00", "Flags: 00060a01", "IRP 1 Flags"),
    ("exiting_process", "thread 870788e8", "Switch Count      2734", "Switch Count      2735", "ContextSwitches"),
    ("exiting_process", "thread 870788e8", "a86bfab0 82ad11d5", "a86bfab0 82ad11d6", "frame 02 return address"),
    ("exiting_process", "thread 870788e8", "(DelayExecution)", "(Executive)", "WaitReason"),
    ("exiting_process", "apc", "NormalRoutine   76987c10", "NormalRoutine   76987c11", "NormalRoutine"),
    ("paging_x86", "dt nt!_EPROCESS 86001888 ImageFileName", "explorer.exe", "explores.exe", "ImageFileName"),
    ("paging_x86", "dt nt!_EPROCESS 86001888 ImageFileName", "+0x16c", "+0x16d", "offset of"),
    ("exiting_process", "thread 870788e8", "Ticks: 1 (", "Ticks: 2 (", "waited"),
    ("exiting_process", "thread 870788e8", "0:00:00:00.015", "0:00:00:00.017", "time waited"),
    ("exiting_process", "thread 870788e8", "KernelTime                00:00:00.031", "KernelTime 00:00:00.047", "Kern"),
    ("exiting_process", "process 1100 1", "SessionId: none", "SessionId: 3", "SessionId"),
    ("exiting_process", "process 1100 1", "HandleCount:   0.", "HandleCount:   1.", "HandleCount"),
    ("exiting_process", "process 1100 1", "(12048, 50,", "(12048, 51,", "MinimumWorkingSetSize"),
    ("exiting_process", "process 1100 1", "00:04:59.211", "00:04:59.213", "ElapsedTime"),
    ("exiting_process", "process 1100 1", "00:00:04.992", "00:00:05.007", "UserTime"),
    ("exiting_process", "process 1100 1", "214 Mb", "212 Mb", "VirtualSize"),
    ("exiting_process", "process 1100 1", "FOREGROUND", "BACKGROUND", "MemoryPriority"),
]  # fmt: skip
# One value is changed, and exactly one is found different.
ONE = [
    ("file_mapping_x64", "vtop nt!PsActiveProcessHead+8", "00000000001b0063", "00000000001b0067", "PDE value"),
    ("file_mapping_x64", "vtop nt!PsActiveProcessHead+8", "address 1d0098", "address 1d0099", "physical"),
    ("paging_pae", "vtop 90002000", "root at 185000", "root at 186000", "root"),
    ("paging_pae", "vtop 90002000", "PTE at 18a010", "PTE at 18a018", "PTE address"),
    ("file_views", "vtop 1f2345", "page 2 of subsection", "page 3 of subsection", "file page index"),
    ("file_views", "vtop 1f2345", "report.txt", "report.tmp", "file page file_name"),
    ("paging_x64", "ptov --page 2200", "2200000 fffff6d0", "2201000 fffff6d0", "physical"),
    ("device_stack", "vpb ffffb80f12100520", "RefCount: 14", "RefCount: 13", "ReferenceCount"),
    ("device_stack", "vpb ffffb80f12100520", "EXAMPLES", "EXAMPLED", "VolumeLabel"),
    ("device_stack", "fltreg exscan+800", "Flags 00000001", "Flags 00000003", "operation 2 Flags"),
    ("device_stack", "fltreg exscan+800", "[12] IRP_MJ_CLEANUP", "[13] IRP_MJ_CLEANUP", "operation 3 MajorFunction"),
    ("device_stack", "fltreg exscan+800", "exscan+0x1180", "exscan+0x1184", "PostOperation name"),
    ("processor_x86", "gdt", "limit 0x3ff", "limit 0x3fe", "GDT limit"),
    ("processor_x86", "gdt", "00000cfb", "00000cf9", "selector 0018 flags"),
    ("processor_x64", "dg 10 28", "00000000`ffffffff Data", "00000000`fffffffe Data", "selector 0028 limit"),
    ("processor_x64", "ssdt", "fffff804`7bd43fe0     0", "fffff804`7bd43fe0     1", "service 1 stack_arguments"),
    ("processor_x64", "ssdt", "6 services in", "7 services in", "Limit"),
    ("processor_x64", "ssdt", "nt!NtAccessCheck", "nt!NtAcceptConnectPort", "service 0 name"),
    ("processor_x86", "ssdt 2", "  <- outside of nt", "", "service 2 hooked"),
    ("memory_manager", "slist fffffa8001a40440", "Header8.Depth      : 3", "Header8.Depth      : 2", "Depth"),
    ("memory_manager", "slist fffffa8001a40440", "01a40610 fffffa80", "01a40610 fffffa81", "entry 2 word 2"),
    ("memory_manager", "slist fffffa8001a40440", "9 bits repeats after 512", "8 bits repeats after 256",
     "sequence bits"),
    ("objects_x64", "objtypes", "Dire        6", "Dire        7", "Directory TotalNumberOfObjects"),
    ("objects_x64", "objtypes", "ObHeaderCookie: 5d", "ObHeaderCookie: 5c", "ObHeaderCookie"),
    ("file_views", "fileobj ffffb80f12340b00", "report.txt", "report.tmp", "FileName"),
    ("file_views", "fileobj ffffb80f12340b00", "0x40042", "0x40043", "Flags"),
    ("file_views", "fileobj ffffb80f12340b00", "Cache Supported", "Random Access", "flag FO_RANDOM_ACCESS"),
    ("file_views", "fileobj ffffb80f12340b00", "VACB number 0", "VACB number 1", "cache vacb number"),
    ("file_views", "fileobj ffffb80f12340b00", "data is at: ffffb80f12382345", "data is at: ffffb80f12382346", "data"),
    ("file_views", "fileobj ffffb80f12340b00", "data ffffb80f12341310", "data 00001234", "DataSectionObject"),
    ("file_views", "ca ffffb80f12341610", "Subsection 2 @ ffffb80f123416c8", "Subsection 2 @ ffffb80f123416d8",
     "Subsection 2"),
    ("file_views", "ca ffffb80f12341610", "Subsection 3 @", "Subsection 4 @", "Subsection 4"),
    ("file_views", "ca ffffb80f12341610", "Subsection 3 @", "Subsection 0 @", "Subsection 0"),
    ("file_views", "ca ffffb80f12341610", "Flags (a0)", "Flags (a1)", "ffffb80f`12341610 flags"),
    ("file_views", "ca ffffb80f12341310 7", "Sector Offset          0", "Sector Offset          1", "SectorEndOffset"),
    ("file_views", "ca ffffb80f12341310 7", "00000000001f0000-", "00000000001f1000-", "view 1 start"),
    ("file_views", "ca ffffb80f12341310 4", "(editor.exe, ", "(editer.exe, ", "view 1 image"),
    ("file_views", "ca ffffb80f12341310 8", "  data  ", "  image  ", "kind"),
    ("file_views", "ca ffffb80f12341310 8", "Ptes 8", "Ptes 9", "TotalNumberOfPtes"),
    ("running_machine", "kuser", "TickCount:    fa00000", "TickCount:    fa00001", "TickCountMultiplier"),
    ("running_machine", "kuser", "09:00:00.000000Z", "09:00:00.000001Z", "SystemTime"),
    ("running_machine", "kuser", "bias 0:00", "bias 0:01", "TimeZoneBias"),
    ("running_machine", "kuser", "C:\\Windows", "D:\\Windows", "NtSystemRoot"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "command", "old", "new", "named"),
    [c for c in CHANGED if c[4]],
    ids=[f"{c[1]}-{c[4]}" for c in CHANGED if c[4]],
)
def test_a_changed_digit_is_found_and_named(
    capsys: pytest.CaptureFixture[str], sample: str, command: str, old: str, new: str, named: str
) -> None:
    file = f"samples/{sample}.dmp"
    text = printed(capsys, file, "", command.split())
    assert old in text

    before = unequal(against(text, file))
    found = unequal(against(text.replace(old, new, 1), file))
    other = [f for f in found if f not in before and named in f[1]]

    assert other, found
    assert {f[4] for f in other} == {text[: text.index(old)].count("\n") + 1}


@pytest.mark.parametrize(("sample", "command", "old", "new", "named"), ONE, ids=[f"{c[1]}-{c[4]}" for c in ONE])
def test_one_changed_value_is_the_only_one_that_differs(
    capsys: pytest.CaptureFixture[str], sample: str, command: str, old: str, new: str, named: str
) -> None:
    file = f"samples/{sample}.dmp"
    text = printed(capsys, file, "", command.split())
    assert old in text

    (one,) = unequal(against(text.replace(old, new, 1), file))

    assert (one[0], one[4]) == ("different", text[: text.index(old)].count("\n") + 1)
    assert one[1].endswith(named)


@pytest.mark.parametrize("other", ["apc_index_mismatch", "live_x86", "objects_x64", "arm64", "paging_la57"])
@pytest.mark.parametrize(
    ("sample", "command"),
    [("device_stack", "irp ffffb80f1200cd30"), ("memory_manager", "vad"), ("exiting_process", "thread 870788e8")],
)
def test_another_dump_holds_other_things(
    capsys: pytest.CaptureFixture[str], sample: str, command: str, other: str
) -> None:
    text = printed(capsys, f"samples/{sample}.dmp", "", command.split())
    log = against(text, f"samples/{other}.dmp")

    assert log.against.different + log.against.absent > 0
