"""Which known kernel a dump is of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.remarks import Absent
from dumpwalk.target import open as open_target
from dumpwalk.types.debugger_offsets import OFFSETS, SIZES
from dumpwalk.types.layouts import Build, builds, structs
from dumpwalk.types.profiles import Evidence, Profile, choose, evidence, symbols_agree

BASE = 0xFFFFF80400000000
HEADER = ("PsLoadedModuleList", "PsActiveProcessHead", "KdDebuggerDataBlock", "MmPfnDatabase")


def build(name: str) -> Build:
    return next(b for b in builds() if b.name == name)


def seen(of: Build | None = None, **changes: Any) -> Evidence:
    """Return what a dump of the kernel *of* says, with *changes*."""
    values: dict[str, Any] = dict(machine="x64", build=19041, base=BASE, pointers={}, data=None, stamp=())  # noqa: C408
    if of is not None:
        values["build"] = of.number
        values["pointers"] = {(n,): BASE + rva for n, rva in of.symbols.items()}
        values["data"] = debugger_data(of)
    return Evidence(**values | changes)


def debugger_data(of: Build) -> dict[str, int]:
    types = structs(of)
    data = {name: types[struct].size for struct, name in SIZES.items()}
    for entry in OFFSETS:
        field = types[entry.struct].find(entry.path)
        if field:
            data[entry.name] = field.offset
    return data


def chosen(evidence: Evidence) -> Profile:
    found = choose(evidence)
    assert isinstance(found, Profile)
    return found


@pytest.mark.parametrize("name", ["nt/19041.804-x64", "nt/22000.2538-x64", "nt/17763.3287-x64", "nt/14393.5291-x64"])
def test_exact_by_symbols(name: str) -> None:
    found = chosen(seen(build(name)))

    assert (found.name, found.exact, found.others) == (name, True, ())
    assert found.match.symbols == found.match.symbols_checked == 18
    assert found.match.offsets == found.match.offsets_checked >= 27
    assert str(found.match).startswith("exact (18 symbol addresses agree), checked on ")


def test_every_kernel_with_symbols_finds_its_own_layouts() -> None:
    for each in builds():
        if each.symbols:
            found = chosen(seen(each, data=None))
            assert found.exact, each.name
            assert found.structs == structs(each), each.name


def test_one_symbol_elsewhere_is_another_kernel() -> None:
    """17 of 18 symbols of these two lie at the same places, and their layouts differ."""
    a, b = build("nt/17763.3532-x64"), build("nt/17763.3287-x64")
    pointers = {(n,): BASE + rva for n, rva in a.symbols.items()}

    assert symbols_agree(seen(a), b) == (17, 18)
    assert chosen(seen(pointers=pointers)).name == "nt/17763.3534-x64"  # the same layouts as 3532
    pointers[("PspCidTable",)] += 8
    assert chosen(seen(pointers=pointers)).match.kind == "nearest"


def test_no_debugger_data_but_the_header() -> None:
    known = build("nt/19041.804-x64")
    found = chosen(seen(pointers={(n,): BASE + known.symbols[n] for n in HEADER}))

    assert (found.name, found.exact) == ("nt/19041.804-x64", True)
    assert found.match.text == (
        "exact (4 symbol addresses agree), not checked: the dump has no debugger data to check it on"
    )


def test_no_module_list() -> None:
    known = build("nt/19041.804-x64")

    assert chosen(seen(known, base=None)).name == "nt/19041.804-x64"


def test_the_header_alone_can_leave_several_kernels() -> None:
    """The header's four pointers are the same in some kernels of 14393, but not all layouts are."""
    known = build("nt/14393.5291-x64")
    found = chosen(seen(build=14393, pointers={(n,): BASE + known.symbols[n] for n in HEADER}))

    assert found.match.kind == "nearest"
    assert found.others
    assert re.match(r"nearest \(14393\.\d+\), one of \d+ kernels that 4 symbol addresses agree with", found.match.text)


def test_exact_by_time_stamp() -> None:
    found = chosen(seen(stamp=(0x0D8333E6, 0x1046000)))

    assert (found.name, found.exact) == ("nt/19041.804-x64", True)
    assert "time stamp" in str(found.match)


def test_a_time_stamp_that_the_symbols_contradict_is_not_believed() -> None:
    found = chosen(
        seen(pointers={(n,): BASE + 0x1000 * i for i, n in enumerate(HEADER)}, stamp=(0x0D8333E6, 0x1046000))
    )

    assert not found.exact


def test_a_time_stamp_that_the_debugger_data_contradict_is_not_believed() -> None:
    data = debugger_data(build("nt/19041.804-x64")) | {"SizeEThread": 0x8A0}

    assert chosen(seen(data=data, stamp=(0x0D8333E6, 0x1046000))).match.disagree == ("SizeEThread",)
    assert not chosen(seen(data=data, stamp=(0x0D8333E6, 0x1046000))).exact


def test_debugger_data_that_contradict_the_symbols_are_named() -> None:
    known = build("nt/19041.804-x64")
    found = chosen(seen(known, data=debugger_data(known) | {"OffsetKThreadTeb": 0x1234}))

    assert found.exact
    assert str(found.match) == (
        "exact (18 symbol addresses agree), checked on 30 fields, 1 of which say otherwise (OffsetKThreadTeb)"
    )


def test_nearest_of_the_same_build() -> None:
    """2194 was released between 2130 and 2251; what differs between these is nothing we read."""
    found = chosen(seen(data=debugger_data(build("nt/19041.2251-x64")), stamp=(0x5DCBE587, 0x1046000)))

    assert (found.name, found.match.kind) == ("nt/19041.2251-x64", "nearest")
    assert found.match.builds == ("nt/19041.2130-x64", "nt/19041.2251-x64")
    assert found.others == ()
    assert str(found.match) == (
        "nearest (19041.2251), checked on 30 fields; "
        "the kernel is 19041.2194, between 19041.2130 and 19041.2251 with the same layouts"
    )


def test_nearest_build() -> None:
    found = chosen(seen(build=26100))

    assert found.build == 22000


def test_debugger_data_choose_among_the_near_ones() -> None:
    """The kernels of Windows 7 SP1 have one build number; a process grew with the years."""
    for name in ("nt/win7sp1-x64", "nt/7601.24540-x64"):
        assert chosen(seen(build=7601, data=debugger_data(build(name)))).name == name


def test_another_architecture_of_the_same_pointer_size() -> None:
    arm64, arm = chosen(seen(machine="ARM64", build=22000)), chosen(seen(machine="ARM", build=17134))

    assert (arm64.machine, arm64.exact) == ("x64", False)
    assert (arm.machine, arm.exact) == ("x86", False)
    assert str(arm64.match).startswith("nearest (22000.2538 of x64)")


def test_no_layouts_of_the_machine() -> None:
    assert choose(seen(machine="IA64")) == Absent("dumpwalk has no type layouts of IA64 kernels")


@pytest.mark.parametrize("data", [{}, {"SizeEThread": 0xFFFF, "OffsetKThreadTeb": 0xFFFF}, {"SizeEThread": 1}])
def test_damaged_debugger_data(data: dict[str, int]) -> None:
    assert chosen(seen(data=data)).build == 19041


MATCHES = {
    "triage_x64.dmp": ("nt/19041.804-x64", "exact", 16, 29),
    "100623-4953-01.dmp": ("nt/19041.3448-x64", "exact", 16, 29),
    "100623-6156-01.dmp": ("nt/19041.2965-x64", "exact", 16, 29),
    "triage_arm64.dmp": ("nt/22000.2538-x64", "nearest", 0, 8),
    "RPi3_ARM_mini.cab.dmp": ("nt/win10-17763-x86", "nearest", 0, 9),
    "win81/111217-27671-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
    "win81/111317-27812-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
    "win81/111317-52015-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
    "win81/111417-173000-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
    "win81/111417-56671-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
    "win81/111417-58375-01.dmp": ("nt/win81u1-x64", "nearest", 0, 28),
}


@pytest.mark.real
@pytest.mark.parametrize("name", MATCHES)
def test_real_dumps(name: str, real_dumps: Path) -> None:
    profile = open_target(str(real_dumps / name)).profile

    assert isinstance(profile, Profile)
    assert (profile.name, profile.match.kind, profile.match.symbols, profile.match.offsets) == MATCHES[name]
    words = r"exact \(\d+ symbol addresses agree\)|nearest \([\w.-]+( of x\d\d)?\)"
    assert re.match(rf"(?:{words}), checked on \d+ fields", profile.match.text)
    assert profile.match.text.startswith(profile.match.kind)


@pytest.mark.real
def test_checks_agree_with_those_made_by_hand(real_dumps: Path) -> None:
    """27 offsets and 12 symbols of this dump were compared by hand with the public symbol file."""
    expected = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))["type_information"]
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    profile, said = target.profile, evidence(target.dump)
    assert isinstance(profile, Profile)
    assert said.data is not None
    ours = {entry.name: entry for entry in OFFSETS}

    for check in expected["offset_checks"]:
        assert said.data.get(check["kdbg"]) == int(check["kdbg_value"], 16)
        if check["kdbg"].startswith("Size"):
            (struct,) = (s for s, name in SIZES.items() if name == check["kdbg"])
            assert profile.structs[struct].size == int(check["isf"], 16)
        else:
            entry = ours[check["kdbg"]]
            field = profile.structs[entry.struct].find(entry.path)
            assert field is not None
            assert field.offset == int(check["isf"], 16)
    # KeLoaderBlock, the one that does not match, is a different variable and not among ours.
    compared = {n: c for n, c in expected["symbol_checks"].items() if n in profile.symbols}
    assert set(expected["symbol_checks"]) - set(compared) == {"KeLoaderBlock"}
    for name, check in compared.items():
        assert profile.symbols[name] == int(check["isf"], 16)
    assert str(profile.match) == "exact (16 symbol addresses agree), checked on 29 fields"


@pytest.mark.parametrize("pae", [True, False])
def test_of_two_kernels_that_fit_the_one_with_the_same_page_tables(pae: bool) -> None:
    found = choose(Evidence("x86", 7601, None, {}, None, (), pae))
    assert isinstance(found, Profile)

    assert ("pae" in found.name) is pae
