"""What ``process`` prints of any processes is read back as those, with their threads, for each sum of flags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from process_records import assert_process, processes
from record_strategies import PROBLEMS, Strategy
from round_trips import replaced
from shown import blocks_back, remarks_at_foot
from thread_records import remarks_of, thread_pair, threads

from dumpwalk.commands import process
from dumpwalk.kernel.thread_details import NOT_ASKED
from dumpwalk.render.process_details import process_lines
from dumpwalk.render.thread import SCANNED
from dumpwalk.transcript import Block

STATISTICS, WAITS, THREADS = 1, 2, 4
FLAGS = (0, 1, 2, 4, 6, 7)
TITLES = ("", "**** NT ACTIVE PROCESS DUMP ****", "Searching for Process with Cid == 1a4")


def answers(wide: bool, flags: int) -> Strategy:
    """Return processes as the command would have them with these flags: what was not asked for is not there."""

    def whole(own: Any, its: list[Any]) -> Any:
        statistics = own.statistics if flags & STATISTICS else None
        asked = flags & WAITS and flags & THREADS
        found = [one if asked else replaced(one, stack=NOT_ASKED, notes=()) for one in its]
        return replaced(own, statistics=statistics, threads=tuple(found) if flags & (WAITS | THREADS) else ())

    one = st.builds(whole, processes(wide), st.lists(threads(wide), max_size=2))
    problems = st.lists(PROBLEMS, max_size=1).map(tuple)
    return st.builds(
        lambda title, found, wrong: process.Processes(title, flags, tuple(found), wrong),
        st.sampled_from(TITLES), st.lists(one, max_size=2), problems,
    ).filter(lambda answer: answer.asked or answer.processes or answer.problems)  # fmt: skip


def in_order(blocks: tuple[Block, ...]) -> list[tuple[str, Any]]:
    """Return the processes and threads that were read, in the order of the text."""
    out: list[tuple[str, Any]] = []
    for block in blocks:
        assert block.kind in ("process", "thread")
        out += [("process", one) for one in block.record.processes] if block.kind == "process" else []
        out += [("thread", block.record)] if block.kind == "thread" else []
    return out


def remarks_in(blocks: tuple[Block, ...]) -> list[str]:
    said: list[str] = []
    for block in blocks:
        said += block.record.remarks
    return said


def check_answer(answer: Any) -> None:
    text = process.layout(answer)
    flags = answer.flags
    blocks = blocks_back(f"!process X {flags:x}", text)
    found = in_order(blocks)
    expected = [item for one in answer.processes for item in (one, *one.threads)]

    assert [kind for kind, _ in found] == ["process" if hasattr(one, "threads") else "thread" for one in expected]
    for one, (kind, read) in zip(expected, found):
        if kind == "process":
            assert_process(read, one)
        else:
            ours, theirs = thread_pair(read, one, flags)
            assert ours == theirs
            assert remarks_of(one, flags) - {SCANNED[1:-1]} <= set(read.remarks)
    said = remarks_in(blocks)
    titles = [block.record.title for block in blocks if block.kind == "process" and block.record.title]
    assert titles == [answer.asked] * bool(answer.asked)
    assert [remark for remark in remarks_at_foot(text) if remark not in said] == []
    assert len(said) == len(remarks_at_foot(text)) + sum(
        line.startswith(" ") and line.strip()[:1] == "("
        for one in answer.processes
        for line in process_lines(one, flags)
    )


def run(wide: bool, flags: int, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(answers(wide, flags))
    def check(answer: Any) -> None:
        check_answer(answer)

    check()


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_what_was_printed_is_read_back(wide: bool, flags: int) -> None:
    run(wide, flags, 12)


@pytest.mark.slow
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_what_was_printed_of_many_is_read_back(wide: bool, flags: int) -> None:
    run(wide, flags, 50)
