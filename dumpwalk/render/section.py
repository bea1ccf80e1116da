"""A control area as ``!ca`` lays it out.

The layout is that of real listings: of Windows 2000's debugger for its structures, and of those for Windows 8.1 and
10 for all later ones. The debugger that knows of ``PartitionId`` has its first column of the segment two wider, and
so has any for a section that the page file backs, where ``CreatingProcess`` needs it.
"""

from __future__ import annotations

from dumpwalk.kernel.section_flags import SUBSECTION_WORDS
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.section_2000 import layout_2000
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.segment import Segment
    from dumpwalk.kernel.subsection import Subsection

# Bits of the second parameter of !ca.
SEGMENT, SUBSECTIONS, VIEWS, COMPACT = 1, 2, 4, 8
# Bits that "Flags" of a segment does not name.
_NOT_NAMED = ("Binary32", "ContainsDebug")


def layout(area: ControlArea, flags: int = SEGMENT | SUBSECTIONS) -> str:
    """Return a control area as text.

    :param flags: what to show of it, bits of ``!ca``'s second parameter
    """
    if flags & COMPACT:
        return compact(area)
    if area.PagedPoolUsage is not None:
        return layout_2000(area, flags)
    digits = 16 if type(area.address).__name__ == "Address" else 8
    blocks = ["\n".join(_head(area, digits))]
    if flags & SEGMENT and not isinstance(area.segment, Absent):
        blocks.append("\n".join(_segment(area, area.segment, digits)))
    if flags & SUBSECTIONS:
        blocks += ["\n".join(_subsection(part, digits)) for part in area.subsections]
    return "\n\n".join(blocks)


def compact(area: ControlArea) -> str:
    """Return a control area on one line. No listing of ``!ca``'s own line is known."""
    total = area.segment.TotalNumberOfPtes if not isinstance(area.segment, Absent) else Absent("")
    return (
        f"{plain(area.address)}  Segment {plain(area.Segment)}  Ptes {_hex(total)}  Pfn Ref "
        f"{_hex(area.NumberOfPfnReferences)}  Views {_hex(area.NumberOfMappedViews)}  {area.kind}  {name(area)}"
    )


def name(area: ControlArea) -> str:
    """Return what ``!ca`` says in place of, or as, the file's name."""
    if isinstance(area.file_name, Absent):
        return "????"
    if area.file_name:
        return printable(area.file_name)
    if area.kind == "unknown":
        return "????"
    return {"page file": "Pagefile-backed section", "physical memory": "Section of physical memory"}.get(
        area.kind, "No name for file"
    )


def _hex(value: int | Absent | None) -> str:
    return "????" if isinstance(value, Absent) else f"{int(value or 0):x}"


def _head(area: ControlArea, digits: int) -> list[str]:
    def row(first: tuple[str, Any], second: tuple[str, Any], third: tuple[str, Any], *, pointers: bool = False) -> str:
        a, b, c = (
            _field(*cell, width, digits, pointer=pointers) for cell, width in zip((first, second, third), (13, 11, 13))
        )
        return f"  {a}  {b}  {c}"

    lines = [
        f"ControlArea  @ {plain(area.address)}",
        row(("Segment", area.Segment), ("Flink", area.Flink), ("Blink", area.Blink), pointers=True),
        row(
            ("Section Ref", area.NumberOfSectionReferences),
            ("Pfn Ref", area.NumberOfPfnReferences),
            ("Mapped Views", area.NumberOfMappedViews),
        ),
        row(
            ("User Ref", area.NumberOfUserReferences),
            ("WaitForDel", area.WaitingForDeletion),
            ("Flush Count", area.FlushInProgressCount),
        ),
        f"  {_field('File Object', area.FilePointer, 13, digits, pointer=True)}"
        f"  {_field('ModWriteCount', area.ModifiedWriteCount, 11, digits)}"
        f"  {_field('System Views', area.NumberOfSystemCacheViews, 13, digits)}",
    ]
    if area.WritableUserReferences is not None:
        line = f"  {_field('WritableRefs', area.WritableUserReferences, 13, digits)}  "
        if area.PartitionId is not None:
            line += f"{_field('PartitionId', area.PartitionId, 12, digits)}  "
        lines.append(line)
    lines.append(f"  Flags ({_hex(area.flags)}) {_words(area.flag_names)}")
    return [*lines, "", f"      {name(area)}"]


def _words(names: tuple[str, ...]) -> str:
    return "".join(f"{name} " for name in names)


def _field(label: str, value: Any, width: int, digits: int, *, pointer: bool = False) -> str:
    """Return a label and a value that together take *width* and *digits* columns."""
    text = plain(0 if value is None else value).rjust(digits) if pointer else _hex(value)
    return label + text.rjust(max(width + digits - len(label), len(text) + 1))


def _segment(area: ControlArea, segment: Segment, digits: int) -> list[str]:
    wide = 18 if area.PartitionId is not None or area.kind == "page file" else 16

    def pair(first: tuple[str, Any, bool], *second: tuple[str, Any, bool]) -> str:
        out = "  " + _field(first[0], first[1], wide, digits, pointer=first[2])
        return out + "".join("  " + _field(label, v, 14, digits, pointer=is_pointer) for label, v, is_pointer in second)

    image = area.kind == "image"
    second = ("BasedAddress", segment.BasedAddress) if image else ("ExtendInfo", segment.ExtendInfo)
    lines = [
        f"Segment @ {plain(segment.address)}",
        pair(
            ("ControlArea", segment.ControlArea, True),
            *([(second[0], second[1], True)] if second[1] is not None else []),
        ),
        pair(("Total Ptes", segment.TotalNumberOfPtes, False)),
        pair(
            ("Segment Size", segment.SizeOfSegment, False),
            ("Committed", segment.NumberOfCommittedPages, False),
        ),
    ]
    pages = ("ProtoPtes", segment.PrototypePte, True)
    if image:
        info = segment.ImageInformation
        there = info if isinstance(info, Absent) or info is None else type(area.address)(info)
        lines += [pair(("Image Commit", segment.ImageCommitment, False), ("Image Info", there, True)), pair(pages)]
    elif area.kind == "page file":
        if segment.CreatingProcess is None:
            creator = ("CreatingProcessId", segment.CreatingProcessId, False)
        else:
            at = segment.CreatingProcess
            creator = ("CreatingProcess", at if isinstance(at, Absent) else type(area.address)(at), True)
        lines += [pair(creator, ("FirstMappedVa", segment.FirstMappedVa, False)), pair(pages)]
    if segment.flags is not None:
        names = tuple(word for word in segment.flag_names if word not in _NOT_NAMED)
        mask = ("ProtectionMask",) if segment.DefaultProtectionMask else ()
        lines.append(f"  Flags ({_hex(segment.flags)}) {_words((*names, *mask))}")
    return lines


def _subsection(part: Subsection, digits: int) -> list[str]:
    def row(label: str, value: Any, second: tuple[str, Any], third: tuple[str, Any], *, pointer: bool) -> str:
        first = _field(label, value, 13, digits, pointer=pointer)
        return f"  {first}  {_field(*second, 8, 16)}  {_field(*third, 6, 16)}"

    lines = [
        f"Subsection {part.number} @ {plain(part.address)}",
        row(
            "ControlArea",
            part.ControlArea,
            ("Starting Sector", part.StartingSector),
            ("Number Of Sectors", part.NumberOfFullSectors),
            pointer=True,
        ),
        row(
            "Base Pte",
            part.SubsectionBase,
            ("Ptes In Subsect", part.PtesInSubsection),
            ("Unused Ptes", part.UnusedPtes),
            pointer=True,
        ),
        row(
            "Flags",
            part.flags,
            ("Sector Offset", part.SectorEndOffset),
            ("Protection", part.Protection),
            pointer=False,
        ),
    ]
    words = tuple(word for name, word in SUBSECTION_WORDS.items() if name in part.flag_names)
    if words:
        lines.append(f"  {_words(words)}")
    if part.Flink is not None:
        blink = _field("Blink", part.Blink, 8 if digits == 16 else 12, digits, pointer=True)
        links = f"  {_field('Flink', part.Flink, 13, digits, pointer=True)}  {blink}"
        lines.append(f"{links}  {_field('MappedViews', part.NumberOfMappedViews, 6, 16)}")
    return lines


def remarks(area: ControlArea) -> list[str]:
    """Return what is absent from a control area or wrong with it, a line for each."""
    return remark_lines(area)
