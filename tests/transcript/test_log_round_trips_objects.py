"""What the commands about objects and handles print of any record is read back as that record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from object_records import object_as_read, objects
from record_strategies import ABSENT, PROBLEMS, Strategy, names, places, record_of
from round_trips import AT_FOOT, Case, beside, each, run
from shown import Shown

from dumpwalk.commands import object, objtypes
from dumpwalk.kernel.object_type_list import ObjectTypeList
from dumpwalk.memory.address import Hex


def answers(wide: bool) -> Strategy:
    """Return objects one after another, each with what is said of it, as those of a type are shown."""
    some = st.lists(objects(wide), max_size=3).map(tuple)
    return st.builds(object.ObjectAnswer, some, st.lists(PROBLEMS, max_size=1).map(tuple))


def one(wide: bool) -> Strategy:
    return objects(wide).map(lambda info: object.ObjectAnswer((info,)))


def as_printed(answer: object.ObjectAnswer) -> Any:
    return object.ObjectAnswer(tuple(map(object_as_read, answer.objects)))


def same(found: Any, answer: object.ObjectAnswer) -> tuple[Any, Any]:
    nothing = [NOTHING_FOUND] * (not answer.objects)
    assert [remark for remark in found.remarks if remark == NOTHING_FOUND] == nothing
    return found.objects, tuple(map(object_as_read, answer.objects))


NOTHING_FOUND = "no object of that type was found"


def object_case(command: str, records: Callable[[bool], Strategy], least: int) -> Case:
    shown = Shown(hidden=dict.fromkeys(("problems", "objects[].problems"), AT_FOOT))
    return Case(command, "object", records, object.layout, shown, of=as_printed, same=same, least=least)


OBJECT = object_case("!object X 3f", one, 1)
OBJECTS = object_case("!object 0 Event", answers, 0)


# The types of objects: all of the record is printed.


def type_lists(wide: bool) -> Strategy:
    count = st.one_of(ABSENT, st.integers(0, 1 << 32))
    given = {
        "table.ObHeaderCookie": st.one_of(st.none(), ABSENT, st.integers(0, 0xFF).map(Hex)),
        "table.problems": st.just(()),
        "table.source": st.sampled_from(["symbols", "types found in pool, by their names"]),
        "types[].index": st.one_of(ABSENT, st.integers(0, 0xFF)), "types[].address": st.one_of(ABSENT, places(wide)),
        "types[].Name": st.one_of(ABSENT, names(), st.just("")), "types[].Key": st.one_of(ABSENT, KEYS),
        **{f"types[].{name}": count for name in (
            "TotalNumberOfObjects", "TotalNumberOfHandles", "HighWaterNumberOfObjects", "HighWaterNumberOfHandles")},
    }  # fmt: skip
    return record_of(ObjectTypeList, wide, given)


KEYS = st.one_of(
    # Blanks behind a character that is printed as an escape are cut, as those at the ends of any name.
    st.text(st.characters(max_codepoint=0xFF), min_size=4, max_size=4).filter(
        lambda key: key.isprintable() or key == key.strip(" ")
    ),
    st.sampled_from(["Key ", "    ", " a 1", "1234"]),
)
OBJTYPES = Case(
    "objtypes", "object-types", type_lists, objtypes.layout,
    Shown(hidden={"problems": AT_FOOT, "table.problems": AT_FOOT}), found=beside("list"), least=0,
)  # fmt: skip

CASES = [OBJECT, OBJECTS, OBJTYPES]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
