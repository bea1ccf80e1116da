"""The same page tables through Volatility 3: valid pages, large ones, and pages in transition."""

from __future__ import annotations

from typing import Any

import pytest
from page_tables import Tables

from dumpwalk.memory.paging.modes import PAE, X64, X86, Mode
from dumpwalk.memory.paging.windows import WindowsEntries
from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

pytestmark = pytest.mark.peer
MASK = 1 << 45


def theirs(tables: Tables, layer: str) -> Any:
    """Return Volatility's view of *tables*."""
    pytest.importorskip("volatility3", reason="Volatility 3 is not installed")
    from volatility3.framework import contexts
    from volatility3.framework.layers import intel, physical

    image = bytearray(0x200 << 12)
    for number, content in tables.pages.items():
        image[number << 12 : (number + 1) << 12] = content
    context = contexts.Context()
    context.add_layer(physical.BufferDataLayer(context, "physical", "physical", bytes(image)))
    context.config["kernel.memory_layer"] = "physical"
    context.config["kernel.page_map_offset"] = tables.root << 12
    return getattr(intel, layer)(context, "kernel", "kernel")


@pytest.mark.parametrize(
    ("mode", "layer", "profile", "mask"),
    [
        (X64, "WindowsIntel32e", "nt/19041.3570-x64", 0),
        (X64, "WindowsIntel32e", "nt/19041.3570-x64", MASK),
        (X64, "WindowsIntel32e", "nt/win7sp1-x64", 0),
        (PAE, "WindowsIntelPAE", "win7-x86-pae", 0),
        (X86, "WindowsIntel", "nt/win7sp1-x86", 0),
    ],
)
def test_where_addresses_lead(mode: Mode, layer: str, profile: str, mask: int) -> None:
    top = 0xFFFFF80000000000 if mode is X64 else 0x80000000
    tables = Tables(mode)
    values = {
        0x0000: 0x150 << 12 | 0x63,
        0x1000: 0x151 << 12 | 0x880 | mask,  # in transition
        0x2000: 0x152 << 12 | 0x8C2 | mask,  # in transition, modified
        0x3000: 0x153 << 12 | 0x121,
    }
    for offset, value in values.items():
        tables.entry(top + offset, value)
    for page in range(0x150, 0x154):
        tables.page(page, f"page {page:x}".encode())
    large = top + (0x800000 if mode is X86 else 0x600000)
    tables.entry(large, 0 | 0xE3, "PDE")  # the first 2 or 4 MB
    found: Any = pte_format(Store.shipped().open(profile))
    memory = tables.memory(WindowsEntries(found.__replace__(invalid_mask=mask)))
    other = theirs(tables, layer)

    for address in [*(top + offset for offset in values), large + 0x150004]:
        # Volatility writes addresses without the bits that repeat the highest.
        where, _ = other.translate(address & (1 << mode.width) - 1)

        assert memory.find(address) == where
        assert memory.read(address, 8) == other.read(address & (1 << mode.width) - 1, 8)
