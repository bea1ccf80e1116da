"""What ``drvobj`` prints of any driver is read back as that, with each sum of flags, stacks of devices included."""

from __future__ import annotations

from typing import Any

import pytest
from driver_records import NOTE, STACK_SHOWN, driver_shown, driver_view, drivers, stacks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_strategies import PROBLEMS, Strategy
from round_trips import Case, beside, each, run
from shown import assert_shown, blocks_back, remarks_at_foot

from dumpwalk.commands import drvobj
from dumpwalk.render.driver import DISPATCH


def answers(wide: bool, flags: int) -> Strategy:
    return drivers(wide).map(lambda found: drvobj.DriverAnswer(found, flags, (), ()))


def notes_in(found: Any) -> tuple[str, ...]:
    return tuple(remark for remark in found.remarks if remark == NOTE)


def driver_case(flags: int) -> Case:
    return Case(
        f"!drvobj X {flags:x}", "driver", lambda wide: answers(wide, flags), drvobj.layout, driver_shown(flags),
        of=lambda answer: answer.driver, found=driver_view, least=2,
        same=lambda found, answer: (notes_in(found), answer.driver.notes if flags & DISPATCH else ()),
    )  # fmt: skip


CASES = [driver_case(flags) for flags in (0, 1, 2, 3)]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 20)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)


# With flag 4, the stacks of its devices below it.


def check_answer(answer: drvobj.DriverAnswer) -> None:
    text = drvobj.layout(answer)
    blocks = blocks_back(f"!drvobj X {answer.flags:x}", text)
    said = [remark for block in blocks for remark in block.record.remarks]

    assert [block.kind for block in blocks] == ["driver", *["devstack"] * len(answer.stacks)]
    assert assert_shown(answer.driver, driver_view(blocks[0].record), driver_shown(answer.flags)) >= 2
    for stack, block in zip(answer.stacks, blocks[1:]):
        assert assert_shown(stack, beside("stack")(block.record), STACK_SHOWN) >= 2
    assert [remark for remark in remarks_at_foot(text) if remark not in said] == []
    assert f"Processed {len(answer.stacks)} device objects." in said


def run_with_stacks(wide: bool, flags: int, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(drivers(wide), st.lists(stacks(wide), max_size=3), st.lists(PROBLEMS, max_size=1))
    def check(found: Any, its: list[Any], problems: list[Any]) -> None:
        check_answer(drvobj.DriverAnswer(found, flags, tuple(its), tuple(problems)))

    check()


@pytest.mark.parametrize("flags", [4, 5, 7])
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_a_driver_with_the_stacks_of_its_devices(wide: bool, flags: int) -> None:
    run_with_stacks(wide, flags, 12)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [4, 5, 7])
@pytest.mark.parametrize("wide", [True, False], ids=["x64", "x86"])
def test_many_drivers_with_the_stacks_of_their_devices(wide: bool, flags: int) -> None:
    run_with_stacks(wide, flags, 50)
