"""Listings that no command here prints, printed back from their records."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.render.log_printed import printed, same
from dumpwalk.transcript import parse
from dumpwalk.transcript.lines import Lines

TEXTS = {
    "locks": """\
kd> !locks
**** DUMP OF ALL RESOURCE OBJECTS ****
KD: Scanning for held locks..
Resource @ 0x89929320    Exclusively owned
    Contention Count = 3911396
    NumberOfExclusiveWaiters = 2
     Threads: 8952d030-01<*>
     Threads Waiting On Exclusive Access:
              8952d031       8952d038
Resource @ 0x89da1a68    Shared 1 owning threads
     Threads: 8a4cb533-01<*> *** Actual Thread 8a4cb530
""",
    "critical sections": """\
0:000> !locks
CritSec ex!Section+0 at 00007ff6492e5ad0
WaiterWoken        No
LockCount          1
OwningThread       33bc
*** Locked
""",
    "device node": """\
kd> !devnode ffffb80f12100200
DevNode 0xffffb80f12100200 for PDO 0xffffb80f12100900 at level 0x2
  Parent 0xffffb80f12100600   Sibling 0000000000   Child 0000000000
  InstancePath is "EXBUS\\Disk"
  State = DeviceNodeStarted (0x308)
  Flags (0x00001129)  DNF_PROCESSED, DNF_ENUMERATED,
                      DNF_MADEUP
  CmResourceList at 0xe12474e8  Version 0.0  Interface 0x5  Bus #0
    Entry 0 - Port (0x1) Shared (0x3)
      Range starts at 0x3c0 for 0x10 bytes
""",
    "memory": """\
kd> !vm

*** Virtual Memory Usage ***
    Physical Memory:     1048576 (   4194304 Kb)
    Page File: \\??\\C:\\pagefile.sys
      Current:   1048576 Kb  Free Space:   1000000 Kb
      Minimum:   1048576 Kb  Maximum:      4194304 Kb
    Available Pages:      524288 (   2097152 Kb)
""",
    "words": """\
kd> !dpx
0xffffb80f12345678 : 0xfffff8047bc42020 : nt!PpmPerfAction
kd> !telescope ffffb80f1f400740
0xffffb80f1f400740|+0x0000: 0xfffff8047b901500 (Image example.sys (.text)) -> sub     rsp,28h
""",
    "machine": """\
kd> vertarget
Windows 10 Kernel Version 19041 MP (4 procs) Free x64
Built by: 19041.1.amd64fre.vb_release.191206-1406
Kernel base = 0xfffff807`1e018000 PsLoadedModuleList = 0xfffff807`1ec422b0
""",
    "symbols": """\
kd> x nt!Pool*
fffff805`4ee16a68 nt!PoolBigPageTable = <no type information>
fffff801`0bf95690 ex!ExampleDestroy (void *)
""",
    "blocked threads": """\
kd> !stacks 2
Proc.Thread  .Thread  Ticks   ThreadState Blocker
                            [8514a030 explorer.exe]
1100.000f5c  870788e8 0000001 Blocked    nt!KiSwapContext+0x26
                                        nt!KiSwapThread+0x266
""",
    "processors": """\
kd> !running
System Processors:  (0000000000000003)
  Idle Processors:  (0000000000000000)
       Prcbs             Current         (pri) Next            (pri) Idle
  0    fffff8041b4de180  ffffb80f1200b040 ( 9)                       fffff8041bb4b400  ................
""",
    "ready": """\
kd> !ready
Processor 0: Ready Threads at priority 10
THREAD 870788e8 Cid 1100.0f5c Teb: 7ffab000 Win32Thread: 00000000 READY
""",
    "maps": "555555554000-555555556000 r--p 00000000 08:01 1234  /usr/bin/example\n"
    "7ffff7dc5000-7ffff7de7000 rw-p 00000000 00:00 0\n",
    "dx": """\
kd> dx -r1 (*((nt!_LIST_ENTRY *)0xfffff8047c6f0000))
(*((nt!_LIST_ENTRY *)0xfffff8047c6f0000))                 [Type: _LIST_ENTRY]
    [+0x000] Flink            : 0xffffb80f1200b040 [Type: _LIST_ENTRY *]
    [+0x008] Blink            : 0xffffb80f1200b040 [Type: _LIST_ENTRY *]
""",
    "handle trace": """\
kd> !htrace
Process 0x81400300
ObjectTable 0xE10CCF60
Handle 0x7CC - CLOSE:
0x8018FCB9: ntoskrnl!ExDestroyHandle+0x103
""",
    "regions": """\
0:000> !address
Usage:                  Module
Base Address:           8281c000
End Address:            82c38000
Region Size:            0041c000
""",
    "device registers": """\
*(ehci)HC_OPERATIONAL_REGISTER ffffd000228bf020
    USBCMD 00010001
    .HostControllerRun: 1
""",
    "verifier": """\
kd> !verifier
Verify Flags Level 0x000209bb
    [X] (0x00000001) Special pool
    [ ] (0x00000004) Randomized low resources simulation
""",
}


def origins(text: str) -> tuple[Counter[str], list[str]]:
    lines = list(Lines.of_text(text))
    shown = printed(parse(text), lines)
    return Counter(line.origin for line in shown), [b for a, b in zip(shown, lines) if a.origin == "block"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_all_lines_come_from_the_record(text: str) -> None:
    found, kept = origins(text)

    assert kept == []
    assert found["record"] >= 2
    assert set(found) <= {"record", "command", "blank"}


@settings(max_examples=60)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_damaged_text_is_printed_back(name: str, data: st.DataObject) -> None:
    lines = TEXTS[name].split("\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        damage = data.draw(st.sampled_from(["", "?", "0", " ", "zz", "????"]))
        lines[at] = lines[at][:cut] + damage + lines[at][cut + 1 :]
    text = "\n".join(lines)
    cleaned = list(Lines.of_text(text))

    assert all(same(a.text, b) for a, b in zip(printed(parse(text), cleaned), cleaned))
