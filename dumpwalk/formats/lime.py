"""LiME images: each stretch of physical memory behind a header that says its addresses.

Layout: the documentation of LiME (``lime_mem_range_header``, version 1). AVML
writes the same unless it compresses.
"""

from __future__ import annotations

from dumpwalk.formats import FORMATS, Format, Section
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats.images import Image

MAGIC = b"EMiL"  # 0x4c694d45
VERSION = 1
HEADER_SIZE = 32
# No machine has more stretches of memory than a few dozen.
MOST_RANGES = 1 << 16


def range_header() -> Any:
    """Return the construct ``Struct`` of the header before each range."""
    from construct import Bytes, Int32ul, Int64ul, Struct

    return Struct(
        "magic" / Bytes(4),
        "version" / Int32ul,
        "start" / Int64ul,
        "end" / Int64ul,  # of the last byte
        "reserved" / Int64ul,
    )


def _open(path: str, data: memoryview) -> Image:
    from dumpwalk.formats.images import Image
    from dumpwalk.memory.physical import RunMemory

    layout = range_header()
    runs: list[tuple[int, int, int]] = []
    sections: list[Section] = []
    problems: list[Problem] = []
    missing: list[str] = []
    at = 0
    while at < len(data):
        if at + HEADER_SIZE > len(data):
            missing.append(f"the file ends inside the range header at {at:#x}")
            break
        head = layout.parse(bytes(data[at : at + HEADER_SIZE]))
        if head.magic != MAGIC or head.version != VERSION or head.end < head.start:
            problems.append(Problem("range header", f"at {at:#x} stands none of LiME; what follows is not read"))
            break
        if len(runs) >= MOST_RANGES:
            problems.append(Problem("range header", f"there are more than {MOST_RANGES}; the rest is not read"))
            break
        start, end, offset = head.start, head.end + 1, at + HEADER_SIZE
        held = min(end - start, len(data) - offset)
        if held < end - start:
            missing.append(f"the file is cut: {end - start - held:#x} bytes of memory from {start + held:#x} on")
        runs.append((start, start + held, offset))
        sections.append(Section(Hex(offset), Hex(held), "physical memory", Address(start)))
        at = offset + end - start
    return Image(
        "LiME",
        len(data),
        RunMemory(data, runs),
        sections=tuple(sections),
        missing=tuple(missing),
        problems=tuple(problems),
    )


FORMATS.add("LiME")(Format(lambda data: data[:4] == MAGIC, _open))
