"""Times that debuggers work out, as they are printed, against those of a dump, which are whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, day_time, elapsed_time
from dumpwalk.transcript.against.durations import ROUNDED, in_brackets, lasted, lasting
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, duration

DAYS = 24 * 3600 * 10_000_000


@pytest.mark.parametrize(
    ("said", "held", "verdict", "note"),
    [
        ("00:00:00.031", 312_002, "equal", ROUNDED),  # two ticks of 15.6001 ms
        ("00:00:00.031", 310_000, "equal", ""),
        ("00:00:00.031", 309_999, "equal", ROUNDED),  # rounded, where others cut
        ("00:00:00.031", 304_999, "different", ""),
        ("00:00:00.031", 320_000, "different", ""),
        ("0:00:00.0310", 3_109_999, "equal", ROUNDED),  # milliseconds in four digits
        ("0:00:00.0310", 3_116_000, "different", ""),
        ("0:00:00.3101", 3_101_999, "equal", ROUNDED),
        ("0:00:00.3101", 3_103_000, "different", ""),
        ("0:00:00:10.530", 105_300_675, "equal", ROUNDED),
        ("1:00:00:10.530", DAYS + 105_300_675, "equal", ROUNDED),
        ("0:00:00:10.530", DAYS + 105_300_675, "different", ""),
        ("1 Day 01:54:54.490", 932_944_900_000, "equal", ""),
        ("2 Days 01:54:54.490", 932_944_900_000, "different", ""),
        ("00:00:10", 109_999_999, "equal", ROUNDED),
        ("00:00:00.031", Absent("page 12 is not in the dump"), "absent", ""),
    ],
)
def test_a_time(said: str, held: Any, verdict: str, note: str) -> None:
    found = lasting("x", said, held)

    assert found is not None
    assert (found.what, found.said, found.verdict, found.note) == ("x", said, verdict, note)


@pytest.mark.parametrize("text", ["", "????", "<Invalid>", "12", "00:00", "a:00:00.000", "0" * 100 + ":00:00.0"])
def test_what_is_no_time_says_nothing(text: str) -> None:
    assert duration(text) is None
    assert lasting("x", text, 5) is None


def test_the_dump_s_time_is_shown_as_the_text_s(capsys: pytest.CaptureFixture[str]) -> None:
    shown = [lasting("x", said, DAYS + 36_610_620_000) for said in ("0:00:00:00.000", "00:00:00.0000", "00:00:00")]

    assert [s.held for s in shown if s is not None] == ["1:01:01:01.062", "1 Day 01:01:01.0062", "1 Day 01:01:01"]


@pytest.mark.parametrize(
    ("said", "held", "verdict", "shown"),
    [
        (310_000, 312_002, "equal", "00:00:00.031"),
        (310_000, 320_000, "different", "00:00:00.032"),
        (36_610_620_000, 36_610_630_000, "different", "01:01:01.063"),
        (312_002, 312_003, "different", "00:00:00.0312003"),
        (310_000, Absent("page 12 is not in the dump"), "absent", "???? (page 12 is not in the dump)"),
    ],
)
def test_a_time_of_a_record(said: int, held: Any, verdict: str, shown: str) -> None:
    found = lasted("x", said, held)

    assert found is not None
    assert (found.what, found.verdict, str(found.held)) == ("x", verdict, shown)


def test_a_record_without_a_time_says_nothing() -> None:
    assert (lasted("x", NOT_SHOWN, 5), lasted("x", UNREADABLE, 5)) == (None, None)


@pytest.mark.parametrize(
    ("said", "ticks", "length"),
    [
        ("0:00:23.0153", 2312, 100_144),
        ("0:00:21.0821", 2179, 100_144),
        ("0:00:54.0818", 5474, 100_144),
        ("0:00:02.0143", 214, 100_144),
        ("0:01:01.0187", 3916, 156_250),
        ("0:00:00.0359", 23, 156_250),
    ],
)
def test_four_digits_are_milliseconds(said: str, ticks: int, length: int) -> None:
    """Times of listings: whole ticks of the clocks of their machines, as parts of a second none of them is."""
    found = lasting("x", said, ticks * length)

    assert found is not None
    assert found.verdict == "equal"


def test_a_time_in_brackets() -> None:
    assert in_brackets("4312  Ticks: 999 (0:00:00:15.584)") == "0:00:00:15.584"
    assert in_brackets("4312  Ticks: 0") == in_brackets("seconds (a)") == ""


@given(st.integers(0, 2**62), st.sampled_from([clock_time, day_time, elapsed_time]))
def test_what_the_commands_print_is_equal_and_a_millisecond_more_is_not(units: int, layout: Any) -> None:
    text = layout(units)
    verdicts = [found and found.verdict for found in (lasting("x", text, units), lasting("x", text, units + 20_000))]

    assert verdicts in (["equal", "different"], [None, None])  # more hours than any machine has run
    assert verdicts[0] or units > 10**9 * DAYS // 24


@given(st.text(alphabet="0123456789:. Days()", max_size=80))
def test_any_text(text: str) -> None:
    found = duration(text)

    assert found is None or (found[0] >= 0 and found[1] in (10**n for n in range(8)))
    assert duration(in_brackets(text)) is None or ":" in text
