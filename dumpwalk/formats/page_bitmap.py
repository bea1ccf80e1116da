"""Physical pages that a bitmap names: bitmap dumps, and the kernel summaries of older systems."""

from __future__ import annotations

from dumpwalk.formats.dump_types.header_only import nothing_more
from dumpwalk.formats.physical_pages import PagesFile
from dumpwalk.memory.bitmap import BitmapMemory
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem

# 64 TB: the largest machine that Windows supports has 48 (Microsoft Learn, "Memory Limits"). It bounds what
# counting the bits of a sparse file can cost.
_MOST_BITS = 1 << 34
# 4 TB: a longer bitmap is believed only as far as the pages behind it take up as much room as it does.
_UNQUESTIONED = 1 << 30
SIGNATURES = (b"SDMP", b"FDMP")
VALID = b"DUMP"


@record
class Names:
    """What a header calls what every header of a bitmap says.

    :param bits: how many bits the bitmap has
    :param first: file offset of the first page
    :param present: how many bits are set
    """

    bits: str
    first: str
    present: str


def bitmap_dump(
    path: str, name: str, data: memoryview, header: Header, problems: list[Problem], struct: Any, names: Names
) -> Dump:
    """Return the dump whose pages a bitmap names, checked against the file.

    :param struct: construct's description of the bitmap's header, which stands between the dump header and the bitmap
    """
    file = PagesFile(path, name, data, header, problems)
    at = file.behind_header + struct.sizeof()
    if len(data) < at:
        what = f"the file is cut inside the bitmap header, at {len(data):#x}"
        file.problem("bitmap header", what)
        return nothing_more(path, name, data, header, problems, what)
    raw = struct.parse(bytes(data[file.behind_header : at]))
    stated, first, present = raw[names.bits], raw[names.first], raw[names.present]
    where = "bitmap"
    bits = stated
    if raw.Signature not in SIGNATURES or raw.ValidDump != VALID:
        found = (raw.Signature + raw.ValidDump).decode("ascii", "backslashreplace")
        file.problem("bitmap header", f"it begins with {found}, where SDMPDUMP or FDMPDUMP stands")
    file.layout.add(file.behind_header, at - file.behind_header, "bitmap header")
    most = max(_UNQUESTIONED, min(_MOST_BITS, 8 * (len(data) - first)))
    if bits > most:
        file.problem(where, f"{names.bits} is {bits:#x}; the first {most:#x} bits are read")
        bits = most
    end = at + -(-bits // 8)
    if first <= at:
        file.problem("bitmap header", f"{names.first} is {first:#x}, inside the headers: no page can be read")
        first = len(data)
    elif end > first:
        room = max(0, min(first, len(data)) - at) * 8
        what = f"{names.bits} is {stated:#x}; there is room for {room:#x} bits before the first page"
        file.problem(where, what)
        bits = min(bits, room)
    if at + -(-bits // 8) > len(data):
        bits = max(0, len(data) - at) * 8
        file.problem(where, f"the file ends inside it, at {len(data):#x}: {bits:#x} of {stated:#x} bits are there")
    bitmap = data[at : at + -(-bits // 8)]
    if len(bitmap):
        file.layout.add(at, len(bitmap), where)
    memory = BitmapMemory(data, bitmap, bits, first)
    if memory.present != present:
        what = f"{memory.present:#x} bits are set, which is believed; {names.present} is {present:#x}"
        file.problem(where, what)
    if memory.held < memory.present:
        file.cut(memory.present, memory.held, memory.first_missing())
    if bits < stated:
        file.missing.append(f"memory: nothing says which pages from {bits:x} on are there")
    return file.opened(memory, memory.held, first, memory.present if first < len(data) else 0)
