"""Virtual memory: a physical memory seen through page tables."""

from __future__ import annotations

import struct
from sys import byteorder

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.memory.paging.translation import LARGE, RESERVED, VALID, NothingInSoftware, TableEntry, Translation
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.paging.modes import Level, Mode
    from dumpwalk.memory.paging.translation import SoftwareEntries
    from dumpwalk.memory.physical import PhysicalMemory

PAGE = 0x1000
# Last-level tables and large pages found so far. Each costs about 200 bytes; then it starts afresh.
_MOST_CACHED = 65536


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
        known = self._known.get(address >> self._shift)
        if known is None:
            known = self._look_up(address)
        if known.__class__ is int:
            large: int = known
            return large + (address & self._in_large) if large >= 0 else -1
        entry: int = known[address >> 12 & self._last_index]
        marks = self._marks
        if entry & marks == marks:
            return (entry & self.mode.frame) | (address & 0xFFF)
        if entry & 1:
            return -1  # reserved
        base = self.software.resolve(self, address, entry, self.mode.levels[-1]).base
        return base | (address & 0xFFF) if base >= 0 else -1

    def _look_up(self, address: int) -> Any:
        """Return the last-level table for *address* as a view of its entries, or the base of a large page, or -1."""
        found: Any = -1
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
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[address >> self._shift] = found
        return found

    def _table(self, base: int) -> Any:
        size = (self._last_index + 1) * self.mode.entry_size
        offset = self.physical.place(base)
        if offset < 0 or offset + size > len(self.physical.data):
            return -1
        if self.physical.whole or self.physical.place(base + size - 1) == offset + size - 1:
            table = self.physical.data[offset : offset + size]
            if byteorder == "little":
                return table.cast("Q" if self.mode.entry_size == 8 else "I")  # no copy, however many there are
            return struct.unpack(f"<{self._last_index + 1}{'Q' if self.mode.entry_size == 8 else 'I'}", table)
        return -1

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
                Absent(f"not canonical: bits above {self.mode.width} do not repeat bit {self.mode.width - 1}")
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
        if size <= PAGE - (address & 0xFFF) and self.physical.whole:
            found = self.find(address)
            if found >= 0:
                offset = self.physical.place(found)
                if offset >= 0:
                    return bytes(self.physical.data[offset : offset + size])
        data = self.read_some(address, size)
        if len(data) < size:
            missing = address + len(data)
            raise ReadError(self.address(missing), size - len(data), self.why_not(missing))
        return data

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at *address* as far as they are there without a gap, at most *size*."""
        out: list[bytes] = []
        while size > 0:
            room = min(size, PAGE - (address & 0xFFF))
            found = self.find(address)
            piece = self.physical.read_some(found, room) if found >= 0 else b""
            if piece:
                out.append(piece)
            if len(piece) < room:
                break
            address += room
            size -= room
        return b"".join(out)

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
