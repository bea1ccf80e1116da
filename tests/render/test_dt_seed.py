"""``dt`` of a mapped file's structures on Windows 7 x86 (PAE), as a blog published them in August 2016.

The post is "File mapping and FILE_OBJECT in Windows". The memory is written
out here; where the post itself is at hand, every line of its listings is compared.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dumpwalk.cli import main
from dumpwalk.commands.dt import request_of, show
from dumpwalk.memory.address import Address32
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects import object_
from dumpwalk.render.dt import layout
from dumpwalk.types.sources.dt_text import database, plain_lines
from dumpwalk.types.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import TypeDatabase

# The layouts of a 7600/7601 PAE kernel before KB3172605, from public type listings.
TYPES = """
struct _FILE_OBJECT, 30 elements, 0x80 bytes
   +0x000 Type             : Int2B
   +0x002 Size             : Int2B
   +0x004 DeviceObject     : Ptr32 _DEVICE_OBJECT
   +0x008 Vpb              : Ptr32 _VPB
   +0x00c FsContext        : Ptr32 Void
   +0x010 FsContext2       : Ptr32 Void
   +0x014 SectionObjectPointer : Ptr32 _SECTION_OBJECT_POINTERS
   +0x018 PrivateCacheMap  : Ptr32 Void
   +0x01c FinalStatus      : Int4B
   +0x020 RelatedFileObject : Ptr32 _FILE_OBJECT
   +0x024 LockOperation    : UChar
   +0x025 DeletePending    : UChar
   +0x026 ReadAccess       : UChar
   +0x027 WriteAccess      : UChar
   +0x028 DeleteAccess     : UChar
   +0x029 SharedRead       : UChar
   +0x02a SharedWrite      : UChar
   +0x02b SharedDelete     : UChar
   +0x02c Flags            : Uint4B
   +0x030 FileName         : _UNICODE_STRING
   +0x038 CurrentByteOffset : _LARGE_INTEGER
   +0x040 Waiters          : Uint4B
   +0x044 Busy             : Uint4B
   +0x048 LastLock         : Ptr32 Void
   +0x04c Lock             : _KEVENT
   +0x05c Event            : _KEVENT
   +0x06c CompletionContext : Ptr32 _IO_COMPLETION_CONTEXT
   +0x070 IrpListLock      : Uint4B
   +0x074 IrpList          : _LIST_ENTRY
   +0x07c FileObjectExtension : Ptr32 Void
struct _SECTION_OBJECT_POINTERS, 3 elements, 0xc bytes
   +0x000 DataSectionObject : Ptr32 Void
   +0x004 SharedCacheMap   : Ptr32 Void
   +0x008 ImageSectionObject : Ptr32 Void
struct _CONTROL_AREA, 16 elements, 0x50 bytes
   +0x000 Segment          : Ptr32 _SEGMENT
   +0x004 DereferenceList  : _LIST_ENTRY
   +0x00c NumberOfSectionReferences : Uint4B
   +0x010 NumberOfPfnReferences : Uint4B
   +0x014 NumberOfMappedViews : Uint4B
   +0x018 NumberOfUserReferences : Uint4B
   +0x01c u                : <unnamed-tag>
      +0x000 LongFlags        : Uint4B
      +0x000 Flags            : _MMSECTION_FLAGS
   +0x020 FlushInProgressCount : Uint4B
   +0x024 FilePointer      : _EX_FAST_REF
   +0x028 ControlAreaLock  : Int4B
   +0x02c ModifiedWriteCount : Uint4B
   +0x02c StartingFrame    : Uint4B
   +0x030 WaitingForDeletion : Ptr32 _MI_SECTION_CREATION_GATE
   +0x034 u2               : <unnamed-tag>
      +0x000 e2               : <unnamed-tag>
         +0x000 NumberOfSystemCacheViews : Uint4B
         +0x000 ImageRelocationStartBit : Uint4B
         +0x004 WritableUserReferences : Int4B
         +0x004 ImageRelocationSizeIn64k : Pos 0, 16 Bits
         +0x004 Unused           : Pos 16, 14 Bits
         +0x004 BitMap64         : Pos 30, 1 Bit
         +0x004 ImageActive      : Pos 31, 1 Bit
         +0x008 SubsectionRoot   : Ptr32 _MM_SUBSECTION_AVL_TABLE
         +0x008 SeImageStub      : Ptr32 _MI_IMAGE_SECURITY_REFERENCE
   +0x040 LockedPages      : Int8B
   +0x048 ViewList         : _LIST_ENTRY
struct _SEGMENT, 12 elements, 0x38 bytes
   +0x000 ControlArea      : Ptr32 _CONTROL_AREA
   +0x004 TotalNumberOfPtes : Uint4B
   +0x008 SegmentFlags     : _SEGMENT_FLAGS
   +0x00c NumberOfCommittedPages : Uint4B
   +0x010 SizeOfSegment    : Uint8B
   +0x018 ExtendInfo       : Ptr32 _MMEXTEND_INFO
   +0x018 BasedAddress     : Ptr32 Void
   +0x01c SegmentLock      : _EX_PUSH_LOCK
   +0x020 u1               : <unnamed-tag>
      +0x000 ImageCommitment  : Uint4B
      +0x000 CreatingProcess  : Ptr32 _EPROCESS
   +0x024 u2               : <unnamed-tag>
      +0x000 ImageInformation : Ptr32 _MI_SECTION_IMAGE_INFORMATION
      +0x000 FirstMappedVa    : Ptr32 Void
   +0x028 PrototypePte     : Ptr32 _MMPTE
   +0x030 ThePtes          : [1] _MMPTE
struct _SUBSECTION, 9 elements, 0x20 bytes
   +0x000 ControlArea      : Ptr32 _CONTROL_AREA
   +0x004 SubsectionBase   : Ptr32 _MMPTE
   +0x008 NextSubsection   : Ptr32 _SUBSECTION
   +0x00c PtesInSubsection : Uint4B
   +0x010 UnusedPtes       : Uint4B
   +0x010 GlobalPerSessionHead : Ptr32 _MM_AVL_TABLE
   +0x014 u                : <unnamed-tag>
      +0x000 LongFlags        : Uint4B
      +0x000 SubsectionFlags  : _MMSUBSECTION_FLAGS
   +0x018 StartingSector   : Uint4B
   +0x01c NumberOfFullSectors : Uint4B
struct _MMPTE, 1 elements, 0x8 bytes
   +0x000 u                : <unnamed-tag>
      +0x000 Long             : Uint8B
      +0x000 VolatileLong     : Uint8B
      +0x000 HighLow          : _MMPTE_HIGHLOW
      +0x000 Flush            : _HARDWARE_PTE
      +0x000 Hard             : _MMPTE_HARDWARE
      +0x000 Proto            : _MMPTE_PROTOTYPE
      +0x000 Soft             : _MMPTE_SOFTWARE
      +0x000 TimeStamp        : _MMPTE_TIMESTAMP
      +0x000 Trans            : _MMPTE_TRANSITION
      +0x000 Subsect          : _MMPTE_SUBSECTION
      +0x000 List             : _MMPTE_LIST
struct _MMPTE_PROTOTYPE, 8 elements, 0x8 bytes
   +0x000 Valid            : Pos 0, 1 Bit
   +0x000 Unused0          : Pos 1, 7 Bits
   +0x000 ReadOnly         : Pos 8, 1 Bit
   +0x000 Unused1          : Pos 9, 1 Bit
   +0x000 Prototype        : Pos 10, 1 Bit
   +0x000 Protection       : Pos 11, 5 Bits
   +0x000 Unused           : Pos 16, 16 Bits
   +0x000 ProtoAddress     : Pos 32, 32 Bits
union _EX_FAST_REF, 3 elements, 0x4 bytes
   +0x000 Object           : Ptr32 Void
   +0x000 RefCnt           : Pos 0, 3 Bits
   +0x000 Value            : Uint4B
"""

FILE_OBJECT, POINTERS, CONTROL_AREA, SEGMENT = 0x8750EF80, 0x87BDDEA8, 0x863C1758, 0xAEB311A8
NAME = "\\Sample Pictures\\Chrysanthemum.jpg"
NAME_AT = 0x9A8F3D70  # the post does not say where


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *(v & 0xFFFFFFFF for v in values))


def memory() -> SegmentedMemory:
    """Return a memory that holds what the post shows, and zeros in the parts of the structures that it does not."""
    name = NAME.encode("utf-16-le")
    file_object = (
        struct.pack("<2H", 5, 0x80)
        + words(0x879C9030, 0x879D5888, 0x87BDDE68, 0x863CC188, POINTERS, 0x869ACF90, 0, 0)
        + bytes(8)
        + words(0xC0012)
        + struct.pack("<2HI", len(name), len(name) + 2, NAME_AT)
        + struct.pack("<q", 0x11000)
        + words(0, 1, 0)
        + bytes(0x20)
        + words(0, 0, FILE_OBJECT + 0x74, FILE_OBJECT + 0x74, 0x8774E950)
    )
    control_area = (
        words(SEGMENT, 0, 0, 1, 0x40, 1, 0, 0x80, 0, 0x8750EF85, 0, 0, 0)
        + bytes(12)
        + struct.pack("<q", 1)
        + words(0x86A3A898, 0x86A3A898)
    )
    subsection = words(CONTROL_AREA, 0xA8E9B008, 0, 0x40, 0, 0, 0, 0x40)
    segment = words(CONTROL_AREA, 0x40, 0, 0) + struct.pack("<Q", 0x40000) + words(0, 0, 0, 0, 0xA8FE97E8, 0) + bytes(8)
    held = {
        FILE_OBJECT: file_object,
        POINTERS: words(CONTROL_AREA, 0x869ACEA0, 0),
        CONTROL_AREA: control_area + subsection,
        SEGMENT: segment,
        NAME_AT: name,
    }
    return SegmentedMemory(Segment(Address32(a), memoryview(b)) for a, b in held.items())


@pytest.fixture(scope="module", params=["listed", "shipped"])
def types(request: pytest.FixtureRequest) -> TypeDatabase:
    return database(TYPES, "nt/7601-x86-pae") if request.param == "listed" else Store.shipped().open("win7-x86-pae")


def dt(types: TypeDatabase, command: str) -> list[str]:
    return layout(show(memory(), types, request_of(command.split()))).split("\n")


def test_control_area(types: TypeDatabase) -> None:
    lines = dt(types, "nt!_CONTROL_AREA 0x863c1758")

    assert lines == [
        "   +0x000 Segment          : 0xaeb311a8 _SEGMENT",
        "   +0x004 DereferenceList  : _LIST_ENTRY [ 0x0 - 0x0 ]",
        "   +0x00c NumberOfSectionReferences : 1",
        "   +0x010 NumberOfPfnReferences : 0x40",
        "   +0x014 NumberOfMappedViews : 1",
        "   +0x018 NumberOfUserReferences : 0",
        "   +0x01c u                : <unnamed-tag>",
        "   +0x020 FlushInProgressCount : 0",
        "   +0x024 FilePointer      : _EX_FAST_REF",
        "   +0x028 ControlAreaLock  : 0n0",
        "   +0x02c ModifiedWriteCount : 0",
        "   +0x02c StartingFrame    : 0",
        "   +0x030 WaitingForDeletion : (null) ",
        "   +0x034 u2               : <unnamed-tag>",
        "   +0x040 LockedPages      : 0n1",
        "   +0x048 ViewList         : _LIST_ENTRY [ 0x86a3a898 - 0x86a3a898 ]",
    ]


def test_the_chain_that_the_post_follows(types: TypeDatabase) -> None:
    file = object_(memory(), types, "nt!_FILE_OBJECT", FILE_OBJECT)
    area = file.SectionObjectPointer.DataSectionObject.cast_("_CONTROL_AREA")
    subsection = object_(memory(), types, "_SUBSECTION", area.address_ + area.size_)

    assert (area.address_, area.size_) == (CONTROL_AREA, 0x50)
    assert area.Segment.ControlArea == CONTROL_AREA
    assert (subsection.ControlArea, subsection.PtesInSubsection) == (CONTROL_AREA, 0x40)
    assert file.FileName.str_() == NAME


# The listings of the post by the command that printed them (or, for ??, that prints the same rows).
LISTINGS = {
    "??FileObject": "nt!_FILE_OBJECT 0x8750ef80",
    "??FileObject->SectionObjectPointer": "nt!_SECTION_OBJECT_POINTERS 0x87bddea8",
    "dt nt!_CONTROL_AREA 0x863c1758": "nt!_CONTROL_AREA 0x863c1758",
    "dt nt!_SUBSECTION 0x863c1758+0x50": "nt!_SUBSECTION 0x863c1758+0x50",
    "dt nt!_SEGMENT  0xaeb311a8": "nt!_SEGMENT 0xaeb311a8",
    "dt nt!_MMPTE .": "nt!_MMPTE .",
    "dt nt!_MMPTE_PROTOTYPE": "nt!_MMPTE_PROTOTYPE",
}


@pytest.mark.parametrize("command", LISTINGS)
def test_each_line_is_the_one_of_the_post(command: str, types: TypeDatabase, real_data: Path) -> None:
    posts = [f for f in (real_data / "seed").glob("*.txt") if "_CONTROL_AREA" in f.read_text("utf-8")]
    lines = plain_lines(posts[0].read_text("utf-8"))
    start = next(n for n, line in enumerate(lines) if line.partition("kd> ")[2].strip() == command)
    rows = []
    for line in lines[start + 1 :]:
        if not line.strip():
            break
        rows += [line] if line.lstrip().startswith("+") else []

    assert len(rows) > 2
    assert dt(types, LISTINGS[command]) == rows


SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("sample", ["chrysanthemum.dmp", "file_mapping_x86.dmp"])
@pytest.mark.parametrize("command", [c for c in LISTINGS.values() if "0x" in c])
def test_the_samples_show_what_the_post_shows(
    command: str, sample: str, types: TypeDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    """Out of pieces of virtual memory, and out of physical pages through page tables."""
    status = main(["-z", str(SAMPLES / sample), "--types", "win7-x86-pae", "dt", *command.split()])

    assert status == 0
    assert capsys.readouterr().out.split("\n")[:-1] == dt(types, command)
