"""A whole session against the dump that it is of: kinds that no command here prints. The values are those of the spec
that samples/apc_index_mismatch.dmp is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpwalk.target import Target, open
from dumpwalk.transcript import parse
from dumpwalk.transcript.against import Statement
from dumpwalk.transcript.against.whole import ComparedLog, compare_log

SAMPLES = Path(__file__).parents[2] / "samples"
SESSION = """\
0: kd> vertarget
Windows 10 Kernel Version 14393 MP (4 procs) Free x64
Built by: 14393.693.amd64fre.rs1_release.161220-1747
Machine Name:
Kernel base = 0xfffff800`4e000000 PsLoadedModuleList = 0xfffff800`4e307060
Debug session time: Thu Feb 16 05:00:00.123 2017 (UTC - 5:00)
System Uptime: 0 days 3:25:45.678

0: kd> .bugcheck
Bugcheck code 00000001
Arguments 00007ffe`b44461b4 00000000`00000000 00000000`0000ffff ffffc681`6b407b80

0: kd> r
rax=ffffc6816b407b80 rbx=ffffc5006e6da080 rcx=0000000000000001
rdx=00007ffeb44461b4 rsi=000000000255e8f8 rdi=0000000000000000
rip=fffff8004e14e4c0 rsp=ffffc6816b407a38 rbp=ffffc6816b407c00
 r8=0000000000000000  r9=000000000000ffff r10=ffffc6816b407b80
r11=ffffc6816b407b78 r12=0000000000000000 r13=0000000000000000
r14=0000000000000000 r15=0000000000000000
iopl=0         nv up ei ng nz na pe nc
cs=0010  ss=0018  ds=002b  es=002b  fs=0053  gs=002b             efl=00000286

0: kd> .trap ffffc681`6b407b80
rax=0000000000000055 rbx=0000000000000000 rcx=00007ffeb44461b4
rdx=0000000000100081 rsi=0000000000000000 rdi=0000000000000000
rip=00007ffeb44461b4 rsp=000000000255e8f8 rbp=000000000255ea10
 r8=000000000255e968  r9=000000000255e950 r10=0000000000000000
r11=0000000000000246 r12=0000000000000000 r13=0000000000000000
r14=0000000000000000 r15=0000000000000000
iopl=0         nv up ei pl zr na po nc

0: kd> dq ffffc681`6b407a38 L5
ffffc681`6b407a38  fffff800`4e1592a9 00000000`00000001
ffffc681`6b407a48  00007ffe`b44461b4 00000000`00000000
ffffc681`6b407a58  00000000`0000ffff

0: kd> dps ffffc681`6b407a98 L1
ffffc681`6b407a98  fffff80a`1d3c19f2 examplefilter+0x19f2

0: kd> db ffffc681`6b407a38 L8
ffffc681`6b407a38  a9 92 15 4e 00 f8 ff ff                          ...N....

0: kd> ? nt + 14e4c0
Evaluate expression: -8794780834624 = fffff800`4e14e4c0

0: kd> k
Child-SP          RetAddr               Call Site
ffffc681`6b407a38 fffff800`4e1592a9     nt!KeBugCheckEx
ffffc681`6b407a40 fffff80a`1d3c19f2     nt!KiBugCheckDispatch+0x69
"""


@pytest.fixture(scope="module")
def crash() -> Target:
    return open(str(SAMPLES / "apc_index_mismatch.dmp"))


def unequal(log: ComparedLog) -> list[Statement]:
    return [s for b in log.blocks if b.against for s in b.against.statements if s.verdict != "equal"]


def test_all_of_it_is_equal(crash: Target) -> None:
    log = compare_log(crash, parse(SESSION))

    assert unequal(log) == []
    assert [(b.kind, b.against and b.against.equal) for b in log.blocks] == [
        ("version", 8), ("bugcheck", 5), ("registers", 24), ("registers", 10), ("memory", 3), ("memory", 2),
        ("memory", 1), ("evaluation", 1), ("stack", 2),
    ]  # fmt: skip
    assert (log.against.same, log.against.doubts) == (True, ())


CHANGED = [
    ("14393 MP", "14394 MP", "build"),
    ("(4 procs)", "(8 procs)", "processors"),
    ("rs1_release", "rs2_release", "build string"),
    ("0xfffff800`4e000000", "0xfffff800`4e001000", "kernel base"),
    ("0xfffff800`4e307060", "0xfffff800`4e307061", "PsLoadedModuleList"),
    ("05:00:00.123", "05:00:00.124", "time of the dump"),
    ("3:25:45.678", "3:25:45.679", "system uptime"),
    ("code 00000001", "code 00000002", "bug check"),
    ("00000000`0000ffff ffffc681", "00000000`0000fffe ffffc681", "bug check parameter 3"),
    ("r10=ffffc6816b407b80", "r10=ffffc6816b407b81", "register r10"),
    ("cs=0010", "cs=0011", "register cs"),
    ("efl=00000286", "efl=00000287", "register efl"),
    ("rdx=0000000000100081", "rdx=0000000000100082", "trap frame ffffc681`6b407b80 rdx"),
    ("00000000`00000001\n", "00000000`00000003\n", "memory at ffffc681`6b407a40"),
    ("L1\nffffc681`6b407a98  fffff80a`1d3c19f2", "L1\nffffc681`6b407a98  fffff80a`1d3c19f3", "memory at"),
    ("examplefilter+0x19f2", "examplefilter+0x19f3", "name of what is at ffffc681`6b407a98"),
    ("a9 92 15", "a9 93 15", "memory at ffffc681`6b407a39"),
    ("= fffff800`4e14e4c0", "= fffff800`4e14e4c1", "nt + 14e4c0"),
    ("fffff800`4e1592a9     nt!KeBugCheckEx", "fffff800`4e1592aa     nt!KeBugCheckEx", "frame 00 return address"),
]


@pytest.mark.parametrize(("old", "new", "named"), CHANGED, ids=[c[2] for c in CHANGED])
def test_a_changed_digit_is_found_and_named(crash: Target, old: str, new: str, named: str) -> None:
    assert old in SESSION

    found = unequal(compare_log(crash, parse(SESSION.replace(old, new, 1))))

    assert any(s.what.startswith(named) and s.verdict == "different" for s in found), found


def test_what_could_not_be_read_then_is_no_statement(crash: Target) -> None:
    log = compare_log(crash, parse("0: kd> dq ffffc681`6b407a38 L1\nffffc681`6b407a38  ????????`????????\n"))

    assert log.blocks[0].against is not None
    assert (log.blocks[0].against.equal, log.blocks[0].against.not_compared != "") == (0, True)


def test_what_is_not_in_the_dump_says_why(crash: Target) -> None:
    [found] = unequal(
        compare_log(crash, parse("0: kd> dq ffffc681`00000000 L1\nffffc681`00000000  00000000`00000001\n"))
    )

    assert (found.verdict, found.held.reason) == ("absent", "ffffc681`00000000: not in the dump")


def test_registers_of_another_moment_differ_by_the_place_alone(crash: Target) -> None:
    text = SESSION.replace("rip=fffff8004e14e4c0", "rip=fffff8004e14e4c1").replace("rax=ffffc681", "rax=ffffc682")
    found = [s for s in unequal(compare_log(crash, parse(text))) if s.what.startswith("register")]

    assert [s.what for s in found] == ["register rip"]


def test_registers_of_a_frame_are_not_compared(crash: Target) -> None:
    log = compare_log(
        crash, parse("0: kd> .frame /r 3\nrax=0000000000000001 rbx=0000000000000001 rcx=0000000000000001\n")
    )

    assert all(not b.against.statements for b in log.blocks if b.against)


def test_an_analysis(crash: Target) -> None:
    text = """\
0: kd> !analyze -v
APC_INDEX_MISMATCH (1)
This is a kernel internal error.
Arguments:
Arg1: 00007ffeb44461b4, Address of system function
Arg2: 0000000000000000, Thread->ApcStateIndex
Arg3: 000000000000ffff, (Thread->SpecialApcDisable << 16) | Thread->KernelApcDisable
Arg4: ffffc6816b407b80, Call type

PROCESS_NAME:  explorer.exe

MODULE_NAME: examplefilter

IMAGE_NAME:  examplefilter.sys

DEBUG_FLR_IMAGE_TIMESTAMP:  58935f40

FAULTING_MODULE: fffff8004e000000 nt

TRAP_FRAME:  ffffc6816b407b80 -- (.trap 0xffffc6816b407b80)
rax=0000000000000055 rbx=0000000000000000 rcx=00007ffeb44461b4

STACK_TEXT:
"""
    zeros = " ".join(["00000000`00000000"] * 4)
    arguments = "00000000`00000001 00007ffe`b44461b4 00000000`00000000 00000000`0000ffff"
    text += f"ffffc681`6b407a38 fffff800`4e1592a9 : {arguments} : nt!KeBugCheckEx\n"
    text += f"ffffc681`6b407a40 fffff80a`1d3c19f2 : {zeros} : nt!KiBugCheckDispatch+0x69\n"
    whole = compare_log(crash, parse(text))
    said = {s.what for b in whole.blocks if b.against for s in b.against.statements}
    wrong = text.replace("explorer.exe", "notepad.exe").replace("58935f40", "58935f41").replace("Arg3: 0", "Arg3: 1")
    found = unequal(compare_log(crash, parse(wrong)))

    assert unequal(whole) == []
    assert {"PROCESS_NAME", "MODULE_NAME", "IMAGE_NAME", "DEBUG_FLR_IMAGE_TIMESTAMP", "FAULTING_MODULE"} <= said
    assert {"trap frame ffffc681`6b407b80 rcx", "frame 00 argument 1", "frame 00 argument 4"} <= said
    assert [s.what for s in found] == ["bug check parameter 3", "PROCESS_NAME", "DEBUG_FLR_IMAGE_TIMESTAMP"]


def test_an_exception_record(crash: Target) -> None:
    text = """\
0: kd> .exr -1
ExceptionAddress: fffff8004e14e4c0 (nt+0x000000000014e4c0)
   ExceptionCode: 80000003 (Break instruction exception)
  ExceptionFlags: 00000001
NumberParameters: 0
"""
    wrong = text.replace("4e14e4c0 (nt", "4e14e4c1 (nt").replace("80000003", "c0000005")
    nowhere = open(str(SAMPLES / "running_machine.dmp"))

    assert unequal(compare_log(crash, parse(text))) == []
    assert [s.what for s in unequal(compare_log(crash, parse(wrong)))] == [
        "exception ExceptionCode", "exception ExceptionAddress", "exception place",
    ]  # fmt: skip
    assert [s.verdict for s in unequal(compare_log(nowhere, parse(text)))] == ["absent"]


@pytest.mark.parametrize(
    ("sample", "text", "verdict"),
    [
        ("device_stack", "nt!PsActiveProcessHead", "equal"),
        ("objects_x64", "nt!PsActiveProcessHead", "equal"),
        ("processor_x86", "nt!PsActiveProcessHead", "absent"),
    ],
)
def test_symbols(sample: str, text: str, verdict: str) -> None:
    target = open(str(SAMPLES / f"{sample}.dmp"))
    found = target.address_of("PsActiveProcessHead") or target.dump.header.PsActiveProcessHead
    log = compare_log(target, parse(f"0: kd> x {text}\n{found}          {text} = <no type information>\n"))

    assert [(s.what.partition(",")[0], s.verdict) for b in log.blocks for s in b.against.statements] in (
        [[(text, verdict)], [(text, "equal")]] if verdict == "absent" else [[(text, verdict)]]
    )


def test_code_is_compared_by_its_bytes() -> None:
    target = open(str(SAMPLES / "processor_x86.dmp"))
    place = target.address(int(target.dump.header.PsLoadedModuleList))
    held = target.memory.read(place, 4).hex()
    right = f"0: kd> u {place}\n{place} {held}        mov     eax,ebx\n"
    wrong = right.replace(held, "00000000" if held != "00000000" else "11111111")

    verdicts = [
        [s.verdict for b in compare_log(target, parse(text)).blocks for s in b.against.statements]
        for text in (right, wrong)
    ]

    assert verdicts == [["equal"], ["different"]]
