"""!pte's listings, made again from the entries that are in them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from page_tables import Tables, paged_target

from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.kernel.pte import entry_at, entry_value, flags, page_table_entries
from dumpwalk.memory.address import Address
from dumpwalk.memory.paging.modes import ARM64, PAE, X64, X86, Mode
from dumpwalk.remarks import Absent
from dumpwalk.render.pte import layout
from dumpwalk.target import Target
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

NOW = "nt/22000.2538-x64"
# !pte of Windows 10 22621 x64 and of Windows 10 on ARM64: entries only, no names or contents of a machine.
PROTO = """
                                           VA fffff803712e5000
PXE at FFFFFA7D3E9F4F80    PPE at FFFFFA7D3E9F0068    PDE at FFFFFA7D3E00DC48    PTE at FFFFFA7C01B89728
contains 00000000F6C0B063  contains 0000000010017063  contains 0A0000013BFBC863  contains C182CC1FFDF80400
pfn f6c0b     ---DA--KWEV  pfn 10017     ---DA--KWEV  pfn 13bfbc    ---DA--KWEV  not valid
                                                                                  Proto: FFFFC182CC1FFDF8
"""
VALID = """
                                           VA ffffe2809abee000
PXE at FFFFCFE7F3F9FE28    PPE at FFFFCFE7F3FC5010    PDE at FFFFCFE7F8A026A8    PTE at FFFFCFF1404D5F70
contains 0A00000107400863  contains 0A00000107401863  contains 0A000001184EF863  contains 80000001660FF963
pfn 107400    ---DA--KWEV  pfn 107401    ---DA--KWEV  pfn 1184ef    ---DA--KWEV  pfn 1660ff    -G-DA--KW-V
"""
FREED = """
                                           VA ffffe5068d8a4040
PXE at FFFFBEDF6FB7DE50    PPE at FFFFBEDF6FBCA0D0    PDE at FFFFBEDF7941A360    PTE at FFFFBEF28346C520
contains 0A00000107400863  contains 0A00000005DC8863  contains 1A0000025754A863  contains 00003E9800000000
pfn 107400    ---DA--KWEV  pfn 5dc8      ---DA--KWEV  pfn 25754a    ---DA--KWEV  not valid
                                                                                  Page has been freed
"""
ARM_LARGE = """
                                           VA fffff800df891000
PXE at FFFFF67B3D9ECF80    PPE at FFFFF67B3D9F0018    PDE at FFFFF67B3E0037E0    PTE at FFFFF67C006FC488
contains 0060000084609F03  contains 006000008460AF03  contains 00C000009BC00F01  contains 0000000000000000
pfn 84609      -R--ADK--V  pfn 8460a      -R--ADK--V  pfn 9bc00      -WX-ADK-LV  LARGE PAGE pfn 9bc91
"""
ARM_GLOBAL = """
                                           VA fffff79280007000
PXE at FFFF82C160B05F78    PPE at FFFF82C160BEF250    PDE at FFFF82C17DE4A000    PTE at FFFF82FBC9400038
contains 0060000085500F03  contains 00E0000085603F03  contains 00E0000085604F03  contains 00E0000040009703
pfn 85500      -R--ADK--V  pfn 85603      -W--ADK--V  pfn 85604      -W--ADK--V  pfn 40009      -W-GADK--V
"""
# Microsoft's "Converting virtual addresses to physical addresses": Windows XP without PAE.
XP = """
               VA 0012f980
PDE at   C0300000        PTE at C00004BC
contains 0BA58067      contains 09DE9067
pfn ba58 ---DA--UWV    pfn 9de9 ---DA--UWV
"""


def world(listing: str, mode: Mode, profile: str | None) -> tuple[Target, int]:
    """Return a target whose tables hold the entries of *listing*, and the address it is of."""
    lines = listing.strip("\n").splitlines()
    address = int(lines[0].split()[-1], 16)
    values = [int(word, 16) for word in lines[2].split()[1::2]]
    last = lines[1].split()[-1]
    tables = Tables(mode)
    tables.root = 0x10
    tables.pages = {0x10: bytearray(0x1000)}
    at = tables.root
    for level, value in zip(mode.levels, values):
        index = address >> level.shift & (1 << level.bits) - 1
        tables.page(at, value.to_bytes(mode.entry_size, "little"), index * mode.entry_size)
        at = (value & mode.frame) >> 12
    base = (int(last, 16) - ((address & (1 << mode.width) - 1) >> 12) * mode.entry_size) & (1 << 64) - 1
    data = {"PteBase": Address(base)}
    return paged_target(tables, profile, debugger_data=cast("Any", data)), address


@pytest.mark.parametrize(
    ("listing", "mode", "profile"),
    [
        (PROTO, X64, NOW),
        (VALID, X64, NOW),
        (FREED, X64, NOW),
        (ARM_LARGE, ARM64, None),
        (ARM_GLOBAL, ARM64, None),
        (XP.replace("UWV    pfn", "UWEV   pfn").replace("UWV\n", "UWEV\n"), X86, "nt/xpsp3-x86"),
    ],
)
def test_listings(listing: str, mode: Mode, profile: str | None) -> None:
    target, address = world(listing, mode, profile)

    assert layout(page_table_entries(target, address)) == listing.strip("\n")


@pytest.mark.parametrize(
    ("name", "listing"),
    [
        ("insight-driver-irql", PROTO),
        ("insight-kernel-mode-heap", VALID),
        ("insight-page-fault-in-nonpaged-area-0x50-b-pte-ffffe5068d8a4040", FREED),
        ("smbaloo", ARM_GLOBAL),
        ("wdd-converting", XP),
    ],
)
def test_listings_are_the_real_ones(real_data: Path, name: str, listing: str) -> None:
    (file,) = (real_data / "logs" / "pte").glob(f"{name}*.txt")
    lines = [line.rstrip() for line in file.read_text("utf-8").replace("\u00a0", " ").splitlines()]

    assert [line for line in lines[1:] if line] == listing.strip("\n").splitlines()


def test_address_in_the_page_tables_is_that_of_a_pte() -> None:
    target, address = world(VALID, X64, NOW)

    found = page_table_entries(target, 0xFFFFCFF1404D5F70)

    assert found.address == address
    assert found.physical == 0x1660FF000


def test_pae_has_two_columns() -> None:
    tables = Tables(PAE)
    tables.entry(0x82ACBDF1, 0x4B27D00000080)
    target = paged_target(tables, "win7-x86-pae")

    lines = layout(page_table_entries(target, 0x82ACBDF1)).splitlines()

    assert lines == [
        "                    VA 82acbdf1",
        "PDE at C06020A8            PTE at C0415658",
        "contains 0000000000102063  contains 0004B27D00000080",
        "pfn 102       ---DA--KWEV  not valid",
        "                            PageFile: 0",
        "                            Offset: 4b27d",
        "                            Protect: 4 - ReadWrite",
    ]


def test_large_page() -> None:
    tables = Tables()
    tables.entry(0x1ED << 39, tables.root << 12 | 0x63, "PXE")
    tables.entry(0xFFFFF80000200000, 0x40000000 | 0xE3, "PDE")
    target = paged_target(tables, NOW)

    found = page_table_entries(target, 0xFFFFF80000212345)

    assert layout(found).endswith("pfn 40000     --LDA--KWEV  LARGE PAGE pfn 40012")
    assert found.physical == 0x40012345


def test_what_stops_at_an_upper_level() -> None:
    tables = Tables()
    tables.entry(0x1ED << 39, tables.root << 12 | 0x63, "PXE")
    target = paged_target(tables, NOW)

    lines = layout(page_table_entries(target, 0x12345678)).splitlines()

    assert lines[2:] == ["contains 0000000000000000", "not valid"]


def test_table_that_is_not_in_the_dump() -> None:
    tables = Tables()
    tables.entry(0x1ED << 39, tables.root << 12 | 0x63, "PXE")
    tables.entry(0x12345678, 0x77000 | 0x67, "PXE")
    target = paged_target(tables, NOW)

    found = page_table_entries(target, 0x12345678)

    assert "Unable to get PPE FFFFF6FB7DA00000" in layout(found)
    assert "page 77 is not in the dump" in str(found.entries[1].value)


def test_unknown_base_is_said() -> None:
    tables = Tables()
    tables.map(0x1000, 0x500)
    found = page_table_entries(paged_target(tables, NOW), 0x1000)

    assert found.physical == 0x500000
    assert any(p.where == "PTE_BASE" for p in found.problems)
    assert "PTE at ????????" in layout(found)


def test_entry_by_itself() -> None:
    tables = Tables()
    tables.map(0xFFFF8E00D8C69A68, 0x600, 0xFA8003B2F0D004C0.to_bytes(8, "little"))
    target = paged_target(tables, "nt/win7sp1-x64")

    assert layout(entry_at(target, 0xFFFF8E00D8C69A68, "prototype")).splitlines() == [
        "PTE at FFFF8E00D8C69A68",
        "contains FA8003B2F0D004C0",
        "not valid",
        " Subsection: FFFFFA8003B2F0D0",
        " Protect: 6 - ExecuteReadWrite",
    ]
    missing = layout(entry_at(target, 0x1000)).splitlines()
    assert missing == ["PTE at 0000000000001000", "Unable to get PTE 0000000000001000"]


@pytest.mark.parametrize(
    ("name", "value", "lines"),
    [
        ("nt/19041.3570-x64", 0x001BBEDA00002084, ["PageFile: 2", "Offset: 1bbeda", "Protect: 4 - ReadWrite"]),
        ("nt/19041.3570-x64", 0x166B7880, ["Transition: 166b7", "Protect: 4 - ReadWrite"]),
        ("nt/19041.3570-x64", 0xFFFFFFFF00000480, ["Proto: VAD", "Protect: 4 - ReadWrite"]),
        ("win7-x86-pae", 0x80, ["DemandZero", "Protect: 4 - ReadWrite"]),
        ("win7-x86-pae", 0, []),
    ],
)
def test_words_for_what_is_not_valid(name: str, value: int, lines: list[str]) -> None:
    found = layout(entry_value(pte_format(Store.shipped().open(name)), value)).splitlines()

    assert found[1:] == ["not valid", *(f" {line}" for line in lines)]


def test_mask_that_matters_is_missed() -> None:
    known = pte_format(Store.shipped().open("nt/19041.3570-x64"))

    assert entry_value(known, 0x0000200060533860).problems
    assert not entry_value(known, 0x0000200060533863).problems
    with pytest.raises(UsageError, match="theirs have 4 bytes"):
        entry_value(pte_format(Store.shipped().open("nt/win7sp1-x86")), 1 << 32)


def test_pool_of_windows_xp_is_missed() -> None:
    found = entry_value(pte_format(Store.shipped().open("nt/xpsp3-x86")), 0x400)

    assert layout(found).splitlines()[-1] == " Proto: ????"
    assert found.problems[0].where == "pool"


def test_letters() -> None:
    """Bits by the table in the documentation of !pte."""
    assert flags(0x163, 4) == "-G-DA--KWEV"
    assert flags(0x3FF, 8) == "CGLDANTUWEV"
    assert flags(1 | 1 << 63, 8) == "-------KR-V"


def test_no_page_tables() -> None:
    with pytest.raises(AbsentError, match="holds no page tables"):
        page_table_entries(cast("Any", SimpleNamespace(memory=None, physical=Absent("none"))), 0)
