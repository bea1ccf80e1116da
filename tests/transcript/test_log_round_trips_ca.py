"""What ``ca`` prints of any control area is read back as that control area."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, WORDS, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, each, replaced, run
from shown import Shown

from dumpwalk.commands import ca
from dumpwalk.kernel.mapped_views import MappedView
from dumpwalk.kernel.section import ControlArea
from dumpwalk.kernel.segment import Segment
from dumpwalk.kernel.subsection import Subsection
from dumpwalk.remarks import Absent
from dumpwalk.render.section import _SUBSECTION_WORDS as SUBSECTION_WORDS
from dumpwalk.render.section import name

# Members that Windows 2000's layout has and later ones do not, and the other way around.
OLD_SEGMENT = ("NonExtendedPtes", "SegmentPteTemplate", "SegmentBaseAddress", "SystemImageBase")
COUNTERS = ("FlushInProgressCount", "ModifiedWriteCount", "NumberOfSystemCacheViews")
SEGMENT, SUBSECTIONS = 1, 2


def areas(old: bool) -> Any:
    def of(wide: bool) -> Strategy:
        flags = st.lists(WORDS, max_size=4, unique=True).map(tuple)
        number = st.one_of(numbers(wide), ABSENT)
        usage = number if old else st.none()
        given = {
            "*.address": places(wide), "kind": st.sampled_from(["data", "image", "page file", "physical memory"]),
            "*.flag_names": flags, "PagedPoolUsage": usage, "NonPagedPoolUsage": usage,
            "file_name": st.one_of(paths(), names(), st.just(""), ABSENT), "subsections[].number": st.integers(1, 99),
            "segment.flag_names": st.lists(st.sampled_from(["Binary32", "Debug", "Watch"]), unique=True).map(tuple),
            "subsections[].flag_names": st.lists(
                st.sampled_from(["ReadOnly", "CopyOnWrite"] if old else [*SUBSECTION_WORDS, "Other"]), unique=True
            ).map(tuple),
            **({"NumberOfSubsections": number} if old else {}),
        }  # fmt: skip
        views = st.one_of(
            st.none(), st.lists(record_of(MappedView, wide, VIEW(wide)).map(_view), max_size=3).map(tuple)
        )
        return st.tuples(record_of(ControlArea, wide, given), views).map(
            lambda made: ca.CaAnswer((_area(made[0]),), SEGMENT | SUBSECTIONS, made[1], None, False, None, None)
        )

    return of


def _area(area: ControlArea) -> Any:
    """Return an area whose subsections have all links of a view's or none."""
    parts = [
        p if None not in (p.Flink, p.Blink) else replaced(p, Flink=None, Blink=None, NumberOfMappedViews=None)
        for p in area.subsections
    ]
    return replaced(area, subsections=tuple(parts))


def VIEW(wide: bool) -> dict[str, Strategy]:
    return {"address": places(wide), "kind": st.sampled_from(["VAD", "system", "unknown"])}


def _view(view: MappedView) -> Any:
    """Return a view with the fields of its kind."""
    if view.kind == "VAD" and view.start is not None and view.end is not None and view.process is not None:
        return replaced(view, entry=None, pid=Absent("?") if view.pid is None else view.pid)
    if view.kind == "system":
        entry = Absent("?") if view.entry is None else view.entry
        return MappedView("system", view.address, None, None, entry, None, None, None)
    return MappedView("unknown", view.address, None, None, None, None, None, None)


def as_printed(answer: ca.CaAnswer) -> Any:
    area: Any = answer.areas[0]
    old = area.PagedPoolUsage is not None
    segment = None if isinstance(area.segment, Absent) else _segment(area, area.segment, old)
    area = replaced(
        area, segment=segment, subsections=tuple(_subsection(p, old) for p in area.subsections),
        file_name=_name(area, old),
        PartitionId=None if old or area.WritableUserReferences is None else area.PartitionId,
        WritableUserReferences=None if old else area.WritableUserReferences,
        NumberOfSubsections=area.NumberOfSubsections if old else None,
        **{name: 0 if getattr(area, name) is None else getattr(area, name) for name in COUNTERS},
    )  # fmt: skip
    return replaced(answer, areas=(area,))


def _name(area: ControlArea, old: bool) -> Any:
    if not old or isinstance(area.file_name, Absent) or area.file_name:
        return area.file_name if isinstance(area.file_name, Absent) or area.file_name else name(area)
    return "Pagefile-backed section" if area.kind == "page file" else "No Name for File"


def _segment(area: ControlArea, segment: Segment, old: bool) -> Any:
    image, paged = area.kind == "image", area.kind == "page file"
    if old:
        nothing = dict.fromkeys(("ExtendInfo", "flags", "CreatingProcess", "CreatingProcessId", "FirstMappedVa"))
        zeros = (*OLD_SEGMENT, "ImageCommitment", "BasedAddress", "ImageInformation")
        made = {one: 0 if getattr(segment, one) is None else getattr(segment, one) for one in zeros}
        return replaced(segment, **nothing, **made, flag_names=(), DefaultProtectionMask=None)
    shown = [w for w in segment.flag_names if w not in ("Binary32", "ContainsDebug")]
    mask = ["ProtectionMask"] * bool(segment.DefaultProtectionMask)
    out = {**dict.fromkeys(OLD_SEGMENT), "DefaultProtectionMask": None}
    out |= {"flag_names": tuple(shown + mask) if segment.flags is not None else ()}
    out |= {
        "ExtendInfo": None if image else segment.ExtendInfo,
        "BasedAddress": segment.BasedAddress if image else None,
    }
    if image:
        commitment = 0 if segment.ImageCommitment is None else segment.ImageCommitment
        info = 0 if segment.ImageInformation is None else segment.ImageInformation
        out |= {"ImageCommitment": commitment, "ImageInformation": info}
    else:
        out |= {"ImageCommitment": None, "ImageInformation": None}
    creator = segment.CreatingProcess
    number = 0 if segment.CreatingProcessId is None else segment.CreatingProcessId
    first = 0 if segment.FirstMappedVa is None else segment.FirstMappedVa
    out |= {"CreatingProcess": creator if paged else None, "FirstMappedVa": first if paged else None}
    out |= {"CreatingProcessId": number if paged and creator is None else None}
    return replaced(segment, **out, PrototypePte=segment.PrototypePte if image or paged else None)


def _subsection(part: Subsection, old: bool) -> Any:
    shown = part.flag_names if old else tuple(w for n, w in SUBSECTION_WORDS.items() if n in part.flag_names)
    part = replaced(part, flag_names=shown, UnusedPtes=0 if part.UnusedPtes is None else part.UnusedPtes)
    if part.Flink is None or old:
        return replaced(part, Flink=None, Blink=None, NumberOfMappedViews=None)
    return replaced(part, NumberOfMappedViews=0 if part.NumberOfMappedViews is None else part.NumberOfMappedViews)


def view(found: Any) -> dict[str, Any]:
    """Lay a read control area out as the command's record is: with its segment and its subsections in it."""
    [area] = found.areas
    parts = {
        kind: [_part(p) for p in area.parts if p.type == kind] for kind in ("ControlArea", "Segment", "Subsection")
    }
    [own] = parts["ControlArea"]
    segment = parts["Segment"][0] if parts["Segment"] else None
    own |= {"segment": segment, "subsections": tuple(parts["Subsection"]), "file_name": area.file}
    return {"areas": (own,), "views": area.views, "remarks": area.remarks}


def _part(part: Any) -> dict[str, Any]:
    out = {"address": part.address, "flag_names": part.flag_names, "flags": part.flags, **part.values}
    return out | ({} if part.number is None else {"number": part.number})


def ca_case(old: bool) -> Case:
    hidden = {
        "flags": "what was asked for",
        **dict.fromkeys(("pages", "list_ptes", "extracted", "explanation"), "not asked for"),
        "problems": AT_FOOT, "areas[].problems": AT_FOOT,
        **{f"areas[].{one}": NOT_PRINTED for one in ("size", "kind", "deletion")},
        **{f"areas[].subsections[].{one}": NOT_PRINTED for one in (
            "NextSubsection", "protection_name", "file_offset", "file_size")},
    }  # fmt: skip
    command = "!ca X" if not old else "!ca Y"
    return Case(command, "control-area", areas(old), ca.layout, Shown(hidden=hidden), of=as_printed, found=view)


CASES = [ca_case(False), ca_case(True)]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
