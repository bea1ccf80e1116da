"""What ``ca`` prints of any control area is read back as that one: equal as a whole, but for what is hidden."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, as_read, each, replaced, run
from shown import Shown

from dumpwalk.commands import ca
from dumpwalk.kernel.mapped_views import MappedView
from dumpwalk.kernel.section import UNKNOWN, ControlArea, kind_of, unit_of
from dumpwalk.kernel.section_deletion import Deletion, state_of
from dumpwalk.kernel.section_flags import SUBSECTION_WORDS
from dumpwalk.kernel.segment import Segment
from dumpwalk.kernel.subsection import Subsection, extent
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.paging.software import protection_name
from dumpwalk.remarks import Absent
from dumpwalk.render.section import name
from dumpwalk.transcript.control_area import ListedControlArea
from dumpwalk.transcript.values import NOT_SHOWN

SEGMENT, SUBSECTIONS = 1, 2
WHOLE = Shown(hidden={"": "compared as a whole"})
BITS = ("BeingDeleted", "BeingPurged", "Image", "File", "PhysicalMemory", "Commit", "WasPurged", "Accessed", "Other")

# Members that a text does not show, by its layout.
HIDDEN = {
    "size": NOT_PRINTED, "problems": AT_FOOT, "subsections[].NextSubsection": NOT_PRINTED,
    "segment.DefaultProtectionMask": "a word says that it is not 0",
}  # fmt: skip
OLD_SEGMENT = ("NonExtendedPtes", "SegmentPteTemplate", "SegmentBaseAddress", "SystemImageBase")
_PAGE_FILE = ("CreatingProcess", "CreatingProcessId", "FirstMappedVa")
_IMAGE = ("BasedAddress", "ImageCommitment", "ImageInformation")
OF_2000 = dict.fromkeys(
    (
        *("PartitionId", "WritableUserReferences"),
        *(f"segment.{one}" for one in ("ExtendInfo", "flags", "flag_names", *_PAGE_FILE)),
        *(f"subsections[].{one}" for one in ("Flink", "Blink", "NumberOfMappedViews")),
    ),
    "Windows 2000 has none",
)
OF_LATER = dict.fromkeys(
    ("NumberOfSubsections", *(f"segment.{one}" for one in OLD_SEGMENT)), "later debuggers do not print it"
)
# Members of the segment that later debuggers print of some kinds of sections.
OF_KINDS = {
    "image": ("ExtendInfo", *_PAGE_FILE),
    "page file": _IMAGE,
    "": (*_IMAGE, *_PAGE_FILE, "PrototypePte"),
}
# Where this build has none, the layouts print 0.
ZEROS = {
    ControlArea: ("FlushInProgressCount", "ModifiedWriteCount", "NumberOfSystemCacheViews"),
    Segment: (*OLD_SEGMENT, "ImageCommitment", "ImageInformation", "FirstMappedVa"),
    Subsection: ("UnusedPtes",),
}


def in_order(bits: list[str]) -> tuple[str, ...]:
    return tuple(sorted(bits, key=[*SUBSECTION_WORDS, "Other"].index))


def areas(old: bool) -> Any:
    """Return what makes answers about one control area, as the kernel's walk makes it.

    :param old: of Windows 2000
    """

    def of(wide: bool) -> Strategy:
        number = st.one_of(numbers(wide), ABSENT)
        usage = number if old else st.none()
        given = {
            "*.address": places(wide), "size": st.integers(0x30, 0x100), "PagedPoolUsage": usage,
            "NonPagedPoolUsage": usage, "flag_names": st.lists(st.sampled_from(BITS), unique=True).map(tuple),
            "file_name": st.one_of(paths(), names(), st.just(""), ABSENT), "subsections[].number": st.integers(1, 99),
            "segment.flag_names": st.lists(st.sampled_from(["Binary32", "Debug", "Watch"]), unique=True).map(tuple),
            "segment.DefaultProtectionMask": st.one_of(st.none(), numbers(False)),
            "subsections[].flag_names": st.lists(
                st.sampled_from(["ReadOnly", "CopyOnWrite"] if old else [*SUBSECTION_WORDS, "Other"]), unique=True
            ).map(in_order),
            **({"NumberOfSubsections": number} if old else {}),
        }  # fmt: skip
        views = st.one_of(
            st.none(), st.lists(record_of(MappedView, wide, VIEW(wide)).map(_view), max_size=3).map(tuple)
        )
        return st.tuples(record_of(ControlArea, wide, given).map(_area), views).map(
            lambda made: ca.CaAnswer((made[0],), SEGMENT | SUBSECTIONS, made[1], None, False, None, None)
        )

    return of


def _area(area: ControlArea) -> Any:
    """Return a control area with what the kernel's walk makes of its numbers and pointers."""
    bits = {} if isinstance(area.flags, Absent) else {"File": 0, **dict.fromkeys(area.flag_names, 1)}
    kind = kind_of(bits, area.FilePointer)
    waiting = area.WaitingForDeletion
    waiters = waiting if isinstance(waiting, Absent) else area.deletion.waiters if waiting else 0
    segment = area.segment
    if isinstance(segment, Segment):
        known = segment.flags is not None and not isinstance(segment.flags, Absent)
        mask = {} if known else {"flag_names": (), "DefaultProtectionMask": None}
        segment = replaced(segment, address=area.Segment, **mask) if area.Segment else Absent("a null pointer")
    return replaced(
        area, kind=kind, flag_names=area.flag_names if bits else (), deletion=Deletion(state_of(bits), waiters),
        segment=area.Segment if isinstance(area.Segment, Absent) else segment,
        subsections=tuple(_subsection(part, unit_of(kind)) for part in area.subsections),
    )  # fmt: skip


def _subsection(part: Subsection, unit: int) -> Any:
    if isinstance(part.flags, Absent):
        nothing = dict.fromkeys(("Protection", "SectorEndOffset"), part.flags)
        part = replaced(part, flag_names=(), **nothing)
    elif isinstance(part.Protection, Absent) or isinstance(part.SectorEndOffset, Absent):
        part = replaced(part, Protection=part.flags, SectorEndOffset=part.flags)
    if None in (part.Flink, part.Blink, part.NumberOfMappedViews):  # it has all of a view's or none
        part = replaced(part, Flink=None, Blink=None, NumberOfMappedViews=None)
    at, size = extent(part.StartingSector, part.NumberOfFullSectors, part.SectorEndOffset, unit)
    protection = "" if isinstance(part.Protection, Absent) else protection_name(part.Protection)
    return replaced(part, file_offset=at, file_size=size, protection_name=protection)


def VIEW(wide: bool) -> dict[str, Strategy]:
    return {"address": places(wide), "kind": st.sampled_from(["VAD", "system", "unknown"])}


def _view(view: MappedView) -> Any:
    """Return a view with the fields of its kind."""
    if view.kind == "VAD" and None not in (view.start, view.end, view.process, view.image):
        return replaced(view, entry=None, pid=Absent("?") if view.pid is None else view.pid)
    if view.kind == "system":
        entry = Absent("?") if view.entry is None else view.entry
        return MappedView("system", view.address, None, None, entry, None, None, None)
    return MappedView("unknown", view.address, None, None, None, None, None, None)


def listed(answer: ca.CaAnswer, flags: int = SEGMENT | SUBSECTIONS) -> ListedControlArea:
    """Return the one control area of an answer as its text says it, what is at the foot aside."""
    area: Any = answer.areas[0]
    old = area.PagedPoolUsage is not None
    segment = area.segment if flags & SEGMENT and isinstance(area.segment, Segment) else None
    mask = segment is not None and not old and bool(segment.DefaultProtectionMask)
    views = None if answer.views is None else as_read(answer.views, ())
    return ListedControlArea(
        _as_read(area, flags, old), _words(area, old), ("ProtectionMask",) if mask else (), views,
        answer.pages, answer.extracted, answer.explanation, (),
    )  # fmt: skip


def _words(area: ControlArea, old: bool) -> str:
    """Return what is printed where a file has no name."""
    if area.file_name != "" or (area.kind == UNKNOWN and not old):
        return ""
    return "No Name for File" if old and area.kind != "page file" else name(area)


def _as_read(area: Any, flags: int, old: bool) -> Any:
    hidden = {**HIDDEN, **(OF_2000 if old else OF_LATER)}
    if not old:
        not_of_it = OF_KINDS.get(area.kind, OF_KINDS[""])
        hidden |= {f"segment.{one}": f"not of what is of kind {area.kind!r}" for one in not_of_it}
        if area.WritableUserReferences is None:
            hidden["PartitionId"] = "it stands behind WritableUserReferences"
    if area.WaitingForDeletion and not isinstance(area.WaitingForDeletion, Absent):
        hidden["deletion.waiters"] = "where the list of them begins is printed"
    if area.kind == UNKNOWN:
        hidden |= {f"subsections[].{one}": "the unit is not known" for one in ("file_offset", "file_size")}
        if not old and area.file_name == "":
            area = replaced(area, file_name=Absent("????"))
    segment: Any = area.segment if flags & SEGMENT or isinstance(area.Segment, Absent) else NOT_SHOWN
    if isinstance(segment, Segment):
        segment = _zeros(segment)
        shown = tuple(bit for bit in segment.flag_names if bit != "Binary32")
        process = NOT_SHOWN if segment.CreatingProcess is not None else segment.CreatingProcessId
        process = Hex(0) if process is None else process
        based = Address(0) if old and segment.BasedAddress is None else segment.BasedAddress
        segment = replaced(segment, flag_names=shown, CreatingProcessId=process, BasedAddress=based)
    elif not isinstance(area.Segment, Absent):
        segment = NOT_SHOWN  # no line says whether it was asked for
    parts = area.subsections if flags & SUBSECTIONS else ()
    area = replaced(_zeros(area), segment=segment, subsections=tuple(_part_shown(part) for part in parts))
    return as_read(area, hidden, none=())


def _part_shown(part: Subsection) -> Any:
    """Return a subsection with the bits that there are words for."""
    return replaced(_zeros(part), flag_names=tuple(bit for bit in SUBSECTION_WORDS if bit in part.flag_names))


def _zeros(found: Any) -> Any:
    return replaced(found, **{one: Hex(0) for one in ZEROS[type(found)] if getattr(found, one) is None})


def ca_case(old: bool) -> Case:
    command = "!ca X" if not old else "!ca Y"
    return Case(
        command, "control-area", areas(old), ca.layout, WHOLE, least=0,
        found=lambda found: {"remarks": found.areas[0].remarks},
        same=lambda found, answer: ([replaced(a, remarks=()) for a in found.areas], [listed(answer)]),
    )  # fmt: skip


CASES = [ca_case(False), ca_case(True)]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
