"""Where invalid entries lead, in stated page tables: transition, prototype, page file, VAD, and nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_tables import Tables

from dumpwalk.errors import ReadError
from dumpwalk.memory.paging.modes import PAE, X64, X86, Mode
from dumpwalk.memory.paging.windows import WindowsEntries
from dumpwalk.remarks import Absent
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

NOW = "nt/19041.3570-x64"
MASK = 1 << 45
ADDRESS = 0xFFFFF80000123000
POOL = 0xFFFF8E00D8C69000


def windows(name: str = NOW, mask: int = 0, **options: Any) -> WindowsEntries:
    found: Any = pte_format(Store.shipped().open(name))
    return WindowsEntries(found.__replace__(invalid_mask=mask), **options)


def with_entry(value: int, address: int = ADDRESS, mode: Mode = X64) -> Tables:
    tables = Tables(mode)
    tables.entry(address, value)
    return tables


def proto(address: int) -> int:
    return (address & (1 << 48) - 1) << 16 | 0x400


def why(tables: Tables, software: WindowsEntries, address: int = ADDRESS) -> str:
    memory = tables.memory(software)
    with pytest.raises(ReadError) as error:
        memory.read(address, 4)
    return error.value.reason


def test_transition() -> None:
    tables = with_entry(0x12345 << 12 | 0x880)
    tables.page(0x12345, b"here")
    memory = tables.memory(windows())

    assert memory.read(ADDRESS, 4) == b"here"
    found = memory.translate(ADDRESS)
    assert [e.state for e in found.entries] == ["valid", "valid", "valid", "transition"]
    assert found.physical == 0x12345000


def test_transition_under_a_mask() -> None:
    tables = with_entry(MASK | 0x12345 << 12 | 0x880)
    tables.page(0x12345, b"here")

    assert tables.memory(windows(mask=MASK)).read(ADDRESS, 4) == b"here"


def test_transition_whose_page_is_not_in_the_dump() -> None:
    assert why(with_entry(0x12345 << 12 | 0x880), windows()) == "page 12345 is not in the dump"


def test_table_in_transition() -> None:
    tables = Tables()
    tables.map(ADDRESS, 0x500, b"deep")
    memory = tables.memory(windows())
    table = memory.translate(ADDRESS).entries[-1].address >> 12
    tables.entry(ADDRESS, table << 12 | 0x880, "PDE")

    assert tables.memory(windows()).read(ADDRESS, 4) == b"deep"


def test_prototype_with_a_valid_page() -> None:
    tables = with_entry(proto(POOL + 0xA68))
    tables.map(POOL + 0xA68, 0x600, (0x162685 << 12 | 0x121).to_bytes(8, "little"))
    tables.page(0x162685, b"shared")
    memory = tables.memory(windows())

    assert memory.read(ADDRESS, 6) == b"shared"
    found = memory.translate(ADDRESS)
    assert [(e.level, e.state) for e in found.entries][3:] == [("PTE", "prototype"), ("prototype PTE", "valid")]
    assert found.entries[4].address == 0x600A68
    assert found.entries[4].value == 0x162685121


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0x162685 << 12 | 0x880, "page 162685 is not in the dump"),
        (0x77 << 32 | 0x2080, "PTE: prototype PTE at ffff8e00`d8c69a68: paged out to page file 2 at offset 77"),
        (
            0xFA8003B2F0D004C0,
            "PTE: prototype PTE at ffff8e00`d8c69a68: in the file that is mapped (subsection at fffffa80`03b2f0d0), "
            "not in memory",
        ),
        (
            0x80,
            "PTE: prototype PTE at ffff8e00`d8c69a68: demand zero: the page is made, all zeros, when it is first used",
        ),
        (0, "PTE: prototype PTE at ffff8e00`d8c69a68: zero: nothing is mapped here, or nobody has used it yet"),
    ],
)  # fmt: skip
def test_prototype_without_a_page(value: int, reason: str) -> None:
    tables = with_entry(proto(POOL + 0xA68))
    tables.map(POOL + 0xA68, 0x600, value.to_bytes(8, "little"))

    assert why(tables, windows()) == reason


def test_prototype_in_a_page_in_transition() -> None:
    tables = with_entry(proto(POOL))
    tables.entry(POOL, 0x600 << 12 | 0x880)
    tables.page(0x600, (0x700 << 12 | 0x121).to_bytes(8, "little"))
    tables.page(0x700, b"found")

    assert tables.memory(windows()).read(ADDRESS, 5) == b"found"


def test_prototype_that_is_behind_a_prototype_is_not_followed() -> None:
    tables = with_entry(proto(ADDRESS))  # its prototype PTE would be in the very page it maps

    reason = why(tables, windows())

    assert reason.startswith("PTE: prototype PTE at fffff800`00123000 can't be read: PTE: prototype PTE at ")
    assert reason.endswith("is not followed: this is on the way to another one")


def test_prototype_that_is_paged_out() -> None:
    tables = with_entry(proto(POOL))
    tables.entry(POOL, 0x1BBEDA << 32 | 0x2084)

    expected = "PTE: prototype PTE at ffff8e00`d8c69000 can't be read: PTE: paged out to page file 2 at offset 1bbeda"
    assert why(tables, windows()) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0x001BBEDA00002084, "PTE: paged out to page file 2 at offset 1bbeda"),
        (0x80, "PTE: demand zero: the page is made, all zeros, when it is first used"),
        (0xFFFFFFFF00000480, "PTE: prototype: look in the VAD"),
        (0x3E9800000000, "PTE: the page has been freed"),
        (0, "PTE: zero: nothing is mapped here, or nobody has used it yet"),
    ],
)
def test_reasons(value: int, reason: str) -> None:
    assert why(with_entry(value), windows()) == reason


def test_level_is_said() -> None:
    tables = Tables()
    tables.entry(ADDRESS, 0x77 << 32 | 0x80, "PDE")

    assert why(tables, windows()) == "PDE: paged out to page file 0 at offset 77"


def test_processor_alone_says_not_present() -> None:
    with pytest.raises(ReadError, match="PTE not present"):
        with_entry(0x80).memory().read(ADDRESS, 1)


def test_types_of_another_paging_mode_say_nothing() -> None:
    assert why(with_entry(0x880, 0x80001000, X86), windows(), 0x80001000) == "PTE not present"


def test_vad_is_asked_where_the_entry_says_so() -> None:
    user = 0x1A42EA30000
    asked: list[int] = []

    def vad(memory: Any, address: int) -> int | Absent:
        asked.append(address)
        return POOL if address == user else Absent("no VAD covers it")

    tables = with_entry(0xFFFFFFFF00000480, user)
    tables.entry(user + 0x1000, 0)
    tables.map(POOL, 0x600, (0x700 << 12 | 0x121).to_bytes(8, "little"))
    tables.page(0x700, b"file")
    software = windows(vad_prototype=vad)

    assert tables.memory(software).read(user, 4) == b"file"
    assert why(tables, software, user + 0x1000).endswith("nobody has used it yet: no VAD covers it")
    assert asked[0] == user


def test_mask_is_inferred_from_a_page_that_no_memory_has() -> None:
    tables = with_entry(MASK | 0x12345 << 12 | 0x880)
    tables.page(0x12345, b"here")
    software = windows(mask_known=False)

    assert tables.memory(software).read(ADDRESS, 4) == b"here"
    assert software.mask == MASK


def test_mask_is_not_inferred_from_a_page_that_is_merely_missing() -> None:
    """A kernel dump leaves most pages out, the highest too."""
    for value in (0x12345000 | 0x3000000000 | 0x880, MASK | 0x77777 << 12 | 0x880, MASK | 0x12345 << 12 | 0x890):
        tables = with_entry(value)
        tables.page(0x12345, b"here")
        software = windows(mask_known=False)

        assert tables.memory(software).read_some(ADDRESS, 4) == b""
        assert software.mask == 0


def test_pae() -> None:
    tables = with_entry(0xA8E9B008_00000400, 0xC1040000, PAE)
    tables.map(0xA8E9B008, 0x600, (0x700 << 12 | 0x121).to_bytes(8, "little"))
    tables.page(0x700, b"view")

    assert tables.memory(windows("win7-x86-pae")).read(0xC1040000, 4) == b"view"


def test_x86_without_pae() -> None:
    tables = with_entry(0x51D36404, 0xC1040000, X86)
    tables.map(0xA8E9B008, 0x600, (0x700 << 12 | 0x121).to_bytes(4, "little"))
    tables.page(0x700, b"view")

    assert tables.memory(windows("nt/win7sp1-x86")).read(0xC1040000, 4) == b"view"


@settings(max_examples=60)
@given(data=st.data())
def test_hostile_tables(data: st.DataObject) -> None:
    """Entries that lead anywhere, into each other too: an answer or an error, never more work than a few steps."""
    tables = Tables()
    pages = st.integers(0x100, 0x110)
    kinds = st.sampled_from([0x63, 0x880, 0x400, 0x80, 0xFFFFFFFF << 32 | 0x480, 0])
    addresses = [ADDRESS + i * 0x1000 for i in range(4)] + [POOL, 0x10000]
    for address in addresses:
        level = data.draw(st.sampled_from(["PXE", "PPE", "PDE", "PTE"]))
        kind = data.draw(kinds)
        value = proto(data.draw(st.sampled_from(addresses))) if kind == 0x400 else data.draw(pages) << 12 | kind
        if kind >> 32:
            value = kind
        tables.entry(address, value, "PTE")
        tables.entry(address, value, level)

    memory = tables.memory(windows(vad_prototype=lambda memory, address: POOL))

    for address in addresses:
        found = memory.translate(address)

        assert len(found.entries) <= 2 * 4  # at each level an entry, and a prototype PTE that it stands for
        memory.read_some(address, 0x2000)
