"""Lists of processes and threads in every generation, and lists that lie."""

from __future__ import annotations

import pytest
from process_machines import PROFILES, machine

from dumpwalk.kernel.process import process
from dumpwalk.kernel.processes import find_process, find_thread, processes, threads
from dumpwalk.kernel.thread import thread

TWO = """
process 344 "explorer.exe" as explorer
process 588 "notepad.exe" as notepad
thread 4.8 State=Running
thread 344.348 as first
thread 344.34c as second
"""


@pytest.mark.parametrize("types", [None, ""], ids=["types named", "types found"])
@pytest.mark.parametrize("profile", PROFILES)
def test_every_generation(profile: str, types: str | None) -> None:
    target = machine(profile, TWO, types=types)
    listed = processes(target)
    names = [process(target, address).ImageFileName for address in listed.addresses]
    own = [threads(target, address) for address in listed.addresses]

    assert names == ["System", "explorer.exe", "notepad.exe"]
    assert listed.problems == ()
    assert [[str(thread(target, t).Cid) for t in one.addresses] for one in own] == [
        ["0004.0008"],
        ["0344.0348", "0344.034c"],
        [],
    ]
    assert all(one.problems == () for one in own)
    assert find_process(target, 0x588) == listed.addresses[2]
    assert find_process(target, 0x589) is None
    assert find_thread(target, 0x34C) == own[1].addresses[1]
    assert find_thread(target, 0x350) is None


@pytest.mark.parametrize(
    ("text", "count", "problem"),
    [
        ('process 344 "a" as a ActiveProcessLinks.Flink=a+448', 2, "leads to itself"),
        ('process 344 "a" ActiveProcessLinks.Flink=0', 2, "is null"),
        ('process 344 "a" ActiveProcessLinks.Flink=ffffdead`00000000', 3, "can't be read"),
        ('process 344 "a" ActiveProcessLinks.Blink=1000', 2, "points back to 00000000`00001000"),
    ],
)
def test_a_list_of_processes_that_lies(text: str, count: int, problem: str) -> None:
    listed = processes(machine("nt/19041.3570-x64", text))

    assert len(listed.addresses) == count
    assert problem in " ".join(p.what for p in listed.problems)
    assert {p.where for p in listed.problems} == {"PsActiveProcessHead"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("ThreadListEntry.Flink=one+4e8", "leads to itself"),
        ("ThreadListEntry.Flink=0", "is null"),
        ("ThreadListEntry.Flink=ffffdead`00000000", "can't be read"),
    ],
)
def test_a_list_of_threads_that_lies(fields: str, problem: str) -> None:
    target = machine("nt/19041.3570-x64", f'process 344 "a" as a\nthread 344.348 as one {fields}\nthread 344.34c')
    listed = threads(target, processes(target).addresses[1])

    assert len(listed.addresses) <= 2
    assert problem in " ".join(p.what for p in listed.problems)


def test_a_limit() -> None:
    target = machine("nt/19041.3570-x64", TWO)
    listed = threads(target, processes(target).addresses[1], 1)

    assert len(listed.addresses) == 1
    assert "longer than 1" in listed.problems[0].what
