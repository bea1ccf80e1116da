"""Control areas as ``!ca`` prints them: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.annotations.conditions import with_fact
from dumpwalk.annotations.fields import deletion
from dumpwalk.kernel.mapped_views import MappedView
from dumpwalk.kernel.section import UNKNOWN, ControlArea, kind_of, unit_of
from dumpwalk.kernel.section_deletion import Deletion, state_of
from dumpwalk.kernel.section_flags import SUBSECTION_WORDS
from dumpwalk.kernel.segment import Segment
from dumpwalk.kernel.subsection import Subsection, extent
from dumpwalk.memory.paging.software import protection_name
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.section_pages import ExplainedLines, ExtractedLines, PagesLines
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    cells,
    of_text,
    pointer,
    remark,
    text_or_absent,
    value,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import SectionPages
    from dumpwalk.memory.address import Hex

_MOST_REMARKS = 8
_HEAD = re.compile(r"[ ]*ControlArea[ ]+@ ?([0-9a-f]{8,16})\Z")
_SEGMENT = re.compile(r"[ ]*Segment @ ([0-9a-f]{8,16}):?\Z")
_SUBSECTION = re.compile(r"[ ]*Subsection ([0-9]{1,9})\.? @ ([0-9a-f]{8,16})\Z")
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
    "Flags": "flags",
}
_LABELS = (
    *("Segment", "Flink", "Blink", "PartitionId", "ControlArea", "SizeOfSegment", "BasedAddress", "ExtendInfo"),
    *("CreatingProcessId", "CreatingProcess", "FirstMappedVa", "Protection"),
    *_NAMES,
)
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _LABELS), key=len, reverse=True))
# Windows 2000's debugger puts colons behind some labels, and may leave no blank before a number.
_CELL = re.compile(rf"[ ]*({_LONGEST_FIRST}):?[ ]*(?<=[ :tCe])([0-9a-fA-F]+|\?{{4}})(?:[ ]+|\Z)")
_FLAGS = re.compile(r"[ ]*Flags \(([0-9a-f]+|\?{4})\)((?:[ ]+[A-Z]\w*)*)\Z")
# The one word behind a segment's flags that is no name of a bit: DefaultProtectionMask is not 0.
_MASK = "ProtectionMask"
_WORDS = re.compile(r"[ ]+((?:(?:ReadOnly|ReadWrite|CopyOnWrite|GlobalMemory|Accessed|Static|WriteCopy)[ ]*)+)\Z")
_BITS = {word: name for name, word in SUBSECTION_WORDS.items()}
_NO_NAME = re.compile(r"Pagefile-backed section|Section of physical memory|No [Nn]ame for [Ff]ile")
_FILE = re.compile(rf"[ ]+(?:File: )?(\\\S.*?|\?{{4}}|{_NO_NAME.pattern})\Z")
_COMPACT = re.compile(
    r"([0-9a-f]{8,16})[ ]{2}Segment ([0-9a-f]{8,16}|\?{4}(?=  Ptes \?))[ ]{2}Ptes ([0-9a-f?]+)[ ]{2}"
    r"Pfn Ref ([0-9a-f?]+)[ ]{2}Views ([0-9a-f?]+)[ ]{2}(\w+(?: \w+)?)[ ]{2}(\S.*)\Z"
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
class ListedControlArea:
    """A control area, with what of it is printed.

    :param words: what is printed in place of a file's name: ``Pagefile-backed section``
    :param segment_words: what is printed as a name of the segment's flags and is none: ``ProtectionMask``
    :param views: where it is mapped, as this program lists it; ``None`` where it does not
    :param pages: what its prototype PTEs say, as this program lists them; likewise the two behind it
    :param extracted: the file that its pages were written to
    :param explanation: the chain in words
    """

    area: ControlArea
    words: str
    segment_words: tuple[str, ...]
    views: tuple[MappedView, ...] | None
    pages: SectionPages | None
    extracted: Extracted | None
    explanation: tuple[Explained, ...] | None
    remarks: tuple[str, ...]


@record
class ControlAreaListing:
    """Control areas in the order of the text.

    :param remarks: in brackets, where there is no control area that they could belong to
    """

    areas: tuple[ListedControlArea, ...]
    remarks: tuple[str, ...] = ()


class _Part:
    """One of the structures of a section: what the text shows of its members."""

    def __init__(self, type: type[ControlArea | Segment | Subsection], at: str, **found: object) -> None:
        self.type, self.width = type, len(at)
        self.found: dict[str, Any] = {"address": address(at), **found}

    def once(self, **members: object) -> bool:
        """Take what a line shows, unless it was shown before."""
        if any(name in self.found for name in members):
            return False
        self.found |= members
        return True

    def cells(self, numbers: list[tuple[str, str]]) -> bool:
        """Take a line of labels and values; all must be members of this structure."""
        kinds, members = self.type.__annotations__, {}
        for label, text in numbers:
            name = _NAMES.get(label, label)
            if name not in kinds or name in members or len(text) > 16:
                return False
            # Where a column is a number's, zeros of a pointer may not be printed.
            is_pointer = "Address" in kinds[name]
            members[name] = pointer(text.lower().zfill(self.width)) if is_pointer else value(text)
        return self.once(**members)


class _Area:
    def __init__(self, at: str) -> None:
        self.parts = [_Part(ControlArea, at)]
        self.own = self.parts[0].found
        self.words = ""
        self.unread = NOT_SHOWN  # in place of a segment that is not printed
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
            self.parts.append(_Part(Subsection, found[2], number=int(found[1])))
        elif found := _SEGMENT.match(line):
            if any(p.type is Segment for p in self.parts):
                return False
            self.parts.append(_Part(Segment, found[1]))
        elif found := _FLAGS.match(line):
            return part.once(flags=value(found[1]), flag_names=words(found[2]))
        elif numbers := cells(_CELL, line):
            return part.cells(numbers)
        elif part.type is Subsection and (found := _WORDS.match(line)):
            return part.once(flag_names=tuple(_BITS.get(word, word) for word in words(found[1])))
        elif (found := _FILE.match(line)) and "file_name" not in self.own:
            self.named(found[1])
        elif _VIEWS.match(line):
            self.views = self.views or []
        elif (view := _view(line)) is not None:
            self.views = [*(self.views or ()), view]
        elif said := remark(line):
            self.remarks.append(said)
        elif self._is_name_next() and (found := _RELATIVE.match(line)):
            self.named(found[1])
        else:
            return False
        return True

    def _is_name_next(self) -> bool:
        return len(self.parts) == 1 and "flags" in self.own and "file_name" not in self.own

    def named(self, text: str) -> None:
        """Take what stands as, or in place of, the file's name."""
        self.words = text if _NO_NAME.fullmatch(text) else ""
        self.own["file_name"] = "" if self.words else text_or_absent(text)

    def deleted(self) -> tuple[bool, Hex | Absent | None]:
        """Return whether a control area is being deleted, and its WaitingForDeletion."""
        return "BeingDeleted" in self.own.get("flag_names", ()), self.own.get("WaitingForDeletion")

    def record(self) -> ListedControlArea:
        own = {**self._of_flags(), **self.own}
        segment, masks = self._segment()
        parts = tuple(_subsection(p.found, own["kind"]) for p in self.parts if p.type is Subsection)
        area = of_text(ControlArea, **own, segment=segment, subsections=parts)
        remarks = (*self.pages.odd, *self.extracted.more, *self.remarks)
        return ListedControlArea(
            area, self.words, masks, None if self.views is None else tuple(self.views), self.pages.record(),
            self.extracted.record(), self.explained.record(), remarks,
        )  # fmt: skip

    def _of_flags(self) -> dict[str, Any]:
        """Return what follows from the flags of a control area, and from who waits for its deletion."""
        flags, waiting = self.own.get("flags", NOT_SHOWN), self.own.get("WaitingForDeletion", NOT_SHOWN)
        bits = {} if isinstance(flags, Absent) else {"File": 0, **dict.fromkeys(self.own.get("flag_names", ()), 1)}
        shown = flags is not NOT_SHOWN
        kind = kind_of(bits, self.own.get("FilePointer", NOT_SHOWN)) if shown else ""
        waiters = waiting if isinstance(waiting, Absent) else NOT_SHOWN if waiting else 0
        return {"kind": kind, "deletion": Deletion(state_of(bits) if shown else "", waiters)}

    def _segment(self) -> tuple[Segment | Absent, tuple[str, ...]]:
        """Return the segment, and what is printed behind its flags and is no name of a bit."""
        found = next((p.found for p in self.parts if p.type is Segment), None)
        if found is None:
            return self.unread if self.own.get("Segment") is not UNREADABLE else UNREADABLE, ()
        names = found.get("flag_names", ())
        bits = tuple(name for name in names if name != _MASK)
        return of_text(Segment, **{**found, "flag_names": bits}), (_MASK,) if _MASK in names else ()


def _subsection(found: dict[str, Any], kind: str) -> Subsection:
    protection = found.get("Protection", NOT_SHOWN)
    places = found.get("StartingSector", NOT_SHOWN), found.get("NumberOfFullSectors", NOT_SHOWN)
    at: Hex | Absent = NOT_SHOWN
    size: Hex | Absent = NOT_SHOWN
    if kind not in ("", UNKNOWN):
        at, size = extent(*places, found.get("SectorEndOffset", NOT_SHOWN), unit_of(kind))
    name = "" if isinstance(protection, Absent) else protection_name(protection)
    return of_text(Subsection, protection_name=name, file_offset=at, file_size=size, **found)


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
        found = (deletion(*area.deleted()) for area in self._areas)
        return tuple(a for a in found if a is not None)[:_MOST_REMARKS]

    def situation(self, before: Situation) -> Situation:
        """A control area that is being deleted is why threads wait for its section."""
        being = any(deletion(*area.deleted()) is not None for area in self._areas)
        return with_fact(before, "section-being-deleted") if being else before

    def record(self) -> ControlAreaListing | None:
        if not (self._areas or self._none):
            return None
        return ControlAreaListing(tuple(area.record() for area in self._areas), tuple(self._remarks))


def _compact(found: re.Match[str]) -> _Area:
    area = _Area(found[1])
    area.own |= {
        "Segment": pointer(found[2]), "NumberOfPfnReferences": value(found[4]), "NumberOfMappedViews": value(found[5]),
        "kind": found[6],
    }  # fmt: skip
    if "?" in found[3]:
        area.unread = UNREADABLE
    else:
        area.parts.append(_Part(Segment, found[2], TotalNumberOfPtes=value(found[3])))
    area.named(found[7])
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
