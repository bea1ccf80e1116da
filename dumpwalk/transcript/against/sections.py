"""``!ca``: control areas, segments and subsections."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.target import Target
    from dumpwalk.transcript.control_area import ControlAreaListing, ListedStructure

# What is printed in place of a name.
_NO_NAME = ("Pagefile-backed section", "Section of physical memory", "No name for file", "No Name for File", "????")


@compares("control-area")
def control_areas(target: Target, said: ControlAreaListing, command: str) -> Iterator[Statement | None]:
    """Compare control areas with their segments and subsections."""
    from dumpwalk.kernel.section import control_area

    for area in said.areas:
        held = control_area(target, area.address)
        for part in area.parts:
            yield from _part(target, part, held)
        if area.file and area.file not in _NO_NAME:
            yield statement(f"ControlArea {area.address} file", area.file, held.file_name)


def _part(target: Target, part: ListedStructure, area: ControlArea) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    what = f"{part.type} {part.address}"
    if part.type == "ControlArea":
        held: Any = area
    elif part.type == "Segment":
        yield statement(f"ControlArea {area.address} Segment", part.address, area.Segment, width)
        held = area.segment
    else:
        held = next((s for s in area.subsections if s.address == target.address(part.address)), None)
        if held is None:
            places = tuple(s.address for s in area.subsections)
            where = f"Subsection {part.number}"
            there = places[part.number - 1] if part.number and part.number <= len(places) else Absent("there is none")
            yield statement(where, part.address, there, width)
            return
    type = {"ControlArea": "_CONTROL_AREA", "Segment": "_SEGMENT"}.get(part.type, "_SUBSECTION")
    yield from values(what, part.values, held, target.object(type, part.address), pointer_size=width)
    yield statement(f"{what} flags", part.flags, getattr(held, "flags", held), width)
