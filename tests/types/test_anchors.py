"""Where fields went between a known kernel and the dump's, and how sure that is."""

from __future__ import annotations

from typing import cast

import pytest
from fakes import parse
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.machine import MACHINES
from dumpwalk.remarks import Absent
from dumpwalk.types import profiles
from dumpwalk.types.anchors import CONFIRMED, EXACT, GUESSED, INFERRED, KDBG, TRUSTS, Layout, Place
from dumpwalk.types.debugger_offsets import OFFSETS, SIZES
from dumpwalk.types.layouts import Struct, builds, structs
from dumpwalk.types.profiles import Evidence, Match, Profile, choose

X64, ARM64 = MACHINES[0x8664], MACHINES[0xAA64]
# Anchors of the debugger data: Tcb.InitialStack, Tcb.ApcState.Process, Tcb.Teb, IrpList.
THREAD = parse(
    "_ETHREAD,200;Tcb,0,180;Tcb.Header,0,8;Tcb.InitialStack,28,8;Tcb.Running,50,1;Tcb.TrapFrame,90,8;"
    "Tcb.ApcState,98,30;Tcb.ApcState.Process,b8,8;Tcb.ApcState.KernelApcPending,c1,1;Tcb.Priority,c9,1;"
    "Tcb.Teb,f0,8;CreateTime,180,8;IrpList,1a0,10;IrpList.Flink,1a0,8;Win32StartAddress,1c0,8"
)


def profile(*structs: Struct, kind: str = "nearest", machine: str = "x64") -> Profile:
    match = Match(kind, kind, 0, 0, 0, 0, (), ())
    first, *others = ({s.name: s} for s in structs)
    return Profile("nt/1-x64", machine, 1, first, match, tuple(others))


def layout(
    data: dict[str, int], *structs: Struct, kind: str = "nearest", machine: str = "x64", name: str = "_ETHREAD"
) -> Layout:
    return Layout(name, profile(*(structs or (THREAD,)), kind=kind, machine=machine), data, X64)


# The dump's kernel: 8 bytes fewer between InitialStack and ApcState, 0x20 more between Teb and IrpList.
MOVED = {
    "OffsetKThreadInitialStack": 0x28,
    "OffsetKThreadApcProcess": 0xB0,
    "OffsetKThreadTeb": 0xE8,
    "OffsetEThreadIrpList": 0x1C0,
    "SizeEThread": 0x220,
}


def only(places: tuple[Place, ...]) -> tuple[int, str]:
    (place,) = places
    return place.offset, place.trust


def test_exact_profile_is_believed_whatever_the_debugger_data_say() -> None:
    found = layout(MOVED, kind="exact")

    assert only(found.places("Tcb.Teb")) == (0xF0, EXACT)
    assert found.size == 0x200


def test_an_anchor_itself() -> None:
    assert only(layout(MOVED).places("Tcb.Teb")) == (0xE8, KDBG)


@pytest.mark.parametrize(
    ("path", "offset"),
    [
        ("Tcb.Header", 0),  # between the beginning and the first anchor
        ("Tcb.Priority", 0xC1),  # between two that moved alike
        ("Tcb.ApcState.KernelApcPending", 0xB9),  # in the structure that an anchor is part of
        ("IrpList.Flink", 0x1C0),  # in an anchor
        ("Win32StartAddress", 0x1E0),  # between the last anchor and the end
    ],
)
def test_between_anchors_that_moved_alike(path: str, offset: int) -> None:
    assert only(layout(MOVED).places(path)) == (offset, INFERRED)


def test_between_anchors_that_moved_differently_both_ways_are_possible() -> None:
    places = layout(MOVED).places("Tcb.Running")

    assert [(p.offset, p.trust) for p in places] == [(0x50, GUESSED), (0x48, GUESSED)]


def test_a_place_that_an_anchor_takes_is_not_possible() -> None:
    """Unmoved, TrapFrame would lie in ApcState, whose place the anchor in it fixes."""
    assert only(layout(MOVED).places("Tcb.TrapFrame")) == (0x88, GUESSED)


def test_a_confirmed_place_is_an_anchor_for_its_neighbours() -> None:
    found = layout(MOVED)
    (right,) = (p for p in found.places("CreateTime") if p.offset == 0x1A0)
    found.confirm("CreateTime", right)

    assert only(found.places("CreateTime")) == (0x1A0, CONFIRMED)


def test_what_one_structure_confirms_is_not_believed_of_the_next() -> None:
    first = layout(MOVED)
    guesses = first.places("CreateTime")
    one, other = first.fresh(), first.fresh()
    one.confirm("CreateTime", guesses[-1])

    assert only(one.places("CreateTime")) == (guesses[-1].offset, CONFIRMED)
    assert other.places("CreateTime") == first.places("CreateTime") == first.fresh().places("CreateTime") == guesses


def test_a_profile_of_the_same_build_where_the_debugger_data_is_silent() -> None:
    silent, speaking = layout({}), layout(MOVED)
    for found in (silent, speaking):
        found.same_build()

    assert {place.trust for place in silent.places("CreateTime")} == {INFERRED}
    assert speaking.places("CreateTime") == layout(MOVED).places("CreateTime")


def test_kernels_that_fit_as_well_have_to_agree() -> None:
    other = parse(
        "_ETHREAD,200;Tcb.InitialStack,28,8;Tcb.ApcState.Process,b8,8;Tcb.Priority,cb,1;Tcb.Teb,f0,8;IrpList,1a0,10"
    )
    places = layout(MOVED, THREAD, other).places("Tcb.Priority")

    assert [(p.offset, p.trust) for p in places] == [(0xC1, GUESSED), (0xC3, GUESSED)]


def test_without_a_profile_only_the_debugger_data_are_left() -> None:
    found = Layout("_ETHREAD", Absent("no layouts of IA64 kernels"), {"OffsetKThreadTeb": 0x60}, X64)

    assert found.places("Tcb.Teb") == (Place(found.places("Tcb.Teb")[0].offset, 8, (0, 0), KDBG),)
    assert found.places("Tcb.Priority") == ()
    assert found.why_not("Tcb.Priority") == (
        "Tcb.Priority is not among the offsets in the debugger data (no profile: no layouts of IA64 kernels)"
    )


def test_without_debugger_data_a_near_profile_is_a_guess() -> None:
    found = Layout("_ETHREAD", profile(THREAD), None, X64)

    assert only(found.places("Win32StartAddress")) == (0x1C0, GUESSED)


def test_processor_blocks_of_another_architecture_share_only_their_beginning() -> None:
    prcb = parse("_KPRCB,100;CurrentThread,8,8;NextThread,10,8;IdleThread,18,8;CpuType,40,1;CpuModel,43,1;MHz,44,4")
    data = {"OffsetPrcbCurrentThread": 8, "OffsetPrcbIdleThread": 0x18, "OffsetPrcbCpuType": 0x50, "SizePrcb": 0x110}
    found = Layout("_KPRCB", profile(prcb), data | {"OffsetPrcbMhz": 0x54}, ARM64)

    assert only(found.places("NextThread")) == (0x10, INFERRED)
    assert found.places("CpuType")[0].size == 4
    assert found.places("CpuModel") == ()


def test_offsets_outside_the_structure_are_ignored() -> None:
    assert layout({"OffsetKThreadTeb": 0xFFFF, "SizeEThread": 0x220}).places("Tcb.Teb") != ()
    assert all(p.trust != KDBG for p in layout({"OffsetKThreadTeb": 0xFFFF, "SizeEThread": 0x220}).places("Tcb.Teb"))


@given(
    st.dictionaries(st.sampled_from(sorted(MOVED)), st.integers(0, 0xFFFF)),
    st.sampled_from([f.name for f in THREAD.fields]),
)
def test_any_debugger_data(data: dict[str, int], path: str) -> None:
    """Whatever a damaged block says, there are few places and each has a known trust."""
    places = layout(data).places(path)

    assert len(places) <= 2
    assert all(p.trust in TRUSTS and p.size > 0 for p in places)
    assert len({(p.offset, p.bits) for p in places}) == len(places)


def test_numbers_protocol_is_what_the_debugger_data_offer() -> None:
    """A block that is too short has no such field, and says None."""

    class Short:
        def get(self, name: str) -> int | None:
            return None

    found = Layout("_ETHREAD", profile(THREAD), cast("dict[str, int]", Short()), X64)

    assert found.size == 0x200


@pytest.mark.parametrize(
    "name",
    [
        "nt/19041.804-x64", "nt/20348.2529-x64", "nt/22000.2538-x64", "nt/18362.836-x64", "nt/17763.5933-x64",
        "nt/win10-15063-x64", "nt/14393.6343-x64", "nt/win10-10586-x64", "nt/9600.21620-x64", "nt/win8-x64",
        "nt/7601.24540-x64", "nt/win10-19041-x86", "nt/win81u1-x86", "nt/win7sp1-x86",
    ],
)  # fmt: skip
def test_known_kernels_as_if_they_were_unknown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take all kernels of one build away, and find its fields from the others and its debugger data: none is wrong."""
    truth = next(b for b in builds() if b.name == name)
    types = structs(truth)
    data = {size: types[struct].size for struct, size in SIZES.items()}
    for entry in OFFSETS:
        field = types[entry.struct].find(entry.path)
        data |= {entry.name: field.offset} if field else {}
    rest = tuple(b for b in builds() if b.number != truth.number)
    monkeypatch.setattr(profiles, "builds", lambda: rest)
    near = choose(Evidence(truth.machine, truth.number, None, {}, data, ()))
    assert isinstance(near, Profile)

    counts = dict.fromkeys((KDBG, INFERRED, GUESSED), 0)
    for struct in SIZES:
        machine = X64 if truth.machine == "x64" else MACHINES[0x014C]
        found = Layout(struct, near, data, machine)
        for field in types[struct].fields:
            for place in found.places(field.name)[:1]:
                counts[place.trust] += 1
                assert place.trust == GUESSED or place.offset == field.offset, (struct, field.name)
    assert not near.exact
    assert counts[KDBG] >= 20
    assert counts[INFERRED] >= 20
