"""Where entries are in virtual memory: the addresses that real !pte listings show."""

from __future__ import annotations

import pytest
from page_tables import Tables

from dumpwalk.memory.paging.modes import LA57, PAE, X64, X86, Mode
from dumpwalk.memory.paging.pte_address import BASE_32, address_of_entry, entry_addresses, is_entry, self_map


@pytest.mark.parametrize(
    ("mode", "base", "address", "expected"),
    [
        # !pte of Windows 10 22621 (DebugPrivilege's InsightEngineering); its base is where its PTEs begin.
        (
            X64,
            0xFFFFFA0000000000,
            0xFFFFF803712E5000,
            [0xFFFFFA7D3E9F4F80, 0xFFFFFA7D3E9F0068, 0xFFFFFA7D3E00DC48, 0xFFFFFA7C01B89728],
        ),
        (
            X64,
            0xFFFFBE8000000000,
            0xFFFFE5068D8A4040,
            [0xFFFFBEDF6FB7DE50, 0xFFFFBEDF6FBCA0D0, 0xFFFFBEDF7941A360, 0xFFFFBEF28346C520],
        ),
        # Before 10 1607: the constants of Windows Internals.
        (
            X64,
            0xFFFFF68000000000,
            0,
            [0xFFFFF6FB7DBED000, 0xFFFFF6FB7DA00000, 0xFFFFF6FB40000000, 0xFFFFF68000000000],
        ),
        (X64, 0xFFFFF68000000000, 0xFFFFF80000B95000, [None, None, None, 0xFFFFF6FC00005CA8]),
        # Microsoft's documentation of !pte, and of converting addresses by hand.
        (X86, BASE_32, 0x801544F4, [0xC0300800, 0xC0200550]),
        (X86, BASE_32, 0x0012F980, [0xC0300000, 0xC00004BC]),
        (PAE, BASE_32, 0x82ACBDF1, [0xC06020A8, 0xC0415658]),
    ],
)
def test_entries_of_listings(mode: Mode, base: int, address: int, expected: list[int | None]) -> None:
    found = [at for _, at in entry_addresses(mode, base, address)]

    assert [at if wanted is not None else None for at, wanted in zip(found, expected)] == expected
    assert len(found) == len(expected)
    assert address_of_entry(mode, base, found[-1]) == address & ~0xFFF
    assert is_entry(mode, base, found[-1])
    assert not is_entry(mode, base, base - 1)


def test_five_levels() -> None:
    names = [name for name, _ in entry_addresses(LA57, 0xFF00000000000000, 0xFFFFF80000123000)]

    assert names == ["PML5E", "PXE", "PPE", "PDE", "PTE"]


@pytest.mark.parametrize("slot", [0x1ED, 0x1FB, 0x100])
def test_self_map(slot: int) -> None:
    tables = Tables()
    tables.map(0x1000, 0x500)
    tables.entry(slot << 39, tables.root << 12 | 0x63, "PXE")

    base = self_map(tables.memory())

    assert base == slot << 39 | 0xFFFF000000000000
    # The tables seen through the self map are the tables.
    memory = tables.memory()
    for (_, at), entry in zip(entry_addresses(X64, base, 0x1000), memory.translate(0x1000).entries):
        assert int.from_bytes(memory.read(at, 8), "little") == entry.value


def test_no_self_map() -> None:
    assert self_map(Tables().memory()) is None
    assert self_map(Tables(PAE).memory()) == BASE_32
