"""Page-table entry formats out of the types: every shipped kernel has one, and tells the generations apart."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.paging.software import PteFormat
from dumpwalk.types.model import Struct
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

VIEWS = ("HARDWARE", "PROTOTYPE", "SUBSECTION", "SOFTWARE", "TRANSITION", "LIST", "TIMESTAMP")


@cache
def generations() -> dict[Any, list[str]]:
    """Return the shipped profiles by their layouts of page-table entries."""
    store = Store.shipped()
    found: dict[Any, list[str]] = {}
    for info in store.profiles():
        types = store.open(info.name)
        key = (types.pointer_size, *(types.find(f"_MMPTE_{view}") for view in VIEWS), types.find("_MMPTE"))
        found.setdefault(key, []).append(info.name)
    return found


def shipped(name: str) -> PteFormat:
    return pte_format(Store.shipped().open(name))


def test_every_shipped_kernel_has_a_format() -> None:
    sizes = {name: shipped(names[0]).size for names in generations().values() for name in names}

    assert len(sizes) == len(Store.shipped().profiles()) >= 236
    # XP, 2003, Vista and 7 without PAE have entries of 4 bytes, all others of 8.
    assert sorted(name for name, size in sizes.items() if size == 4) == [
        "nt/2003sp2-x86", "nt/vistasp2-x86", "nt/win7sp1-x86", "nt/xpsp3-x86",
    ]  # fmt: skip


def test_swizzle_bit_is_in_all_views_or_none() -> None:
    store = Store.shipped()
    for names in generations().values():
        types = store.open(names[0])
        has = set()
        for view in ("PROTOTYPE", "SUBSECTION", "SOFTWARE", "TRANSITION"):
            struct = types.find(f"_MMPTE_{view}")

            assert isinstance(struct, Struct)
            has.add(any(f.name == "SwizzleBit" for f in struct.fields))

        assert has == {bool(pte_format(types).swizzle)}


@pytest.mark.parametrize(
    ("name", "swizzle", "page_file_low", "protection_of_proto", "pfn_bits"),
    [
        # Back-ported layouts: the same build has both, so a build number says nothing.
        ("nt/win7sp1-x64", 0, 1, 11, 36),
        ("nt/7601.24540-x64", 0x10, 12, 5, 36),
        ("nt/win10-14393-x64", 0, 1, 11, 36),
        ("nt/14393.4583-x64", 0x10, 12, 5, 36),
        ("nt/2003sp2-x64", 0, 1, 11, 28),
        ("nt/22000.2538-x64", 0x10, 12, 5, 40),
        ("nt/win10-17134-x64", 0, 1, 11, 36),
    ],
)
def test_generations(name: str, swizzle: int, page_file_low: int, protection_of_proto: int, pfn_bits: int) -> None:
    found = shipped(name)

    assert found.swizzle == swizzle
    assert found.page_file_low == (page_file_low, 0xF)
    assert found.proto_protection == (protection_of_proto, 0x1F)
    assert found.transition_pfn == found.hard_pfn == (12, (1 << pfn_bits) - 1)


# A kernel developer's listing of 2016 (Windows 7 x86 with PAE), `dt nt!_MMPTE_PROTOTYPE`.
LISTING = """
   +0x000 Valid            : Pos 0, 1 Bit
   +0x000 Unused0          : Pos 1, 7 Bits
   +0x000 ReadOnly         : Pos 8, 1 Bit
   +0x000 Unused1          : Pos 9, 1 Bit
   +0x000 Prototype        : Pos 10, 1 Bit
   +0x000 Protection       : Pos 11, 5 Bits
   +0x000 Unused           : Pos 16, 16 Bits
   +0x000 ProtoAddress     : Pos 32, 32 Bits
"""


def positions(listing: str) -> dict[str, tuple[int, int]]:
    """Return position and mask of each field of a dt listing."""
    rows = re.findall(r"\+0x000 (\w+) *: Pos (\d+), (\d+) Bit", listing)
    return {name: (int(at), (1 << int(length)) - 1) for name, at, length in rows}


def test_format_is_that_of_a_debuggers_listing() -> None:
    listed = positions(LISTING)
    found = shipped("win7-x86-pae")

    assert found.valid == 1 << listed["Valid"][0]
    assert found.prototype == 1 << listed["Prototype"][0]
    assert found.proto == ((*listed["ProtoAddress"], 0),)
    assert found.proto_protection == listed["Protection"]
    assert found.size == 8


def test_listing_is_the_real_one(real_data: Path) -> None:
    text = (real_data / "seed" / "000_05213417b4f651b7.txt").read_text("utf-8").replace("\u00a0", " ")
    part = text[text.index("dt nt!_MMPTE_PROTOTYPE") :][:2000]

    assert positions(part) == positions(LISTING)


def test_missing_types_are_said() -> None:
    types = SimpleNamespace(name="none", pointer_size=8, find=lambda name: None)

    with pytest.raises(TypeInfoError, match="no type _MMPTE_HARDWARE in none"):
        pte_format(cast("Any", types))


def test_types_that_lie_are_refused() -> None:
    real = Store.shipped().open("nt/19041.3570-x64")

    def find(name: str) -> Any:
        found = real.find(name)
        return found.__replace__(size=16) if name == "_MMPTE_SOFTWARE" else found  # type: ignore[union-attr]

    with pytest.raises(TypeInfoError, match="no size that one can have"):
        pte_format(cast("Any", SimpleNamespace(name="lie", pointer_size=8, find=find)))
