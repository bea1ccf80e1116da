"""Page tables of every mode, read back by the readers, which have tables of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk import target
from dumpwalk.synth import Block, Spec, SpecError, dump
from dumpwalk.synth.image.frames import Frames
from dumpwalk.synth.image.tables import MODES, Tables
from dumpwalk.synth.image_spec import EntryItem, Image, MapItem

BUILDS = {"x86": ("x86", 7601), "PAE": ("x86", 7601), "x64": ("x64", 19041), "LA57": ("x64", 22000)}
BUILDS["ARM64"] = ("ARM64", 22000)


def debugger_data(mode: str) -> int:
    return 0x81234000 if MODES[mode].width == 32 else 0xFFFFF80012345000


def opened(mode: str, directory: Path, *items: MapItem | EntryItem, blocks: tuple[Block, ...] = ()) -> target.Target:
    """Return what the readers make of an image that has page tables alone."""
    machine, build = BUILDS[mode]
    # The debugger data block says whether there are five levels, and whether there is PAE.
    pointers = (("KdDebuggerDataBlock", debugger_data(mode)),)
    image = Image("", mode, items=items)
    spec = Spec("full", machine, build, bugcheck=0xE2, blocks=blocks, pointers=pointers, image=image)
    path = directory / "image.dmp"
    path.write_bytes(dump(spec))
    return target.open(str(path))


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@settings(max_examples=15)
def test_what_is_written_at_an_address_is_read_there(mode: str, data: st.DataObject):
    width = MODES[mode].width
    # Where the self map is, in the upper half, no memory can be.
    numbers = data.draw(st.lists(st.integers(0, (1 << (width - 12)) - 1), min_size=1, max_size=8, unique=True))
    high = (1 << 64) - (1 << width) if width > 32 else 0
    root = MODES[mode].shifts[0] - 12
    taken = debugger_data(mode) >> 12 & (1 << (width - 12)) - 1
    pages = [n for n in numbers if n >> root != MODES[mode].self_map and n != taken]
    blocks = tuple(Block(n << 12 | (high if high and n >> (width - 13) else 0), f"page {n:x}".encode()) for n in pages)
    with tempfile.TemporaryDirectory() as directory:
        memory = opened(mode, Path(directory), blocks=blocks).dump.memory

        assert [memory.read(b.address, len(b.data)) for b in blocks] == [b.data for b in blocks]


@pytest.mark.parametrize(
    ("mode", "address", "size"),
    [
        ("x86", 0x8F000000, 1 << 22),
        ("PAE", 0x8F000000, 1 << 21),
        *((mode, 0xFFFFA00040000000, size) for mode in ("x64", "ARM64") for size in (1 << 21, 1 << 30)),
        *(("LA57", 0xFF10000040000000, size) for size in (1 << 21, 1 << 30)),
    ],
)
def test_large_pages_are_read_at_their_end_too(mode: str, address: int, size: int, tmp_path: Path):
    block = Block(address + size - 8, b"the end.")
    memory = opened(mode, tmp_path, MapItem(address, 0x40000000, size), blocks=(block,)).dump.memory

    assert memory.read(address + size - 8, 8) == b"the end."
    assert memory.find(address) == 0x40000000


@pytest.mark.parametrize("mode", MODES)
def test_the_self_map_shows_the_tables_as_memory(mode: str, tmp_path: Path):
    tables = Tables(MODES[mode], Frames(0x100))
    address = 0x82A3B000 if MODES[mode].width == 32 else 0xFFFFF80000403000
    tables.map(address, 0x7654000)
    size = MODES[mode].entry
    place = tables.find(tables.pte_of(address))

    assert place == tables.entry_at(address)
    assert int.from_bytes(tables.frames.read(place or 0, size), "little") & 0xFFFFF000 == 0x7654000


def test_the_usual_bases_of_page_tables_are_those_of_the_debuggers_documentation():
    bases = {name: Tables(MODES[name], Frames(0x100)).pte_base() for name in ("x86", "PAE", "x64")}

    assert bases == {"x86": 0xC0000000, "PAE": 0xC0000000, "x64": 0xFFFFF68000000000}


def test_a_page_beyond_4_gb_takes_bits_13_to_20_of_a_4_mb_entry(tmp_path: Path):
    block = Block(0x8F000000, b"far away")
    read = opened("x86", tmp_path, MapItem(0x8F000000, 0x3_40000000, 1 << 22), blocks=(block,)).dump.memory

    assert read.find(0x8F000000) == 0x340000000


@pytest.mark.parametrize(
    ("mode", "item", "what"),
    [
        ("x86", MapItem(0x80000000, 0x100000000), "beyond what a x86 entry reaches"),
        ("PAE", MapItem(0x80000000, 0, 1 << 22), "no pages of 0x400000 bytes"),
        ("x64", MapItem(0xFFFFA00000001000, 0, 1 << 21), "both must be multiples of it"),
    ],
)
def test_what_a_mode_can_not_map(mode: str, item: MapItem, what: str, tmp_path: Path):
    with pytest.raises(SpecError, match=what):
        opened(mode, tmp_path, item)


def test_memory_inside_a_large_page_is_that_page(tmp_path: Path):
    items = (MapItem(0xFFFFA00000200000, 0x2200000, 1 << 21),)
    with pytest.raises(SpecError, match="in a large page already"):
        opened("x64", tmp_path, *items, MapItem(0xFFFFA00000201000, 0x5000))
