"""Control areas of real listings, and of lines that are none, as the command's own records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dumpwalk.kernel.segment import Segment
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript import KINDS, parse
from dumpwalk.transcript.control_area import ListedControlArea
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE

HEAD = "ControlArea  @ 85aa1000"


def of_listing(path: Path) -> ListedControlArea:
    """Return the one control area in a file, each line of which must be understood."""
    log = parse(path.read_text("utf-8"))
    [block] = [b for b in log.blocks if b.kind == "control-area"]
    [found] = block.record.areas

    assert (log.unparsed, block.unparsed) == ((), ())
    return found  # type: ignore[no-any-return]


def reader(*lines: str) -> Any:
    """Return a reader that has taken *lines*."""
    made: Any = KINDS.load()["control-area"].reader()

    assert [line for number, line in enumerate(lines, 1) if not made.take(line, number)] == []
    return made


def area_of(*lines: str) -> Any:
    [listed] = reader(*lines).record().areas
    return listed.area


def test_a_control_area_of_windows_2000(real_data: Path) -> None:
    (path,) = (real_data / "logs" / "ca").glob("wdd-ca-ca-ff8636e8-*.txt")
    found = of_listing(path)
    area, segment = found.area, found.area.segment

    assert (found.words, found.segment_words, found.views, found.remarks) == ("", (), None, ())
    assert (area.kind, area.file_name, area.deletion.state, area.deletion.waiters) == (
        "image", r"\WINNT\System32\browseui.dll", "stable", 0,
    )  # fmt: skip
    assert (area.PagedPoolUsage, area.NonPagedPoolUsage, area.NumberOfSubsections) == (0x380, 0xE0, 5)
    assert (area.flags, area.flag_names) == (0x10000A0, ("Image", "File", "HadUserReference"))
    assert type(area.Flink) is type(area.WaitingForDeletion) is Address32  # printed as numbers, without their zeros
    assert (area.size, area.PartitionId, area.WritableUserReferences) == (NOT_SHOWN,) * 3
    assert isinstance(segment, Segment)
    assert (segment.address, segment.ControlArea, segment.flags) == (area.Segment, area.address, NOT_SHOWN)
    assert (segment.SegmentPteTemplate, segment.BasedAddress, segment.ImageInformation) == (
        0x31B8438, 0x76E10000, 0xE1B748A4,
    )  # fmt: skip
    assert (type(segment.BasedAddress), type(segment.ImageInformation)) == (Address32, Hex)
    assert [(s.number, s.file_offset, s.file_size, s.protection_name) for s in area.subsections] == [
        (1, 0, 0x400, "ReadOnly"), (2, 0x400, 0x7A000, "ExecuteRead"), (3, 0x7A400, 0xE00, "WriteCopy"),
        (4, 0x7B200, 0x43E00, "ReadOnly"), (5, 0xBF000, 0x7400, "ReadOnly"),
    ]  # fmt: skip
    assert {s.flag_names for s in area.subsections} == {("ReadOnly", "CopyOnWrite")}


def test_a_control_area_of_windows_10(real_data: Path) -> None:
    found = of_listing(real_data / "logs" / "_shapes" / "ca_x64_win10_image.txt")
    area, segment = found.area, found.area.segment

    assert isinstance(segment, Segment)
    assert (area.kind, area.FlushInProgressCount, area.WritableUserReferences) == ("image", 0xB2C0, 0x8000012C)
    assert (segment.ImageCommitment, segment.ExtendInfo, segment.CreatingProcess) == (0x1C, NOT_SHOWN, NOT_SHOWN)
    assert (segment.flags, segment.flag_names, segment.DefaultProtectionMask) == (0xC20000, (), NOT_SHOWN)
    assert found.segment_words == ("ProtectionMask",)
    assert type(area.WaitingForDeletion) is Address
    assert [(s.file_offset, s.Flink) for s in area.subsections] == [(0, NOT_SHOWN), (0x400, NOT_SHOWN)]


def test_a_section_that_the_page_file_backs(real_data: Path) -> None:
    found = of_listing(real_data / "logs" / "_shapes" / "ca_x64_pagefile.txt")
    segment = found.area.segment

    assert isinstance(segment, Segment)
    assert (found.area.kind, found.area.file_name, found.words) == ("page file", "", "Pagefile-backed section")
    assert (segment.CreatingProcess, segment.CreatingProcessId) == (0xFFFFFA8012345060, NOT_SHOWN)
    assert found.area.subsections[0].protection_name == "ReadWrite"


def test_a_data_file_whose_name_is_gone(real_data: Path) -> None:
    found = of_listing(real_data / "logs" / "_shapes" / "ca_x86_win7_data.txt")
    [part] = found.area.subsections

    assert (found.area.kind, found.area.file_name, found.words) == ("data", "", "No name for file")
    assert found.area.flag_names == ("File", "WasPurged", "Accessed")
    assert (part.flag_names, part.Blink, part.NumberOfMappedViews) == (("SubsectionAccessed",), 0x85AA107C, 1)
    assert (part.file_size, part.NextSubsection) == (0x80000, NOT_SHOWN)


def test_of_a_head_alone_nothing_follows() -> None:
    area = area_of(HEAD)

    assert (area.kind, area.deletion.state, area.deletion.waiters) == ("", "", NOT_SHOWN)
    assert (area.flags, area.file_name, area.segment, area.subsections) == (NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, ())


def test_flags_that_could_not_be_read() -> None:
    subsection = ("Subsection 1 @ 85aa1048", "  Base Pte 0  Starting Sector 8  Number Of Sectors 8  Sector Offset 0")
    area = area_of(HEAD, "  Segment ????  WaitForDel ????", "  Flags (????)", "      ????", *subsection)
    [part] = area.subsections

    assert (area.kind, area.deletion.state, area.deletion.waiters) == ("unknown", "unknown", UNREADABLE)
    assert (area.flags, area.file_name, area.Segment, area.segment) == (UNREADABLE,) * 4
    assert (part.StartingSector, part.file_offset, part.file_size) == (8, NOT_SHOWN, NOT_SHOWN)


@pytest.mark.parametrize(
    ("row", "segment"),
    [
        ("Segment a1b2c3d0  Ptes 80", 0x80),
        ("Segment a1b2c3d0  Ptes ????", UNREADABLE),
        ("Segment ????  Ptes ????", UNREADABLE),
    ],
)
def test_the_segment_of_one_line(row: str, segment: int | Absent) -> None:
    area = area_of(rf"85aa1000  {row}  Pfn Ref 31  Views 1  data  \a b")
    found = area.segment

    assert (found.TotalNumberOfPtes if isinstance(found, Segment) else found) == segment
    assert (area.kind, area.file_name, area.flags, area.deletion.state) == ("data", r"\a b", NOT_SHOWN, "")


@pytest.mark.parametrize(
    "line",
    [
        "  Section Ref 2",  # once more
        "  User Ref 1  User Ref 2",  # twice
        "  User Ref 12345678123456781",  # no number of any machine
        f"Subsection {'9' * 5000} @ 85aa1048",
        "  Total Ptes 80",  # of a segment
        "85aa1000  Segment ????  Ptes 80  Pfn Ref 31  Views 1  data  x",  # of what can't be read
        "  Mapped Views 1  Base Pte 0",
        "    ReadOnly CopyOnWrite",  # of a subsection
    ],
)
def test_lines_that_are_not_of_a_control_area(line: str) -> None:
    assert not reader(HEAD, "  Section Ref 1  Pfn Ref 31").take(line, 3)


def test_a_second_segment_is_not_of_the_same_control_area() -> None:
    assert not reader(HEAD, "Segment @ a1b2c3d0", "  Total Ptes 80").take("Segment @ a1b2c3d0", 4)


def test_a_file_may_be_called_as_bits_are() -> None:
    assert area_of(HEAD, "  Flags (80) File", "      ReadOnly").file_name == "ReadOnly"
