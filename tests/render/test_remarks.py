"""What is absent or wrong in a record, found at any depth and told in lines."""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.remarks import is_partial, problem_lines, remark_lines


@record
class Inner:
    Flink: int | Absent
    problems: tuple[Problem, ...] = ()


@record
class Outer:
    Segment: int | Absent
    parts: tuple[Inner, ...]


def test_a_whole_record_has_nothing_to_remark() -> None:
    whole = Outer(1, (Inner(2),))

    assert not is_partial(whole)
    assert remark_lines(whole) == []


def test_a_reason_that_fields_share_is_said_once() -> None:
    lacking = Outer(Absent("page 1a is not in the dump"), (Inner(Absent("page 1a is not in the dump")), Inner(1)))

    assert is_partial(lacking)
    assert remark_lines(lacking) == ["(Segment, parts[0].Flink: page 1a is not in the dump)"]


def test_problems_stand_for_themselves_and_are_made_safe_to_print() -> None:
    found = Outer(1, (Inner(2, (Problem("List", "leads to \x1b[2J"),)),))

    assert remark_lines(found) == ["(List: leads to \\x1b[2J)"]


def test_there_is_an_end_to_the_lines() -> None:
    many = Outer(1, tuple(Inner(Absent(f"reason {n}")) for n in range(50)))

    assert len(remark_lines(many)) == 21
    assert remark_lines(many)[-1] == "(and 30 remarks more; --json has all)"


def test_each_problem_of_a_list_has_its_line() -> None:
    problems = (Problem("List", "leads to \x1b[2J"), Problem("List", "it is cut"))

    assert problem_lines(problems) == ["(List: leads to \\x1b[2J)", "(List: it is cut)"]
    assert problem_lines(()) == []
