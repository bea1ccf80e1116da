"""The chain from a file object to its pages, told in sentences with the values of one control area.

What is said of who owns what, and of deletion, follows what a driver developer published in August and September 2016
("File mapping and FILE_OBJECT in Windows", "FileObjects and SectionObjectPointer in Windows").
"""

from __future__ import annotations

from dumpwalk.kernel.pitfalls import told
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.section_pages import SectionPages
    from dumpwalk.kernel.subsection import Subsection

_DELETION = "control-area-deletion"


@record
class Explained:
    """What one link of the chain means here.

    :param subject: the structure or the member
    :param text: a few sentences
    """

    subject: str
    text: str


def explained(area: ControlArea, pages: SectionPages | None = None) -> tuple[Explained, ...]:
    """Return the chain of *area* in sentences.

    :param pages: what its prototype PTEs say
    """
    parts = [*_file(area), _control_area(area), _counts(area), _segment(area), *_subsections(area)]
    if pages is not None:
        parts.append(_ptes(area, pages))
    return (*parts, _deletion(area))


def _hex(value: object) -> str:
    return "????" if value is None or isinstance(value, Absent) else f"{value:x}"


def _file(area: ControlArea) -> Iterator[Explained]:
    if area.kind == "unknown":
        text = "u and FilePointer can't be read, so what backs this section is not known."
        if not isinstance(area.FilePointer, Absent):
            text = f"FilePointer leads to {_hex(area.FilePointer)}; whether this is its data or image is not known."
        yield Explained("FILE_OBJECT", text)
        return
    if area.kind not in ("data", "image"):
        backing = "the page file" if area.kind == "page file" else "physical memory itself"
        text = f"No file is behind this section: {backing} backs it, and FilePointer is null."
        yield Explained("FILE_OBJECT", text)
        return
    member = "ImageSectionObject" if area.kind == "image" else "DataSectionObject"
    name = "a file whose name can't be read" if isinstance(area.file_name, Absent) else area.file_name or "(no name)"
    yield Explained(
        "FILE_OBJECT",
        f"{_hex(area.FilePointer)} is the file object that Mm itself keeps a reference to, for paging I/O: {name}. "
        "FilePointer holds its address with a count of cached references in the low bits. Other opens of the same "
        "stream have file objects of their own.",
    )
    yield Explained(
        "SECTION_OBJECT_POINTERS",
        "All file objects of one stream point to one such structure. The file system allocates it, with its control "
        "block of the stream, and sets SectionObjectPointer when a file is opened; Mm alone writes DataSectionObject "
        f"and ImageSectionObject, the cache manager SharedCacheMap. This control area is the {member}.",
    )


def _control_area(area: ControlArea) -> Explained:
    kinds = {
        "data": "the file mapped as data: for the cache and for views of the file, whose units are pages of 4096 bytes",
        "image": "the file mapped as an image, section by section of its PE header; sectors of 512 bytes",
        "page file": "shared memory that lives in the page file once it leaves memory",
        "physical memory": "a section of physical memory",
        "unknown": "a section, of what can't be told without u",
    }
    flags = f" Its flags are {', '.join(area.flag_names)}." if area.flag_names else ""
    text = (
        f"{_hex(area.address)} is Mm's own record of {kinds[area.kind]}. All processes and the cache share it.{flags}"
    )
    return Explained("CONTROL_AREA", text)


def _counts(area: ControlArea) -> Explained:
    return Explained(
        "counts",
        f"NumberOfSectionReferences {_hex(area.NumberOfSectionReferences)}: section objects and the cache map that "
        f"hold it. NumberOfMappedViews {_hex(area.NumberOfMappedViews)}: ranges of addresses that show it, the cache's "
        f"included. NumberOfUserReferences {_hex(area.NumberOfUserReferences)}: those of both that user mode holds. "
        f"NumberOfPfnReferences {_hex(area.NumberOfPfnReferences)}: pages that are in memory for it, standby pages "
        "too. When the first two are 0 nothing uses it any more; while pages are left, or the file may be opened "
        "again, Mm keeps it as a cache until memory is short or somebody purges it.",
    )


def _segment(area: ControlArea) -> Explained:
    segment = area.segment
    if isinstance(segment, Absent):
        return Explained("SEGMENT", f"It can't be read: {segment.reason}.")
    size = segment.SizeOfSegment
    length = "????" if isinstance(size, Absent) else f"{int(size):,} bytes"
    back = "its control area" if segment.ControlArea == area.address else f"{_hex(segment.ControlArea)}, which is wrong"
    return Explained(
        "SEGMENT",
        f"{_hex(segment.address)} says how large the section is: {length}, {_hex(segment.TotalNumberOfPtes)} prototype "
        f"PTEs, {_hex(segment.NumberOfCommittedPages)} of them charged as committed. It points back to {back}. "
        "Segments lie in paged pool, control areas in nonpaged pool.",
    )


def _subsections(area: ControlArea) -> Iterator[Explained]:
    many = len(area.subsections)
    on = "" if isinstance(area.size, Absent) else f", {area.size:#x} bytes on"
    if not many:
        text = f"None was found. The first should lie right behind the control area{on}."
        yield Explained("SUBSECTION", text)
        return
    first = f"The first of {many} lies" if many != 1 else "The only one lies"
    text = f"{first} right behind the control area{on}; NextSubsection links those that follow. "
    text += "Each is a stretch of the file with an array of prototype PTEs at SubsectionBase. "
    text += " ".join(_one(part, area.kind) for part in area.subsections[:8])
    if many > 8:
        text += f" And {many - 8} more."
    yield Explained("SUBSECTION", text)


def _one(part: Subsection, kind: str) -> str:
    count = _hex(part.PtesInSubsection)
    base = part.SubsectionBase
    array = "no prototype PTEs are made yet" if not isinstance(base, Absent) and not base else f"array at {_hex(base)}"
    where = f", from file offset {_hex(part.file_offset)}" if kind in ("data", "image") else ""
    return f"{_hex(part.address)}: {count} pages{where}, {array}, protection {part.protection_name or '????'}."


def _ptes(area: ControlArea, pages: SectionPages) -> Explained:
    found = pages.coverage
    backing = {"data": "the file", "image": "the file", "unknown": "its backing"}.get(area.kind, "the page file")
    return Explained(
        "prototype PTEs",
        "The PTEs of a view begin invalid and point here; the page fault of the first access follows that, reads the "
        f"page from {backing} if need be, and makes the view's PTE valid. So all views share one page. Of "
        f"{found.pages:,} pages {found.in_dump + found.not_in_dump:,} are in memory ({found.not_in_dump:,} of them "
        f"left out of this dump), {found.in_file:,} are in the file only, {found.paged_out:,} in a page file, "
        f"{found.zero:,} have nothing yet, {found.unreadable:,} can't be told.",
    )


def _deletion(area: ControlArea) -> Explained:
    text = deletion_told(area.deletion.state, area.deletion.waiters, area.WaitingForDeletion)
    return Explained("deletion", f"{text} {told(_DELETION, 'pointers')}" if area.kind in ("data", "image") else text)


def deletion_told(state: str, waiters: int | Absent, waiting_for_deletion: int | Absent | None) -> str:
    """Return what the state of a control area's deletion means.

    :param state: as :class:`dumpwalk.kernel.section_deletion.Deletion` has it
    :param waiters: how many wait until it is over
    """
    waiting = "how many wait is not known" if isinstance(waiters, Absent) else f"{waiters} wait for it"
    if state == "being deleted":
        return told(_DELETION, "deleting", waiting=waiting, at=_hex(waiting_for_deletion))
    if state == "stable":
        nobody = not (isinstance(waiters, Absent) or waiters)
        return told(_DELETION, "stable") if nobody else told(_DELETION, "unflagged", waiting=waiting)
    if state == "unknown":
        return told(_DELETION, "unknown", waiting=waiting)
    return told(_DELETION, "changing", state=state, waiting=waiting)
