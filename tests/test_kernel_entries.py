"""A target's own view of invalid entries: types found lazily, without going round in circles; the mask from memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from page_tables import Tables, paged_target

from dumpwalk.errors import ReadError
from dumpwalk.formats import Dump
from dumpwalk.memory.address import Address
from dumpwalk.memory.paging.modes import PAE, X86
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.types.store import Store

NOW = "nt/19041.3570-x64"
MASK = 1 << 45
ADDRESS = 0xFFFFF80000123000
KERNEL = 0xFFFFF80002A00000


def moving(value: int = 0x12345 << 12 | 0x880) -> Tables:
    tables = Tables()
    tables.entry(ADDRESS, value)
    tables.page(0x12345, b"here")
    return tables


def test_entries_are_read_by_the_kernels_types() -> None:
    target = paged_target(moving(), NOW)

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"


def test_without_a_profile_only_the_processor_counts() -> None:
    target = paged_target(moving(), None)

    with pytest.raises(ReadError, match="PTE not present"):
        target.memory.read(target.address(ADDRESS), 4)
    assert target.entries is not None
    assert "only what the processor sees: a fake has none" in str(target.entries.problems[0])


def test_the_profile_is_found_at_the_first_invalid_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds it reads memory itself: it sees the processor's view, and that is not remembered."""
    seen: list[Any] = []

    def find(dump: Any, named: str = "") -> Any:
        try:
            dump.memory.read(ADDRESS, 4)
        except ReadError as error:
            seen.append(error.reason)
        return SimpleNamespace(name=NOW, machine="x64", exact=True)

    monkeypatch.setattr("dumpwalk.target.find_profile", find)
    tables = Tables()  # the table itself is in transition: what is found of it is what would be kept
    tables.map(ADDRESS, 0x12345, b"here")
    pde = tables.memory().translate(ADDRESS).entries[3].address >> 12
    tables.entry(ADDRESS, pde << 12 | 0x880, "PDE")
    target = paged_target(tables, "")

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"
    assert seen == ["PDE not present"]


def test_asking_for_the_profile_first_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(dump: Any, named: str = "") -> Any:
        assert dump.memory.read_some(ADDRESS, 4) == b""
        return SimpleNamespace(name=NOW, machine="x64", exact=True)

    monkeypatch.setattr("dumpwalk.target.find_profile", find)
    target = paged_target(moving(), "")

    assert not isinstance(target.profile, Absent)
    assert target.memory.read(target.address(ADDRESS), 4) == b"here"


def with_kernel(tables: Tables, place: int, value: int) -> None:
    tables.map(KERNEL + place, 0x900, value.to_bytes(8, "little"))


@pytest.mark.parametrize("name", [NOW, "nt/22000.2538-x64", "nt/14393.4583-x64", "nt/17763.379-x64"])
def test_mask_of_windows_10(name: str) -> None:
    types = Store.shipped().open(name)
    place = types.key_symbols()["MiState"] + offset_of(types, "_MI_SYSTEM_INFORMATION", "Hardware.InvalidPteMask")
    tables = moving(MASK | 0x12345 << 12 | 0x880)
    with_kernel(tables, place, MASK)
    target = paged_target(tables, name, kernel=KERNEL)

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"
    assert target.entries is not None
    assert target.entries.problems == ()


def test_offset_of_the_mask() -> None:
    """MiState + 0x15c0 + 0xc0 on 19041 (PTE enumeration of f-block; the offsets of six builds are published)."""
    offsets = {"nt/14393.4583-x64": 0x5C0, "nt/17763.379-x64": 0x1680, NOW: 0x1680, "nt/22000.2538-x64": 0x1740}
    for name, offset in offsets.items():
        types = Store.shipped().open(name)

        assert offset_of(types, "_MI_SYSTEM_INFORMATION", "Hardware.InvalidPteMask") == offset


@pytest.mark.parametrize("name", ["nt/7601.24540-x64", "nt/9600.21620-x64"])
def test_mask_of_windows_7_and_8(name: str) -> None:
    place = Store.shipped().open(name).symbols.find("MiInvalidPteMask")
    assert place is not None
    tables = moving(MASK | 0x12345 << 12 | 0x880)
    with_kernel(tables, place, MASK)
    target = paged_target(tables, name, kernel=KERNEL)

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"


def test_a_mask_that_is_not_there_is_said() -> None:
    target = paged_target(moving(), NOW, kernel=KERNEL)

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"
    assert target.entries is not None
    assert "InvalidPteMask is not known" in str(target.entries.problems[0])


def test_a_guess_at_the_types_is_said() -> None:
    target = paged_target(moving(), NOW, exact=False)

    assert target.memory.read(target.address(ADDRESS), 4) == b"here"
    assert target.entries is not None
    assert f"this kernel is not known; they are read as {NOW} writes them" in str(target.entries.problems[0])


def test_types_without_pae_do_not_explain_pae() -> None:
    tables = Tables(PAE)
    tables.entry(0x80001000, 0x880)
    target = paged_target(tables, "nt/win7sp1-x86")

    with pytest.raises(ReadError, match="not present"):
        target.memory.read(target.address(0x80001000), 4)
    assert target.entries is not None
    assert "has entries of 4 bytes, this machine's have 8" in str(target.entries.problems[0])


def test_pools_of_windows_xp_come_from_the_debugger_data() -> None:
    tables = Tables(X86)
    proto = 0xE13577F8
    offset = proto - 0xE1000000
    tables.entry(0x80001000, 0x400 | (offset & 0x1FF) >> 2 << 1 | offset >> 9 << 11)
    tables.map(proto, 0x600, (0x700 << 12 | 0x121).to_bytes(4, "little"))
    tables.page(0x700, b"view")
    tables.map(0x80540000, 0x800, b"".join(n.to_bytes(4, "little") for n in (0xE1000000, 0x81000000, 0xFFBE0000)))
    names = ("MmPagedPoolStart", "MmSubsectionBase", "MmNonPagedPoolEnd")
    data = {name: Address(0x80540000 + 4 * i) for i, name in enumerate(names)}
    target = paged_target(tables, "nt/xpsp3-x86", debugger_data=cast("Any", data))

    assert target.memory.read(target.address(0x80001000), 4) == b"view"


def test_pte_base() -> None:
    tables = Tables()
    tables.map(ADDRESS, 0x500)
    by_data = paged_target(tables, NOW, debugger_data=cast("Any", {"PteBase": Address(0xFFFFFD8000000000)}))
    assert isinstance(paged_target(tables, NOW).pte_base(), Absent)
    with_kernel(tables, Store.shipped().open(NOW).key_symbols()["MmPteBase"], 0xFFFF820000000000)
    by_symbol = paged_target(tables, NOW, kernel=KERNEL)
    tables.entry(0x1ED << 39, tables.root << 12 | 0x63, "PXE")
    by_self_map = paged_target(tables, NOW)

    assert by_data.pte_base() == 0xFFFFFD8000000000
    assert by_symbol.pte_base() == 0xFFFF820000000000
    assert by_self_map.pte_base() == 0xFFFFF68000000000


def test_contents_that_are_read_lazily_do_not_go_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the dump says of itself is read from its memory, and so is what explains that memory."""
    calls: list[bytes] = []
    tables = moving()
    fake = paged_target(tables, "").dump

    def contents() -> Any:
        calls.append(dump.memory.read_some(ADDRESS, 4))
        return SimpleNamespace(modules=fake.modules, debugger_data=Absent("none"))

    dump = Dump(
        path="fake.dmp", format="fake", size=0, header=fake.header, memory=fake.memory, contents=cast("Any", contents)
    )

    def find(dump: Any, named: str = "") -> Any:
        assert dump.modules is fake.modules
        return SimpleNamespace(name=NOW, machine="x64", exact=True)

    monkeypatch.setattr("dumpwalk.target.find_profile", find)
    target = Target(dump)

    assert target.modules is fake.modules
    # The outer reading sees what the types explain; the one that finding them needs sees the processor's view.
    assert calls == [b"", b"here"]
