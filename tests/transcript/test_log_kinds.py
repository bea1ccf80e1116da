"""What each kind of block makes of its lines."""

from __future__ import annotations

from typing import Any

import pytest

from dumpwalk.kernel.code_address import CodeAddress
from dumpwalk.kernel.thread import Cid
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Block, parse
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE


def only(text: str, kind: str) -> Block:
    """Return the one block of a text, all of whose lines are understood."""
    log = parse(text)

    assert [b.kind for b in log.blocks] == [kind]
    assert (log.unparsed, log.blocks[0].unparsed) == ((), ())
    return log.blocks[0]


def test_thread_of_windows_10() -> None:
    found = only(
        """\
5: kd> !thread
THREAD ffff878ff0503500  Cid 1f64.1fa0  Teb: 0000000004aa7000 Win32Thread: ffff878ff0f14b20 RUNNING on processor 5
Not impersonating
DeviceMap                 ffffb40ac8a36b40
Owning Process            ffff878fefe6b080       Image:         mscorsvw.exe

Attached Process          N/A            Image:         N/A
Wait Start TickCount      23487          Ticks: 14 (0:00:00:00.218)
Win32 Start Address 0x0000000000345180
Stack Init ffffdb83fc23f650 Current ffffdb83fc23e680
Base ffffdb83fc240000 Limit ffffdb83fc239000 Call 0000000000000000
Priority 6  BasePriority 6  IoPriority 2  PagePriority 2

Child-SP          RetAddr               : Args to Child                                     : Call Site
ffffdb83`fc23f448 fffff807`0e42b4f5     : 00000000`00000000 00000000`00000000 00000000`00000000 00000000`0492df98 : nt!X
""",
        "thread",
    ).record

    details, own = found.details, found.details.thread
    assert (own.address, own.Cid) == (0xFFFF878FF0503500, Cid(Hex(0x1F64), Hex(0x1FA0)))
    assert (own.State, own.NextProcessor, details.process_name, own.attached) == ("Running", 5, "mscorsvw.exe", False)
    assert (own.InitialStack, details.KernelStack) == (0xFFFFDB83FC23F650, 0xFFFFDB83FC23E680)
    assert (own.WaitTime, details.waited, details.waited_time) == (23487, 14, 2_180_000)
    assert own.Win32StartAddress == CodeAddress(Address(0x345180), NOT_SHOWN)
    assert (details.impersonation, details.Alertable, own.WaitReason) == (None, NOT_SHOWN, NOT_SHOWN)
    assert (found.fields, details.CallbackDepth) == ((("Base", "Call 0000000000000000"),), NOT_SHOWN)
    assert found.stack.frames[0].args == (0, 0, 0, 0x492DF98)


def test_thread_of_2000() -> None:
    found = only(
        """\
THREAD ffaf5410  Cid e7.e8  Teb: 7ffde000 WAIT: (Executive) KernelMode Non-Alertable
    80144fc0 SynchronizationEvent
IRP List:
    8087de48: (0006,0100) Flags: 00000404  Mdl: 00000000
Not impersonating
Owning Process ffaf5690
WaitTime (seconds)      2781250
Start Address 0x77f04644
Initial Sp fec6c000 Current Sp fec6b938
Priority 11 BasePriority 7 PriorityDecrement 0 DecrementCount 8
""",
        "thread",
    ).record

    details, own = found.details, found.details.thread
    assert (details.Win32Thread, own.WaitReason, own.WaitMode) == (NOT_SHOWN, "Executive", "KernelMode")
    assert (own.State, details.Alertable) == ("Waiting", False)
    assert [(w.address, w.kind) for w in details.waits] == [(0x80144FC0, "SynchronizationEvent")]
    assert (details.irps[0].address, own.Process, details.process_name) == (0x8087DE48, 0xFFAF5690, NOT_SHOWN)
    assert dict(found.fields)["WaitTime (seconds)"] == "2781250"  # whatever that is


def test_processes_of_both_widths() -> None:
    found = only(
        """\
0: kd> !process 0 0
**** NT ACTIVE PROCESS DUMP ****
PROCESS 85eb1030  SessionId: 1  Cid: 0f64    Peb: 7ffd6000  ParentCid: 075c
    DirBase: 3f3627c0  ObjectTable: ab2f1230  HandleCount: 303.
    Image: foobar2000.exe

PROCESS ffffa604f6820080
    SessionId: none  Cid: 0344    Peb: c904737000  ParentCid: 02d8
    DirBase: f2451000  ObjectTable: ffff8000ada77640  HandleCount: <Data Not Accessible>
    Image: my image.exe
    VadRoot ffffa604f669bf30 Vads 101 Clone 0 Private 349. Modified 11623. Locked 0.
""",
        "process",
    ).record
    first, second = found.processes

    assert (first.details.process.address, first.image, first.details.process.UniqueProcessId) == (
        0x85EB1030, "foobar2000.exe", 0xF64,
    )  # fmt: skip
    assert (first.details.HandleCount, first.details.statistics, first.fields) == (303, None, ())
    details = second.details
    assert (second.image, details.HandleCount, details.SessionId) == ("my image.exe", UNREADABLE, None)
    assert details.statistics is not None
    assert (details.statistics.VadRoot, details.statistics.Vads, details.statistics.ModifiedPageCount) == (
        0xFFFFA604F669BF30, 101, 11623,
    )  # fmt: skip
    assert (details.statistics.DeviceMap, details.process.Token) == (NOT_SHOWN, NOT_SHOWN)


def test_what_a_process_s_lines_show_beside_its_members() -> None:
    [found] = only(
        """\
0: kd> !process 86c5a1c0 1
PROCESS 86c5a1c0  Cid: 0f64    Peb: 7ffd6000  ParentCid: zz
    DirBase: 3f3627c0  ObjectTable: ab2f1230  TableSize: 303.
    Image: old.exe
    VadRoot 86c5a000 Clone 0 Private 349. Modified x. Locked 0.
    DeviceMap 8a0c1234
    DeviceMap 8a0c5678
    Token                             e1234567 <--
    ElapsedTime                        15:06:36.0338
    UserTime                          00:00:01
    QuotaPoolUsage[PageFile]          12
    Working Set Sizes (now,min,max)  (4, 50, 345) (32KB, 400KB, 2760KB)
    VirtualSize                       214 Mb
    PeakVirtualSize                   ????
    BasePriority                      -1
""",
        "process",
    ).record.processes
    uses = found.details.statistics

    assert found.fields == (
        ("ParentCid", "zz"), ("TableSize", "303."), ("VadRoot", "86c5a000 Clone 0 Private 349. Modified x. Locked 0."),
        ("DeviceMap", "8a0c5678"), ("Token", "<--"), ("UserTime", "00:00:01"), ("QuotaPoolUsage[PageFile]", "12"),
        ("Working Set Sizes (now,min,max)", "(32KB, 400KB, 2760KB)"), ("VirtualSize", "214 Mb"),
    )  # fmt: skip
    assert (found.details.process.InheritedFromUniqueProcessId, found.details.process.Token) == (NOT_SHOWN, 0xE1234567)
    assert uses is not None
    assert (uses.VadRoot, uses.DeviceMap, uses.elapsed, uses.times.UserTime) == (
        NOT_SHOWN, 0x8A0C1234, ((15 * 60 + 6) * 60 + 36) * 10_000_000 + 338 * 10_000, NOT_SHOWN,
    )  # fmt: skip
    assert (uses.WorkingSetSize, uses.MinimumWorkingSetSize, uses.MaximumWorkingSetSize) == (4, 50, 345)
    assert (uses.VirtualSize, uses.PeakVirtualSize, uses.BasePriority) == (NOT_SHOWN, UNREADABLE, -1)


def test_analysis() -> None:
    block = only(
        """\
1: kd> !analyze -v
*******************************************************************************
*                                                                             *
*                        Bugcheck Analysis                                    *
*                                                                             *
*******************************************************************************

KERNEL_SECURITY_CHECK_FAILURE (139)
A kernel component has corrupted a critical data structure.
Arguments:
Arg1: 0000000000000003, A LIST_ENTRY has been corrupted
\t(i.e. double remove).
Arg2: ffffdb83fc23f450, Address of the trap frame
Arg3: ffffdb83fc23f3a8
Arg4: 0000000000000000, Reserved

Debugging Details:
------------------

KEY_VALUES_STRING: 1

    Key  : Analysis.CPU.mSec
    Value: 546

BUGCHECK_P1: 3

TRAP_FRAME:  ffffdb83fc23f450 -- (.trap 0xffffdb83fc23f450)
NOTE: The trap frame does not contain all registers.
rax=0000000000000052 rbx=0000000000000000 rcx=0000000000000003
iopl=0         nv up ei pl zr na po nc
nt!Foo+0x12:
fffff807`0e42b4f5 cd29            int     29h
Resetting default scope

ERROR_CODE: (NTSTATUS) 0xc0000409 - The system detected an overrun.

FAULTING_IP:
nt!Foo+12
fffff807`0e42b4f5 cd29            int     29h

STACK_TEXT:
ffffdb83`fc23f128 fffff807`0e42b4f5 nt!KeBugCheckEx
ffffdb83`fc23f130 fffff807`0e42b5f5 nt!KiBugCheckDispatch+0x69
ffffdb83`fc23f270 fffff807`0e42b6f5 nt!KiFastFailDispatch+0xd0
ffffdb83`fc23f450 fffff807`0e42b7f5 nt!KiRaiseSecurityCheckFailure+0x30e

SYMBOL_NAME:  nt!Foo+12

Followup:     MachineOwner
---------
""",
        "analyze",
    )
    found = block.record

    assert (found.bugcheck.name, found.bugcheck.code) == ("KERNEL_SECURITY_CHECK_FAILURE", 0x139)
    assert [a.value for a in found.arguments] == [3, 0xFFFFDB83FC23F450, 0xFFFFDB83FC23F3A8, 0]
    assert found.arguments[0].text == "A LIST_ENTRY has been corrupted (i.e. double remove)."
    assert found.pairs == (("Analysis.CPU.mSec", "546"),)
    assert found.registers[0].registers["rcx"] == 3
    assert found.registers[0].instruction.text == "int 29h"
    assert [i.values for i in found.items if i.key == "FAULTING_IP"] == [
        ("nt!Foo+12", "fffff807`0e42b4f5 cd29            int     29h")
    ]
    assert len(found.stacks[0].frames) == 4
    assert next(a.name for a in block.annotations if a.kind == "stack rule") == "bugcheck-fastfail"
    assert "c0000409" in [a.name for a in block.annotations]


def test_a_stack_behind_an_analysis_knows_the_crash() -> None:
    log = parse(
        "BugCheck 139, {3, 0, 0, 0}\n\n0: kd> kc\n # Call Site\n00 nt!KeBugCheckEx\n01 nt!KiBugCheckDispatch\n"
        "02 nt!KiFastFailDispatch\n03 nt!KiRaiseSecurityCheckFailure\n"
    )

    assert [b.kind for b in log.blocks] == ["bugcheck", "stack"]
    assert log.blocks[1].annotations[0].name == "bugcheck-fastfail"


@pytest.mark.parametrize(
    ("text", "code", "parameters"),
    [
        ("Bugcheck code 0000000A\nArguments ffffd001`c70c62a8 00000000`00000002 0 1\n", 0xA,
         [0xFFFFD001C70C62A8, 2, 0, 1]),
        ("BugCheck 50, {b41c5d4c, 0, 805068e1, 0}\n", 0x50, [0xB41C5D4C, 0, 0x805068E1, 0]),
        ("*** STOP: 0x0000000A (0x00000001,0x00000002,0x00000000,0x804F79D7)\n", 0xA, [1, 2, 0, 0x804F79D7]),
        ("*** Fatal System Error: 0x00000018\n    (0x00000000,0x86123456,0x00000001,0xFFFFFFFF)\n", 0x18,
         [0, 0x86123456, 1, 0xFFFFFFFF]),
    ],
)  # fmt: skip
def test_bugchecks(text: str, code: int, parameters: list[int]) -> None:
    found = only(text, "bugcheck").record

    assert found.code == code
    assert [p.value for p in found.parameters] == parameters


def test_exception() -> None:
    block = only(
        """\
0: kd> .exr 0xffffb88f1487eb88
ExceptionAddress: fffff8071b09aae3 (nt!RtlRbRemoveNode+0x0000000000249f73)
   ExceptionCode: c0000409 (Security check failure or stack buffer overrun)
  ExceptionFlags: 00000001
NumberParameters: 1
   Parameter[0]: 000000000000001d
Subcode: 0x1d FAST_FAIL_INVALID_BALANCED_TREE
""",
        "exception",
    )
    found = block.record

    assert (found.record.ExceptionCode, found.record.ExceptionInformation) == (0xC0000409, (0x1D,))
    assert (found.place.symbol, found.place.offset) == ("RtlRbRemoveNode", 0x249F73)
    assert found.remarks == ("Subcode: 0x1d FAST_FAIL_INVALID_BALANCED_TREE",)
    assert block.annotations[0].title == "c0000409 STATUS_STACK_BUFFER_OVERRUN"


def test_registers_of_x86() -> None:
    found = only(
        """\
kd> .trap 0xffffffffb22192e8
ErrCode = 00000000
eax=00000000 ebx=00000000 ecx=500000ca edx=00f70010 esi=b22198d8 edi=b0f70070
eip=bf87c9df esp=b221935c ebp=b2219374 iopl=0         nv up ei pl nz na pe nc
cs=0008  ss=0010  ds=0023  es=0023  fs=0030  gs=0000             efl=00010206
win32k!bComputeIDs+0x28:
bf87c9df 8a6702          mov     ah,byte ptr [edi+2]        ds:0023:b0f70072=??
""",
        "registers",
    ).record

    assert (found.registers["eip"], found.registers["efl"], found.error_code, found.iopl) == (0xBF87C9DF, 0x10206, 0, 0)
    assert found.flags == "nv up ei pl nz na pe nc"
    assert (found.place.symbol, found.instruction.code) == ("bComputeIDs", "8a6702")
    assert (found.instruction.text, found.instruction.effective) == ("mov ah,byte ptr [edi+2]", "ds:0023:b0f70072=??")


@pytest.mark.parametrize(
    ("text", "unit", "values", "rest"),
    [
        ("kd> db 1\n80000000  4d 5a 90 00 ?? 00 00 00-04 00 00 00 ff ff 00 00  MZ..?...........\n", 1,
         [0x4D, 0x5A, 0x90, 0, UNREADABLE, 0, 0, 0, 4, 0, 0, 0, 0xFF, 0xFF, 0, 0], "MZ..?..........."),
        ("kd> dd 1\n80000000  00000001 ???????? 00000003 ffffffff\n", 4, [1, UNREADABLE, 3, 0xFFFFFFFF], ""),
        ("kd> dc 1\n80000000  00000001 00000002 00000003 61626364  ............dcba\n", 4,
         [1, 2, 3, 0x61626364], "............dcba"),
        ("kd> dq 1\nfffff800`00000000  00000000`00000001 ffffffff`ffffffff\n", 8, [1, 0xFFFFFFFFFFFFFFFF], ""),
        ("kd> dw 1\n80000000  0001 0002 ffff\n", 2, [1, 2, 0xFFFF], ""),
        ("kd> da 1\n80000000  \"hello \"world\"\n", 1, [], "hello \"world"),
        ("80000000  4d 5a 90 00 03 00 00 00-04 00 00 00 ff ff 00 00  MZ..............\n", 1,
         [0x4D, 0x5A, 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xFF, 0xFF, 0, 0], "MZ.............."),
    ],
)  # fmt: skip
def test_memory(text: str, unit: int, values: list[Any], rest: str) -> None:
    row = only(text, "memory").record.rows[0]

    assert (row.unit, list(row.values), row.text) == (unit, values, rest)


def test_pointers_with_symbols() -> None:
    rows = only("0: kd> dps 1\n80000000  8051cc7f nt!KeBugCheckEx+0x1b\n80000004  00000000\n", "memory").record.rows

    assert (rows[0].values, rows[0].place.symbol, rows[1].place) == ((0x8051CC7F,), "KeBugCheckEx", None)


def test_modules() -> None:
    found = only(
        """\
0: kd> lmvm Driver
Browse full module list
start             end                 module name
fffff804`789a0000 fffff804`789a7000   Driver   C (no symbols)
    Image path: \\??\\C:\\Driver.sys
    Timestamp:        Mon Nov 13 07:47:09 2023 (655244FD)

Unloaded modules:
fffff804`789b0000 fffff804`789b7000   gone.sys
""",
        "modules",
    ).record
    [listed], [gone] = found.list.modules, found.list.unloaded
    module = listed.module

    assert (module.name, listed.flags, listed.symbols, gone.name) == ("Driver", "C", "no symbols", "gone.sys")
    assert (module.base, module.end, gone.end) == (0xFFFFF804789A0000, 0xFFFFF804789A7000, 0xFFFFF804789B7000)
    assert (module.path, module.timestamp) == ("\\??\\C:\\Driver.sys", 0x655244FD)
    assert (module.checksum, listed.details, gone.truncated) == (NOT_SHOWN, None, NOT_SHOWN)
    # The time of the debugger's zone; in UTC it would follow from the number.
    assert found.texts == ((("Timestamp", "Mon Nov 13 07:47:09 2023"),),)


def test_what_an_image_says_of_itself() -> None:
    found = only(
        """\
0:052> lm v mexample
start    end        module name
6d690000 6d8bf000   example    (export symbols)       C:\\example.dll
    Loaded symbol image file: C:\\example.dll
    Image name: example.dll
    Timestamp:        Tue Jan 26 12:51:55 2016 (56A76A7B)
    ImageSize:        0022F000
    File version:     13.1.2.19
    File flags:       9 (Mask 3F) Debug Private
    File OS:          40004 NT Win32
    File type:        2.0 Static Dll
    Translations:     0409.04b0
    CompanyName:      Example Corporation
    Language ID:      409
""",
        "modules",
    ).record
    [listed], [texts] = found.list.modules, found.texts
    version = listed.details.version

    assert (listed.module.image, listed.symbol_file) == ("example.dll", "C:\\example.dll")
    assert (version.file_version, version.product_version) == ((13, 1, 2, 19), NOT_SHOWN)
    assert (version.flags, version.flags_mask, version.file_os, version.file_type) == (9, 0x3F, 0x40004, 2)
    assert (version.translations, version.strings) == (((0x409, 0x4B0),), {"CompanyName": "Example Corporation"})
    assert texts == (
        ("Loaded symbol image file", "C:\\example.dll"),
        ("Timestamp", "Tue Jan 26 12:51:55 2016"),
        ("File type", "Static Dll"),
        ("Language ID", "409"),
    )


def test_what_lines_of_a_module_do_not_say_as_members_stays_text() -> None:
    """What stands twice, contradicts its row or is no number of that kind."""
    found = only(
        """\
0: kd> lmv m a
start    end        module name
6d690000 6d8bf000   a          (no symbols)
    Image path: a.sys
    Image path: b.sys
    Timestamp:        yesterday
    CheckSum:         none
    ImageSize:        00001000
    File version:     1.2.3.04
    Image was built with /Other flag.
    (version: its headers are not in the dump)
""",
        "modules",
    ).record
    [listed] = found.list.modules

    assert (listed.module.path, listed.module.size, listed.module.timestamp) == ("a.sys", 0x22F000, NOT_SHOWN)
    assert listed.details.version == Absent("its headers are not in the dump")
    assert found.texts[0] == (
        ("Image path", "b.sys"),
        ("Timestamp", "yesterday"),
        ("CheckSum", "none"),
        ("ImageSize", "00001000"),
        ("File version", "1.2.3.04"),
        ("Image was built with", "/Other flag."),
    )


def test_what_a_dump_lacks_of_its_modules() -> None:
    found = only("kd> lm\nstart    end        module name\n(modules: nothing says where they are)\n", "modules").record

    assert (found.list.modules, found.list.missing) == ((), ("modules: nothing says where they are",))


def test_code() -> None:
    blocks = only(
        """\
kd> uf nt!KiCheckForSListAddress
nt!KiCheckForSListAddress:
82acbdf1 0fb7416c        movzx   eax,word ptr [ecx+6Ch]
82acbdfc 7511            jne     nt!KiCheckForSListAddress+0x1e (82acbe0f)  Branch

nt!KiCheckForSListAddress+0xd:
82acbdfe b8f4dda882      mov     eax,offset nt!ExpInterlockedPopEntrySListResume (82a8ddf4)
""",
        "code",
    ).record.blocks

    assert [(b.label.symbol, b.label.offset, len(b.instructions)) for b in blocks] == [
        ("KiCheckForSListAddress", None, 2),
        ("KiCheckForSListAddress", 0xD, 1),
    ]


def test_symbols_and_variables() -> None:
    found = only("0: kd> x nt!Pool*\nfffff805`4ee16a68 nt!PoolBigPageTable = <no type information>\n", "symbols").record
    near = only("kd> ln 1\n(fe68f57a)   rdr!_A+0xb4   |  (fe68f600)   rdr!_B\n", "symbols").record
    local = only("0: kd> dv /v\n00000000`0050fcb0            num1 = 0n0\n", "variables").record

    assert (found.symbols[0].address, found.symbols[0].value) == (0xFFFFF8054EE16A68, "<no type information>")
    assert [(s.address, s.place.symbol) for s in near.symbols] == [(0xFE68F57A, "_A"), (0xFE68F600, "_B")]
    assert (local.variables[0].place, local.variables[0].name) == ("00000000`0050fcb0", "num1")


def test_version() -> None:
    found = only(
        "kd> vertarget\nWindows 7 Kernel Version 7600 MP (1 procs) Free x86 compatible\nBuilt by: 7600.16385\n"
        "Kernel base = 0x82810000 PsLoadedModuleList = 0x82958810\n",
        "version",
    ).record

    assert found.system == "Windows 7 Kernel Version 7600 MP (1 procs) Free x86 compatible"
    assert dict(found.fields)["Kernel base"] == "0x82810000 PsLoadedModuleList = 0x82958810"


def test_expressions() -> None:
    block = only("0: kd> ??sizeof(nt!_CONTROL_AREA)\nunsigned int 0x50\n", "dt")

    assert [(v.type, v.value) for v in block.record.values] == [("unsigned int", 0x50)]


def test_dx() -> None:
    found = only(
        "lkd> dx 1\n    [+0x000] Type             : 0x5 [Type: short]\n"
        "    [+0x030 (31:30)] Bits     : 0x0 [Type: unsigned long]\n",
        "dx",
    ).record.rows

    assert [(r.offset, r.bits, r.name, r.value, r.type) for r in found] == [
        (0, None, "Type", "0x5", "short"),
        (0x30, (30, 31), "Bits", "0x0", "unsigned long"),
    ]


@pytest.mark.parametrize(
    "line",
    ["(" * 8000, "a" * 8000, "0 " * 4000, "f" * 8000, "[" * 8000, "#0 " + "f(" * 4000, "x!" * 4000, " : " * 2600,
     "+0x" * 2700, "00000000 " * 900, "A::b" * 2000, "`" * 8000, "= " * 4000, "a=1 " * 2000,
     "0x1`" * 2000, "::" * 4000],
    ids=lambda line: line[:6],
)  # fmt: skip
def test_lines_of_nothing_are_kept(line: str) -> None:
    for command in ("", "0: kd> k\n", "0: kd> dt x\n", "0: kd> dx x\n", "!analyze -v\n", "0: kd> dps 1\n",
                    "0: kd> x a\n", "0: kd> lm\n", "0: kd> !process\n", "0: kd> dv\n", "0: kd> r\n",
                    "0: kd> u\n"):  # fmt: skip
        log = parse(f"{command}{line}\n{line}\n")
        first = command.count("\n") + 1
        kept = {*log.unparsed, *(n for b in log.blocks for n in range(b.first_line, b.last_line + 1))}

        assert {first, first + 1} <= kept


def test_codes_in_prose() -> None:
    log = parse("It fails with STATUS_ACCESS_DENIED ( C0000005 ),\nand then with APC_INDEX_MISMATCH.\n")

    assert [(a.line, a.title) for a in log.annotations] == [
        (1, "c0000005 STATUS_ACCESS_VIOLATION"),
        (2, "APC_INDEX_MISMATCH (1)"),
    ]
    assert log.unparsed == (1, 2)


def test_an_evaluation_and_an_event() -> None:
    found = only("0: kd> ? nt!X\nEvaluate expression: -8765511217480 = fffff807`1ed14eb8\n", "evaluation").record
    event = only("(9b4.f38): Access violation - code c0000005 (!!! second chance !!!)\n", "event")

    assert (found.value, found.bits) == (-8765511217480, 0xFFFFF8071ED14EB8)
    assert (event.record.process_id, event.record.code, event.record.chance) == (
        0x9B4,
        0xC0000005,
        "!!! second chance !!!",
    )
    assert event.annotations[0].title == "c0000005 STATUS_ACCESS_VIOLATION"


def test_bytes_are_no_mnemonics() -> None:
    row = only("0:000> d esp\n0033ddc8  f0 dd 33 00 0d f0 ad ba-0d f0 ad ba 48 eb 36 00  ..3.........H.6.\n", "memory")

    assert bytes(row.record.rows[0].values)[:4] == b"\xf0\xdd\x33\x00"


def test_labels_of_other_commands() -> None:
    found = only(
        "0: kd> !mystery 1\nUsage:                  Module\nBase Address:           fffff803`712e0000\n", "command"
    )

    assert [(f.label, f.value) for f in found.record.fields] == [
        ("Usage", "Module"),
        ("Base Address", "fffff803`712e0000"),
    ]


def test_a_section_that_is_being_deleted_explains_a_wait() -> None:
    stack = "0: kd> kc\n # Call Site\n00 nt!KeWaitForGate\n01 nt!MmCreateSection\n"
    area = "0: kd> dt nt!_CONTROL_AREA 1\n   +0x030 WaitingForDeletion : {}\n"

    rules = [
        [a.name for a in parse(area.format(waiting) + stack).blocks[1].annotations if a.kind == "stack rule"]
        for waiting in ("0x86123450 _MI_CONTROL_AREA_WAIT_BLOCK", "(null) ")
    ]

    assert ["section-being-deleted" in found for found in rules] == [True, False]
