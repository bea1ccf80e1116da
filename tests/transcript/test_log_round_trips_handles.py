"""What ``handle`` prints of any tables is read back as those: of one, and of several below their processes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from object_records import handles_as_read, tables
from process_records import process_view
from record_strategies import PROBLEMS, Strategy, names
from round_trips import Case, beside, each, run
from shown import Shown, assert_shown, blocks_back, remarks_at_foot

from dumpwalk.commands import handle
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable
from dumpwalk.transcript.values import NOT_SHOWN

HANDLE = Case(
    "!handle 0 3", "handle", lambda wide: tables(wide).map(lambda found: handle.HandleAnswer("", (found,))),
    handle.layout, of=lambda answer: handles_as_read(answer.tables[0]), found=beside("table"), least=0,
    same=lambda found, answer: (found.table, handles_as_read(answer.tables[0])),
)  # fmt: skip


@each([HANDLE])
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each([HANDLE])
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)


# The tables of several processes, each below its process.


@record
class Head:
    """The process above its handles, as it is printed: with how many handles its table says that it has."""

    owner: Any
    HandleCount: int | Absent


def of_processes(wide: bool) -> Strategy:
    found = st.lists(tables(wide, True), min_size=1, max_size=3).map(tuple)
    problems = st.lists(PROBLEMS, max_size=1).map(tuple)
    return st.builds(handle.HandleAnswer, st.one_of(st.just(""), names()), found, problems)


def head_view(one: Any) -> dict[str, Any]:
    found = process_view(one)
    owner = {**found["process"], "SessionId": found["SessionId"], "ImageFileName": found["image_name"]}
    return {"owner": owner, "HandleCount": found["HandleCount"]}


def check_answer(answer: handle.HandleAnswer) -> None:
    text = handle.layout(answer)
    blocks = blocks_back("!handle 0 3 0", text)
    said = [remark for block in blocks for remark in block.record.remarks]
    read = [one for b in blocks for one in (b.record.processes if b.kind == "process" else [b.record])]
    if answer.type:
        first = read.pop(0)

        assert (blocks[0].kind, first.table.handles, first.table.table) == ("handle", (), NOT_SHOWN)
    for found in answer.tables:
        absent = isinstance(found.table, Absent)
        none = absent and not isinstance(found.owner.ObjectTable, Absent) and not found.owner.ObjectTable
        count = 0 if none else found.table if absent else found.table.HandleCount

        assert assert_shown(Head(found.owner, count), head_view(read.pop(0)), Shown()) == 9
        if not absent or found.handles or found.handle:
            below = read.pop(0)

            assert below.table == handles_as_read(found)
    assert read == []
    assert [remark for remark in remarks_at_foot(text) if remark not in said] == []
    assert [f"Searching for handles of type {printable(answer.type)}"] * bool(answer.type) == [
        remark for remark in said if remark.startswith("Searching for handles of type ")
    ]


def run_of_processes(wide: bool, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(of_processes(wide))
    def check(answer: handle.HandleAnswer) -> None:
        check_answer(answer)

    check()


@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_handles_of_several_processes(wide: bool) -> None:
    run_of_processes(wide, 15)


@pytest.mark.slow
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_handles_of_many_processes(wide: bool) -> None:
    run_of_processes(wide, 50)
