"""LiME images: before each stretch of memory stands where it was."""

from __future__ import annotations

import struct

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.containers.raw import stretches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Spec


@WRITERS.add("lime")
def lime(spec: Spec, pages: Pages) -> bytes:
    """Return a LiME image of version 1."""
    out = bytearray()
    for address, data in stretches(pages):
        # magic, version, address of the first byte and of the last, reserved
        out += struct.pack("<IIQQQ", 0x4C694D45, 1, address, address + len(data) - 1, 0) + data
    return bytes(out)
