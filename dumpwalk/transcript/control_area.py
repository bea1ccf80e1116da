"""Control areas with their segments and subsections as ``!ca`` prints them."""

from __future__ import annotations

import re

from dumpwalk.annotations.conditions import with_fact
from dumpwalk.annotations.fields import deletion
from dumpwalk.kernel.mapped_views import MappedView
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.section_pages import ExplainedLines, ExtractedLines, PagesLines
from dumpwalk.transcript.values import address, cells, pointer, remark, text_or_absent, value, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import SectionPages

_MOST_REMARKS = 8
_HEAD = re.compile(r"[ ]*ControlArea[ ]+@ ?([0-9a-f]{8,16})\Z")
_SEGMENT = re.compile(r"[ ]*Segment @ ([0-9a-f]{8,16}):?\Z")
_SUBSECTION = re.compile(r"[ ]*Subsection ([0-9]+)\.? @ ([0-9a-f]{8,16})\Z")
# What the debugger calls the members, as the kernel's types have them.
_NAMES = {
    "Section Ref": "NumberOfSectionReferences",
    "Pfn Ref": "NumberOfPfnReferences",
    "Mapped Views": "NumberOfMappedViews",
    "User Ref": "NumberOfUserReferences",
    "Subsections": "NumberOfSubsections",
    "Flush Count": "FlushInProgressCount",
    "File Object": "FilePointer",
    "ModWriteCount": "ModifiedWriteCount",
    "System Views": "NumberOfSystemCacheViews",
    "WaitForDel": "WaitingForDeletion",
    "Paged Usage": "PagedPoolUsage",
    "NonPaged Usage": "NonPagedPoolUsage",
    "WritableRefs": "WritableUserReferences",
    "Base address": "SegmentBaseAddress",
    "Total Ptes": "TotalNumberOfPtes",
    "NonExtendPtes": "NonExtendedPtes",
    "Image commit": "ImageCommitment",
    "Image Commit": "ImageCommitment",
    "Segment Size": "SizeOfSegment",
    "Image Base": "SystemImageBase",
    "Committed": "NumberOfCommittedPages",
    "PTE Template": "SegmentPteTemplate",
    "Based Addr": "BasedAddress",
    "ProtoPtes": "PrototypePte",
    "Image Info": "ImageInformation",
    "Starting Sector": "StartingSector",
    "Number Of Sectors": "NumberOfFullSectors",
    "Base Pte": "SubsectionBase",
    "Ptes In subsect": "PtesInSubsection",
    "Ptes In Subsect": "PtesInSubsection",
    "Unused Ptes": "UnusedPtes",
    "Sector Offset": "SectorEndOffset",
    "MappedViews": "NumberOfMappedViews",
}
_LABELS = (
    *("Segment", "Flink", "Blink", "PartitionId", "ControlArea", "SizeOfSegment", "BasedAddress", "ExtendInfo"),
    *("CreatingProcessId", "CreatingProcess", "FirstMappedVa", "Protection", "Flags"),
    *_NAMES,
)
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _LABELS), key=len, reverse=True))
# Windows 2000's debugger puts colons behind some labels, and may leave no blank before a number.
_CELL = re.compile(rf"[ ]*({_LONGEST_FIRST}):?[ ]*(?<=[ :tCe])([0-9a-fA-F]+|\?{{4}})(?:[ ]+|\Z)")
_FLAGS = re.compile(r"[ ]*Flags \(([0-9a-f]+|\?{4})\)((?:[ ]+[A-Z]\w*)*)\Z")
_WORDS = re.compile(r"[ ]+((?:(?:ReadOnly|ReadWrite|CopyOnWrite|GlobalMemory|Accessed|Static|WriteCopy)[ ]*)+)\Z")
_FILE = re.compile(
    r"[ ]+(?:File: )?(\\\S.*?|\?{4}|Pagefile-backed section|Section of physical memory|No [Nn]ame for [Ff]ile)\Z"
)
_COMPACT = re.compile(
    r"([0-9a-f]{8,16})[ ]{2}Segment ([0-9a-f]{8,16}|\?{4})[ ]{2}Ptes ([0-9a-f?]+)[ ]{2}Pfn Ref ([0-9a-f?]+)[ ]{2}"
    r"Views ([0-9a-f?]+)[ ]{2}(\w+(?: \w+)?)[ ]{2}(\S.*)\Z"
)
# A file opened relative to another one.
_RELATIVE = re.compile(r"[ ]{3,}(?:File: )?(\S.*)\Z")
_VIEWS = re.compile(r"[ ]*(Mapped views:.*)\Z")
_NONE = "no control areas were found"
_VIEW = re.compile(
    r"[ ]*([0-9a-f]{8,16}|\?{4})-([0-9a-f]{8,16}|\?{4})[ ]{2}VAD ([0-9a-f]{8,16})[ ]{2}process ([0-9a-f]{8,16}|\?{4}) "
    r"\((.*), ([0-9a-f]+|\?{4})\)\Z"
)
_SYSTEM_VIEW = re.compile(r"[ ]*system view ([0-9a-f]{8,16})[ ]{2}Entry ([0-9a-f]+|\?{4})\Z")
_LINK = re.compile(r"[ ]*link ([0-9a-f]{8,16}): neither a VAD nor a system view of this section\Z")


@record
class ListedStructure:
    """A structure of a section.

    :param type: ``ControlArea``, ``Segment``, ``Subsection``
    :param number: of a subsection, from 1
    :param values: by the names of the kernel's members; those that the debugger prints
    :param flags: the flag word, and the names of its bits
    """

    type: str
    number: int | None
    address: Address
    values: dict[str, Hex | Absent]
    flags: Hex | Absent | None
    flag_names: tuple[str, ...]


@record
class ListedControlArea:
    """A control area as text shows it.

    :param file: the file's name, or what is printed in its place
    :param parts: the control area, its segment and its subsections, in order
    :param views: where it is mapped, as this program lists it; ``None`` where it does not
    :param kind: what backs it, where it is listed on one line: ``data``, ``image``, ``page file``, ...
    :param pages: what its prototype PTEs say, as this program lists them; likewise the two behind it
    :param extracted: the file that its pages were written to
    :param explanation: the chain in words
    """

    address: Address
    file: str
    parts: tuple[ListedStructure, ...]
    views: tuple[MappedView, ...] | None
    remarks: tuple[str, ...]
    kind: str = ""
    pages: SectionPages | None = None
    extracted: Extracted | None = None
    explanation: tuple[Explained, ...] | None = None


@record
class ControlAreaListing:
    """Control areas in the order of the text.

    :param remarks: in brackets, where there is no control area that they could belong to
    """

    areas: tuple[ListedControlArea, ...]
    remarks: tuple[str, ...] = ()


class _Part:
    def __init__(self, type: str, number: str, at: str) -> None:
        self.type, self.number, self.at = type, number, at
        self.values: dict[str, Hex | Absent] = {}
        self.flags: Hex | Absent | None = None
        self.names: tuple[str, ...] = ()

    def record(self) -> ListedStructure:
        number = int(self.number) if self.number else None
        return ListedStructure(self.type, number, address(self.at), self.values, self.flags, self.names)


class _Area:
    def __init__(self, at: str) -> None:
        self.parts = [_Part("ControlArea", "", at)]
        self.file = self.kind = ""
        self.views: list[MappedView] | None = None
        self.pages, self.extracted, self.explained = PagesLines(), ExtractedLines(), ExplainedLines()
        self.remarks: list[str] = []

    def take(self, line: str) -> bool:
        part = self.parts[-1]
        if not self._is_name_next() and (
            self.explained.take(line) or self.pages.take(line) or self.extracted.take(line)
        ):
            return True
        if found := _SUBSECTION.match(line):
            self.parts.append(_Part("Subsection", found[1], found[2]))
        elif found := _SEGMENT.match(line):
            self.parts.append(_Part("Segment", "", found[1]))
        elif found := _FLAGS.match(line):
            part.flags, part.names = value(found[1]), words(found[2])
        elif numbers := cells(_CELL, line):
            for label, text in numbers:
                # Pointers have all of their digits; other numbers may have as many.
                read = pointer(text.lower()) if len(text) >= 8 else value(text)
                if label == "Flags":
                    part.flags = read
                else:
                    part.values[_NAMES.get(label, label)] = read
        elif found := _WORDS.match(line):
            part.names = words(found[1])
        elif (found := _FILE.match(line)) and not self.file:
            self.file = found[1]
        elif _VIEWS.match(line):
            self.views = self.views or []
        elif (view := _view(line)) is not None:
            self.views = [*(self.views or ()), view]
        elif said := remark(line):
            self.remarks.append(said)
        elif self._is_name_next() and (found := _RELATIVE.match(line)):
            self.file = found[1]
        else:
            return False
        return True

    def _is_name_next(self) -> bool:
        return not self.file and len(self.parts) == 1 and self.parts[0].flags is not None

    def record(self) -> ListedControlArea:
        parts = tuple(part.record() for part in self.parts)
        views = None if self.views is None else tuple(self.views)
        remarks = (*self.pages.odd, *self.extracted.more, *self.remarks)
        return ListedControlArea(
            parts[0].address, self.file, parts, views, remarks, self.kind, self.pages.record(),
            self.extracted.record(), self.explained.record(),
        )  # fmt: skip


@kind("control-area", "ca", opens=r"[ ]*ControlArea[ ]+@ ?[0-9a-f]{8,16}\Z", rank=12)
class ControlAreaReader(Reader):
    """Takes control areas."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._areas: list[_Area] = []
        self._none = False
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _HEAD.match(line):
            self._areas.append(_Area(found[1]))
        elif found := _COMPACT.match(line):
            self._areas.append(_compact(found))
        elif self._areas:
            return self._areas[-1].take(line)
        elif line == _NONE and self.command:
            self._none = True
        elif self._none and (said := remark(line)):
            self._remarks.append(said)
        else:
            return False
        return True

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        """Say of control areas that are being deleted what that means; a listing of all has few such."""
        found = (deletion(*_deleted(area)) for area in self._areas)
        return tuple(a for a in found if a is not None)[:_MOST_REMARKS]

    def situation(self, before: Situation) -> Situation:
        """A control area that is being deleted is why threads wait for its section."""
        being = any(deletion(*_deleted(area)) is not None for area in self._areas)
        return with_fact(before, "section-being-deleted") if being else before

    def record(self) -> ControlAreaListing | None:
        if not (self._areas or self._none):
            return None
        return ControlAreaListing(tuple(area.record() for area in self._areas), tuple(self._remarks))


def _deleted(area: _Area) -> tuple[bool, Hex | Absent | None]:
    """Return whether a control area is being deleted, and its WaitingForDeletion."""
    part = area.parts[0]
    return "BeingDeleted" in part.names, part.values.get("WaitingForDeletion")


def _compact(found: re.Match[str]) -> _Area:
    area = _Area(found[1])
    area.parts[0].values = {
        "Segment": pointer(found[2]),
        "NumberOfPfnReferences": value(found[4]),
        "NumberOfMappedViews": value(found[5]),
    }
    if "?" not in found[2]:
        area.parts.append(_Part("Segment", "", found[2]))
        area.parts[-1].values = {"TotalNumberOfPtes": value(found[3])}
    area.kind, area.file = found[6], found[7]
    return area


def _view(line: str) -> MappedView | None:
    if found := _VIEW.match(line):
        return MappedView(
            "VAD", address(found[3]), pointer(found[1]), pointer(found[2]), None, pointer(found[4]),
            text_or_absent(found[5]), value(found[6]),
        )  # fmt: skip
    if found := _SYSTEM_VIEW.match(line):
        return MappedView("system", address(found[1]), None, None, value(found[2]), None, None, None)
    if found := _LINK.match(line):
        return MappedView("unknown", address(found[1]), None, None, None, None, None, None)
    return None
