"""Virtual memory: a physical memory seen through page tables."""

from __future__ import annotations

import struct
from sys import byteorder

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.memory.paging.translation import LARGE, RESERVED, VALID, NothingInSoftware, TableEntry, Translation
from dumpwalk.memory.physical import MOST_READ, PAGE, TOO_MUCH
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.paging.modes import Level, Mode
    from dumpwalk.memory.paging.translation import SoftwareEntries
    from dumpwalk.memory.physical import PhysicalMemory

# Last-level tables and large pages found so far. Each costs about 200 bytes; then it starts afresh.
_MOST_CACHED = 65536
# In place of a large page's base: there is no page, or one must look at each entry.
_NONE, _PARTIAL = -1, -2


class VirtualMemory:
    """An address space: *physical* memory through the page tables that begin at *root*.

    Nothing is read before it is asked for. What was found of the upper levels
    is kept, so that most translations look at one entry.

    :param root: what the root register holds (CR3, ``DirectoryTableBase``)
    :param software: what the operating system means by entries that are not valid

    :ivar root: physical address of the root table
    """

    def __init__(
        self, physical: PhysicalMemory, mode: Mode, root: int, software: SoftwareEntries | None = None
    ) -> None:
        self.physical = physical
        self.mode = mode
        self.root = root & mode.root
        self.software = software or NothingInSoftware()
        last, above = mode.levels[-1], mode.levels[-2]
        self._shift = above.shift  # what a last-level table spans: 2 MB, or 4 MB on x86 without PAE
        self._in_large = (1 << above.shift) - 1
        self._last_index = (1 << last.bits) - 1
        self._marks = mode.page_marks
        self._frame = mode.frame
        self._offset = physical.place
        # To slice a mapped file is a quarter faster than to slice a view of it.
        file: Any = physical.data.obj
        sliced = physical.whole and len(file) == len(physical.data) and isinstance(file[:0], bytes)
        self._file: Any = file if sliced else None
        self._known: dict[int, Any] = {}
        self._class: type[Address] = Address32 if mode.width == 32 else Address

    def with_root(self, root: int) -> VirtualMemory:
        """Return another address space of the same machine, such as a process's."""
        return VirtualMemory(self.physical, self.mode, root, self.software)

    def address(self, value: int) -> Address:
        """Return *value* as an address of this machine."""
        return self._class(value & 0xFFFFFFFFFFFFFFFF)

    # -- translating

    def find(self, address: int) -> int:
        """Return the physical address behind *address*; -1 when there is none in memory."""
        try:
            known = self._known[address >> self._shift]
        except KeyError:
            known = self._look_up(address)
        if type(known) is int:
            if known >= 0:
                return known + (address & self._in_large)
            return -1 if known == _NONE else self._find_slowly(address)
        entry: int = known[address >> 12 & self._last_index]
        marks = self._marks
        if entry & marks == marks:
            return (entry & self._frame) | (address & 0xFFF)
        if entry & 1:
            return -1  # reserved
        base = self.software.resolve(self, address, entry, self.mode.levels[-1]).base
        return base | (address & 0xFFF) if base >= 0 else -1

    def _look_up(self, address: int) -> Any:
        """Return what :attr:`_known` shall hold for *address*.

        That is the last-level table as a view of its entries, the base of a large
        page, ``_NONE``, or ``_PARTIAL`` where only some of the table is there.
        """
        found: Any = _NONE
        if address == self.mode.canonical(address):
            base = self.root
            for level in self.mode.levels[:-1]:
                entry = self._entry(base, level, address)
                if entry is None:
                    break
                if not entry & 1:
                    base = self.software.resolve(self, address, entry, level).base
                    if base < 0:
                        break
                elif self.mode.is_reserved(level, entry):
                    break
                elif self.mode.is_large(level, entry):
                    # As if the page were of the size that a last-level table spans: 1 GB pages come in pieces.
                    large = self.mode.large_base(level, entry)
                    found = large + (address & (1 << level.shift) - 1 & ~self._in_large)
                    break
                else:
                    base = entry & self.mode.frame
            else:
                found = self._table(base)
        if found.__class__ is int and found < 0 and not self.software.settled:
            return found  # it may say something else later
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[address >> self._shift] = found
        return found

    def _table(self, base: int) -> Any:
        size = (self._last_index + 1) * self.mode.entry_size
        if self.physical.whole:
            offset = self.physical.place(base)
            table = self.physical.data[offset : offset + size]
            if offset < 0 or len(table) < size:
                return _NONE
        else:
            table = memoryview(self.physical.read_some(base, size))
            if len(table) < size:
                return _PARTIAL
        kind = "Q" if self.mode.entry_size == 8 else "I"
        if byteorder == "little":
            return table.cast(kind)  # type: ignore[call-overload]  # no copy, however many there are
        return struct.unpack(f"<{self._last_index + 1}{kind}", table)

    def _find_slowly(self, address: int) -> int:
        found = self.translate(address).physical
        return -1 if isinstance(found, Absent) else int(found)

    def _place(self, base: int, level: Level, address: int) -> int:
        """Return the physical address of the entry for *address* in the table of *level* at *base*."""
        return base + (address >> level.shift & (1 << level.bits) - 1) * self.mode.entry_size

    def _entry(self, base: int, level: Level, address: int) -> int | None:
        offset = self.physical.place(self._place(base, level, address))
        if offset < 0:
            return None
        return int.from_bytes(self.physical.data[offset : offset + self.mode.entry_size], "little")

    def translate(self, address: int) -> Translation:
        """Return where *address* leads, step by step. Nothing is raised: what stops the walk is in the answer."""
        entries: list[TableEntry] = []

        def answer(physical: Hex | Absent, size: int = 0) -> Translation:
            return Translation(
                self.address(address), self.mode.name, Hex(self.root), tuple(entries), physical, Hex(size)
            )

        if address != self.mode.canonical(address):
            return answer(
                Absent(f"not canonical: bits from {self.mode.width} up do not repeat bit {self.mode.width - 1}")
            )
        base = self.root
        for level in self.mode.levels:
            place = Hex(self._place(base, level, address))
            entry = self._entry(base, level, address)
            if entry is None:
                return answer(Absent(f"{level.name} at {place}: page {place >> 12:x} is not in the dump"))
            if not entry & 1:
                resolved = self.software.resolve(self, address, entry, level)
                entries += [TableEntry(level.name, place, Hex(entry), resolved.state), *resolved.via]
                if resolved.base < 0:
                    return answer(Absent(resolved.reason))
                base = resolved.base
                if level is self.mode.levels[-1]:
                    return answer(Hex(base | (address & 0xFFF)), PAGE)
                continue
            if self.mode.is_reserved(level, entry):
                entries.append(TableEntry(level.name, place, Hex(entry), RESERVED))
                return answer(Absent(f"{level.name} is reserved: no processor takes such bits"))
            large = self.mode.is_large(level, entry)
            entries.append(TableEntry(level.name, place, Hex(entry), LARGE if large and level.shift > 12 else VALID))
            if large:
                size = 1 << level.shift
                return answer(Hex(self.mode.large_base(level, entry) + (address & size - 1)), size)
            base = entry & self.mode.frame
        raise AssertionError("the last level maps pages")

    # -- reading

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes at *address*.

        :raises ReadError: saying at which level and why, for the first byte that is missing
        """
        if 0 < size <= PAGE - (address & 0xFFF) and self._file is not None:
            found = self.find(address)
            if found >= 0:
                offset = self._offset(found)
                if offset >= 0:
                    page: bytes = self._file[offset : offset + size]
                    return page
        data = self.read_some(address, size)
        if len(data) < size:
            missing = address + len(data)
            reason = TOO_MUCH if len(data) >= MOST_READ else self.why_not(missing)
            raise ReadError(self.address(missing), size - len(data), reason)
        return data

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at *address* as far as they are there without a gap, at most *size* and 1 GB."""
        out: list[bytes | memoryview] = []
        size = min(size, MOST_READ)
        while size > 0:
            found = self.find(address)
            if found < 0:
                break
            known = self._known.get(address >> self._shift)
            if type(known) is int or known is None or not self.physical.whole:
                room = PAGE - (address & 0xFFF)
                if type(known) is int and known >= 0:
                    room = self._in_large + 1 - (address & self._in_large)
                room = min(size, room)
                piece = self.physical.read_some(found, room)
                out.append(piece)
                got = len(piece)
            else:
                room = min(size, self._in_large + 1 - (address & self._in_large))
                got = self._read_pages(known, address, room, out)
            if got < room:
                break
            address += room
            size -= room
        return b"".join(out)

    def _read_pages(self, table: Any, address: int, size: int, out: list[bytes | memoryview]) -> int:
        """Append to *out* the pages from *address* on that *table* maps; return how many bytes they are.

        Pages that follow each other in the file are copied together.
        """
        data, place, frame, marks = self.physical.data, self._offset, self._frame, self._marks
        begin = end = done = 0
        index = address >> 12 & self._last_index
        for entry in table[index : index + (size + (address & 0xFFF) + PAGE - 1 >> 12)]:
            found = entry & frame | address & 0xFFF if entry & marks == marks else self.find(address)
            offset = place(found) if found >= 0 else -1
            if offset < 0:
                break
            if offset != end:
                out.append(data[begin:end])
                begin = offset
            room = min(size - done, PAGE - (address & 0xFFF))
            end = offset + room
            address += room
            done += room
        out.append(data[begin:end])
        return done

    def why_not(self, address: int) -> str:
        """Return why the byte at *address* can't be read."""
        found = self.translate(address).physical
        return found.reason if isinstance(found, Absent) else f"page {found >> 12:x} is not in the dump"

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield ``(start, end)`` of each stretch of addresses that valid entries map, ascending."""
        from dumpwalk.memory.paging.mapped import mapped

        start = end = -1
        for address, size, _ in mapped(self):
            if address != end:
                if end >= 0:
                    yield start, end
                start = address
            end = address + size
        if end >= 0:
            yield start, end
