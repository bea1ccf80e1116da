"""`process`, `thread` and `apc`: what they take, what they print, and what they say of damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images import file_of

from dumpwalk.cli import main

SPEC = """
dump full x64
profile nt/19041.3570-x64
time 2020-02-01T10:00:00Z
uptime 1:00:00
bugcheck e2
process 344 "explorer.exe" as explorer at ffffc50000010080
process 588 "notepad.exe" parent 344
thread 344.348 as runs at ffffc50000020080 State=Running
thread 588.58c as waits at ffffc50000030080 WaitBlockList=waits+140 WaitBlockCount=1 WaitBlock[0].Object=runs+0
    ThreadName=ffffc50000040000
struct _UNICODE_STRING at ffffc50000040000 Length=8 MaximumLength=8 Buffer=ffffc50000040010
block ffffc50000040010 unicode "wait"
"""
SMALL = Path(__file__).parents[2] / "samples" / "apc_index_mismatch.dmp"
RUNS, WAITS = "ffffc50000020080", "ffffc50000030080"


@pytest.fixture(scope="module")
def dump() -> Path:
    return Path(file_of(SPEC))


def run(capsys: pytest.CaptureFixture[str], dump: Path, *words: str) -> tuple[int, str, str]:
    status = main(["-z", str(dump), *words])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def heads(text: str) -> list[str]:
    """Return where the processes and threads in *text* are, in order."""
    return [line.split()[1] for line in text.splitlines() if line.split()[:1] in (["PROCESS"], ["THREAD"])]


def test_which_processes(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    current = run(capsys, dump, "process", "-1", "0")[1]
    all_of_them = run(capsys, dump, "process", "0", "0")[1]

    assert heads(current) == ["ffffc50000010080"]
    assert heads(run(capsys, dump, "process")[1]) == ["ffffc50000010080", RUNS]
    assert len(heads(all_of_them)) == 3
    assert all_of_them.startswith("**** NT ACTIVE PROCESS DUMP ****\nPROCESS ")
    by_id = run(capsys, dump, "process", "588", "0")[1]
    assert by_id.startswith("Searching for Process with Cid == 588\nPROCESS ")
    assert heads(run(capsys, dump, "process", "0", "0", "NOTEPAD.exe")[1]) == heads(by_id)
    assert heads(run(capsys, dump, "!process", "@$proc", "0")[1]) == ["ffffc50000010080"]


@pytest.mark.parametrize(
    ("flags", "statistics", "waits", "fields"),
    [
        ("0", False, False, False),
        ("1", True, False, False),
        ("2", False, True, False),
        ("3", True, True, False),
        ("6", False, True, True),
        ("7", True, True, True),
        ("f", True, True, True),
    ],
)
def test_flags(
    capsys: pytest.CaptureFixture[str], dump: Path, flags: str, statistics: bool, waits: bool, fields: bool
) -> None:
    text = run(capsys, dump, "process", "588", flags)[1]

    assert ("ElapsedTime" in text) == statistics
    assert (f"            {RUNS}  Thread\n" in text + "\n") == waits
    assert ("        DeviceMap  " in text) == fields
    assert ("Owning Process" in text) == fields


def test_threads_a_line_each(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    text = run(capsys, dump, "process", "588", "4")[1]
    line = f"        THREAD {WAITS}  Cid 0588.058c  Teb: 0000000000000000 Win32Thread: 0000000000000000 WAIT"

    assert text.splitlines()[-1] == line


def test_flags_of_a_thread(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    minimal, waits = run(capsys, dump, "thread", WAITS, "0")[1], run(capsys, dump, "thread", WAITS, "2")[1]
    owner = run(capsys, dump, "thread", "-p", WAITS)[1]

    assert minimal.rstrip().endswith(" WAIT")
    assert [line.split()[0] for line in waits.splitlines()] == ["THREAD", RUNS]
    assert owner.startswith("PROCESS ")
    assert "ThreadName                wait\n" in owner
    assert heads(run(capsys, dump, "thread", "-t", "58c", "2")[1]) == [WAITS]
    assert heads(run(capsys, dump, "thread")[1]) == [RUNS]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("process", "0", "0", "a", "b"), 2, "one word too many: 'b'"),
        (("process", "588", "0", "a.exe"), 2, "an image name belongs to process 0"),
        (("thread", "-t"), 2, "-t takes a thread's identifier"),
        (("thread", "-t", "999"), 2, "no process has a thread 999"),
        (("thread", "1", "2", "3"), 2, "one word too many: '3'"),
        (("apc", "what", "ever"), 2, "apc takes nothing, proc PROCESS, thre THREAD"),
        (("apc", "proc", "999"), 2, "there is no process 999"),
    ],
)
def test_what_makes_no_sense(
    capsys: pytest.CaptureFixture[str], dump: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    found, _, error = run(capsys, dump, *words)

    assert found == status
    assert said in error


def test_no_such_process(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    head = "Searching for Process with Cid == 999\n"
    said = "(process 999: no active process has this identifier)\n"

    assert run(capsys, dump, "process", "999")[:2] == (1, head + said)
    status, text, _ = run(capsys, dump, "process", "0", "0", "note.exe")
    assert (status, text) == (1, "(process note.exe: no active process has an image of this name)\n")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("process", "1588", "0"), "PROCESS ffffc500733ff080"),
        (("thread", "-t", "5ec", "2"), "THREAD ffffc5006e6da080  Cid 1588.05ec"),
        (("apc", "proc", "1588"), "Process ffffc500733ff080 explorer.exe"),
        (("handle", "0", "1", "1588"), "PROCESS ffffc500733ff080"),
    ],
)
def test_a_small_dump_has_the_current_one(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], found: str
) -> None:
    """The list of processes is not in it, the current process and thread are."""
    assert found in run(capsys, SMALL, *words)[1]


def test_a_small_dump_cannot_say_that_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    said = "the list of processes can't be read to its end"

    assert f"(process 999: not found; {said})\n" in run(capsys, SMALL, "process", "999")[1]
    assert f"process 999 is not found; {said}" in run(capsys, SMALL, "apc", "proc", "999")[2]
    assert f"thread 999 is not found; {said}" in run(capsys, SMALL, "thread", "-t", "999")[2]


def test_what_is_no_thread(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    status, text, _ = run(capsys, dump, "thread", "ffffc50000010080")

    assert status == 1
    assert text.startswith("TYPE mismatch for thread object at ffffc50000010080\n")
    assert "this is no thread" in text


def test_apcs(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    status, text, _ = run(capsys, dump, "apc")

    assert status == 0
    assert [line.split()[-1] for line in text.splitlines()] == ["processes", "System", "explorer.exe", "notepad.exe"]
    assert "ApcState: Process ffffc50000010080" in run(capsys, dump, "apc", "thre", RUNS)[1]
    assert run(capsys, dump, "apc", "proc", "-1")[1] == "Process ffffc50000010080 explorer.exe\n"
    assert "this is no APC" in run(capsys, dump, "apc", RUNS)[1]


def test_windows_xp_has_one_count_of_apcs(capsys: pytest.CaptureFixture[str]) -> None:
    spec = "dump full x86\nprofile nt/xpsp3-x86\nbugcheck e2\n"
    file = file_of(f'{spec}process 344 "a"\nthread 344.348 State=Running KernelApcDisable=ffffffff\n')
    text = run(capsys, file, "apc", "thre", "-1")[1]

    assert " KernelApcDisable -1 SpecialApcDisable ????\n" in text
    assert text.endswith("\n(SpecialApcDisable: _ETHREAD of nt/xpsp3-x86 has no Tcb.SpecialApcDisable)\n")


def test_a_name_that_would_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = "block ffffc50000040010 bytes 1b005b0032004a00\nblock ffffc50000010628 bytes 1b5b324a00"
    file = file_of(SPEC.replace('block ffffc50000040010 unicode "wait"', blocks))
    text = run(capsys, file, "process", "0", "7")[1]

    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def test_a_process_that_claims_anothers_threads(capsys: pytest.CaptureFixture[str]) -> None:
    lie = 'process 588 "notepad.exe" parent 344 ThreadListHead.Flink=runs+4e8'
    file = file_of(SPEC.replace('process 588 "notepad.exe" parent 344', lie))
    status, text, _ = run(capsys, file, "process", "0", "4")

    assert status == 1
    assert text.count(f"THREAD {RUNS}") == 1
    assert "1 of its threads are in another process's list too" in text


def test_json(capsys: pytest.CaptureFixture[str], dump: Path) -> None:
    document: dict[str, Any] = json.loads(run(capsys, dump, "process", "588", "7", "--json")[1])
    thread = document["processes"][0]["threads"][0]

    assert document["processes"][0]["process"]["ImageFileName"] == "notepad.exe"
    assert thread["waits"][0]["kind"] == "Thread"
    assert thread["name"] == "wait"


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_never_stops_it(capsys: pytest.CaptureFixture[str], dump: Path, tmp_path: Path, data: Any) -> None:
    raw = bytearray(dump.read_bytes())
    for _ in range(data.draw(st.integers(1, 60))):
        at = data.draw(st.integers(0x2000, len(raw) - 9))
        raw[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    file = tmp_path / "damaged.dmp"
    file.write_bytes(raw)
    for words in (("process", "0", "7"), ("thread", WAITS), ("apc",), ("apc", "thre", WAITS)):
        status, _, error = run(capsys, file, *words)

        assert status in (0, 1, 3, 4), error
