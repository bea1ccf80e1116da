"""From an address of a process to the page of a file, in a machine with views of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

import dumpwalk
from dumpwalk.kernel.file_page import BY_PFN, BY_PTE, BY_VAD, FilePage, file_page, prototype_page
from dumpwalk.kernel.pte import page_tables
from dumpwalk.kernel.vad_lookup import follow_vads
from dumpwalk.remarks import Absent
from dumpwalk.synth import write
from dumpwalk.target import Target

SAMPLE = Path(__file__).parents[2] / "samples" / "file_views"
DATA, SHARED = 0xFFFFB80F12341310, 0xFFFFB80F12341810
NAME = "\\Users\\Public\\report.txt"


@pytest.fixture(scope="module")
def target() -> Target:
    found = dumpwalk.open(f"{SAMPLE}.dmp")
    follow_vads(found)
    return found


def at(target: Target, address: int) -> FilePage:
    found = file_page(target, page_tables(target), target.address(address))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("address", "said_by", "state", "offset"),
    [
        (0x1F0000, BY_VAD, "valid", 0),  # no PTE yet
        (0x1F1123, BY_PFN, "valid", 0x1123),  # a valid PTE
        (0x1F2345, BY_PTE, "transition", 0x2345),  # a PTE that names its prototype PTE
        (0x1F3FFF, BY_VAD, "subsection", 0x3FFF),  # one that says "look in the VAD"
        (0x1F5000, BY_VAD, "valid", 0x5000),  # its page is not in the dump
        (0xFFFFB80F12382345, BY_PTE, "transition", 0x2345),  # the cache's view
    ],
)
def test_pages_of_a_document(target: Target, address: int, said_by: str, state: str, offset: int) -> None:
    found = at(target, address)

    assert (found.said_by, found.state, found.file_offset, found.file_name) == (said_by, state, offset, NAME)
    assert (found.control_area, found.kind, found.file) == (DATA, "data", 0xFFFFB80F12340B00)
    assert (found.index, found.prototype) == (offset >> 12, 0xFFFFB80F12341A00 + (offset >> 12) * 8)
    assert found.problems == ()


def test_shared_memory(target: Target) -> None:
    """The table that the PTE would be in is not there: nobody has touched it."""
    found = at(target, 0x401000)

    assert (found.state, found.kind, found.control_area, found.index) == ("demand zero", "page file", SHARED, 1)
    assert (found.file, found.file_name, found.file_offset) == (None, None, None)


def test_nothing_is_mapped(target: Target) -> None:
    memory = page_tables(target)

    for address in (0x1F9000, 0x700000000000, 0xFFFFB80F12341310, 0xDEADBEEF00000000):
        assert file_page(target, memory, address) is None


def test_an_image_counts_sectors_of_512_bytes(target: Target) -> None:
    found = prototype_page(target, 0xFFFFB80F12341A90)

    assert (found.kind, found.file_name) == ("image", "\\Program Files\\Editor\\editor.exe")
    assert (found.index, found.file_offset) == (1, 0x2000)


def test_a_prototype_pte_that_is_none(target: Target) -> None:
    nowhere, code = prototype_page(target, 0xFFFFB80F00000000), prototype_page(target, 0xFFFFB80F12340B00)

    assert isinstance(nowhere.value, Absent)
    assert isinstance(nowhere.subsection, Absent)
    assert isinstance(code.control_area, Absent)


def changed(tmp_path: Path, extra: str) -> Target:
    path = tmp_path / "changed.dmp"
    path.write_bytes(write(SAMPLE.with_suffix(".spec").read_text("utf-8") + extra))
    found = dumpwalk.open(str(path))
    follow_vads(found)
    return found


def test_a_private_copy_is_no_page_of_the_file(tmp_path: Path) -> None:
    """After copy-on-write the PTE maps a page that no prototype PTE holds."""
    target = changed(tmp_path, "map 1f3000 to 1aa000 in 344\n")

    assert file_page(target, page_tables(target), 0x1F3000) is None


def test_a_lying_subsection(tmp_path: Path) -> None:
    """The prototype PTE names a subsection in whose array it is not: the VAD knows better, and that is said."""
    lying = (0xB80F12349800 << 16 | 0x480 | 1 << 45).to_bytes(8, "little").hex(" ")
    target = changed(tmp_path, f"block ffffb80f`12341a18 bytes {lying}\n")

    found = at(target, 0x1F3000)

    assert found.control_area == DATA
    assert "but it is not in that one's array" in str(found.problems[0])


@pytest.mark.parametrize("loop", ["Core.VadNode.Left=ffffb80f`12341480", "Subsection=ffffb80f`12341480"])
def test_vads_in_a_circle_end(tmp_path: Path, loop: str) -> None:
    target = changed(tmp_path, f"struct _MMVAD at ffffb80f`12341480 {loop}\n")
    memory = page_tables(target)

    for address in (0x100000, 0x1F3000, 0x400000):
        file_page(target, memory, address)
