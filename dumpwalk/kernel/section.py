"""What Mm keeps of a mapped file: ``_CONTROL_AREA``, its ``_SEGMENT`` and its subsections, as ``!ca`` shows them.

::

    _FILE_OBJECT.SectionObjectPointer -> _SECTION_OBJECT_POINTERS
        .DataSectionObject, .ImageSectionObject -> _CONTROL_AREA .Segment -> _SEGMENT
                                                   a _SUBSECTION right behind it, .NextSubsection, ...
                                                       .SubsectionBase -> array of prototype PTEs

The chain is the same in all versions, the members moved: they are asked for by name, the newest first. Each pointer
that has a counterpart is held against it, and what does not agree is a :class:`Problem`.
"""

from __future__ import annotations

from dumpwalk.kernel.file_object import FILE_OBJECT_TYPE, file_name
from dumpwalk.kernel.section_deletion import deletion
from dumpwalk.kernel.section_flags import section_flags
from dumpwalk.kernel.segment import check_count, segment_of
from dumpwalk.kernel.subsection import subsections_of
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import fast_reference, has, hexadecimal, member, optional, pointer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from dumpwalk.kernel.section_deletion import Deletion
    from dumpwalk.kernel.segment import Segment
    from dumpwalk.kernel.subsection import Subsection
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

    # ControlArea has a member of that name.
    SegmentRecord: TypeAlias = Segment

DATA, IMAGE, PAGE_FILE, PHYSICAL, UNKNOWN = "data", "image", "page file", "physical memory", "unknown"


@record
class ControlArea:
    """A control area with all that hangs on it. A field is ``None`` where this build has none.

    :param size: of the structure; the first subsection is behind it
    :param kind: ``data``, ``image``, ``page file`` or ``physical memory``; ``unknown`` when ``u`` can't be read
    :param Segment: what it points to; :attr:`segment` is what lies there
    :param Flink: of its list head: of views since Windows 8, of unused segments before, and where there is no view
    :param NumberOfSubsections: Windows 2000 and XP count them here
    :param flags: all of ``u``
    :param FilePointer: without the count in its low bits
    :param file_name: in the file object; ``""`` when it has none
    :param WaitingForDeletion: ``WaitList`` since 2012
    """

    address: Address
    size: int | Absent
    kind: str
    Segment: Address | Absent
    Flink: Address | Absent
    Blink: Address | Absent
    NumberOfSectionReferences: Hex | Absent
    NumberOfPfnReferences: Hex | Absent
    NumberOfMappedViews: Hex | Absent
    NumberOfUserReferences: Hex | Absent
    NumberOfSubsections: Hex | Absent | None
    FlushInProgressCount: Hex | Absent | None
    ModifiedWriteCount: Hex | Absent | None
    NumberOfSystemCacheViews: Hex | Absent | None
    WritableUserReferences: Hex | Absent | None
    PartitionId: Hex | Absent | None
    PagedPoolUsage: Hex | Absent | None
    NonPagedPoolUsage: Hex | Absent | None
    flags: Hex | Absent
    flag_names: tuple[str, ...]
    FilePointer: Address | Absent
    file_name: str | Absent
    WaitingForDeletion: Address | Absent
    deletion: Deletion
    segment: SegmentRecord | Absent
    subsections: tuple[Subsection, ...]
    problems: tuple[Problem, ...] = ()


def control_area(target: Target, address: Any) -> ControlArea:
    """Return the control area at *address*.

    :param address: an address, or a pointer object: ``file.SectionObjectPointer.DataSectionObject``
    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = target.address(int(address))
    area = target.object("_CONTROL_AREA", at)
    where = f"_CONTROL_AREA {at:x}"
    problems: list[Problem] = []
    flags, names, fields = section_flags(member(area, "u.Flags"))
    segment_at = pointer(area, "Segment")
    file = fast_reference(area, "FilePointer")
    kind = kind_of(fields, file)
    segment = segment_at if isinstance(segment_at, Absent) else segment_of(target, segment_at, at, problems)
    name: str | Absent = ""
    if isinstance(file, Absent):
        name = file
    elif file and not fields.get("FilePointerNull"):
        name = file_name(target, file)
        _check_file(target, file, at, kind, problems)
    elif kind in (DATA, IMAGE) and not fields.get("FilePointerNull") and not isinstance(flags, Absent):
        problems.append(Problem(where, "u.Flags.File says that a file backs it, but FilePointer is null"))
    size = size_of_area(target, fields)
    views = kind == DATA and has(member(area, "FilePointer"), "RefCnt")  # _MSUBSECTION since Vista
    found = subsections_of(target, at, at + size, unit_of(kind), problems, views=views)
    if not isinstance(segment, Absent):
        check_count(segment, found, problems)
    return ControlArea(
        at,
        size,
        kind,
        segment_at,
        pointer(area, "ListHead.Flink", "DereferenceList.Flink"),
        pointer(area, "ListHead.Blink", "DereferenceList.Blink"),
        hexadecimal(area, "NumberOfSectionReferences"),
        hexadecimal(area, "NumberOfPfnReferences"),
        hexadecimal(area, "NumberOfMappedViews"),
        hexadecimal(area, "NumberOfUserReferences"),
        optional(hexadecimal, area, "NumberOfSubsections"),
        optional(hexadecimal, area, "FlushInProgressCount", "u1.FlushInProgressCount", "u2.e2.FlushInProgressCount"),
        optional(hexadecimal, area, "ModifiedWriteCount", "u1.ModifiedWriteCount"),
        optional(hexadecimal, area, "NumberOfSystemCacheViews", "u2.e2.NumberOfSystemCacheViews"),
        optional(hexadecimal, area, "WritableUserReferences", "u2.e2.WritableUserReferences"),
        optional(hexadecimal, area, "u1.Flags.PartitionId", "PartitionId"),
        optional(hexadecimal, area, "PagedPoolUsage"),
        optional(hexadecimal, area, "NonPagedPoolUsage"),
        flags,
        names,
        file,
        name,
        pointer(area, "WaitList", "WaitingForDeletion"),
        deletion(target, area, fields),
        segment,
        found,
        tuple(problems),
    )


def kind_of(fields: Mapping[str, int], file: Address | Absent) -> str:
    """Return what backs the section of a control area: by the flags in ``u``, and where ``FilePointer`` leads.

    :param fields: the flags by name; none where they can't be read
    """
    if fields.get("Image"):
        return IMAGE
    if fields.get("PhysicalMemory"):
        return PHYSICAL
    if fields.get("File") or (not isinstance(file, Absent) and file):
        return DATA if fields else UNKNOWN  # an image has a file too
    # Without a file the page file backs it; some page-file sections keep the bit clear and the pointer null.
    return PAGE_FILE if fields else UNKNOWN


def unit_of(kind: str) -> int:
    """Return how many bytes a section of that *kind* counts as one sector; 0 where that is not known."""
    return {IMAGE: 0x200, UNKNOWN: 0}.get(kind, 0x1000)


def size_of_area(target: Target, fields: dict[str, int]) -> int:
    """Return how large a control area with the flags *fields* is.

    Windows XP and 2003 have longer ones for images that each session has of its own, and for those in ROM.
    """
    large = fields.get("GlobalOnlyPerSession") or fields.get("Rom")
    found = size_of(Reference("struct", "_LARGE_CONTROL_AREA"), target.types) if large else None
    return found or size_of(Reference("struct", "_CONTROL_AREA"), target.types) or 0


def _check_file(target: Target, file: Address, area: Address, kind: str, problems: list[Problem]) -> None:
    """Check that what the control area names is a file object, and leads back to it."""
    object = target.object("_FILE_OBJECT", file)
    where = f"_FILE_OBJECT {file:x}"
    type, back = object.Type, object.SectionObjectPointer
    if not isinstance(type, Absent) and type != FILE_OBJECT_TYPE:
        what = f"Type is {type}, not {FILE_OBJECT_TYPE}: FilePointer of {area:x} leads to no file object"
        problems.append(Problem(where, what))
        return
    if isinstance(back, Absent):
        return
    if not back:
        problems.append(Problem(where, "SectionObjectPointer is null, but FilePointer of a control area leads here"))
        return
    name = "ImageSectionObject" if kind == IMAGE else "DataSectionObject"
    found = pointer(back, name)
    if not isinstance(found, Absent) and found != area:
        problems.append(
            Problem(where, f"SectionObjectPointer->{name} is {found:x}, not {area:x} whose FilePointer it is")
        )
