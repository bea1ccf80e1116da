"""Control areas: real listings rebuilt from their values, every generation of the layout, and what can be wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from stated import Stated

import dumpwalk
from dumpwalk.kernel.section import ControlArea, control_area
from dumpwalk.remarks import Absent
from dumpwalk.render.section import layout
from dumpwalk.types.model import Struct
from dumpwalk.types.sources.c_header import database
from dumpwalk.types.store import Store

SAMPLES = Path(__file__).parents[2] / "samples"
# Windows 2000's structures, by the members that the listing in the documentation of !ca shows and by what debuggers
# of its time printed; no profile is that old.
WINDOWS_2000 = """
typedef struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; } LIST_ENTRY;
typedef struct _UNICODE_STRING { USHORT Length, MaximumLength; PWSTR Buffer; } UNICODE_STRING;
typedef struct _MMPTE { union { ULONG Long; } u; } MMPTE;
struct _MMSECTION_FLAGS {
    unsigned BeingDeleted : 1, BeingCreated : 1, BeingPurged : 1, NoModifiedWriting : 1, FailAllIo : 1, Image : 1,
        Based : 1, File : 1, Networked : 1, NoCache : 1, PhysicalMemory : 1, CopyOnWrite : 1, Reserve : 1, Commit : 1,
        FloppyMedia : 1, WasPurged : 1, UserReference : 1, GlobalMemory : 1, DeleteOnClose : 1, FilePointerNull : 1,
        DebugSymbolsLoaded : 1, SetMappedFileIoComplete : 1, CollidedFlush : 1, NoChange : 1, HadUserReference : 1,
        ImageMappedInSystemSpace : 1, filler : 6;
};
struct _FILE_OBJECT {
    SHORT Type, Size; PVOID DeviceObject, Vpb, FsContext, FsContext2;
    struct _SECTION_OBJECT_POINTERS *SectionObjectPointer; PVOID Filler[6]; UNICODE_STRING FileName;
};
struct _SECTION_OBJECT_POINTERS { PVOID DataSectionObject, SharedCacheMap, ImageSectionObject; };
struct _CONTROL_AREA {
    struct _SEGMENT *Segment; LIST_ENTRY DereferenceList; ULONG NumberOfSectionReferences, NumberOfPfnReferences,
        NumberOfMappedViews; USHORT NumberOfSubsections, FlushInProgressCount; ULONG NumberOfUserReferences;
    union { ULONG LongFlags; struct _MMSECTION_FLAGS Flags; } u; struct _FILE_OBJECT *FilePointer;
    PVOID WaitingForDeletion; USHORT ModifiedWriteCount, NumberOfSystemCacheViews;
    ULONG PagedPoolUsage, NonPagedPoolUsage;
};
struct _SEGMENT {
    struct _CONTROL_AREA *ControlArea; PVOID SegmentBaseAddress; ULONG TotalNumberOfPtes, NonExtendedPtes;
    ULONGLONG SizeOfSegment; ULONG ImageCommitment; PVOID ImageInformation, SystemImageBase;
    ULONG NumberOfCommittedPages; MMPTE SegmentPteTemplate; PVOID BasedAddress, ExtendInfo; MMPTE *PrototypePte;
    MMPTE ThePtes[1];
};
struct _MMSUBSECTION_FLAGS {
    unsigned ReadOnly : 1, ReadWrite : 1, CopyOnWrite : 1, GlobalMemory : 1, Protection : 5, LargePages : 1,
        StartingSector4132 : 10, SectorEndOffset : 12;
};
struct _SUBSECTION {
    struct _CONTROL_AREA *ControlArea; union { ULONG LongFlags; struct _MMSUBSECTION_FLAGS SubsectionFlags; } u;
    ULONG StartingSector, NumberOfFullSectors; MMPTE *SubsectionBase; ULONG UnusedPtes, PtesInSubsection;
    struct _SUBSECTION *NextSubsection;
};
"""


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def listing(text: str) -> str:
    """Return what a debugger printed, without the command before it."""
    return stripped(text[re.search(r"^ControlArea", text, re.M).start() :])  # type: ignore[union-attr]


def build(world: Stated, area: int, values: dict[str, Any]) -> None:
    """Place a control area, its segment, and the subsections behind it."""
    end = world.put("_CONTROL_AREA", area, values["area"])
    world.put("_SEGMENT", values["area"]["Segment"], values["segment"])
    for n, part in enumerate(values["subsections"]):
        at = part.pop("at", end)
        world.put("_SUBSECTION", at, {"ControlArea": area, **part})
        links = part.pop("links", None)
        assert links is None
        assert n or at == end


WINDOWS_81 = """
ControlArea  @ ffffe00137036010
  Segment      ffffc00102f453b0  Flink      ffffe001370b34c8  Blink        ffffe0013794b528
  Section Ref                 0  Pfn Ref                   4  Mapped Views                0
  User Ref                    0  WaitForDel                0  Flush Count                 0
  File Object  ffffe001365cc3d0  ModWriteCount             0  System Views                0
  WritableRefs                0
  Flags (8008080) File WasPurged UserWritable

      \\ProgramData\\Microsoft\\User Account Pictures\\user.png

Segment @ ffffc00102f453b0
  ControlArea     ffffe00137036010  ExtendInfo    0000000000000000
  Total Ptes                    40
  Segment Size               40000  Committed                    0
  Flags (c0000) ProtectionMask

Subsection 1 @ ffffe00137036088
  ControlArea  ffffe00137036010  Starting Sector        0  Number Of Sectors   40
  Base Pte     ffffc00102f46e00  Ptes In Subsect       40  Unused Ptes          0
  Flags                   8000d  Sector Offset          0  Protection           6
  Accessed
  Flink        0000000000000000  Blink   0000000000000000  MappedViews          0
"""


@pytest.mark.parametrize("name", ["nt/9600.20512-x64", "nt/win81u1-x64"])
def test_the_listing_of_windows_81(name: str) -> None:
    """A published listing of a data file. Its types have no _MSUBSECTION; where its members are is inferred."""
    world, area, file = Stated(name), 0xFFFFE00137036010, 0xFFFFE001365CC3D0
    world.put("_SECTION_OBJECT_POINTERS", 0xFFFFE00137000000, DataSectionObject=area)
    fields: dict[str, int | str] = {"Type": 5, "SectionObjectPointer": 0xFFFFE00137000000}
    world.put("_FILE_OBJECT", file, {**fields, "FileName": "\\ProgramData\\Microsoft\\User Account Pictures\\user.png"})
    world.write(0xFFFFE00137036088, bytes(0x70))
    values = {
        "area": {
            "Segment": 0xFFFFC00102F453B0,
            "ListHead.Flink": 0xFFFFE001370B34C8,
            "ListHead.Blink": 0xFFFFE0013794B528,
            "NumberOfPfnReferences": 4,
            "u.LongFlags": 0x8008080,
            "FilePointer.Value": file | 0xF,
        },
        "segment": {
            "ControlArea": area,
            "TotalNumberOfPtes": 0x40,
            "SizeOfSegment": 0x40000,
            "SegmentFlags.DefaultProtectionMask": 6,
        },
        "subsections": [
            {
                "SubsectionBase": 0xFFFFC00102F46E00,
                "PtesInSubsection": 0x40,
                "NumberOfFullSectors": 0x40,
                "u.LongFlags": 0x8000D,
            }
        ],
    }
    build(world, area, values)

    found = control_area(world.target(), area)

    assert stripped(layout(found)) == stripped(WINDOWS_81)
    assert found.problems == ()
    assert found.subsections[0].flag_names == ("SubsectionAccessed", "OnDereferenceList")


WINDOWS_10 = """
ControlArea  @ ffffa604f6536ed0
  Segment      ffff8000abafe890  Flink      ffffa604f6536ed8  Blink        ffffa604f6536ed8
  Section Ref                 1  Pfn Ref                   0  Mapped Views                0
  User Ref                    0  WaitForDel                0  Flush Count                 0
  File Object  ffffa604f64c3760  ModWriteCount             0  System Views                0
  WritableRefs                0  PartitionId                0
  Flags (8080) File WasPurged

      \\Windows\\System32\\LogFiles\\WMI\\RtBackup\\EtwRTDefenderApiLogger.etl

Segment @ ffff8000abafe890
  ControlArea       ffffa604f6536ed0  ExtendInfo    0000000000000000
  Total Ptes                     100
  Segment Size                100000  Committed                    0
  Flags (c0000) ProtectionMask

Subsection 1 @ ffffa604f6536f50
  ControlArea  ffffa604f6536ed0  Starting Sector        0  Number Of Sectors  100
  Base Pte     0000000000000000  Ptes In Subsect      100  Unused Ptes          0
  Flags                       d  Sector Offset          0  Protection           6
  Accessed
  Flink        ffffa604f6536fa0  Blink   ffffa604f6536fa0  MappedViews          0
"""


@pytest.mark.parametrize("name", ["nt/win10-14393-x64", "nt/17763.437-x64", "nt/19041.3570-x64", "nt/22000.318-x64"])
def test_the_listing_of_windows_10(name: str) -> None:
    """A published listing of a data file whose prototype PTEs are gone; the layout is the same in Windows 11."""
    world, area, file = Stated(name), 0xFFFFA604F6536ED0, 0xFFFFA604F64C3760
    path = "\\Windows\\System32\\LogFiles\\WMI\\RtBackup\\EtwRTDefenderApiLogger.etl"
    world.put("_SECTION_OBJECT_POINTERS", 0xFFFFA604F64E6828, DataSectionObject=area)
    world.put("_FILE_OBJECT", file, {"Type": 5, "SectionObjectPointer": 0xFFFFA604F64E6828, "FileName": path})
    part: dict[str, int | str] = {
        "Core.ControlArea": area,
        "Core.PtesInSubsection": 0x100,
        "Core.NumberOfFullSectors": 0x100,
        "Core.u.LongFlags": 0xD,
        "DereferenceList.Flink": 0xFFFFA604F6536FA0,
        "DereferenceList.Blink": 0xFFFFA604F6536FA0,
    }
    world.put(
        "_CONTROL_AREA",
        area,
        {
            "Segment": 0xFFFF8000ABAFE890,
            "ListHead.Flink": area + 8,
            "ListHead.Blink": area + 8,
            "NumberOfSectionReferences": 1,
            "u.LongFlags": 0x8080,
            "FilePointer.Value": file | 5,
        },
    )
    world.put("_MSUBSECTION", area + 0x80, part)
    segment = {"ControlArea": area, "TotalNumberOfPtes": 0x100, "SizeOfSegment": 0x100000}
    world.put("_SEGMENT", 0xFFFF8000ABAFE890, {**segment, "SegmentFlags.DefaultProtectionMask": 6})

    found = control_area(world.target(), area)

    assert stripped(layout(found)) == stripped(WINDOWS_10)
    assert found.problems == ()


def documented() -> tuple[Stated, int]:
    """Return Windows 2000's memory with the control area that the documentation of !ca shows."""
    world = Stated(database(WINDOWS_2000, pointer_size=4))
    area, file = 0xFF8636E8, 0xFF86DF88
    world.put("_SECTION_OBJECT_POINTERS", 0xFF870000, ImageSectionObject=area)
    fields: dict[str, int | str] = {"Type": 5, "SectionObjectPointer": 0xFF870000}
    world.put("_FILE_OBJECT", file, {**fields, "FileName": "\\WINNT\\System32\\browseui.dll"})
    world.put(
        "_CONTROL_AREA",
        area,
        {
            "Segment": 0xE1B74548,
            "NumberOfPfnReferences": 0x6C,
            "NumberOfMappedViews": 1,
            "NumberOfUserReferences": 1,
            "NumberOfSubsections": 5,
            "FilePointer": file,
            "u.LongFlags": 0x10000A0,
            "PagedPoolUsage": 0x380,
            "NonPagedPoolUsage": 0xE0,
        },
    )
    world.put(
        "_SEGMENT",
        0xE1B74548,
        {
            "ControlArea": area,
            "TotalNumberOfPtes": 0xC8,
            "NonExtendedPtes": 0xC8,
            "SizeOfSegment": 0xC8000,
            "ImageCommitment": 1,
            "ImageInformation": 0xE1B748A4,
            "SegmentPteTemplate.u.Long": 0x31B8438,
            "BasedAddress": 0x76E10000,
            "PrototypePte": 0xE1B74580,
        },
    )
    rows = [
        (0, 2, 0xE1B74580, 1, 0x15),
        (2, 0x3D0, 0xE1B74584, 0x7A, 0x35),
        (0x3D2, 7, 0xE1B7476C, 1, 0x55),
        (0x3D9, 0x21F, 0xE1B74770, 0x44, 0x15),
        (0x5F8, 0x3A, 0xE1B74880, 8, 0x15),
    ]
    for n, (start, sectors, base, ptes, flags) in enumerate(rows):
        at = area + 0x38 + n * 0x20
        fields = {"ControlArea": area, "StartingSector": start, "NumberOfFullSectors": sectors, "u.LongFlags": flags}
        after = at + 0x20 if n + 1 < len(rows) else 0
        fields |= {"SubsectionBase": base, "PtesInSubsection": ptes, "NextSubsection": after}
        world.put("_SUBSECTION", at, fields)
    return world, area


def test_the_listing_in_the_documentation(real_data: Any) -> None:
    (path,) = (real_data / "logs" / "ca").glob("wdd-ca-ca-ff8636e8-*.txt")
    world, area = documented()

    found = control_area(world.target(), area)

    assert stripped(layout(found)) == listing(path.read_text("utf-8"))
    assert found.problems == ()
    assert [int(p.file_offset) for p in found.subsections] == [0, 0x400, 0x7A400, 0x7B200, 0xBF000]  # type: ignore[arg-type]


def shape(real_data: Any, name: str) -> str:
    return listing((real_data / "logs" / "_shapes" / name).read_text("utf-8"))


def test_the_shape_of_windows_7_on_x86(real_data: Any) -> None:
    world, area = Stated("nt/win7sp1-x86"), 0x85AA1000
    world.put("_FILE_OBJECT", 0x85BB2188, {"Type": 5, "SectionObjectPointer": 0x85BB3000})
    world.put("_SECTION_OBJECT_POINTERS", 0x85BB3000, DataSectionObject=area)
    # The listing has the bit above as "Accessed" between two others: at 14, before WasPurged at 15.
    end = world.put("_CONTROL_AREA", area, {"Segment": 0xA1B2C3D0, "DereferenceList.Blink": 0x85AA2F0C})
    assert end == 0x85AA1050
    for name, value in (("NumberOfSectionReferences", 1), ("NumberOfPfnReferences", 0x31), ("NumberOfMappedViews", 1)):
        world.set("_CONTROL_AREA", area, name, value)
    world.set("_CONTROL_AREA", area, "u2.e2.NumberOfSystemCacheViews", 1)
    world.set("_CONTROL_AREA", area, "u.LongFlags", 0xC080)
    world.set("_CONTROL_AREA", area, "FilePointer.Value", 0x85BB2188 | 3)
    segment: dict[str, int | str] = {"ControlArea": area, "TotalNumberOfPtes": 0x80, "SizeOfSegment": 0x80000}
    world.put("_SEGMENT", 0xA1B2C3D0, {**segment, "SegmentFlags.DefaultProtectionMask": 6})
    part: dict[str, int | str] = {"ControlArea": area, "SubsectionBase": 0xA5001008, "PtesInSubsection": 0x80}
    part |= {"NumberOfFullSectors": 0x80, "u.LongFlags": 0xD, "NumberOfMappedViews": 1}
    world.put("_MSUBSECTION", end, {**part, "DereferenceList.Blink": 0x85AA107C})

    found = control_area(world.target(), area)

    # It was made up with a control area of 0x48 bytes, where that of Windows 7 has 0x50, out of excerpts whose blanks
    # had collapsed: a column of its segment is narrower than the row above it.
    expected = shape(real_data, "ca_x86_win7_data.txt").replace("@ 85aa1048", "@ 85aa1050")
    assert re.sub(" {2,}", "  ", stripped(layout(found))) == re.sub(" {2,}", "  ", expected)
    assert found.problems == ()


def test_the_shape_of_an_image(real_data: Any) -> None:
    """A debugger that does not know of PartitionId: with the types of 7 the text is the same to the blank."""
    world, area, file = Stated("nt/7601.24540-x64"), 0xFFFFAA0112340010, 0xFFFFAA01778890A0
    world.put("_FILE_OBJECT", file, {"Type": 5, "SectionObjectPointer": 0xFFFFAA0177889800})
    world.set("_FILE_OBJECT", file, "FileName", "\\Program Files\\Example\\app.exe")
    world.put("_SECTION_OBJECT_POINTERS", 0xFFFFAA0177889800, ImageSectionObject=area)
    fields: dict[str, int | str] = {"Segment": 0xFFFFBB0155660020, "u.LongFlags": 0xA0, "FilePointer.Value": file | 7}
    fields |= {"DereferenceList.Flink": area + 0x760, "DereferenceList.Blink": area + 0x760}
    fields |= {"NumberOfSectionReferences": 1, "NumberOfPfnReferences": 0x1F4, "NumberOfMappedViews": 1}
    fields |= {"NumberOfUserReferences": 2, "FlushInProgressCount": 0xB2C0}
    fields |= {"u2.e2.NumberOfSystemCacheViews": 0xFFFF, "u2.e2.WritableUserReferences": 0x8000012C}
    end = world.put("_CONTROL_AREA", area, fields)
    segment: dict[str, int | str] = {"ControlArea": area, "TotalNumberOfPtes": 0x200, "SizeOfSegment": 0x200000}
    segment |= {"BasedAddress": 0x400000, "u1.ImageCommitment": 0x1C, "u2.ImageInformation": 0xFFFFBB0155660068}
    segment |= {"PrototypePte": 0xFFFFBB0155AA0000, "SegmentFlags.DefaultProtectionMask": 1}
    segment |= {"SegmentFlags.Binary32": 1, "SegmentFlags.ContainsDebug": 1}
    world.put("_SEGMENT", 0xFFFFBB0155660020, segment)
    for at, start, sectors, base, ptes, flags in (
        (end, 0, 2, 0xFFFFBB0155AA0000, 1, 2),
        (end + 0x38, 2, 0x9F0, 0xFFFFBB0155AA0008, 0x13E, 6),
    ):
        part: dict[str, int | str] = {"ControlArea": area, "SubsectionBase": base, "PtesInSubsection": ptes}
        part |= {"StartingSector": start, "NumberOfFullSectors": sectors, "u.LongFlags": flags}
        world.put("_SUBSECTION", at, {**part, "NextSubsection": end + 0x38 if at == end else 0})

    found = control_area(world.target(), area)

    assert stripped(layout(found)) == shape(real_data, "ca_x64_win10_image.txt")
    # Only two of its subsections are shown there.
    assert [problem.what for problem in found.problems] == ["TotalNumberOfPtes is 200, but the subsections have 13f"]


def test_the_shape_of_a_page_file_section(real_data: Any) -> None:
    world, area = Stated("nt/7601.24540-x64"), 0xFFFFFA8011112220
    fields: dict[str, int | str] = {"Segment": 0xFFFFF8A003334440, "u.LongFlags": 0x2000, "NumberOfUserReferences": 2}
    fields |= {"NumberOfSectionReferences": 1, "NumberOfPfnReferences": 2, "NumberOfMappedViews": 1}
    end = world.put("_CONTROL_AREA", area, fields)
    segment: dict[str, int | str] = {"ControlArea": area, "TotalNumberOfPtes": 0x10, "SizeOfSegment": 0x10000}
    segment |= {"NumberOfCommittedPages": 0x10, "u1.CreatingProcess": 0xFFFFFA8012345060, "u2.FirstMappedVa": 0x1230000}
    segment |= {"PrototypePte": 0xFFFFF8A003334488, "SegmentFlags.DefaultProtectionMask": 4}
    world.put("_SEGMENT", 0xFFFFF8A003334440, segment)
    part: dict[str, int | str] = {"ControlArea": area, "SubsectionBase": 0xFFFFF8A003334488, "PtesInSubsection": 0x10}
    world.put("_SUBSECTION", end, {**part, "u.LongFlags": 8})

    found = control_area(world.target(), area)

    assert stripped(layout(found)) == shape(real_data, "ca_x64_pagefile.txt")
    assert (found.kind, found.problems) == ("page file", ())


def test_where_the_list_of_a_data_subsection_is_in_all_types_that_say_so() -> None:
    """What 8.1's types lack is taken to be where all others have it."""
    for profile in Store.shipped().profiles():
        types = Store.shipped().open(profile.name)
        known, plain = types.find("_MSUBSECTION"), types.find("_SUBSECTION")
        if not isinstance(known, Struct) or not isinstance(plain, Struct):
            continue
        places = {field.name: field.offset for field in known.fields}
        width = types.pointer_size

        assert places["DereferenceList"] == plain.size + 3 * width, profile.name
        assert places["NumberOfMappedViews"] == plain.size + 5 * width, profile.name


def found_in(world: Stated, area: int) -> ControlArea:
    return control_area(world.target(), area)


def test_lying_back_pointers() -> None:
    world, area = documented()
    world.set("_SEGMENT", 0xE1B74548, "ControlArea", 0x11111110)
    world.set("_SECTION_OBJECT_POINTERS", 0xFF870000, "ImageSectionObject", 0x22222220)
    world.set("_SUBSECTION", area + 0x38 + 0x40, "ControlArea", 0x33333330)

    found = found_in(world, area)

    assert [str(problem) for problem in found.problems] == [
        "_SEGMENT e1b74548: ControlArea is 11111110, not ff8636e8 that leads here",
        "_FILE_OBJECT ff86df88: SectionObjectPointer->ImageSectionObject is 22222220, "
        "not ff8636e8 whose FilePointer it is",
        "_SUBSECTION ff863760: ControlArea is 33333330, not ff8636e8: it is not followed further",
        "_SEGMENT e1b74548: TotalNumberOfPtes is c8, but the subsections have 7c",
    ]
    assert len(found.subsections) == 3


def test_a_file_pointer_that_leads_to_something_else() -> None:
    world, area = documented()
    world.set("_FILE_OBJECT", 0xFF86DF88, "Type", 3)

    assert [str(problem) for problem in found_in(world, area).problems] == [
        "_FILE_OBJECT ff86df88: Type is 3, not 5: FilePointer of ff8636e8 leads to no file object"
    ]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (0xFF863720, "the link at ff863740 leads to ff863720, where it was before"),
        (0xFF863740, "the link at ff863740 leads to itself"),
        (0x12345678, "the link at 12345678 can't be read: not in the dump"),
    ],
)
def test_subsections_that_lead_nowhere(link: int, said: str) -> None:
    world, area = documented()
    world.set("_SUBSECTION", area + 0x38 + 0x20, "NextSubsection", link)

    found = found_in(world, area)

    assert any(said in problem.what for problem in found.problems)
    assert [int(part.address) for part in found.subsections][:2] == [area + 0x38, area + 0x58]


def test_null_and_unreadable_segments() -> None:
    world, area = documented()
    world.set("_CONTROL_AREA", area, "Segment", 0)
    null = found_in(world, area)
    world.set("_CONTROL_AREA", area, "Segment", 0x44444440)
    unreadable = found_in(world, area)

    assert null.segment == Absent("Segment is a null pointer")
    assert "Segment is null" in str(null.problems)
    assert not isinstance(unreadable.segment, Absent)
    assert "not in the dump" in str(unreadable.segment.TotalNumberOfPtes)
    assert "ControlArea ????" in layout(unreadable).replace("    ", " ")


def test_nothing_is_there() -> None:
    world, _ = documented()

    found = found_in(world, 0x10000)

    assert isinstance(found.Segment, Absent)
    assert "????" in layout(found)


def test_names_are_escaped() -> None:
    world, area = documented()
    world.set("_FILE_OBJECT", 0xFF86DF88, "FileName", "\\x\x1b[2J")

    assert "\\x\\x1b[2J" in layout(found_in(world, area))


@pytest.mark.parametrize("flag", ["GlobalOnlyPerSession", "Rom"])
@pytest.mark.parametrize(("name", "size"), [("nt/xpsp3-x86", 0x40), ("nt/2003sp2-x86", 0x48), ("nt/2003sp2-x64", 0x68)])
def test_large_control_areas_of_windows_xp_and_2003(name: str, size: int, flag: str) -> None:
    """A session's own control area, and a ROM's, is longer; its subsections begin behind that."""
    world = Stated(name)
    area = 0x81000000 if world.types.pointer_size == 4 else 0xFFFFFA8000000000
    world.put("_LARGE_CONTROL_AREA", area)
    world.set("_CONTROL_AREA", area, "u.LongFlags", 0x20)
    world.set("_CONTROL_AREA", area, f"u.Flags.{flag}", 1)
    world.put("_SUBSECTION", area + size, ControlArea=area, PtesInSubsection=3)

    found = control_area(world.target(), area)

    assert (found.size, found.kind) == (size, "image")
    assert [part.PtesInSubsection for part in found.subsections] == [3]


@pytest.mark.parametrize("name", [info.name for info in Store.shipped().profiles() if not info.symbols])
def test_every_generation(name: str) -> None:
    """Each number comes from where this build has it, whatever it calls the place."""
    world = Stated(name)
    width = world.types.pointer_size
    top = 0x85000000 if width == 4 else 0xFFFFFA8000000000
    area, segment, file, pointers = top, top + 0x1000, top + 0x2000, top + 0x3000
    world.put("_FILE_OBJECT", file, {"Type": 5, "SectionObjectPointer": pointers, "FileName": "\\x"})
    world.put("_SECTION_OBJECT_POINTERS", pointers, DataSectionObject=area)
    end = world.put("_CONTROL_AREA", area, {"Segment": segment, "NumberOfMappedViews": 7, "u.Flags.File": 1})
    fast = isinstance(world.types.find("_EX_FAST_REF"), Struct) and width_of_reference(world, name)
    if fast:
        world.set("_CONTROL_AREA", area, "FilePointer.Value", file | (7 if width == 4 else 15))
    else:
        world.set("_CONTROL_AREA", area, "FilePointer", file)
    world.put("_SEGMENT", segment, ControlArea=area, TotalNumberOfPtes=5, SizeOfSegment=0x5000)
    world.write(end, bytes(0x100))
    world.put("_SUBSECTION", end, ControlArea=area, PtesInSubsection=3, NextSubsection=end + 0x200)
    world.write(end + 0x200, bytes(0x100))
    world.put("_SUBSECTION", end + 0x200, ControlArea=area, PtesInSubsection=2, StartingSector=3)
    world.set("_SUBSECTION", end + 0x200, "u.SubsectionFlags.StartingSector4132", 1)
    world.set("_SUBSECTION", end + 0x200, "NumberOfFullSectors", 1)
    world.set("_SUBSECTION", end + 0x200, "u.SubsectionFlags.SectorEndOffset", 0x123)

    found = control_area(world.target(), area)

    assert found.problems == ()
    assert (found.kind, found.FilePointer, found.file_name, found.NumberOfMappedViews) == ("data", file, "\\x", 7)
    assert [part.PtesInSubsection for part in found.subsections] == [3, 2]
    last = found.subsections[1]
    assert (last.file_offset, last.file_size) == ((1 << 32 | 3) << 12, 0x1123)
    assert "\\x" in layout(found)


def width_of_reference(world: Stated, name: str) -> bool:
    area = world.types.find("_CONTROL_AREA")
    assert isinstance(area, Struct)
    return getattr(next(f for f in area.fields if f.name == "FilePointer").type, "name", "") == "_EX_FAST_REF"


@pytest.mark.parametrize("sample", ["chrysanthemum", "file_mapping_x86"])
def test_the_control_area_of_the_blog(sample: str) -> None:
    """Each value is as "File mapping and FILE_OBJECT in Windows" (August 2016) shows it."""
    target = dumpwalk.open(str(SAMPLES / f"{sample}.dmp"))

    found = control_area(target, 0x863C1758)

    assert (found.Segment, found.size, found.NumberOfSectionReferences) == (0xAEB311A8, 0x50, 1)
    assert (found.NumberOfPfnReferences, found.NumberOfMappedViews, found.NumberOfUserReferences) == (0x40, 1, 0)
    assert (found.FilePointer, found.WaitingForDeletion, found.deletion.state) == (0x8750EF80, 0, "stable")
    assert not isinstance(found.segment, Absent)
    assert (found.segment.TotalNumberOfPtes, found.segment.SizeOfSegment) == (0x40, 0x40000)
    assert found.segment.PrototypePte == 0xA8FE97E8
    (part,) = found.subsections
    assert (part.address, part.SubsectionBase, part.PtesInSubsection) == (0x863C17A8, 0xA8E9B008, 0x40)
    assert (part.StartingSector, part.NumberOfFullSectors, part.file_size) == (0, 0x40, 0x40000)
    assert found.problems == ()
