"""AVML images, compressed: stretches of memory in snappy frames."""

from __future__ import annotations

import struct

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.containers.raw import stretches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Spec

_FRAME = 65536
_BLOCK = 4096 * 4096  # AVML begins a new header after so much
_table: list[int] = []


@WRITERS.add("avml")
def avml(spec: Spec, pages: Pages) -> bytes:
    """Return an AVML image of version 2."""
    out = bytearray()
    for address, data in stretches(pages):
        for start in range(0, len(data), _BLOCK):
            block = data[start : start + _BLOCK]
            first = address + start
            framed = b"\xff\x06\0\0sNaPpY" + b"".join(_frames(block))
            out += struct.pack("<IIQQQ", 0x4C4D5641, 2, first, first + len(block) - 1, 0)
            out += framed + struct.pack("<Q", len(framed))
    return bytes(out)


def _frames(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _FRAME):
        piece = data[start : start + _FRAME]
        packed = _snappy(piece)
        kind = 0 if len(packed) < len(piece) else 1
        content = _checksum(piece) + (piece if kind else packed)
        yield bytes((kind,)) + len(content).to_bytes(3, "little") + content


def _snappy(data: bytes) -> bytes:
    """Return *data* compressed: pages of one value repeated are copies of their first byte, others literals."""
    out = bytearray()
    size = len(data)
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    for start in range(0, len(data), 4096):
        page = data[start : start + 4096]
        if page == page[:1] * len(page):
            out += b"\0" + page[:1]
            left = len(page) - 1
            while left:
                length = min(left, 64)
                out += bytes((length - 1 << 2 | 2, 1, 0))  # copy with an offset of two bytes
                left -= length
        else:
            out += bytes((61 << 2,)) + (len(page) - 1).to_bytes(2, "little") + page
    return bytes(out)


def _checksum(data: bytes) -> bytes:
    """Return CRC-32C, masked as the framing format says."""
    if not _table:
        for value in range(256):
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
            _table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _table[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
