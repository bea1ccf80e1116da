"""Every way to translate gives what the manuals say, in every mode."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_worlds import LEVELS, PAGE, World, indexes, scrambled

from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.batch import NOWHERE, find_many
from dumpwalk.memory.paging.mapped import mapped, virtual_addresses_of
from dumpwalk.memory.paging.modes import MODES
from dumpwalk.memory.virtual import VirtualMemory

every_mode = pytest.mark.parametrize("mode", list(MODES))
TABLE = 3  # valid, and a table on ARM64


def _found(memory: VirtualMemory, address: int) -> int:
    """Return where *address* leads, found in three ways that must agree."""
    fast = memory.find(address)
    explained = memory.translate(address).physical
    many = int(find_many(memory, np.array([address], "u8"))[0])

    assert fast == (explained if isinstance(explained, Hex) else -1)
    assert many == (NOWHERE if fast < 0 else fast)
    return fast


# -- stated worlds


@pytest.mark.parametrize(
    ("mode", "address", "depth", "entry", "expected"),
    [
        ("x86", 0x00403ABC, 1, 0x5003, 0x5ABC),
        ("x86", 0xFFFFFFFF, 1, 0xFFFFF003, 0xFFFFFFFF),
        ("x86", 0xC0312345, 0, 0x00C00083, 0x00F12345),  # 4 MB page
        ("x86", 0xC0312345, 0, 0x00C02083, 0x100F12345),  # PSE-36: bit 13 is bit 32
        ("x86", 0xC0312345, 0, 0xFFDFE083, 0xFFFFF12345),  # all of bits 13 to 20, up to 1 TB
        ("x86", 0xC0312345, 0, 0x00C01083, 0x00F12345),  # bit 12 is PAT and no address
        ("PAE", 0xBFE01FFF, 2, 0x0000000F00005003, 0xF00005FFF),
        ("PAE", 0xBFE01FFF, 2, 0x800FFFFFFFFFF003, 0xFFFFFFFFFFFFF),  # NX is no address
        ("PAE", 0x80245678, 1, 0x8000000100200083, 0x100245678),  # 2 MB page
        ("x64", 0xFFFFF80000403ABC, 3, 0x8000000000005063, 0x5ABC),
        ("x64", 0xFFFFFFFFFFFFFFFF, 3, 0x000FFFFFFFFFF063, 0xFFFFFFFFFFFFF),
        ("x64", 0x00007FFFFFFFFFFF, 3, 0x0000000000006067, 0x6FFF),
        ("x64", 0xFFFFF80000245678, 2, 0x8A000000002011E3, 0x245678),  # 2 MB page with PAT set
        ("x64", 0xFFFFF80012345678, 1, 0x00000000C00010E3, 0xD2345678),  # 1 GB page
        ("x64 with 5 levels", 0xFF11800000403ABC, 4, 0x5063, 0x5ABC),
        ("x64 with 5 levels", 0x00FFFFFFFFFFFFFF, 4, 0x5067, 0x5FFF),
        ("x64 with 5 levels", 0xFF11800000245678, 3, 0x2000E3, 0x245678),
        ("x64 with 5 levels", 0xFF11800012345678, 2, 0xC00000E3, 0xD2345678),
        ("ARM64", 0xFFFFF80000403ABC, 3, 0x0060000000005703, 0x5ABC),
        ("ARM64", 0xFFFFF80000403ABC, 3, 0xFFFF000000005703, 0x5ABC),  # above bit 47 is no address
        ("ARM64", 0xFFFFF80000245678, 2, 0x0060000000200701, 0x245678),  # 2 MB block
        ("ARM64", 0xFFFFF80012345678, 1, 0x00600000C0000701, 0xD2345678),  # 1 GB block
    ],
)
def test_page_of_each_size(mode: str, address: int, depth: int, entry: int, expected: int) -> None:
    memory = World(mode).map(address, entry, depth).memory()
    size = 1 << LEVELS[mode][depth][0]

    assert _found(memory, address) == expected
    assert memory.translate(address).page_size == size
    assert list(mapped(memory)) == [(address & -size, size, expected & -size)]
    assert list(mapped(memory).joined()) == [(address & -size, size, expected & -size)]
    assert list(virtual_addresses_of(memory, expected)) == [address]
    for beside in ((address & -size) - 1, (address | size - 1) + 1):
        assert not 0 <= beside < 2**64 or _found(memory, beside) == -1


@pytest.mark.parametrize("mode", ["PAE", "x64", "x64 with 5 levels"])
def test_bit_7_above_the_large_pages_ends_the_walk(mode: str) -> None:
    """The PPE of PAE, the PXE and the PML5E know no large pages: there the bit is reserved: a fault."""
    world = World(mode).map(0x1234, 0x5003)
    entry = world.get(PAGE)
    assert entry is not None

    assert _found(world.set(PAGE, 0, entry | 0x80).memory(), 0x1234) == -1


@pytest.mark.parametrize(
    ("mode", "bad"),
    [
        ("x86", [1 << 32, 0xFFFFFFFF80000000, 2**64 - 1]),
        ("PAE", [1 << 32, 0xFFFFFFFF80000000, 2**64 - 1]),
        ("x64", [1 << 47, 0xFFFF7FFFFFFFFFFF, 1 << 63, 0xFFFE800000000000]),
        ("ARM64", [1 << 47, 0xFFFF7FFFFFFFFFFF, 1 << 63]),
        ("x64 with 5 levels", [1 << 56, 0xFEFFFFFFFFFFFFFF, 1 << 63]),
    ],
)
def test_address_that_is_not_canonical_leads_nowhere(mode: str, bad: list[int]) -> None:
    world = World(mode)
    for index in range(LEVELS[mode][0][1]):  # every entry of the root leads somewhere
        world.set(PAGE, index, 0x1000 | TABLE)
    memory = world.memory()

    for address in bad:
        assert _found(memory, address) == -1
        assert "not canonical" in memory.why_not(address)


@pytest.mark.parametrize("address", [-1, -(1 << 70), 1 << 64, 1 << 80])
def test_number_that_is_no_address_leads_nowhere(address: int) -> None:
    memory = World("x64").map(0xFFFFFFFFFFFFFFFF, 0x5003).memory()

    assert memory.find(address) == -1
    assert memory.read_some(address, 8) == b""


@every_mode
def test_table_that_is_missing_is_named(mode: str) -> None:
    world = World(mode).map(0x1234, 0x5003)
    for depth in range(1, len(LEVELS[mode])):
        table = world.table(0x1234, depth)
        memory = World(mode, missing=(table // PAGE,)).put(0, bytes(world.data)).memory()

        assert _found(memory, 0x1234) == -1
        assert f"page {table >> 12:x} is not in the dump" in memory.why_not(0x1234)
        assert list(mapped(memory)) == []


@every_mode
def test_entry_that_is_not_valid_is_named(mode: str) -> None:
    memory = World(mode).map(0x1000, 0x5003).memory()

    assert _found(memory, 0x2000) == -1
    assert memory.why_not(0x2000) == "PTE not present"
    assert memory.translate(0x2000).entries[-1].state == "not present"


@every_mode
def test_root_beyond_memory_maps_nothing(mode: str) -> None:
    memory = World(mode).memory().with_root(0xFFFFF000)

    assert _found(memory, 0) == -1
    assert list(mapped(memory)) == list(memory.runs()) == []
    assert "page fffff is not in the dump" in memory.why_not(0)


@every_mode
def test_no_memory_at_all(mode: str) -> None:
    memory = World(mode, pages=0).memory()

    assert _found(memory, 0x1000) == -1
    assert list(mapped(memory)) == []


def test_root_of_pae_lies_between_pages() -> None:
    world = World("PAE").set(0x1FE0, 2, 0x2001).set(0x2000, 0, 0x3001).set(0x3000, 5, 0x4001)
    memory = world.memory().with_root(0x1FE0 | 0x1F)  # its low five bits are none of the address

    assert memory.root == 0x1FE0
    assert _found(memory, 0x80005008) == 0x4008
    assert list(mapped(memory)) == [(0x80005000, 0x1000, 0x4000)]


def test_flags_in_the_root_register_are_no_address() -> None:
    memory = World("x64").map(0x1000, 0x5003).memory().with_root(0x8000000000001018)

    assert memory.root == 0x1000
    assert _found(memory, 0x1008) == 0x5008


def test_self_map_shows_the_tables() -> None:
    """With entry 0x1ed of the root leading to the root, all tables are seen from fffff680`00000000 on."""
    world = World("x64").map(0xFFFFF80000403000, 0x5003).set(PAGE, 0x1ED, PAGE | TABLE)
    memory = world.memory()
    pte = 0xFFFFF68000000000 + ((0xFFFFF80000403000 & 0xFFFFFFFFFFFF) >> 9)

    assert memory.read(pte, 8) == (0x5003).to_bytes(8, "little")
    assert _found(memory, 0xFFFFF6FB7DBED000) == PAGE  # PXE_BASE, the root seen through itself
    assert list(mapped(memory)) == world.pages()
    assert 0xFFFFF6FB7DBED000 in list(virtual_addresses_of(memory, PAGE))


# -- against the slow model


@settings(max_examples=30)
@given(st.sampled_from(list(MODES)), st.randoms(use_true_random=False), st.sampled_from([0, 4, 1, 0x2000]))
def test_any_tables_as_the_manuals_say(mode: str, random: object, lead: int) -> None:
    world = scrambled(mode, random.randrange, lead)  # type: ignore[attr-defined]
    memory, levels = world.memory(), LEVELS[mode]
    addresses = [0]
    for shift, count, _ in levels:
        addresses = [a + (n % count << shift) for a in addresses for n in indexes(mode)]
    addresses = [world.canonical(a) + 0x123 for a in set(addresses)]
    expected = [world.walk(a) for a in addresses]

    assert [memory.find(a) for a in addresses] == expected
    assert find_many(memory, np.array(addresses, "u8")).tolist() == [e % 2**64 for e in expected]
    for address, physical in list(zip(addresses, expected))[::37]:
        assert _found(memory, address) == physical


@settings(max_examples=15)
@given(st.sampled_from(list(MODES)), st.randoms(use_true_random=False), st.sampled_from([0, 12]))
def test_all_that_is_mapped_as_the_manuals_say(mode: str, random: object, lead: int) -> None:
    world = scrambled(mode, random.randrange, lead)  # type: ignore[attr-defined]
    memory, expected = world.memory(), world.pages()
    everything = mapped(memory)

    assert list(everything) == expected
    assert not everything.cut
    if not expected:
        return
    middle = expected[len(expected) // 2]
    start, end = middle[0] + 1, expected[-1][0]
    assert list(mapped(memory, start, end)) == [e for e in expected if e[0] + e[1] > start and e[0] < end]
    wanted = middle[2] + 5
    assert list(virtual_addresses_of(memory, wanted)) == [
        a + wanted - p for a, size, p in expected if p <= wanted < p + size
    ]
    joined = list(everything.joined())
    assert sum(size for _, size, _ in joined) == sum(size for _, size, _ in expected)
    assert all(a[0] + a[1] != b[0] or a[2] + a[1] != b[2] for a, b in zip(joined, joined[1:]))
    for address, size, physical in joined[:20]:
        assert [memory.find(address), memory.find(address + size - 1)] == [physical, physical + size - 1]
