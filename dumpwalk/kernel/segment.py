"""``_SEGMENT``: how large a section is, and what it is made of."""

from __future__ import annotations

from dumpwalk.kernel.section_flags import bits
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import has, hexadecimal, member, optional, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.subsection import Subsection
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target


@record
class Segment:
    """A ``_SEGMENT``. A field is ``None`` where this build, or this kind of section, has none.

    :param TotalNumberOfPtes: with the bits above 32 that ``SegmentFlags`` holds
    :param flags: all of ``SegmentFlags``
    """

    address: Address
    ControlArea: Address | Absent
    TotalNumberOfPtes: Hex | Absent
    SizeOfSegment: Hex | Absent
    NumberOfCommittedPages: Hex | Absent
    PrototypePte: Address | Absent
    ExtendInfo: Address | Absent | None
    BasedAddress: Address | Absent | None
    flags: Hex | Absent | None
    flag_names: tuple[str, ...]
    DefaultProtectionMask: Hex | Absent | None
    ImageCommitment: Hex | Absent | None
    ImageInformation: Hex | Absent | None
    CreatingProcess: Hex | Absent | None
    CreatingProcessId: Hex | Absent | None
    FirstMappedVa: Hex | Absent | None
    NonExtendedPtes: Hex | Absent | None
    SegmentPteTemplate: Hex | Absent | None
    SegmentBaseAddress: Hex | Absent | None
    SystemImageBase: Hex | Absent | None


def segment_of(target: Target, address: Address, area: Address, problems: list[Problem]) -> Segment | Absent:
    """Return the segment at *address*, to which the control area *area* points.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    if not address:
        problems.append(Problem(f"_CONTROL_AREA {area:x}", "Segment is null"))
        return Absent("Segment is a null pointer")
    segment = target.object("_SEGMENT", address)
    back = pointer(segment, "ControlArea")
    if not isinstance(back, Absent) and back != area:
        what = f"ControlArea is {back:x}, not {area:x} that leads here"
        problems.append(Problem(f"_SEGMENT {address:x}", what))
    total = hexadecimal(segment, "TotalNumberOfPtes")
    flags: Hex | Absent | None = None
    names: tuple[str, ...] = ()
    fields: dict[str, int] = {}
    if has(segment, "SegmentFlags"):
        flags, names, fields = bits(member(segment, "SegmentFlags"))
        if not isinstance(total, Absent):
            total = Hex(total | fields.get("TotalNumberOfPtes4132", 0) << 32)
    mask = fields.get("DefaultProtectionMask")
    return Segment(
        address,
        back,
        total,
        hexadecimal(segment, "SizeOfSegment"),
        hexadecimal(segment, "NumberOfCommittedPages"),
        pointer(segment, "PrototypePte"),
        optional(pointer, segment, "ExtendInfo"),
        optional(pointer, segment, "BasedAddress"),
        flags,
        names,
        None if mask is None else Hex(mask),
        optional(hexadecimal, segment, "u1.ImageCommitment", "ImageCommitment"),
        optional(hexadecimal, segment, "u2.ImageInformation", "ImageInformation"),
        optional(hexadecimal, segment, "u1.CreatingProcess"),
        optional(hexadecimal, segment, "u1.CreatingProcessId"),
        optional(hexadecimal, segment, "u2.FirstMappedVa"),
        optional(hexadecimal, segment, "NonExtendedPtes"),
        optional(hexadecimal, segment, "SegmentPteTemplate.u.Long"),
        optional(hexadecimal, segment, "SegmentBaseAddress"),
        optional(hexadecimal, segment, "SystemImageBase"),
    )


def check_count(segment: Segment, subsections: Sequence[Subsection], problems: list[Problem]) -> None:
    """Hold the prototype PTEs of the subsections against what the segment says there are."""
    total = spare = 0
    for part in subsections:
        count, unused = part.PtesInSubsection, part.UnusedPtes
        if isinstance(count, Absent) or isinstance(unused, Absent):
            return
        total, spare = total + count, spare + (unused or 0)
    if isinstance(segment.TotalNumberOfPtes, Absent):
        return
    # UnusedPtes are behind a file's end; in images since Windows 10 they are those that align a section, beside.
    if segment.TotalNumberOfPtes not in (total, total - spare, total + spare):
        what = f"TotalNumberOfPtes is {segment.TotalNumberOfPtes:x}, but the subsections have {total:x}"
        problems.append(Problem(f"_SEGMENT {segment.address:x}", what + (f" ({spare:x} unused)" if spare else "")))
