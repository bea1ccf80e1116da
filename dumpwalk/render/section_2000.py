"""A control area of Windows 2000, as the debugger of its time laid it out.

The one listing of it is in the documentation of ``!ca``. Its structures count their pool usage and subsections, and
segments have an image's base and commitment; these members are what tells them from later ones.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.segment import Segment
    from dumpwalk.kernel.subsection import Subsection


def layout_2000(area: ControlArea, flags: int) -> str:
    """Return a control area as text.

    :param flags: 1 for the segment, 2 for the subsections
    """
    blocks = ["\n".join(_head(area))]
    if flags & 1 and not isinstance(area.segment, Absent):
        blocks.append("\n".join(_segment(area.segment)))
    if flags & 2:
        blocks += ["\n".join(_subsection(part)) for part in area.subsections]
    return "\n\n".join(blocks)


def _x(value: Any, width: int) -> str:
    return ("????" if isinstance(value, Absent) else f"{int(value or 0):x}").rjust(width)


def _head(area: ControlArea) -> list[str]:
    lines = [
        f"ControlArea @{plain(area.address)}",
        f"  Segment:    {plain(area.Segment)}    Flink       {_x(area.Flink, 8)}   Blink:        {_x(area.Blink, 8)}",
        f" Section Ref {_x(area.NumberOfSectionReferences, 8)}    Pfn Ref     {_x(area.NumberOfPfnReferences, 8)}"
        f"   Mapped Views: {_x(area.NumberOfMappedViews, 8)}",
        f"  User Ref    {_x(area.NumberOfUserReferences, 8)}    Subsections {_x(area.NumberOfSubsections, 8)}"
        f"   Flush Count:  {_x(area.FlushInProgressCount, 8)}",
        f"  File Object {plain(area.FilePointer)}    ModWriteCount{_x(area.ModifiedWriteCount, 7)}"
        f"   System Views: {_x(area.NumberOfSystemCacheViews, 8)}",
        f"  WaitForDel  {_x(area.WaitingForDeletion, 8)}    Paged Usage {_x(area.PagedPoolUsage, 8)}"
        f"   NonPaged Usage {_x(area.NonPagedPoolUsage, 8)}",
        f"  Flags ({_x(area.flags, 0)}) {''.join(f'{word} ' for word in area.flag_names)}",
    ]
    if isinstance(area.file_name, Absent):
        named = "File: ????"
    elif area.file_name:
        named = f"File: {printable(area.file_name)}"
    else:
        named = "Pagefile-backed section" if area.kind == "page file" else "No Name for File"
    return [*lines, "", f"   {named}"]


def _segment(segment: Segment) -> list[str]:
    return [
        f"Segment @ {plain(segment.address)}:",
        f"   Base address {_x(segment.SegmentBaseAddress, 8)}  Total Ptes  {_x(segment.TotalNumberOfPtes, 8)}"
        f"  NonExtendPtes:{_x(segment.NonExtendedPtes, 9)}",
        f"   Image commit {_x(segment.ImageCommitment, 8)}  ControlArea {plain(segment.ControlArea)}"
        f"  SizeOfSegment: {_x(segment.SizeOfSegment, 0)}",
        f"   Image Base   {_x(segment.SystemImageBase, 8)}  Committed   {_x(segment.NumberOfCommittedPages, 8)}"
        f"  PTE Template: {_x(segment.SegmentPteTemplate, 9)}",
        f" Based Addr   {_x(segment.BasedAddress, 8)}  ProtoPtes   {plain(segment.PrototypePte)}"
        f"  Image Info:    {_x(segment.ImageInformation, 0)}",
    ]


def _subsection(part: Subsection) -> list[str]:
    start = "????" if isinstance(part.StartingSector, Absent) else f"{int(part.StartingSector):X}"
    words = "".join(f"{word} " for word in part.flag_names)
    return [
        f"Subsection {part.number}. @ {plain(part.address)}",
        f"   ControlArea: {plain(part.ControlArea)}  Starting Sector {start} "
        f"Number Of Sectors {_x(part.NumberOfFullSectors, 0)}",
        f"   Base Pte     {plain(part.SubsectionBase)}  Ptes In subsect {_x(part.PtesInSubsection, 8)}"
        f" Unused Ptes   {_x(part.UnusedPtes, 8)}",
        f"   Flags        {_x(part.flags, 8)}  Sector Offset   {_x(part.SectorEndOffset, 8)}"
        f" Protection    {_x(part.Protection, 8)}",
        *([f"    {words}"] if words else []),
    ]
