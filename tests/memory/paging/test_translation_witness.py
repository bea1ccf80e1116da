"""Volatility 3 finds the same pages behind the same tables."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from page_worlds import PAGE, World

pytestmark = pytest.mark.peer


@pytest.mark.parametrize(("mode", "layer"), [("x86", "Intel"), ("PAE", "IntelPAE"), ("x64", "Intel32e")])
def test_translations_are_those_of_volatility(tmp_path: Path, mode: str, layer: str) -> None:
    pytest.importorskip("volatility3")
    from volatility3.framework import contexts, exceptions
    from volatility3.framework.layers import intel, physical

    chance = Random(mode)
    world = World(mode, pages=0x400)
    pages = [chance.randrange(1 << 31) & -PAGE | (0xFFFF800000000000 if mode == "x64" else 0) for _ in range(60)]
    for page in pages:
        world.map(page, chance.randrange(0x400) * PAGE | chance.choice([1, 1, 1, 0]))
    large = 0xC0000000 if mode != "x64" else 0xFFFFF80000000000
    world.map(large, 0x83, -2)
    file = tmp_path / "memory.raw"
    file.write_bytes(world.data)
    context: Any = contexts.Context()
    context.config["file.location"] = file.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "base"))
    context.config["tables.memory_layer"] = "base"
    context.config["tables.page_map_offset"] = PAGE
    theirs = getattr(intel, layer)(context, "tables", "kernel")
    memory = world.memory()

    def there(address: int) -> int:
        try:
            found: int = theirs.translate(address)[0]
        except exceptions.InvalidAddressException:
            return -1
        return found

    addresses = [p + chance.randrange(PAGE) for p in pages] + [large + 0x12345, large - 1]

    assert [memory.find(a) for a in addresses] == [there(a) for a in addresses]
    assert sum(memory.find(a) >= 0 for a in addresses) > 30


def test_translations_are_those_of_kdmp_parser(tmp_path: Path) -> None:
    """Through the page tables of a small full dump."""
    kdmp_parser = pytest.importorskip("kdmp_parser")
    from dumpwalk.memory.paging.modes import X64
    from dumpwalk.memory.physical import RunMemory
    from dumpwalk.memory.virtual import VirtualMemory

    world = World("x64", pages=0x40).map(0xFFFFF80000403000, 0x20001).map(0xFFFFF80040000000, 0x200081, 2)
    header = _full_dump_header(0x40)
    file = tmp_path / "memory.dmp"
    file.write_bytes(header + world.data)
    memory = VirtualMemory(RunMemory(memoryview(file.read_bytes()), [(0, 0x40 * PAGE, 0x2000)]), X64, PAGE)
    theirs = kdmp_parser.KernelDumpParser(file)

    for address in (0xFFFFF80000403123, 0xFFFFF80040012345):
        assert memory.find(address) == theirs.translate_virtual(address)
    assert memory.read(0xFFFFF80000403000, PAGE) == bytes(theirs.read_virtual_page(0xFFFFF80000403000))


def _full_dump_header(pages: int) -> bytes:
    import struct

    header = bytearray(0x2000)
    values = (b"PAGE", b"DU64", 15, 19041, PAGE, 0, 0xFFFFF80000C2A2D0, 0xFFFFF80000C1E160, 0x8664, 1)
    struct.pack_into("<4s4sIIQQQQII", header, 0, *values)
    struct.pack_into("<IIQQQ", header, 0x88, 1, 0, pages, 0, pages)
    struct.pack_into("<I", header, 0xF98, 1)
    struct.pack_into("<q", header, 0xFA0, pages * PAGE + 0x2000)
    struct.pack_into("<II", header, 0x348 + 0x30, 0x10001F, 0x1F80)
    struct.pack_into("<I", header, 0x348 + 0x118, 0x1F80)
    return bytes(header)
