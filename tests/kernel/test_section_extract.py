"""Cached files written out: what is in the dump at its place, zeros elsewhere, and a map of why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images import opened, spec_of

import dumpwalk
from dumpwalk.errors import UsageError
from dumpwalk.kernel.section import control_area
from dumpwalk.kernel.section_extract import Extracted, extract
from dumpwalk.target import Target

SAMPLE = str(Path(__file__).parents[2] / "samples" / "file_views.dmp")
REPORT, PROGRAM, SHARED = 0xFFFFB80F12341310, 0xFFFFB80F12341610, 0xFFFFB80F12341810


def done(target: Target, area: int, path: Path) -> tuple[Extracted, bytes]:
    found = extract(target, control_area(target, area), str(path))
    return found, path.read_bytes()


def page(name: str, kind: str, number: int) -> bytes:
    """Return a page of a file as the writer of the sample fills it."""
    return f"{name}, {kind}, page {number:x}".encode().ljust(0x1000, b"\0")


def test_a_document(tmp_path: Path) -> None:
    found, data = done(dumpwalk.open(SAMPLE), REPORT, tmp_path / "out")

    pages = [page("\\Users\\Public\\report.txt", "data", n) for n in range(3)]
    assert data == (b"".join(pages) + bytes(0x5000))[:0x7123]
    assert (found.size, found.written, found.size_source) == (0x7123, 0x3000, "FileSize of the shared cache map")
    assert [(int(h.offset), int(h.size), h.zeros) for h in found.holes] == [
        (0x3000, 0x2000, False),
        (0x5000, 0x1000, False),
        (0x6000, 0x1123, False),
    ]
    assert "left out of the dump" in found.holes[1].why
    assert "the file has it" in found.holes[2].why


def test_an_image(tmp_path: Path) -> None:
    found, data = done(dumpwalk.open(SAMPLE), PROGRAM, tmp_path / "out")

    assert data == page("\\Program Files\\Editor\\editor.exe", "image", 0) + bytes(0x5000)
    assert (found.size, [(hole.offset, hole.size) for hole in found.holes]) == (
        0x6000,
        [(0x1000, 0x3000), (0x4000, 0x2000)],
    )


def test_shared_memory_has_an_order_and_no_sectors(tmp_path: Path) -> None:
    found, data = done(dumpwalk.open(SAMPLE), SHARED, tmp_path / "out")

    assert data == bytes(0x2000)
    assert [(h.why, h.zeros) for h in found.holes] == [("in a page file", False), ("never written: zeros", True)]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    target, path = dumpwalk.open(SAMPLE), tmp_path / "out"
    path.write_bytes(b"mine")
    area = control_area(target, REPORT)

    with pytest.raises(UsageError, match="is there already; --force overwrites it"):
        extract(target, area, str(path))
    assert path.read_bytes() == b"mine"
    extract(target, area, str(path), force=True)
    assert len(path.read_bytes()) == 0x7123
    with pytest.raises(UsageError, match="nowhere"):
        extract(target, area, str(tmp_path / "nowhere" / "out"))


def test_the_last_page_of_an_image_s_section_is_cut_where_its_bytes_end(tmp_path: Path) -> None:
    """Raw data of 0x200 bytes: what follows in the page is the loader's zeros, and in the file the next section."""
    text = (
        'file "\\x" as f\nsection f image at ffffb80f`12300000 valid 0 then valid 0-1 transition 2 then subsection 0\n'
    )
    target = opened(spec_of("nt/19041.3570-x64", text, "bitmap-kernel"))
    area = control_area(target, 0xFFFFB80F12300000)
    first, second, third = area.subsections
    changes = (
        first.__replace__(file_size=0x400),  # type: ignore[attr-defined]
        second.__replace__(file_offset=0x400, file_size=0x2200),  # type: ignore[attr-defined]
        third.__replace__(file_offset=0x2600, file_size=0x1000),  # type: ignore[attr-defined]
    )
    changed = area.__replace__(subsections=changes)  # type: ignore[attr-defined]

    extract(target, changed, str(tmp_path / "out"))
    data = (tmp_path / "out").read_bytes()

    assert data[:0x400] == page("\\x", "image", 0)[:0x400]
    assert data[0x400:0x1400] == page("\\x", "image", 0)
    assert data[0x2400:0x2600] == page("\\x", "image", 2)[:0x200]
    assert data[0x2600:] == bytes(0x1000)


def test_sizes_that_lie_make_no_huge_file(tmp_path: Path) -> None:
    target = dumpwalk.open(SAMPLE)
    area = control_area(target, REPORT)
    part = area.subsections[0].__replace__(file_size=1 << 50)  # type: ignore[attr-defined]
    lying = area.__replace__(subsections=(part,))  # type: ignore[attr-defined]

    found = extract(target, lying, str(tmp_path / "out"))

    assert (found.size, (tmp_path / "out").stat().st_size) == (0, 0)
    assert "that is not believed" in str(found.problems)


STATES = ["valid", "transition", "subsection", "pagefile", "demand-zero", "zero", "valid dropped"]


@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 3)), min_size=1, max_size=6))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_is_from_the_dump_or_in_a_hole(tmp_path: Path, parts: list[tuple[str, int]]) -> None:
    at, words, expected, present = 0, [], b"", 0
    for state, count in parts:
        name, _, dropped = state.partition(" ")
        words.append(f"{name} {at:x}-{at + count - 1:x} {dropped}")
        there = not dropped and name in ("valid", "transition")
        present += there * count
        for n in range(at, at + count):
            expected += page("\\x", "data", n) if there else bytes(0x1000)
        at += count
    text = f'file "\\x" as f\nsection f data at ffffb80f`12300000 {" ".join(words)}\n'
    out = tmp_path / "out"
    target = opened(spec_of("nt/19041.3570-x64", text, "bitmap-kernel"))

    found = extract(target, control_area(target, 0xFFFFB80F12300000), str(out), force=True)

    assert out.read_bytes() == expected
    assert found.written == present * 0x1000
    assert found.written + sum(int(hole.size) for hole in found.holes) == at * 0x1000
