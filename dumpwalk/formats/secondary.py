"""Secondary data: blobs that drivers and the kernel hand over at a crash, behind the dump proper.

``.enumtag`` lists them in WinDbg. They begin with ``DumpBlob`` at SizeOfDump;
SecondaryDataState in the header says nothing of it. GUIDs repeat, so a blob
is known by its index; one without a GUID or without bytes is an ordinary
member of the list and does not end it.
"""

from __future__ import annotations

import struct

from dumpwalk.formats.secondary_owners import OWNERS
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.triage_sections import Layout

SIGNATURE = b"DumpBlob"
# DUMP_BLOB_FILE_HEADER and DUMP_BLOB_HEADER of ntiodump.h.
_FILE_HEADER = struct.Struct("<8s I I")
_BLOB = struct.Struct("<I 16s I I I")
# A bound for damaged files; real dumps have up to some fifty blobs.
_MOST_BLOBS = 4096


@record
class Blob:
    """A blob: where its bytes are, not the bytes.

    :param index: its place among the blobs, from 0
    :param header_offset: file offset of its header
    :param offset: file offset of its data
    :param owner: who writes blobs under this GUID
    :param description: what is in them
    """

    index: int
    guid: str
    header_offset: Hex
    offset: Hex
    size: Hex
    pre_pad: int
    post_pad: int
    owner: str | Absent
    description: str | Absent


def guid_text(raw: bytes) -> str:
    """Return the GUID in the 16 bytes *raw* as it is written.

    >>> guid_text(bytes(range(16)))
    '03020100-0504-0706-0809-0a0b0c0d0e0f'
    """
    first, second, third = struct.unpack("<IHH", raw[:8])
    return f"{first:08x}-{second:04x}-{third:04x}-{raw[8:10].hex()}-{raw[10:16].hex()}"


def read_secondary(data: memoryview, offset: int, layout: Layout) -> tuple[Blob, ...]:
    """Return the blobs that begin at file offset *offset*; none when there are none."""
    if offset + _FILE_HEADER.size > len(data) or data[offset : offset + len(SIGNATURE)] != SIGNATURE:
        return ()
    _, header_size, _ = _FILE_HEADER.unpack_from(data, offset)
    at = offset + header_size
    out: list[Blob] = []
    if header_size < _FILE_HEADER.size:
        layout.problems.append(Problem("secondary data", f"its header says it has {header_size:#x} bytes"))
        at = len(data)
    while at + _BLOB.size <= len(data) and len(out) < _MOST_BLOBS:
        header_size, guid, size, pre_pad, post_pad = _BLOB.unpack_from(data, at)
        start = at + header_size + pre_pad
        if header_size < _BLOB.size or start + size > len(data):
            what = f"the blob at {at:#x} has a header of {header_size:#x} and {size:#x} bytes; the file ends"
            layout.problems.append(Problem("secondary data", f"{what} at {len(data):#x}"))
            break
        text = guid_text(guid)
        owner, description = OWNERS.get(text) or (Absent("unknown GUID"),) * 2
        out.append(Blob(len(out), text, Hex(at), Hex(start), Hex(size), pre_pad, post_pad, owner, description))
        at = start + size + post_pad
    layout.add(offset, min(at, len(data)) - offset, "secondary data")
    return tuple(out)


def blob_bytes(data: memoryview, blob: Blob) -> bytes:
    """Return the bytes of *blob* out of the file *data*."""
    return bytes(data[blob.offset : blob.offset + blob.size])
