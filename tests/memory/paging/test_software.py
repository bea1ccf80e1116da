"""What an entry says: published vectors, and the same answers for arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.memory.paging.software import KINDS, PteFormat, protection_name
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

NOW, RTM = "nt/19041.3570-x64", "nt/win10-16299-x64"
MASK = 1 << 45  # the InvalidPteMask of most Intel machines
FORMATS = (
    "nt/xpsp3-x86", "nt/vistasp2-x86", "nt/win7-x86-pae", "nt/win10-19041-x86", "nt/2003sp2-x64", "nt/win7sp1-x64",
    "nt/7601.24540-x64", RTM, NOW, "nt/22000.2538-x64",
)  # fmt: skip


def of(name: str, mask: int = 0, pools: tuple[int, int, int] | None = None) -> PteFormat:
    found: Any = pte_format(Store.shipped().open(name.removeprefix("nt/") if "pae" in name else name))
    changed: PteFormat = found.__replace__(invalid_mask=mask, pools=pools)
    return changed


@pytest.mark.parametrize(
    ("name", "mask", "value", "expected"),
    [
        # WinDbg, quoted in Volatility 3's pull request 475.
        (NOW, MASK, 0x0000200060533860, {"kind": "transition", "pfn": 0x60533, "protection_name": "ExecuteRead"}),
        # WinDbg, quoted in kdmp-parser-rs's tests.
        (NOW, 0, 0x00000000166B7880, {"kind": "transition", "pfn": 0x166B7, "protection_name": "ReadWrite"}),
        # WinDbg, quoted in Mandiant's "Finding Evil in Windows 10 Compressed Memory".
        (
            NOW,
            0,
            0x001BBEDA00002084,
            {"kind": "page file", "page_file": 2, "offset": 0x1BBEDA, "protection_name": "ReadWrite"},
        ),
        # libvmi, pull request 1071.
        (NOW, 0, 0x8E00D8C69A680400, {"kind": "prototype", "address": 0xFFFF8E00D8C69A68}),
        # Microsoft's documentation of PAE entries.
        ("win7-x86-pae", 0, 0x80, {"kind": "demand zero", "protection": 4, "protection_name": "ReadWrite"}),
        # !pte of Windows 10 22621, DebugPrivilege's InsightEngineering.
        ("nt/22000.2538-x64", MASK, 0xC182CC1FFDF80400, {"kind": "prototype", "address": 0xFFFFC182CC1FFDF8}),
        ("nt/22000.2538-x64", MASK, 0x00003E9800000000, {"kind": "freed", "protection_name": "None"}),
        ("nt/22000.2538-x64", MASK, 0x80000001660FF963, {"kind": "valid", "pfn": 0x1660FF}),
        # "Look in the VAD" is tested on the bits as they stand, whatever the mask (PTE enumeration of f-block).
        (NOW, MASK, 0xFFFFFFFF00000420, {"kind": "VAD", "protection_name": "ReadOnly"}),
        ("win7-x86-pae", 0, 0xFFFFFFFF00000480, {"kind": "VAD", "protection_name": "ReadWrite"}),
        ("nt/win7sp1-x86", 0, 0xFFFFF480, {"kind": "VAD", "protection_name": "ReadWrite"}),
        # Windows 7 x86 PAE: SubsectionBase of a kernel developer's listing of 2016, and its subsection.
        ("win7-x86-pae", 0, 0xA8E9B00800000400, {"kind": "prototype", "address": 0xA8E9B008}),
        # The compressed forms without PAE, Vista and 7 (MemProcFS, ReactOS).
        ("nt/win7sp1-x86", 0, 0x51D36404, {"kind": "prototype", "address": 0xA8E9B008}),
        # Windows 7 and 10: SwizzleBit clear, the mask's bits are taken out; set, they stay.
        (NOW, MASK, 0xC08A3D1234000480, {"kind": "prototype", "address": 0xFFFFC08A1D123400}),
        (NOW, MASK, 0xC08A3D1234000490, {"kind": "prototype", "address": 0xFFFFC08A3D123400}),
        (NOW, MASK, 0x0000200000002080, {"kind": "demand zero", "protection": 4}),
        (NOW, MASK, 0x0000200012345880, {"kind": "transition", "pfn": 0x12345}),
        (NOW, MASK, 0x0000000012345890, {"kind": "transition", "pfn": 0x12345}),
        # Bit 10 comes before bit 11, which is Combined or a part of Protection then.
        (NOW, 0, 0xF8A0029C41000C80, {"kind": "prototype", "address": 0xFFFFF8A0029C4100}),
        (RTM, 0, 0xF8A0029C41000C80, {"kind": "prototype", "address": 0xFFFFF8A0029C4100}),
        (RTM, 0, 0x0001234500000080, {"kind": "page file", "offset": 0x12345, "page_file": 0}),
        (RTM, 0, 0, {"kind": "zero", "protection": None}),
        (RTM, 0, 0x8000000012345867, {"kind": "valid", "pfn": 0x12345}),
    ],
)
def test_process_entries(name: str, mask: int, value: int, expected: dict[str, Any]) -> None:
    found = of(name, mask).classify(value)

    assert {key: getattr(found, key) for key in expected} == expected
    assert found.value == value


@pytest.mark.parametrize(
    ("name", "value", "kind", "address"),
    [
        ("nt/win7sp1-x64", 0xFA8003B2F0D004C0, "subsection", 0xFFFFFA8003B2F0D0),
        ("win7-x86-pae", 0x863C17A8000004C0, "subsection", 0x863C17A8),
        # 0x863c17a8 in the form of Vista and 7 without PAE: bits 2 to 10 low, 11 to 31 high.
        (
            "nt/win7sp1-x86",
            0x400 | (0x863C17A8 >> 2 & 0x1FF) << 1 | (0x863C17A8 >> 11) << 11,
            "subsection",
            0x863C17A8,
        ),
        (NOW, 0x00000000123458C0, "transition", None),
        (NOW, 0x0000000512340080, "page file", None),
    ],
)
def test_prototype_ptes(name: str, value: int, kind: str, address: int | None) -> None:
    found = of(name).classify(value, "prototype")

    assert (found.kind, found.address) == (kind, address)


def test_pools_of_windows_xp() -> None:
    """MmPagedPoolStart, MmSubsectionBase and MmNonPagedPoolEnd as ReactOS's mm.h counts from them."""
    known = of("nt/xpsp3-x86", pools=(0xE1000000, 0x81000000, 0xFFBE0000))
    offset = 0xE13577F8 - 0xE1000000
    proto = 0x400 | (offset & 0x1FF) >> 2 << 1 | offset >> 9 << 11
    paged = 0x80000000 | 0x400 | 0x12345 << 11 | 5 << 1
    nonpaged = 0x400 | 0x345 << 11 | 5 << 1

    assert known.classify(proto).address == 0xE13577F8
    assert known.classify(paged, "prototype").address == 0x81000000 + (0x12345 << 7) + (5 << 3)
    assert known.classify(nonpaged, "prototype").address == 0xFFBE0000 - (0x345 << 7) - (5 << 3)
    assert of("nt/xpsp3-x86").classify(proto).address is None
    assert of("nt/xpsp3-x86").classify(paged, "prototype").address is None


def test_protections() -> None:
    assert protection_name(1) == "ReadOnly"
    assert protection_name(7) == "ExecuteWriteCopy"
    assert protection_name(0xC) == "ReadWrite NoCache"
    assert protection_name(0x18) == "NoAccess"


ENTRIES = st.one_of(
    st.integers(0, (1 << 64) - 1),
    st.integers(0, 0xFFF),
    st.integers(0, 0xFFF).map(lambda low: low | 0xFFFFFFFF << 32),
    st.integers(0, 0xFFF).map(lambda low: low | MASK),
)


@pytest.mark.parametrize("of_what", ["process", "prototype"])
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(values=st.lists(ENTRIES, max_size=20), mask=st.sampled_from([0, MASK, 3 << 44]))
def test_arrays_say_the_same(name: str, of_what: str, values: list[int], mask: int) -> None:
    known = of(name, mask)
    values = [value & (1 << 8 * known.size) - 1 for value in values]

    kinds, pfns = known.kinds(np.array(values, f"u{known.size}"), of_what)

    assert [KINDS[k] for k in kinds.tolist()] == [known.classify(v, of_what).kind for v in values]
    expected = [known.classify(v, of_what).pfn for v in values]
    assert pfns.tolist() == [-1 if pfn is None else pfn for pfn in expected]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(value=ENTRIES)
def test_any_value_has_a_meaning(name: str, value: int) -> None:
    known = of(name)
    value &= (1 << 8 * known.size) - 1

    for of_what in ("process", "prototype"):
        said = known.classify(value, of_what)

        assert said.kind in KINDS
        assert (said.pfn is not None) == (said.kind in ("valid", "transition"))
