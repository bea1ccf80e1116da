"""``!ca``: control areas, segments and subsections."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import elements, nth, statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.target import Target
    from dumpwalk.transcript.control_area import ControlAreaListing

# What follows from numbers that are compared; and the structures, each of which is compared for itself.
_FOLLOWS = ("address", "kind", "flag_names", "deletion", "number", "protection_name", "file_offset", "file_size")
_PARTS = ("segment", "subsections")


@compares("control-area")
def control_areas(target: Target, said: ControlAreaListing, command: str) -> Iterator[Statement | None]:
    """Compare control areas with their segments and subsections, and where they are mapped."""
    from dumpwalk.kernel.mapped_views import mapped_views
    from dumpwalk.kernel.section import control_area

    for listed in said.areas:
        area, held = listed.area, control_area(target, listed.area.address)
        yield from _area(target, area, held)
        if listed.views:
            views, _ = mapped_views(target, held)
            yield from elements(f"ControlArea {area.address} view", listed.views, views, target.machine.pointer_size)


def _area(target: Target, area: ControlArea, held: ControlArea) -> Iterator[Statement | None]:
    what, width = f"ControlArea {area.address}", target.machine.pointer_size
    yield from values(what, area, held, skip=(*_FOLLOWS, *_PARTS), pointer_size=width)
    if isinstance(area.flags, Absent):  # it is on one line, which says the kind
        kind = held.flags if isinstance(held.flags, Absent) else held.kind
        yield statement(f"{what} kind", None if area.kind == "unknown" else area.kind, kind)
    segment = area.segment
    if not isinstance(segment, Absent):
        yield from values(f"Segment {segment.address}", segment, held.segment, skip=_FOLLOWS, pointer_size=width)
    for part in area.subsections:
        there = nth(held.subsections, part.number - 1, held.problems) if part.number else "the first is 1"
        at = there if isinstance(there, (str, Absent)) else there.address
        if at == target.address(part.address):
            yield from values(f"Subsection {part.address}", part, there, skip=_FOLLOWS, pointer_size=width)
        else:
            yield statement(f"Subsection {part.number}", part.address, at, width)
