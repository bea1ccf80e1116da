"""Physical pages that a bitmap names: bitmap dumps, and the kernel summaries of older systems."""

from __future__ import annotations

from dumpwalk.memory.bitmap import BitmapMemory
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump
    from dumpwalk.formats.physical_pages import PagesFile

# 64 TB: the largest machine that Windows supports has 48 (Microsoft Learn, "Memory Limits"). It bounds what
# counting the bits of a sparse file can cost.
_MOST_BITS = 1 << 34
SIGNATURES = (b"SDMP", b"FDMP")
VALID = b"DUMP"


@record
class Stated:
    """What the header of a bitmap says.

    :param at: file offset of the bitmap
    :param bits: how many bits it has
    :param first: file offset of the first page
    :param present: how many bits are set
    :param bits_name: what the header calls these, and the next two
    """

    signature: bytes
    valid: bytes
    at: int
    bits: int
    first: int
    present: int
    bits_name: str
    first_name: str
    present_name: str


def bitmap_dump(file: PagesFile, stated: Stated) -> Dump:
    """Return the dump whose pages the bitmap names that *stated* speaks of, checked against the file."""
    where = "bitmap"
    data, first, bits = file.data, stated.first, stated.bits
    if stated.signature not in SIGNATURES or stated.valid != VALID:
        found = (stated.signature + stated.valid).decode("ascii", "backslashreplace")
        file.problem("bitmap header", f"it begins with {found}, where SDMPDUMP or FDMPDUMP stands")
    file.layout.add(file.behind_header, stated.at - file.behind_header, "bitmap header")
    if bits > _MOST_BITS:
        file.problem(where, f"{stated.bits_name} is {bits:#x}; the first {_MOST_BITS:#x} bits are read")
        bits = _MOST_BITS
    end = stated.at + -(-bits // 8)
    if first <= stated.at:
        file.problem("bitmap header", f"{stated.first_name} is {first:#x}, inside the headers: no page can be read")
        first = len(data)
    elif end > first:
        room = max(0, min(first, len(data)) - stated.at) * 8
        what = f"{stated.bits_name} is {stated.bits:#x}; there is room for {room:#x} bits before the first page"
        file.problem(where, what)
        bits = min(bits, room)
    if stated.at + -(-bits // 8) > len(data):
        bits = max(0, len(data) - stated.at) * 8
        file.problem(where, f"the file ends inside it, at {len(data):#x}: {bits:#x} of {stated.bits:#x} bits are there")
    bitmap = data[stated.at : stated.at + -(-bits // 8)]
    if len(bitmap):
        file.layout.add(stated.at, len(bitmap), where)
    memory = BitmapMemory(data, bitmap, bits, first)
    if memory.present != stated.present:
        what = f"{memory.present:#x} bits are set, which is believed; {stated.present_name} is {stated.present:#x}"
        file.problem(where, what)
    if memory.held < memory.present:
        file.cut(memory.present, memory.held, memory.first_missing())
    if bits < stated.bits:
        file.missing.append(f"memory: nothing says which pages from {bits:x} on are there")
    return file.opened(memory, memory.held, first, memory.present if first < len(data) else 0)
