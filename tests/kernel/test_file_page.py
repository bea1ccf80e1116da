"""From an address of a process to the page of a file, in a machine with views of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import opened

import dumpwalk
from dumpwalk.kernel.file_page import BY_PFN, BY_PTE, BY_VAD, FilePage, file_page, prototype_page
from dumpwalk.kernel.pte import page_tables
from dumpwalk.kernel.vad_lookup import VadLookup, follow_vads
from dumpwalk.remarks import Absent
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


def changed(extra: str) -> Target:
    found = opened(SAMPLE.with_suffix(".spec").read_text("utf-8") + extra)
    follow_vads(found)
    return found


def test_a_private_copy_is_no_page_of_the_file() -> None:
    """After copy-on-write the PTE maps a page that no prototype PTE holds."""
    target = changed("map 1f3000 to 1aa000 in 344\n")

    assert file_page(target, page_tables(target), 0x1F3000) is None


def test_a_lying_subsection() -> None:
    """The prototype PTE names a subsection in whose array it is not: the VAD knows better, and that is said."""
    lying = (0xB80F12349800 << 16 | 0x480 | 1 << 45).to_bytes(8, "little").hex(" ")
    target = changed(f"block ffffb80f`12341a18 bytes {lying}\n")

    found = at(target, 0x1F3000)

    assert found.control_area == DATA
    assert "but it is not in that one's array" in str(found.problems[0])


@pytest.mark.parametrize("loop", ["Core.VadNode.Left=ffffb80f`12341480", "Subsection=ffffb80f`12341480"])
def test_vads_in_a_circle_end(loop: str) -> None:
    target = changed(f"struct _MMVAD at ffffb80f`12341480 {loop}\n")
    memory = page_tables(target)

    for address in (0x100000, 0x1F3000, 0x400000):
        file_page(target, memory, address)


@pytest.mark.parametrize("profile", ["nt/xpsp3-x86", "nt/2003sp2-x86", "nt/win7sp1-x86"])
def test_vads_of_older_windows(profile: str) -> None:
    """The VAD has a control area, since Vista a subsection; a page that was never written is told by nothing else."""
    old = "win7" not in profile
    leads = "ControlArea=86300000" if old else "Subsection=86300050"
    size = {"nt/xpsp3-x86": 0x30, "nt/2003sp2-x86": 0x38}.get(profile, 0x50)
    root = "VadRoot=86310000" if profile == "nt/xpsp3-x86" else "VadRoot.BalancedRoot.RightChild=86310000"
    text = f"""\
dump kernel x86
profile {profile}
process 344 "x" at 86200000
thread 344.348 at 86201000 State=Running
struct _EPROCESS at 86200000 {root}
struct _MMVAD at 86310000 StartingVpn=400 EndingVpn=403 FirstPrototypePte=86320000 LastContiguousPte=8632000c {leads}
struct _CONTROL_AREA at 86300000 Segment=86330000 u.Flags.Commit=1
struct _SUBSECTION at {0x86300000 + size:x} ControlArea=86300000 SubsectionBase=86320000 PtesInSubsection=4
struct _SEGMENT at 86330000 ControlArea=86300000 TotalNumberOfPtes=4
block 86320000 bytes 80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00
"""
    base = opened(text, types=profile).object("_EPROCESS", 0x86200000).Pcb.DirectoryTableBase
    target = opened(f"{text}set DirectoryTableBase={int(base[0] if old else base):x}\n", types=profile)
    assert target.entries is not None
    windows = target.entries.windows()
    assert not isinstance(windows, Absent)
    windows.vad_prototype = VadLookup(target.memory, target.types, 0x86200000)

    found = at(target, 0x402000)

    assert (found.said_by, found.state, found.prototype) == (BY_VAD, "demand zero", 0x86320008)
    assert (found.control_area, found.kind, found.index) == (0x86300000, "page file", 2)
