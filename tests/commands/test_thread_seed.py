"""`thread` on machines that hold the values of published listings: what it prints is what they show.

The listings are of a blog's posts of March 2016 (Windows 7 x86) and January 2017 (Windows 10 x64).
"""

from __future__ import annotations

import re

import pytest
from images import file_of

from dumpwalk.cli import main

# Ticks are 15.6001 ms there: 675 of them take 10.530 s, which they would not with the usual 156250.
WINDOWS_7 = """
dump full x86
profile nt/win7sp1-17514-pae-x86
time 2016-03-24T10:00:00Z
uptime 0:10:00
bugcheck e2
module nt \\SystemRoot\\system32\\ntkrnlpa.exe 82a3b000 size 412000
process 1100 "explorer.exe" at 8514a030 DeviceMap=975b0820
thread 4.28 State=Running

thread 1100.f5c as terminating at 870788e8 Teb=7ffab000 State=Waiting WaitReason=4 WaitMode=0 WaitTime=5743
    ContextSwitches=aae IdealProcessor=1 KernelTime=2 Win32StartAddress=769842ed InitialStack=a86bfed0
    KernelStack=a86bfa38 StackBase=a86c0000 StackLimit=a86bd000 Priority=a BasePriority=8 ForegroundBoost=2
    ThreadIoPriority=2 ThreadPagePriority=2 Terminated=1 KernelStackResident=1 WaitBlockList=87079000
struct _KWAIT_BLOCK at 87079000 Object=86d29460 NextWaitBlock=87079000
struct _KEVENT at 86d29460 Header.Type=1
irp 1100.f5c IRP_MJ_READ at 87305dc8 stack 4 Flags=60a00
irp 1100.f5c IRP_MJ_READ at 86ecd6f8 stack 4 Flags=60a00
irp 1100.f5c IRP_MJ_READ at 862fd7b8 stack 4 Flags=60a00
irp 1100.f5c IRP_MJ_READ at 87221d80 stack 4 Flags=60a00
# KSWITCH_FRAME, four registers and KiSwapContext's return address; then the chain of frame pointers
block a86bfa38 pointers 0 0 82a8f256 a86bfa88 0 0 0 82ad269d
block a86bfa88 pointers a86bfab0 82ad14f7
block a86bfab0 pointers a86bfb0c 82ad11d5
block a86bfb0c pointers a86bfb40 82cb9171
block a86bfb40 pointers a86bfbb4 82cbe519
block a86bfbb4 pointers a86bfbcc 82cd2051
block a86bfbcc pointers a86bfc1c 82b058c0
block a86bfc1c pointers a86bfc34 82a922a4
block a86bfc34 pointers 74fe3e4 778770b4

thread 1100.1104 at 86e307f0 Teb=7ffdf000 Win32Thread=fe9c8a88 State=Waiting WaitReason=0 WaitMode=0 WaitTime=54a1
    ContextSwitches=3ccd IdealProcessor=1 UserTime=10 KernelTime=22 Win32StartAddress=e50efa InitialStack=a87b5ed0
    KernelStack=a87b5a38 StackBase=a87b6000 StackLimit=a87b3000 CallbackDepth=4f0 Priority=c BasePriority=8
    ForegroundBoost=2 ThreadIoPriority=2 ThreadPagePriority=5 KernelStackResident=1 WaitBlockList=87079100
struct _KWAIT_BLOCK at 87079100 Object=870788e8 NextWaitBlock=87079100
block a87b5a38 pointers 0 0 82a8f256 a87b5a88 0 0 0 82ad269d
block a87b5a88 pointers a87b5ab0 82ad14f7
block a87b5ab0 pointers a87b5b2c 82acb0cf
block a87b5b2c pointers a87b5bb4 82cbe28e
block a87b5bb4 pointers a87b5bcc 82cd2051
block a87b5bcc pointers a87b5c1c 82b058c0
block a87b5c1c pointers a87b5c34 82a922a4
block a87b5c34 pointers ffb18 77876fc0

block ffdf0004 bytes 27a0990f
block ffdf0320 bytes 4457000000000000
"""
TERMINATING = """
THREAD 870788e8  Cid 1100.0f5c  Teb: 7ffab000 Win32Thread: 00000000 WAIT: (DelayExecution) KernelMode Non-Alertable
    86d29460  SynchronizationEvent
IRP List:
    87305dc8: (0006,0100) Flags: 00060a00  Mdl: 00000000
    86ecd6f8: (0006,0100) Flags: 00060a00  Mdl: 00000000
    862fd7b8: (0006,0100) Flags: 00060a00  Mdl: 00000000
    87221d80: (0006,0100) Flags: 00060a00  Mdl: 00000000
Not impersonating
DeviceMap                 975b0820
Owning Process            8514a030       Image:         explorer.exe
Attached Process          N/A            Image:         N/A
Wait Start TickCount      22339          Ticks: 1 (0:00:00:00.015)
Context Switch Count      2734           IdealProcessor: 1          
UserTime                  00:00:00.000
KernelTime                00:00:00.031
Win32 Start Address 0x769842ed
Stack Init a86bfed0 Current a86bfa38 Base a86c0000 Limit a86bd000 Call 0
Priority 10 BasePriority 8 UnusualBoost 0 ForegroundBoost 2 IoPriority 2 PagePriority 2
"""  # noqa: W291
# The listing's stack; without symbols of its kernel the places read nt+0x12345.
STACK = """
ChildEBP RetAddr
a86bfa50 82ad269d nt!KiSwapContext+0x26 (FPO: [Uses EBP] [0,0,4])
a86bfa88 82ad14f7 nt!KiSwapThread+0x266
a86bfab0 82ad11d5 nt!KiCommitThreadWait+0x1df
a86bfb0c 82cb9171 nt!KeDelayExecutionThread+0x2aa
a86bfb40 82cbe519 nt!IoCancelThreadIo+0x70
a86bfbb4 82cd2051 nt!PspExitThread+0x48e
a86bfbcc 82b058c0 nt!PsExitSpecialApc+0x22
a86bfc1c 82a922a4 nt!KiDeliverApc+0x28b
"""
MAIN_STACK = """
ChildEBP RetAddr
a87b5a50 82ad269d nt!KiSwapContext+0x26 (FPO: [Uses EBP] [0,0,4])
a87b5a88 82ad14f7 nt!KiSwapThread+0x266
a87b5ab0 82acb0cf nt!KiCommitThreadWait+0x1df
a87b5b2c 82cbe28e nt!KeWaitForSingleObject+0x393
a87b5bb4 82cd2051 nt!PspExitThread+0x203
a87b5bcc 82b058c0 nt!PsExitSpecialApc+0x22
a87b5c1c 82a922a4 nt!KiDeliverApc+0x28b
"""
MAIN_THREAD = """
THREAD 86e307f0  Cid 1100.1104  Teb: 7ffdf000 Win32Thread: fe9c8a88 WAIT: (Executive) KernelMode Non-Alertable
    870788e8  Thread
Not impersonating
DeviceMap                 975b0820
Owning Process            8514a030       Image:         explorer.exe
Attached Process          N/A            Image:         N/A
Wait Start TickCount      21665          Ticks: 675 (0:00:00:10.530)
Context Switch Count      15565          IdealProcessor: 1          
UserTime                  00:00:00.249
KernelTime                00:00:00.530
Win32 Start Address 0x00e50efa
Stack Init a87b5ed0 Current a87b5a38 Base a87b6000 Limit a87b3000 Call 4f0
Priority 12 BasePriority 8 UnusualBoost 0 ForegroundBoost 2 IoPriority 2 PagePriority 5
"""  # noqa: W291
WINDOWS_10 = """
dump full x64
profile nt/14393.4583-x64
time 2017-01-29T10:00:00Z
uptime 0:10:00
bugcheck e2
process 4 "System" at ffffc5006b8b66c0
thread 4.8 State=Running
process 1588 "XXXXXXXX" at ffffc500733ff080 DeviceMap=ffffd58256416bd0
thread 1588.5ec at ffffc5006e6da080 Teb=2aa000 State=Waiting WaitReason=1b WaitMode=0 KernelStackResident=1
    WaitBlockList=ffffc5006e6da1c0 WaitBlockCount=1 ApcState.Process=ffffc5006b8b66c0 ApcStateIndex=1
    WaitBlock[0].Object=ffffc5006be8eb70 SavedApcState.Process=ffffc500733ff080
struct _KEVENT at ffffc5006be8eb70 Header.Type=1
irp 1588.5ec IRP_MJ_CLEANUP at ffffc5006e2ba140 stack e Flags=404
irp 1588.5ec IRP_MJ_READ at ffffc50075b8aae0 stack 1 Flags=60000
"""
CLOSING = """
THREAD ffffc5006e6da080  Cid 1588.05ec  Teb: 00000000002aa000 Win32Thread: 0000000000000000
 WAIT: (WrResource) KernelMode Non-Alertable
    ffffc5006be8eb70  SynchronizationEvent
IRP List:
    ffffc5006e2ba140: (0006,04c0) Flags: 00000404  Mdl: 00000000
    ffffc50075b8aae0: (0006,0118) Flags: 00060000  Mdl: 00000000
Not impersonating
DeviceMap                 ffffd58256416bd0
Owning Process            ffffc500733ff080       Image:         XXXXXXXX
Attached Process          ffffc5006b8b66c0       Image:        System
"""


def words(text: str) -> list[list[str]]:
    """Return the lines of *text* that are not empty, blanks normalised."""
    return [line.split() for line in text.splitlines() if line.strip()]


def shown(capsys: pytest.CaptureFixture[str], spec: str, *command: str, types: str = "") -> str:
    main([*(["--types", types] if types else []), "-z", file_of(spec), *command])
    return capsys.readouterr().out


# Of this kernel no symbols are known, so its profile is only near; the debugger data and the values confirm it.
@pytest.mark.parametrize("types", ["", "win7-x86-pae"])
def test_a_thread_that_terminates(capsys: pytest.CaptureFixture[str], types: str) -> None:
    lines = words(shown(capsys, WINDOWS_7, "thread", "870788e8", types=types))
    fields, stack = words(TERMINATING), words(STACK)

    assert lines[: len(fields)] == fields
    note = " ".join(lines[len(fields)])
    assert "waits until its IrpList is empty; after five minutes" in note
    frames = lines[len(fields) + 1 :]
    assert [line[:2] for line in frames[: len(stack)]] == [line[:2] for line in stack]
    # Then a trap frame: the listing has its ChildEBP from the code's unwind data, which no dump holds.
    assert frames[len(stack)] == ["a86bfc34", "778770b4", "nt+0x572a4"]
    assert frames[len(stack) + 1] == ["074fe3e4", "00000000", "0x778770b4"]


@pytest.mark.parametrize("types", ["", "win7-x86-pae"])
def test_the_thread_that_waits_for_it(capsys: pytest.CaptureFixture[str], types: str) -> None:
    lines = words(shown(capsys, WINDOWS_7, "thread", "86e307f0", types=types))
    fields, stack = words(MAIN_THREAD), words(MAIN_STACK)
    frames = lines[len(fields) :]

    assert lines[: len(fields)] == fields
    assert [line[:2] for line in frames[: len(stack)]] == [line[:2] for line in stack]
    assert frames[len(stack)][1] == "77876fc0"
    assert frames[len(stack) + 1] == ["000ffb18", "00000000", "0x77876fc0"]


def test_a_thread_that_closes_a_kernel_handle(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, WINDOWS_10, "thread", "ffffc5006e6da080")
    # That debugger printed the pointer to the MDL in eight digits.
    text = re.sub(r"Mdl: 0{16}", "Mdl: 00000000", text)
    fields = words(CLOSING.replace("\n WAIT", " WAIT"))

    assert words(text)[: len(fields)] == fields
    assert "PsGetCurrentProcess returns System, in a driver's IRP_MJ_CLEANUP too" in text
