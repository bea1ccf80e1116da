"""AVML images, compressed: stretches of physical memory as snappy frames.

Layout: AVML's ``image.rs`` (the header is LiME's with another magic and
version 2; a count of compressed bytes follows each stretch) and the snappy
framing format description. Uncompressed, AVML writes LiME's own format.
"""

from __future__ import annotations

from dumpwalk.formats import FORMATS, Format, Section
from dumpwalk.formats.lime import HEADER_SIZE, MOST_RANGES, range_header
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.images import Image
    from dumpwalk.formats.images.snappy import Frame

_MAGIC = b"AVML"
_VERSION = 2
_TRAILER = 8


def _open(path: str, data: memoryview) -> Image:
    """Open the image *data*: the frames are counted, and decompressed when they are asked for.

    :raises FormatError: when the library that decompresses them is missing
    """
    from dumpwalk.formats.images import Image
    from dumpwalk.formats.images.snappy import FramedMemory, frames

    layout = range_header()
    found: list[Frame] = []
    sections: list[Section] = []
    problems: list[Problem] = []
    missing: list[str] = []
    at = ranges = 0
    while at < len(data):
        if at + HEADER_SIZE > len(data):
            missing.append(f"the file ends inside the header at {at:#x}")
            break
        head = layout.parse(bytes(data[at : at + HEADER_SIZE]))
        if head.magic != _MAGIC or head.version != _VERSION or head.end < head.start:
            problems.append(Problem("range header", f"at {at:#x} stands none of AVML; what follows is not read"))
            break
        ranges += 1
        if ranges > MOST_RANGES:
            problems.append(Problem("range header", f"there are more than {MOST_RANGES}; the rest is not read"))
            break
        start, wanted = head.start, head.end + 1 - head.start
        inside, end, why = frames(data, at + HEADER_SIZE, start, wanted)
        found += inside
        held = sum(frame.length for frame in inside)
        sections.append(Section(Hex(at + HEADER_SIZE), Hex(end - at - HEADER_SIZE), "snappy frames", Address(start)))
        if why:
            problems.append(Problem("snappy frames", why))
            missing.append(f"{wanted - held:#x} bytes of memory from {start + held:#x} on")
            break
        at = end + _TRAILER
    return Image(
        "AVML",
        len(data),
        FramedMemory(path, data, found),
        sections=tuple(sections),
        missing=tuple(missing),
        problems=tuple(problems),
    )


FORMATS.add("AVML")(Format(lambda data: data[:4] == _MAGIC, _open))
