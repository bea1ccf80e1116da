"""Dumps that hold nothing but their header."""

from __future__ import annotations

from dumpwalk.formats import Dump, Section, no_contents
from dumpwalk.formats.dump_types import DUMP_TYPES
from dumpwalk.formats.header_layout import SIZES
from dumpwalk.memory.address import Hex
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem


@DUMP_TYPES.add("0x3")
def header_only(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a dump that is a header alone."""
    return nothing_more(path, name, data, header, problems, "this dump is a header alone")


def nothing_more(path: str, name: str, data: memoryview, header: Header, problems: list[Problem], why_not: str) -> Dump:
    """Return what the header alone says of a dump whose rest is not there, or not known."""
    size = SIZES[header.pointer_size]
    nowhere = Absent("not a virtual address")
    sections = [Section(Hex(0), Hex(size), "header", nowhere)]
    if len(data) > size:
        sections.append(Section(Hex(size), Hex(len(data) - size), "not read", nowhere))
    return Dump(
        path=path,
        format=name,
        size=len(data),
        header=header,
        memory=SegmentedMemory((), why_not),
        contents=no_contents(Absent(why_not)),
        physical=Absent(why_not),
        sections=tuple(sections),
        missing=(f"memory: {why_not}",),
        problems=tuple(problems),
    )
