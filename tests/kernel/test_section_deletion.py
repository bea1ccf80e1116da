"""The deletion of control areas: the flags, and who waits, in each form that this has had."""

from __future__ import annotations

import pytest
from stated import Stated

from dumpwalk.kernel.section import control_area
from dumpwalk.kernel.section_deletion import Deletion
from dumpwalk.kernel.section_explained import explained
from dumpwalk.remarks import Absent

AREA, BLOCK = 0x86300000, 0x86310000


def world(name: str, waiting: int = BLOCK, **flags: int) -> Stated:
    made = Stated(name)
    member = "WaitList" if any(f.name == "WaitList" for f in made.types.find("_CONTROL_AREA").fields) else ""
    made.put("_CONTROL_AREA", AREA, {member or "WaitingForDeletion": waiting, "u.Flags.File": 1})
    for flag, value in flags.items():
        made.set("_CONTROL_AREA", AREA, f"u.Flags.{flag}", value)
    return made


def state(made: Stated) -> Deletion:
    return control_area(made.target(), AREA).deletion


def test_windows_xp_counts_those_who_wait() -> None:
    made = world("nt/xpsp3-x86", BeingDeleted=1)
    made.put("_EVENT_COUNTER", BLOCK, RefCount=3)

    assert state(made) == Deletion("being deleted", 3)


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("nt/vistasp2-x86", "_MI_SECTION_CREATION_GATE"),
        ("nt/win7sp1-x86", "_MI_SECTION_CREATION_GATE"),
        ("nt/win7sp1-24000-pae-x86", "_MI_CONTROL_AREA_WAIT_BLOCK"),
        ("nt/win10-19041-x86", "_MI_CONTROL_AREA_WAIT_BLOCK"),
    ],
)
def test_later_ones_have_a_list_of_them(name: str, block: str) -> None:
    made = world(name, BeingDeleted=1)
    made.put(block, BLOCK, Next=BLOCK + 0x100)
    made.put(block, BLOCK + 0x100, Next=BLOCK + 0x200)
    made.put(block, BLOCK + 0x200)
    counted = state(made)
    made.set(block, BLOCK + 0x200, "Next", BLOCK)
    looped = state(made).waiters

    assert counted == Deletion("being deleted", 3)
    assert isinstance(looped, Absent)
    assert "where it was before" in looped.reason


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({}, "stable"),
        ({"BeingCreated": 1}, "being created"),
        ({"BeingPurged": 1}, "being purged"),
        ({"BeingDeleted": 1, "BeingPurged": 1}, "being deleted"),
    ],
)
def test_states(flags: dict[str, int], said: str) -> None:
    made = world("nt/win7sp1-x86", 0, **flags)

    area = control_area(made.target(), AREA)

    assert area.deletion == Deletion(said, 0)
    text = explained(area)[-1].text
    assert "take the address of SECTION_OBJECT_POINTERS" in text
    assert ("MiCleanSection is taking it apart" in text) is (said == "being deleted")


def test_an_event_that_can_t_be_read() -> None:
    made = world("nt/xpsp3-x86", 0x12345678)

    assert isinstance(state(made).waiters, Absent)
    assert "how many wait is not known" in explained(control_area(made.target(), AREA))[-1].text
