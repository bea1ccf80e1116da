"""Entries that are written field by field, at the types' own positions, are read back: for every shipped kernel."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.errors import UsageError
from dumpwalk.memory.paging.software import PteFormat
from dumpwalk.synth.ptes import address_fields, bits, entry, swizzled
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

VIEWS = ("HARDWARE", "PROTOTYPE", "SUBSECTION", "SOFTWARE", "TRANSITION", "LIST", "TIMESTAMP")
MASKS = (0, 1 << 45, 3 << 44)


@cache
def generations() -> tuple[str, ...]:
    """Return the name of one profile of each layout, which stand for all."""
    store = Store.shipped()
    found: dict[Any, str] = {}
    for info in store.profiles():
        types = store.open(info.name)
        found[(types.pointer_size, *(types.find(f"_MMPTE_{view}") for view in VIEWS))] = info.name
    return tuple(found.values())


every_generation = pytest.mark.parametrize("name", generations())


def known(name: str, mask: int) -> PteFormat:
    found: Any = pte_format(Store.shipped().open(name))
    changed: PteFormat = found.__replace__(invalid_mask=mask)
    return changed


def number(data: st.DataObject, places: dict[str, tuple[int, int]], field: str, least: int = 0) -> int:
    return data.draw(st.integers(least, (1 << places[field][1]) - 1), field)


@every_generation
@settings(max_examples=15)
@given(data=st.data())
def test_valid(name: str, data: st.DataObject) -> None:
    types = Store.shipped().open(name)
    places = bits(types, "HARDWARE")
    fields = {field: number(data, places, field) for field in places if field != "Valid"}

    found = known(name, 0).classify(entry(types, "HARDWARE", Valid=1, **fields))

    assert (found.kind, found.pfn) == ("valid", fields["PageFrameNumber"])


@every_generation
@settings(max_examples=15)
@given(data=st.data(), mask=st.sampled_from(MASKS))
def test_transition(name: str, data: st.DataObject, mask: int) -> None:
    types = Store.shipped().open(name)
    places = bits(types, "TRANSITION")
    fields = {f: number(data, places, f) for f in ("PageFrameNumber", "Protection", "Write")}
    value = swizzled(types, entry(types, "TRANSITION", Transition=1, **fields), mask)

    for of in ("process", "prototype"):
        found = known(name, mask).classify(value, of)

        assert (found.kind, found.pfn) == ("transition", fields["PageFrameNumber"])
        assert found.protection == fields["Protection"]


@every_generation
@settings(max_examples=15)
@given(data=st.data(), mask=st.sampled_from(MASKS))
def test_page_file(name: str, data: st.DataObject, mask: int) -> None:
    types = Store.shipped().open(name)
    places = bits(types, "SOFTWARE")
    fields = {f: number(data, places, f, 1) for f in ("PageFileHigh", "Protection")}
    fields |= {f: number(data, places, f) for f in ("PageFileLow", "UsedPageTableEntries") if f in places}
    value = swizzled(types, entry(types, "SOFTWARE", **fields), mask)

    found = known(name, mask).classify(value)

    assert (found.kind, found.page_file, found.offset) == ("page file", fields["PageFileLow"], fields["PageFileHigh"])
    assert found.protection == fields["Protection"]


@every_generation
@settings(max_examples=15)
@given(data=st.data(), mask=st.sampled_from(MASKS))
def test_demand_zero_and_vad(name: str, data: st.DataObject, mask: int) -> None:
    types = Store.shipped().open(name)
    places = bits(types, "SOFTWARE")
    protection = number(data, places, "Protection", 1)
    plain = swizzled(types, entry(types, "SOFTWARE", Protection=protection), mask)
    ones = (1 << places["PageFileHigh"][1]) - 1
    vad = entry(types, "SOFTWARE", Prototype=1, Protection=protection, PageFileHigh=ones)

    assert (known(name, mask).classify(plain).kind, known(name, mask).classify(plain).protection) == (
        "demand zero",
        protection,
    )
    assert (known(name, mask).classify(vad).kind, known(name, mask).classify(vad).protection) == ("VAD", protection)


@every_generation
@settings(max_examples=15)
@given(data=st.data(), mask=st.sampled_from(MASKS))
@pytest.mark.parametrize("view", ["PROTOTYPE", "SUBSECTION"])
def test_addresses(name: str, view: str, data: st.DataObject, mask: int) -> None:
    types = Store.shipped().open(name)
    if "WhichPool" in bits(types, view):
        return  # Windows XP: see below
    low, high = (0x80000000, 0xFFFFFFFC) if types.pointer_size == 4 else (0xFFFF800000000000, 0xFFFFFFFEFFFFFFFF)
    address = data.draw(st.integers(low, high)) & ~3
    places = bits(types, view)
    more = {f: number(data, places, f) for f in ("Protection", "ReadOnly", "Combined", "ColdPage") if f in places}
    value = swizzled(types, entry(types, view, Prototype=1, **address_fields(types, view, address), **more), mask)
    if view == "PROTOTYPE" and known(name, mask).kind(value) == known(name, mask).kind(0xFFFFFFFFFFFFF400):
        return  # it happens to be the mark of "look in the VAD"

    found = known(name, mask).classify(value, "process" if view == "PROTOTYPE" else "prototype")

    assert (found.kind, found.address) == (view.lower(), address)
    if "Protection" in more:
        assert found.protection == more["Protection"]


@pytest.mark.parametrize("name", ["nt/xpsp3-x86", "nt/2003sp2-x86"])
@given(
    proto=st.integers(0xE1000000, 0xE8FFFFFF),
    paged=st.integers(0x81000000, 0x88FFFFFF),
    nonpaged=st.integers(0xF8000008, 0xFFBDFFFF),
)
def test_addresses_of_windows_xp(name: str, proto: int, paged: int, nonpaged: int) -> None:
    types = Store.shipped().open(name)
    pools = (0xE1000000, 0x81000000, 0xFFBE0000)
    found: PteFormat = known(name, 0).__replace__(pools=pools)  # type: ignore[attr-defined]
    value = entry(types, "PROTOTYPE", Prototype=1, **address_fields(types, "PROTOTYPE", proto & ~3, pools))

    assert found.classify(value).address == proto & ~3
    for address in (paged & ~7, nonpaged & ~7):
        fields = address_fields(types, "SUBSECTION", address, pools)
        value = entry(types, "SUBSECTION", Prototype=1, Protection=4, **fields)

        assert found.classify(value, "prototype").address == address
        assert found.classify(value, "prototype").protection == 4


@every_generation
@settings(max_examples=15)
@given(data=st.data())
@pytest.mark.parametrize("view", ["LIST", "TIMESTAMP"])
def test_views_that_are_no_page(name: str, view: str, data: st.DataObject) -> None:
    """Free lists and time stamps are kept in entries too; they are never taken for a page or an address."""
    types = Store.shipped().open(name)
    places = bits(types, view)
    if not places:
        return  # no such view on Windows XP and 2003
    field = "NextEntry" if view == "LIST" else "GlobalTimeStamp"
    value = entry(types, view, **{field: number(data, places, field)})

    assert known(name, 0).classify(value).kind in ("zero", "freed", "page file", "demand zero", "transition")


def test_what_does_not_fit_is_refused() -> None:
    types = Store.shipped().open("nt/19041.3570-x64")

    with pytest.raises(UsageError, match="no field PageFileMiddle"):
        entry(types, "SOFTWARE", PageFileMiddle=1)
    with pytest.raises(UsageError, match="does not fit into PageFileLow"):
        entry(types, "SOFTWARE", PageFileLow=16)
    with pytest.raises(UsageError, match="no field Valid"):
        entry(types, "NONE", Valid=1)
