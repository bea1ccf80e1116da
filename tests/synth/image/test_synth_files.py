"""Prototype PTEs against entries that debuggers showed of real machines, and the structures around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpwalk import target
from dumpwalk.errors import ReadError
from dumpwalk.synth import Spec, SpecError, dump, parse
from dumpwalk.synth.image.arena import Arena
from dumpwalk.synth.image.build import build, profile
from dumpwalk.synth.image.files import Files
from dumpwalk.synth.image.structures import Layouts
from dumpwalk.synth.image.tables import MODES
from dumpwalk.types.store import Store

HEAD = "dump bitmap-kernel x64\nprofile nt/19041.3570-x64\n"


def files(name: str, mask: int) -> Files:
    """Return what writes PTEs of a profile, without a machine around it."""
    made = Files.__new__(Files)
    made.layouts, made.mask = Layouts(profile(name)), mask
    made.pte_size, made.subsection_base = made.layouts.size("_MMPTE"), 0
    return made


@pytest.mark.parametrize(
    ("name", "mask", "frame", "protection", "entry"),
    [
        ("nt/19041.3570-x64", 1 << 45, 0x60533, 3, 0x0000200060533860),  # WinDbg's "Transition: 60533, Protect 3"
        ("nt/19041.3570-x64", 0, 0x166B7, 4, 0x00000000166B7880),  # kdmp-parser's test: 166b7, ReadWrite
    ],
)
def test_transition_ptes_are_those_that_debuggers_showed(name: str, mask: int, frame: int, protection: int, entry: int):
    assert files(name, mask).transition_pte(frame, protection) == entry


def test_page_file_and_demand_zero_ptes_are_those_of_the_documentation():
    pae = files("nt/win7sp1-17514-pae-x86", 0)

    assert pae.demand_zero_pte(4) == 0x80
    assert pae.pagefile_pte(0x1234, 4) == 0x00001234_00000080


@pytest.mark.parametrize(
    ("name", "subsection", "entry"),
    [
        ("nt/win7sp1-17514-pae-x86", 0x863C17A8, 0x863C17A8_00000480),
        ("nt/win7sp1-x86", 0x863C17A8, 0x863C17A8 >> 11 << 11 | 0x480 | (0x863C17A8 >> 2 & 0x1FF) << 1),
        ("nt/19041.3570-x64", 0xFFFFA00012345678, 0xA000323456780480),
    ],
)
def test_subsection_ptes_hold_the_address_of_their_generation(name: str, subsection: int, entry: int):
    assert files(name, 1 << 45 if "19041" in name else 0).subsection_pte(subsection, 4) == entry


def test_before_vista_subsections_are_found_by_their_distance_from_a_base():
    old = files("nt/xpsp3-x86", 0)
    old.subsection_base = 0x86000000
    entry = old.subsection_pte(0x863C17A8, 4)

    assert entry >> 31 == 1
    assert 0x86000000 + ((entry >> 11 & 0xFFFFF) << 7 | (entry >> 1 & 0xF) << 3) == 0x863C17A8
    with pytest.raises(SpecError, match="86000000 is its base"):
        old.subsection_pte(0x85000000, 4)


@pytest.mark.parametrize("name", [i.name for i in Store.shipped().profiles() if not i.symbols])
def test_a_machine_of_every_generation_can_be_built(name: str):
    machine = name.rpartition("-")[2]
    text = f"""\
dump raw {machine}
profile {name}
process 8 "a"
thread 8.c
file "\\x" as f
section f data valid 0 transition 1 subsection 2 pagefile 3 demand-zero 4
driver "\\Driver\\a"
device of a as d
handle 8 4 to f
irp 8.c IRP_MJ_READ through d file f
"""
    spec, pages = build(parse(text))

    assert spec.directory_table_base >> 12 in pages
    assert spec.pointer("PsActiveProcessHead")


def test_an_address_that_has_bits_of_the_mask_says_that_nothing_was_mixed_in():
    both = files("nt/19041.3570-x64", 1 << 45)

    assert both.subsection_pte(0xFFFFA000_20000000, 4) & 0x10  # bit 45 of the entry is set
    assert both.subsection_pte(0xFFFFA000_00000000, 4) & 0x10 == 0
    assert both.subsection_pte(0xFFFFA000_00000000, 4) & 1 << 45


def test_the_chain_from_a_file_to_its_pages_holds_together(tmp_path: Path):
    path = tmp_path / "file.dmp"
    text = 'file "\\x" as f at ffffb80f`12345100\nsection f data at ffffb80f`12345800 valid 0 transition 1 zero 2\n'
    path.write_bytes(dump(parse(HEAD + text)))
    found = target.open(str(path))
    file = found.object("nt!_FILE_OBJECT", 0xFFFFB80F12345100)
    area = found.object("nt!_CONTROL_AREA", 0xFFFFB80F12345800)
    subsection = found.object("nt!_SUBSECTION", 0xFFFFB80F12345880)
    first = found.dump.memory.read(int(subsection.SubsectionBase), 24)

    assert file.SectionObjectPointer.DataSectionObject == area.address_
    assert int(area.FilePointer.Value) & ~15 == file.address_
    assert (area.Segment.ControlArea, subsection.ControlArea) == (area.address_, area.address_)
    assert (area.Segment.TotalNumberOfPtes, area.Segment.SizeOfSegment) == (3, 0x3000)
    assert area.NumberOfPfnReferences == 2
    assert (first[0] & 1, first[9] >> 3 & 1, first[16:]) == (1, 1, bytes(8))


@pytest.mark.parametrize("name", ["nt/win7sp1-x86", "nt/7601.24540-x64", "nt/19041.3570-x64", "nt/22000.318-x64"])
def test_the_page_frame_database_leads_back_to_the_prototype_ptes(name: str, tmp_path: Path):
    machine = name.rpartition("-")[2]
    path = tmp_path / "file.dmp"
    text = f'dump full {machine}\nprofile {name}\nfile "\\x" as f\nsection f data valid 0 transition 1\n'
    spec, _ = build(parse(text))
    path.write_bytes(dump(parse(text)))
    layouts, memory = Layouts(profile(name)), target.open(str(path)).dump.memory

    def pointer(address: int) -> int:
        return int.from_bytes(memory.read(address, layouts.pointer_size), "little")

    base, size = pointer(spec.pointer("MmPfnDatabase") or 0), layouts.size("_MMPTE")
    found = []
    for number in range(0x100, 0x300):
        try:
            pte = pointer(base + number * layouts.size("_MMPFN") + layouts.offset("_MMPFN", "PteAddress"))
        except ReadError:
            continue
        if pte:
            found.append((number, int.from_bytes(memory.read(pte, size), "little")))
    (first, valid), (second, transition) = found

    assert (valid & 1, valid >> 12 & 0xFFFFF) == (1, first)
    assert (transition & 0xC01, transition >> 12 & 0xFFFFF) == (0x800, second)


def test_states_that_leave_a_gap_are_refused():
    with pytest.raises(SpecError, match=r"pages 3-4 \(zero\) do not go on where 1 pages ended"):
        dump(parse(HEAD + 'file "\\x" as f\nsection f data valid 0 zero 3-4\n'))


def test_an_arena_gives_a_page_of_zeros_its_own_page_when_it_is_written():
    arena = Arena(MODES["x64"], 0xFFFFB80000000000, 0x100)
    arena.clear(0xFFFFB80000000000, 0x4000)
    count = len(arena.frames.pages)
    arena.write(0xFFFFB80000001000, b"mine")

    assert len(arena.frames.pages) == count + 1
    assert arena.read(0xFFFFB80000001000, 4) == b"mine"
    assert arena.read(0xFFFFB80000002000, 4) == bytes(4)


def test_the_same_spec_gives_the_same_pages():
    text = HEAD + 'file "\\x" as f\nsection f image valid 0 then transition 0\n'

    assert dump(parse(text)) == dump(parse(text))
    assert isinstance(parse(text), Spec)
