"""Kernel crash dumps as Windows writes them, ``PAGEDUMP`` (32-bit) and ``PAGEDU64`` (64-bit).

What the file holds behind its header depends on ``DumpType``; small memory
dumps go on in :mod:`dumpwalk.formats.triage`.
"""

from __future__ import annotations

from dumpwalk.formats import FORMATS, Dump, Format, Section, no_contents
from dumpwalk.formats.header import read_header
from dumpwalk.formats.header_layout import SIZES
from dumpwalk.formats.header_names import dump_type_name
from dumpwalk.memory.address import Hex
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem

TRIAGE = 4


def _open(path: str, data: memoryview, pointer_size: int) -> Dump:
    """Open the crash dump *data*.

    :raises FormatError: when it is shorter than its header
    """
    header, problems = read_header(path, data, pointer_size)
    name = (header.Signature + header.ValidDump)[:8]
    if header.DumpType == TRIAGE:
        from dumpwalk.formats.triage import open_triage

        return open_triage(path, name, data, header, problems)
    return _header_only(path, name, data, header, problems)


def _header_only(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Return what the header alone says of a dump whose pages are not read."""
    size = SIZES[header.pointer_size]
    why_not = f"the pages of a dump of type {int(header.DumpType):#x} ({dump_type_name(header.DumpType)})"
    why_not += " are not read yet"
    nowhere = Absent("not a virtual address")
    sections = [Section(Hex(0), Hex(size), "header", nowhere)]
    if len(data) > size:
        sections.append(Section(Hex(size), Hex(len(data) - size), "pages", nowhere))
    return Dump(
        path=path,
        format=name,
        size=len(data),
        header=header,
        memory=SegmentedMemory((), why_not),
        contents=no_contents(Absent(why_not)),
        sections=tuple(sections),
        missing=(f"memory: {why_not}",),
        problems=tuple(problems),
    )


def _format(signature: bytes, pointer_size: int) -> Format:
    return Format(
        recognises=lambda data: data[:8] == signature,
        open=lambda path, data: _open(path, data, pointer_size),
    )


FORMATS.add("PAGEDUMP")(_format(b"PAGEDUMP", 4))
FORMATS.add("PAGEDU64")(_format(b"PAGEDU64", 8))
