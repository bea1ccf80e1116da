"""Lists of threads, of deferred procedure calls, of words and of stacks that threads share, against dumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpwalk.target import open
from dumpwalk.transcript.against.whole import compare_text

SAMPLES = Path(__file__).parents[2] / "samples"
DPCS = """\
0: kd> !dpcs
CPU Type      KDPC       Function
 0: Normal  : 0xffffb80f1f400728 0xfffff8047b901500 example+0x1500
 0: Threaded: 0xffffb80f12001fc0 0xfffff8047bc42020 nt!PpmPerfAction
"""
# A waiting thread of a sample, as the debugger's lists would have it.
READY = """\
0: kd> !ready
Processor 0: Ready Threads at priority 10
THREAD 870788e8 Cid 1100.0f5c Teb: 7ffab000 Win32Thread: 00000000 READY
"""
STACKS = """\
0: kd> !stacks 2
Proc.Thread  .Thread  Ticks   ThreadState Blocker
                            [8514a030 explorer.exe]
1100.000f5c  870788e8 0000001 Blocked    nt!KiSwapContext+0x26
                                        nt!KiSwapThread+0x266
"""
WORDS = """\
0: kd> !telescope ffffb80f1f400740
0xffffb80f1f400740|+0x0000: 0xfffff8047b901500 (Image example.sys (.text)) -> sub     rsp,28h
"""
SHARED = """\
0: kd> !us
1 thread [stats]: 0
    fffff8047b901500 example+0x1500
    fffff8047bc42020 nt!PpmPerfAction
1 stack(s) with 1 threads displayed (1 Total threads)
"""


MEX = """\
0: kd> !mex.t 870788e8
Process                 Thread   CID      TEB      UserTime KernelTime ContextSwitches Wait Reason    Time State
explorer.exe (8514a030) 870788e8 (E|K|W|R|V) 1100.f5c 7ffab000 0ms       31ms 2734 DelayExecution 15ms Waiting
WaitBlockList:
    Object   Type                 Other Waiters Info
    86d29460 SynchronizationEvent 0

Priority:
    Current Base Decrement ForegroundBoost IO Page
    10      8    0         2               2  2
"""
TREE = """\
0: kd> !mex.tl -t
System Processes
     4352 8514a030 explorer.exe
"""


def found(sample: str, text: str) -> tuple[int, list[tuple[str, str, int | None]]]:
    """Return how many values are equal, and what is not, with its line."""
    log = compare_text(open(str(SAMPLES / f"{sample}.dmp")), text)
    statements = [s for b in log.blocks if b.against for s in b.against.statements]
    return log.against.equal, [(s.verdict, s.what, s.line) for s in statements if s.verdict != "equal"]


@pytest.mark.parametrize(
    ("sample", "text", "equal", "unequal"),
    [
        ("processor_x64", DPCS, 6, []),
        ("exiting_process", STACKS, 6, []),
        ("processor_x64", WORDS, 1, []),
        ("processor_x64", SHARED, 2, []),
        ("exiting_process", MEX, 15, []),
        ("exiting_process", TREE, 2, []),
        # It waits; that of the others is so.
        ("exiting_process", READY, 5, [("different", "thread 870788e8 State", 3)]),
    ],
)
def test_what_is_so(sample: str, text: str, equal: int, unequal: list[tuple[str, str, int]]) -> None:
    assert found(sample, text) == (equal, unequal)


@pytest.mark.parametrize(
    ("sample", "text", "old", "new", "verdict", "what"),
    [
        ("processor_x64", DPCS, " 0: Normal", " 0: Threaded", "different", "queue"),
        ("processor_x64", DPCS, "0xfffff8047b901500", "0xfffff8047b901501", "different", "routine"),
        ("processor_x64", DPCS, "0xffffb80f12001fc0", "0xffffb80f12001fc8", "absent", "of processor 0"),
        ("processor_x64", DPCS, " 0: Threaded", " 7: Threaded", "absent", "of processor 7"),
        ("processor_x64", DPCS, "nt!PpmPerfAction", "nt!KeBugCheckEx", "different", "routine name"),
        ("exiting_process", READY, "1100.0f5c", "1100.0f5d", "different", "Cid.UniqueThread"),
        ("exiting_process", READY, "priority 10", "priority 7", "different", "Priority"),
        ("exiting_process", STACKS, "0000001 Blocked", "0000002 Blocked", "different", "ticks"),
        ("exiting_process", STACKS, "Blocked", "RUNNING", "different", "State"),
        ("exiting_process", STACKS, "explorer.exe", "explores.exe", "different", "Process image"),
        ("exiting_process", STACKS, "[8514a030", "[8514a038", "different", "Process"),
        ("exiting_process", MEX, "2734", "2735", "different", "ContextSwitches"),
        ("exiting_process", MEX, "Waiting", "Running on processor 0", "different", "State"),
        ("exiting_process", MEX, "86d29460", "86d29468", "different", "wait object 1"),
        ("exiting_process", TREE, "4352", "4353", "different", "UniqueProcessId"),
        ("exiting_process", TREE, "explorer", "explored", "different", "Image"),
        ("processor_x64", WORDS, "0xfffff8047b901500", "0xfffff8047b901501", "different", "memory at"),
        ("processor_x64", SHARED, "example+0x1500", "example+0x1504", "different", "stack 1 frame 00 place"),
    ],
)
def test_what_is_not(sample: str, text: str, old: str, new: str, verdict: str, what: str) -> None:
    line = text[: text.index(old)].count("\n") + 1
    _, before = found(sample, text)
    _, after = found(sample, text.replace(old, new, 1))
    more = [one for one in after if one not in before]

    assert [(one[0], one[2]) for one in more][:1] == [(verdict, line)]
    assert what in more[0][1]
