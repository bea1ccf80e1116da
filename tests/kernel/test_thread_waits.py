"""What threads wait for: rings and arrays of wait blocks, every kind of object, and blocks that lie."""

from __future__ import annotations

import pytest
from process_machines import machine

from dumpwalk.kernel.processes import find_thread
from dumpwalk.kernel.thread_details import ThreadDetails, thread_details
from dumpwalk.remarks import Absent

X64, X86, SEVEN = "nt/19041.3570-x64", "nt/win7sp1-17514-pae-x86", "nt/7601.24540-x64"
OBJECTS = """
struct _KEVENT at ffffc50000001000 Header.Type=0
struct _KMUTANT at ffffc50000001100 Header.Type=82 OwnerThread=ffffc50000009000
struct _KSEMAPHORE at ffffc50000001200 Header.Type=5 Limit=7fffffff
struct _KTIMER at ffffc50000001300 Header.Type=9
struct _KEVENT at ffffc50000001400 Header.Type=77
"""


def waiting(profile: str, text: str) -> ThreadDetails:
    target = machine(profile, f'process 344 "a"\nthread 344.348 as t {text}')
    address = find_thread(target, 0x348)
    assert address is not None
    return thread_details(target, address)


def test_an_array_of_every_kind() -> None:
    blocks = " ".join(f"WaitBlock[{n}].Object=ffffc50000001{n}00" for n in range(3))
    found = waiting(X64, f"WaitBlockList=t+140 WaitBlockCount=3 {blocks}\n{OBJECTS}")

    assert [w.kind for w in found.waits] == ["NotificationEvent", "Mutant", "Semaphore"]
    assert found.waits[1].OwnerThread == 0xFFFFC50000009000
    assert found.waits[2].Limit == 0x7FFFFFFF
    assert found.problems == ()


def test_kinds_that_are_none() -> None:
    blocks = "WaitBlock[0].Object=ffffc50000001300 WaitBlock[1].Object=ffffc50000001400 WaitBlock[2].Object=1234"
    found = waiting(X64, f"WaitBlockList=t+140 WaitBlockCount=3 {blocks}\n{OBJECTS}")

    assert found.waits[0].kind == "SynchronizationTimer"
    assert found.waits[1].kind == Absent("0x77 is the type of no object that can be waited for")
    assert isinstance(found.waits[2].kind, Absent)


def test_a_delay_waits_for_no_object() -> None:
    found = waiting(X64, "WaitBlockList=t+140 WaitBlockCount=1 WaitBlock[0].Object=ffffffff`ffffffff")

    assert [w.kind for w in found.waits] == [""]


def test_a_count_that_lies() -> None:
    found = waiting(X64, "WaitBlockList=t+140 WaitBlockCount=ff")

    assert len(found.waits) == 65
    assert "a thread waits for 64 objects at most" in found.problems[0].what


@pytest.mark.parametrize("profile", [SEVEN, X86])
def test_a_ring(profile: str) -> None:
    head = "ffffc500" if profile == SEVEN else "8c00"
    a, b, object = f"{head}00002000", f"{head}00002100", f"{head}00001000"
    if profile == X86:
        a, b, object = "8c002000", "8c002100", "8c001000"
    blocks = f"struct _KWAIT_BLOCK at {a} Object={object} NextWaitBlock={b}\n"
    blocks += f"struct _KWAIT_BLOCK at {b} Object={object} NextWaitBlock={a}\nstruct _KEVENT at {object} Header.Type=1"
    found = waiting(profile, f"WaitBlockList={a}\n{blocks}")

    assert [w.kind for w in found.waits] == ["SynchronizationEvent"] * 2
    assert found.problems == ()


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("ffffc50000002100", "leads to itself"),  # the ring closes where it did not begin
        ("ffffdead00000000", "can't be read"),
    ],
)
def test_a_ring_that_lies(last: str, problem: str) -> None:
    text = "struct _KWAIT_BLOCK at ffffc50000002000 NextWaitBlock=ffffc50000002100\n"
    text += f"struct _KWAIT_BLOCK at ffffc50000002100 NextWaitBlock={last}"
    found = waiting(SEVEN, f"WaitBlockList=ffffc50000002000\n{text}")

    assert len(found.waits) <= 3
    assert problem in " ".join(p.what for p in found.problems)


def test_a_running_thread_waits_for_nothing() -> None:
    assert waiting(X64, "State=Running WaitBlockList=t+140 WaitBlockCount=3").waits == ()
