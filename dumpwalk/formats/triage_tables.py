"""The tables of a small memory dump: loaded and unloaded drivers, data blocks.

Sources: ntiodump.h and ntldr.h for the 64-bit layouts; the 32-bit driver
entry (0x4c bytes) was decoded from a real ARM dump of build 17134, whose
drivers it names one and all.
"""

from __future__ import annotations

import struct

from dumpwalk.formats.triage_sections import MOST_ENTRIES, NO_ADDRESS
from dumpwalk.memory.address import Hex
from dumpwalk.memory.segments import Segment
from dumpwalk.remarks import Problem
from dumpwalk.symbols.modules import Module, UnloadedModule, module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.triage_sections import Layout
    from dumpwalk.memory.machine import Machine

# DUMP_DRIVER_ENTRY: the file offset of the name, then an LDR_DATA_TABLE_ENTRY of
# which only DllBase, SizeOfImage, CheckSum and TimeDateStamp are filled in.
_DRIVER = {8: struct.Struct("<I 52x Q 8x I 52x I 4x I 4x"), 4: struct.Struct("<I 24x I 4x I 28x I I")}
DRIVER_SIZES = {width: layout.size for width, layout in _DRIVER.items()}

# DUMP_UNLOADED_DRIVERS: a count of pointer size, then entries of a UNICODE_STRING
# whose Buffer is 0, the 12 characters it stands for, start and end.
_UNLOADED = {8: struct.Struct("<H 14x 24s QQ"), 4: struct.Struct("<H 6x 24s II")}
_UNLOADED_NAME = 24

# TRIAGE_DATA_BLOCK, the same on 32-bit machines, where the address is sign-extended.
_BLOCK = struct.Struct("<QII")
BLOCK_SIZE = _BLOCK.size


class _Names:
    """The string pool: DUMP_STRING entries of a ULONG count of characters, the characters and a NUL.

    A good dump uses each byte of the pool once; a table that would use it
    over and over again is cut short, so that names never outgrow the file.
    """

    def __init__(self, pool: memoryview, offset: int) -> None:
        self.pool = pool
        self.offset = offset
        self.budget = len(pool)

    def get(self, offset: int) -> str | None:
        at = offset - self.offset
        if not 0 <= at <= len(self.pool) - 4:
            return None
        size = 2 * int.from_bytes(self.pool[at : at + 4], "little")
        if not size or size > len(self.pool) - at - 4 or size > self.budget:
            return None
        self.budget -= size
        return bytes(self.pool[at + 4 : at + 4 + size]).decode("utf-16-le", "replace").partition("\0")[0]


def read_drivers(
    table: memoryview, count: int, pool: memoryview, pool_offset: int, machine: Machine, problems: list[Problem]
) -> tuple[Module, ...]:
    """Return the loaded images in load order.

    One without a readable name is called as WinDbg calls it, ``Unknown_Module_`` and its base.
    """
    names, out, nameless, baseless = _Names(pool, pool_offset), [], 0, 0
    layout = _DRIVER[machine.pointer_size]
    for name_offset, base, size, checksum, timestamp in layout.iter_unpack(table[: count * layout.size]):
        if not base:
            baseless += 1
            continue
        address = machine.address(base)
        path = names.get(name_offset)
        if not path:
            nameless += 1
            path = f"Unknown_Module_{address}"
        out.append(module(path, address, size, timestamp, checksum))
    if nameless:
        problems.append(Problem("driver list", f"{nameless} of {count} names do not lie in the string pool"))
    if baseless:
        problems.append(Problem("driver list", f"{baseless} of {count} entries have no base address"))
    return tuple(out)


def read_unloaded(layout: Layout, offset: int, machine: Machine) -> tuple[UnloadedModule, ...]:
    """Return the images unloaded lately, in the order of the file.

    A full array of 12 characters may be the whole name or the beginning of a
    longer one; it is the whole when it ends in an extension.
    """
    if not offset:
        return ()
    width = machine.pointer_size
    entry = _UNLOADED[width]
    stated = int.from_bytes(layout.peek(offset, width), "little")
    count = min(stated, max(0, layout.room(offset) - width) // entry.size, MOST_ENTRIES)
    if count < stated:
        what = f"{stated} entries are stated; {count} are read"
        layout.problems.append(Problem("unloaded drivers", what))
    table = layout.add(offset, width + count * entry.size, "unloaded drivers")
    out = []
    for length, raw, start, end in entry.iter_unpack(table[width : width + count * entry.size]):
        name = raw[: min(length, _UNLOADED_NAME)].decode("utf-16-le", "replace").partition("\0")[0]
        cut = len(raw[:length]) >= _UNLOADED_NAME and name[-4:-3] != "."
        size = Hex(max(0, end - start))
        out.append(UnloadedModule(name, machine.address(start), machine.address(end), size, cut))
    return tuple(out)


def block_table(layout: Layout, offset: int, stated: int) -> tuple[memoryview, int]:
    """Return the bytes of the data block table and how many entries it has.

    The blocks follow their table: where the stated count can't be true, the
    offset of the first block tells where the table ends.
    """
    room = layout.room(offset)
    if offset and stated * BLOCK_SIZE > room:
        count = (int.from_bytes(layout.peek(offset + 8, 4), "little") - offset) // BLOCK_SIZE
        if 0 < count * BLOCK_SIZE <= room:
            what = f"{stated} entries are stated at {offset:#x}; there is room for {count}"
            layout.problems.append(Problem("data block table", what))
            return layout.add(offset, count * BLOCK_SIZE, "data block table"), count
    return layout.table(offset, stated, BLOCK_SIZE, "data block table")


def read_blocks(table: memoryview, count: int, layout: Layout, machine: Machine) -> list[Segment]:
    """Return the pieces of memory that the data block table lists, in its order.

    The blocks are packed without alignment. One that runs past the end of the file is cut.
    """
    data, out, bad, cut = layout.data, [], 0, 0
    limit = 1 << 8 * machine.pointer_size
    first, last = len(data), 0
    for address, offset, size in _BLOCK.iter_unpack(table[: count * BLOCK_SIZE]):
        place = machine.address(address)
        if not size or offset >= len(data) or place + size > limit:
            bad += 1
            continue
        if offset + size > len(data):
            cut += 1
            size = len(data) - offset
        out.append(Segment(place, data[offset : offset + size], "data block"))
        first, last = min(first, offset), max(last, offset + size)
    if bad or cut:
        what = f"of {count} blocks {cut} run past the end of the file, {bad} lie outside of it or are empty"
        layout.problems.append(Problem("data blocks", what))
    if out:
        layout.add(first, last - first, "data blocks", NO_ADDRESS)
    return out
