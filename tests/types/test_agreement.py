"""Which shipped kernels have the structures that a text lists."""

from __future__ import annotations

from typing import Any

from dumpwalk.remarks import Absent
from dumpwalk.types.agreement import ShownTypes
from dumpwalk.types.layouts import builds
from dumpwalk.types.profiles import Evidence, Profile
from dumpwalk.types.sources.dt_text import read
from dumpwalk.types.store import Store

SEGMENT = """
0: kd> dt nt!_SEGMENT
   +0x000 ControlArea      : Ptr32 _CONTROL_AREA
   +0x004 TotalNumberOfPtes : Uint4B
   +0x008 SegmentFlags     : _SEGMENT_FLAGS
   +0x00c NumberOfCommittedPages : Uint4B
"""
HEADER = """
0: kd> dt nt!_POOL_HEADER
   +0x000 PreviousSize     : Pos 0, 9 Bits
   +0x000 PoolIndex        : Pos 9, 7 Bits
"""


def shown(text: str, pointer_size: int = 4) -> ShownTypes:
    drafts, _ = read(text)
    return ShownTypes([d for d in drafts if d.rows], pointer_size)


def seen(machine: str = "x86", build: int = 0, **more: Any) -> Evidence:
    return Evidence(machine, build, None, {}, None, more.get("stamp", ()), None, more.get("guid", ""))


def found(text: str, evidence: Evidence | None = None, pointer_size: int = 4) -> Profile:
    profile = shown(text, pointer_size).profile(evidence or seen())
    assert isinstance(profile, Profile), profile
    return profile


def test_the_kernels_that_have_what_is_listed() -> None:
    profile = found(SEGMENT)

    assert profile.match.text.startswith("agrees with the structure that the text lists")
    assert not profile.exact
    for name in profile.match.builds:
        segment = Store.shipped().open(name).find("_SEGMENT")
        assert [(f.name, f.offset) for f in getattr(segment, "fields", ())][:4] == [
            ("ControlArea", 0), ("TotalNumberOfPtes", 4), ("SegmentFlags", 8), ("NumberOfCommittedPages", 12),
        ]  # fmt: skip


def test_the_build_number_decides_among_them() -> None:
    names = {build: found(SEGMENT, seen(build=build)).name for build in (7601, 19041)}

    assert names[7601].startswith("nt/win7")
    assert names[19041].startswith("nt/win10-19041")


def test_a_build_that_contradicts_the_layouts_is_said() -> None:
    text = "0: kd> dt nt!_KTHREAD\n   +0x000 Header : _DISPATCHER_HEADER\n   +0x010 MutantListHead : _LIST_ENTRY\n"

    profile = found(text, seen(build=9600))

    assert profile.build != 9600
    assert profile.match.text.endswith("; the text says build 9600")


def test_bits_and_sizes_count_too() -> None:
    right = found(HEADER)
    wrong = shown(HEADER.replace("Pos 9, 7", "Pos 9, 6")).profile(seen())
    size = shown("0: kd> dt -v nt!_SEGMENT\nstruct _SEGMENT, 2 elements, 0x999 bytes\n" + SEGMENT[22:]).profile(seen())

    assert "x86" in right.name
    assert isinstance(wrong, Absent)
    assert "its bit field _POOL_HEADER.PoolIndex has other bits than the text says" in wrong.reason
    assert isinstance(size, Absent)
    assert "bytes, the text says 0x999" in size.reason


def test_nested_structures_count() -> None:
    text = """
0: kd> dt -r nt!_FILE_OBJECT
   +0x000 Type             : Int2B
   +0x04c Lock             : _KEVENT
      +0x000 Header           : _DISPATCHER_HEADER
         +0x000 Type             : UChar
         +0x004 SignalState      : Int4B
"""
    wrong = shown(text.replace("+0x004 SignalState", "+0x018 SignalState")).profile(seen())

    assert "agrees with the 3 structures" in found(text).match.text
    assert isinstance(wrong, Absent)
    assert "_DISPATCHER_HEADER.SignalState at 0x4, the text says 0x18" in wrong.reason


def test_structures_of_drivers_say_nothing() -> None:
    text = "0: kd> dt mydriver!_SEGMENT\n   +0x123 Mine : Uint4B\n0: kd> dt _MY_OWN\n   +0x000 Mine : Uint4B\n"

    profile = shown(text).profile(seen())

    assert profile == Absent("nothing here says which kernel it is; --types NAME does")
    assert found(text, seen(build=7601)).match.text.startswith("nearest (")


def test_two_machines_in_one_text_fit_no_kernel() -> None:
    other = SEGMENT.replace("+0x004 Total", "+0x008 Total")

    profile = shown(SEGMENT + other).profile(seen())

    assert isinstance(profile, Absent)
    assert profile.reason.startswith("no kernel that is known has all structures as the text lists them (of nt/")


def test_the_time_stamp_of_the_image_goes_before() -> None:
    build = next(b for b in builds() if b.machine == "x64" and b.stamp and b.number == 19041)

    profile = found(SEGMENT.replace("Ptr32", "Ptr64"), seen("x64", stamp=build.stamp), 8)

    assert (profile.build, profile.exact) == (19041, True)
