"""Prototype PTEs of whole sections: states, the bar, what is wrong with them, and hostile counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from images import opened, spec_of
from stated import Stated

import dumpwalk
from dumpwalk.kernel.prototype_ptes import MOST_PTES
from dumpwalk.kernel.section import control_area
from dumpwalk.kernel.section_pages import Coverage, section_pages
from dumpwalk.render.as_json import plain
from dumpwalk.render.section_pages import listing
from dumpwalk.target import Target
from dumpwalk.types.store import Store

SAMPLES = Path(__file__).parents[2] / "samples"
STATES = "valid 0 transition 1 subsection 2-4 pagefile 5 demand-zero 6 zero 7-9 valid a dropped transition b dropped"
AREAS = {4: 0x86300000, 8: 0xFFFFB80F12300000}


def world(profile: str, states: str = STATES, extra: str = "") -> tuple[Target, int]:
    types = Store.shipped().open(profile)
    area = AREAS[types.pointer_size]
    text = f'file "\\x" as f\nsection f data at {area:x} {states}\n{extra}'
    return opened(spec_of(profile, text), types=profile), area


@pytest.mark.parametrize("profile", [info.name for info in Store.shipped().profiles() if not info.symbols])
def test_every_state_in_every_generation(profile: str) -> None:
    target, area = world(profile)

    found = section_pages(target, control_area(target, area))

    states = [(run.state, run.index, run.count, run.in_dump) for run in found.subsections[0].runs]
    assert states == [
        ("valid", 0, 1, True),
        ("transition", 1, 1, True),
        ("subsection", 2, 3, None),
        ("page file", 5, 1, None),
        ("demand zero", 6, 1, None),
        ("zero", 7, 3, None),
        ("valid", 10, 1, False),
        ("transition", 11, 1, False),
    ]
    assert found.coverage == Coverage(12, 2, 2, 3, 1, 4, 0)
    assert found.bar == "##........xx"
    assert not [problem for problem in found.problems if "prototype PTE" in problem.where]
    paged = found.subsections[0].runs[3]
    assert (paged.page_file, paged.offset, paged.file_offset) == (0, 0x1005, 0x5000)


def test_images_count_sectors_of_512_bytes() -> None:
    target = dumpwalk.open(str(SAMPLES / "file_views.dmp"))

    found = section_pages(target, control_area(target, 0xFFFFB80F12341610))

    assert [run.file_offset for part in found.subsections for run in part.runs] == [0, 0x1000, 0x2000, 0x3000, 0x4000]


def test_a_page_file_section_has_no_file_offsets() -> None:
    target = dumpwalk.open(str(SAMPLES / "file_views.dmp"))

    (part,) = section_pages(target, control_area(target, 0xFFFFB80F12341810)).subsections

    assert [(run.state, run.file_offset) for run in part.runs] == [("page file", None), ("demand zero", None)]


def test_text_and_json_say_the_same() -> None:
    target = dumpwalk.open(str(SAMPLES / "file_views.dmp"))
    found = section_pages(target, control_area(target, 0xFFFFB80F12341310))

    rows = json.loads(json.dumps(plain(found)))["subsections"][0]["runs"]
    lines = listing(found).splitlines()[2 : 2 + len(rows)]

    assert [line.split()[0] for line in lines] == [f"{row['index']:x}" for row in rows]
    assert [f"0x{line.split()[2]}" for line in lines] == [row["value"] for row in rows]
    assert [f"0x{line.split()[3]}" for line in lines] == [row["file_offset"] for row in rows]
    assert found.subsections[0].runs == tuple(found.subsections[0].runs)
    assert found.subsections[0].runs[-1] == list(found.subsections[0].runs)[-1]
    with pytest.raises(IndexError):
        found.subsections[0].runs[len(rows)]


def test_without_each_there_are_counts_alone() -> None:
    target = dumpwalk.open(str(SAMPLES / "file_views.dmp"))
    area = control_area(target, 0xFFFFB80F12341310)

    counted, listed = section_pages(target, area, each=False), section_pages(target, area)

    assert (counted.coverage, counted.bar) == (listed.coverage, listed.bar)
    assert [list(part.runs) for part in counted.subsections] == [[]]


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/win7sp1-x86", "win7-x86-pae", "nt/19041.3570-x64"])
def test_entries_of_another_subsection(profile: str) -> None:
    """The subsection is made to be another one, in whose array are the first one's prototype PTEs."""
    # Windows XP counts addresses in entries from the beginning of its pools.
    pools = "symbol MmPagedPoolStart e1000000\nsymbol MmNonPagedPoolEnd ffbe0000\n"
    extra = pools if profile == "nt/xpsp3-x86" else ""
    target, area = world(profile, "subsection 0-3", extra)
    own = control_area(target, area).subsections[0]
    other = own.__replace__(address=target.address(own.address + 0x100))  # type: ignore[attr-defined]
    lying = control_area(target, area).__replace__(subsections=(other,))  # type: ignore[attr-defined]

    problems = section_pages(target, lying).problems

    assert any(f"it is of the subsection {own.address:x}" in problem.what for problem in problems)
    assert sum("prototype PTE" in problem.where for problem in problems) == 1


def test_prototype_ptes_that_are_not_there() -> None:
    target, area = world("nt/19041.3570-x64")
    part = control_area(target, area).subsections[0]

    def with_base(base: int, count: int = 0x40) -> str:
        changed = part.__replace__(SubsectionBase=target.address(base), PtesInSubsection=count)  # type: ignore[attr-defined]
        found = control_area(target, area).__replace__(subsections=(changed,))  # type: ignore[attr-defined]
        return listing(section_pages(target, found))

    assert "64 pages: 64 not known" in with_base(0xFFFFB80F00000000)
    assert "64 pages: 64 in the file only" in with_base(0)
    assert "no prototype PTE yet (40 pages, to 3f)" in with_base(0)
    assert "64 not known" in with_base(0xFFFFFFFFFFFFFFF0)
    assert "64 not known" in with_base(0x7FFF00000001)


def test_counts_that_lie_are_bounded() -> None:
    target, area = world("nt/19041.3570-x64")
    part = control_area(target, area).subsections[0].__replace__(PtesInSubsection=0xFFFFFFFF)  # type: ignore[attr-defined]
    lying = control_area(target, area).__replace__(subsections=(part,) * 3)  # type: ignore[attr-defined]

    found = section_pages(target, lying)

    assert found.coverage.pages == MOST_PTES
    assert "PtesInSubsection is ffffffff" in str(found.problems)
    assert len(found.bar) == 64


def test_a_triage_dump_says_that_they_are_not_in_it() -> None:
    target = dumpwalk.open(str(SAMPLES / "chrysanthemum.dmp"))

    found = section_pages(target, control_area(target, 0x863C1758))

    assert found.bar == "?" * 64
    assert found.coverage.unreadable == 64


def test_prototype_ptes_in_pieces_of_virtual_memory() -> None:
    """What there is of an array in a small dump is read, to the byte where it ends."""
    made = Stated("nt/19041.3570-x64")
    area, base = 0xFFFFB80F12300000, 0xFFFFB80F12400FF0
    end = made.put("_CONTROL_AREA", area, {"Segment": area + 0x1000, "u.Flags.File": 1})
    made.put("_SEGMENT", area + 0x1000, ControlArea=area, TotalNumberOfPtes=4)
    made.put("_SUBSECTION", end, ControlArea=area, SubsectionBase=base, PtesInSubsection=4)
    made.write(end + 0x38, bytes(0x40))
    made.write(base, (0x123061).to_bytes(8, "little") + (0x124880).to_bytes(8, "little"))

    found = section_pages(made.target(), control_area(made.target(), area))

    assert [(run.state, run.pfn, run.in_dump) for run in found.subsections[0].runs] == [
        ("valid", 0x123, False),
        ("transition", 0x124, False),
        ("unreadable", None, None),
    ]


def test_a_mask_that_nobody_says_is_read_off_the_entries() -> None:
    """Types that are named make a kernel unknown, and so MiState; the subsection's own entries still say the bit."""
    target = dumpwalk.open(str(SAMPLES / "file_views.dmp"), types="nt/19041.1288-x64")
    target._profile = dumpwalk.remarks.Absent("not known")

    found = section_pages(target, control_area(target, 0xFFFFB80F12341310))

    assert not [problem for problem in found.problems if "prototype PTE" in problem.where]
    assert target.entries is not None
    assert target.entries.windows().format.invalid_mask == 1 << 45  # type: ignore[union-attr]
