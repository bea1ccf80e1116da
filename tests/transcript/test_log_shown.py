"""Reading back is held against what was printed in both directions: nothing may be dropped, nothing made up."""

from __future__ import annotations

from typing import Any

import pytest
from shown import Shown, assert_shown

from dumpwalk.kernel.device_object import Attachment
from dumpwalk.kernel.irp import IoStatus
from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE

AT = Address(0xFFFFB80F12340000)


def test_equal_values_are_counted() -> None:
    assert assert_shown(Routine(AT, "nt!A\x1b"), {"address": AT, "name": "nt!A\\x1b"}, Shown()) == 2
    assert assert_shown(IoStatus(Absent("why"), Hex(0)), {"Status": UNREADABLE, "Information": 0}, Shown()) == 2


@pytest.mark.parametrize(
    "found",
    [
        {"address": AT},  # a value was dropped
        {"address": AT, "name": NOT_SHOWN},
        {"address": AT, "name": "nt!B"},  # and here it is another one
        {"address": AT + 1, "name": "nt!A"},
        {"address": UNREADABLE, "name": "nt!A"},
        {"address": f"{AT}", "name": "nt!A"},
        {"address": AT, "name": "nt!A", "size": 4},  # made up
    ],
)
def test_a_reader_that_drops_or_makes_up_a_value_fails(found: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        assert_shown(Routine(AT, "nt!A"), found, Shown())


def test_what_could_not_be_read_is_not_what_is_not_there() -> None:
    with pytest.raises(AssertionError):
        assert_shown(IoStatus(Absent("why"), Hex(0)), {"Information": 0}, Shown())
    with pytest.raises(AssertionError):
        assert_shown(Attachment(AT, None), {"address": AT, "driver": UNREADABLE}, Shown())


def test_what_the_text_does_not_show_is_listed() -> None:
    hidden = Shown(hidden={"name": "not printed"})

    assert assert_shown(Routine(AT, "nt!A"), {"address": AT}, hidden) == 1


def test_remarks_at_the_foot_are_kept() -> None:
    found = {"address": AT, "name": "", "remarks": ("name: why",)}

    assert assert_shown(Routine(AT, ""), found, Shown(), "x\n(name: why)") == 2
    with pytest.raises(AssertionError):
        assert_shown(Routine(AT, ""), found, Shown(), "x\n(name: another reason)")
