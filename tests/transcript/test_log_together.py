"""What several blocks show together: no worker is free, a thread hogs its processor. One stack alone shows neither."""

from __future__ import annotations

import pytest

from dumpwalk.annotations import Annotation
from dumpwalk.transcript import parse

SWITCH = ("nt!KiSwapContext+0x26", "nt!KiSwapThread+0x266", "nt!KiCommitThreadWait+0x1df")
BUSY = (*SWITCH, "nt!KeWaitForSingleObject+0x393", "EvilFlt!Flush+0x12", "nt!ExpWorkerThread+0x10f")
IDLE = (*SWITCH, "nt!KeRemoveQueueEx+0x4f8", "nt!ExpWorkerThread+0xfd")
START = "nt!PspSystemThreadStartup+0x9e"
HOG = ("EvilFlt!Dispatch+0x12", "nt!IofCallDriver+0x64", "nt!NtReadFile+0x1a0")
PROCESS = "PROCESS 8422a8e8  SessionId: none  Cid: 0004    Peb: 00000000  ParentCid: 0000\n    Image: {}\n\n"


def thread(
    number: int,
    frames: tuple[str, ...],
    *,
    state: str = "WAIT: (Executive) KernelMode",
    used: str = "",
    cid: str = "0004",
) -> str:
    """Return a thread as `!thread` prints it."""
    rows = [f"a86bfa{n:02x} 82ad{n:04x} {frame}" for n, frame in enumerate(frames, 16)]
    times = [f"    UserTime                  00:00:00.000\n    KernelTime                {used}"] if used else []
    head = (
        f"THREAD {0x85211000 + number * 0x300:x}  Cid {cid}.{number:04x}  Teb: 00000000 Win32Thread: 00000000 {state}"
    )
    return "\n".join([head, *times, *([" ChildEBP RetAddr"] if rows else []), *rows, "", ""])


def said(text: str) -> list[Annotation]:
    return [a for a in parse(text).annotations if a.kind == "stack rule"]


def queue(of: str, *threads: str) -> str:
    return f"kd> !exqueue f\n**** Critical WorkQueue( {of} )\n" + "".join(threads) + "kd> .echo\n"


BUSY_ONES = tuple(thread(n, (*BUSY, START)) for n in range(1, 6))
IDLE_ONE = thread(6, (*IDLE, START))


def test_a_queue_whose_threads_are_all_at_work() -> None:
    (found,) = said(queue("Threads: 5/512, Concurrency: 0/1", *BUSY_ONES))

    assert (found.name, found.line, found.severity) == ("worker-exhaustion", 1, "high")
    assert found.deduced == ("all 5 threads of the Critical queue are at work, none waits for any",)
    assert found.next


@pytest.mark.parametrize(
    "text",
    [
        # One waits for work
        queue("Threads: 6/512, Concurrency: 0/1", *BUSY_ONES, IDLE_ONE),
        # Not all are shown
        queue("Threads: 8/512, Concurrency: 0/1", *BUSY_ONES),
        # One has no stack
        queue("Threads: 6/512, Concurrency: 0/1", *BUSY_ONES, thread(7, ())),
        # The frames are cut, but its reason says that it is idle
        queue("current = 0 maximum = 2", thread(8, (*BUSY, START), state="WAIT: (WrQueue) UserMode")),
        # No threads below the heading
        queue("Threads: 0/512, Concurrency: 0/1"),
        # Stacks of workers that no heading says to be all
        "".join(BUSY_ONES),
        # Another process's
        PROCESS.format("svchost.exe") + "".join(BUSY_ONES),
        PROCESS.format("System") + "".join((*BUSY_ONES, IDLE_ONE)),
        # A thread of System whose stack is not resident may be a worker
        PROCESS.format("System") + "".join((*BUSY_ONES, thread(9, ()))),
        # So few are somebody's choice
        PROCESS.format("System") + "".join(BUSY_ONES[:3]),
    ],
)
def test_workers_of_which_one_may_be_free(text: str) -> None:
    assert said(text) == []


def test_all_workers_of_system() -> None:
    others = thread(9, (*SWITCH, "nt!KeWaitForMultipleObjects+0x1", "nt!KeBalanceSetManager+0x2", START))

    (found,) = said(PROCESS.format("System") + others + "".join(BUSY_ONES))

    assert found.name == "worker-exhaustion"
    assert found.deduced == ("all 5 workers among the threads of System that the text lists are at work",)


def test_a_queue_of_old_systems_says_no_count() -> None:
    (found,) = said(queue("current = 2 maximum = 2", *BUSY_ONES))

    assert found.name == "worker-exhaustion"


def test_the_busy_queue_of_two() -> None:
    second = f"**** Delayed WorkQueue( current = 0 maximum = 2 )\n{IDLE_ONE}"
    text = queue("current = 2 maximum = 2", *BUSY_ONES).replace("kd> .echo", second + "kd> .echo")

    assert [a.line for a in said(text)] == [1]


RUNS = "RUNNING on processor 1"
OTHERS = tuple(thread(n, (*SWITCH, "nt!NtReadFile+0x2"), used="00:00:00.031", cid="0344") for n in range(1, 5))


def test_a_thread_with_far_more_time_than_others() -> None:
    text = "".join(OTHERS) + thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0344")

    (found,) = said(text)

    assert found.name == "driver-stuck-dispatch"
    assert found.deduced == (
        "it runs, and has used 192.468 s of processor time; "
        "none of the 4 others that are listed has used more than 0.031 s",
    )
    assert found.line == text.splitlines().index(next(x for x in text.splitlines() if RUNS in x)) + 1


def test_it_may_come_first_and_be_listed_twice() -> None:
    hog = thread(7, HOG, state=RUNS, used="1 Days 00:03:12.468", cid="0344")

    assert [a.name for a in said(hog + "".join(OTHERS) + OTHERS[0])] == ["driver-stuck-dispatch"]


@pytest.mark.parametrize(
    "text",
    [
        # Nothing to compare with
        thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0344"),
        "".join(OTHERS[:2]) + thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0344"),
        # The same two threads again and again
        "".join(OTHERS[:2] * 4) + thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0344"),
        # It waits
        "".join(OTHERS) + thread(7, HOG, used="0:03:12.468", cid="0344"),
        # Another one has as much
        "".join(OTHERS)
        + thread(8, (), used="0:03:00.000", cid="0344")
        + thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0344"),
        # Less than a second
        "".join(OTHERS) + thread(7, HOG, state=RUNS, used="0:00:00.900", cid="0344"),
        # The idle process
        "".join(OTHERS) + thread(7, HOG, state=RUNS, used="0:03:12.468", cid="0000"),
        # Times that are none
        "".join(OTHERS) + thread(7, HOG, state=RUNS, used="for ever", cid="0344"),
        # No driver's dispatch routine
        "".join(OTHERS) + thread(7, ("nt!KiIdleLoop+0x1",), state=RUNS, used="0:03:12.468", cid="0344"),
    ],
)
def test_a_thread_that_need_not_hog_anything(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    "crash",
    [
        "BugCheck 100000EA, {85212500, 85000000, 0, 1}\n\n",
        "kd> .bugcheck\nBugcheck code 000000EA\nArguments 85212500 85000000 00000000 00000001\n\n",
    ],
)
def test_the_crash_names_the_thread(crash: str) -> None:
    stuck = thread(7, HOG, state=RUNS, cid="0344")

    (found,) = said(crash + stuck)

    assert found.deduced == ("parameter 1 of THREAD_STUCK_IN_DEVICE_DRIVER is this thread",)
    assert said(crash + thread(8, HOG, state=RUNS, cid="0344")) == []
    assert said(crash.replace("EA", "EB") + stuck) == []


def test_the_analysis_shows_the_stack_of_the_thread() -> None:
    text = (
        "kd> !analyze -v\nTHREAD_STUCK_IN_DEVICE_DRIVER (ea)\nArguments:\nArg1: 85212500, Pointer to a stuck thread\n"
        "Arg2: 00000000\nArg3: 00000000\nArg4: 00000001\n\nDebugging Details:\n------------------\n\n"
        "FAULTING_THREAD:  85212500\n\nSTACK_TEXT:  \n"
        "a86bfa50 82ad269d 00000000 00000000 00000000 EvilFlt!Dispatch+0x12\n"
        "a86bfa88 82ad14f7 00000000 00000000 00000000 nt!IofCallDriver+0x64\n"
    )

    assert "driver-stuck-dispatch" in [a.name for b in parse(text).blocks for a in b.annotations]
    other = text.replace("FAULTING_THREAD:  85212500", "FAULTING_THREAD:  85212800")
    assert "driver-stuck-dispatch" not in [a.name for b in parse(other).blocks for a in b.annotations]
