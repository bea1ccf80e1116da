"""Page tables for tests: worlds of a few pages, and what the manuals say of them in slow words.

Nothing here uses dumpwalk's description of the paging modes: it is what that is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dumpwalk.memory.paging.modes import MODES
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory

PAGE = 0x1000
# (shift, entries, may be large) from the root down; Intel SDM 3A tables 4-1 and 4-2, Arm ARM D8.2.
LEVELS = {
    "x86": [(22, 1024, True), (12, 1024, True)],
    "PAE": [(30, 4, False), (21, 512, True), (12, 512, True)],
    "x64": [(39, 512, False), (30, 512, True), (21, 512, True), (12, 512, True)],
    "x64 with 5 levels": [(48, 512, False), (39, 512, False), (30, 512, True), (21, 512, True), (12, 512, True)],
    "ARM64": [(39, 512, False), (30, 512, True), (21, 512, True), (12, 512, True)],
}


class World:
    """Physical memory of *pages* pages from address 0 on, that lie *lead* bytes into a file.

    :param missing: numbers of pages that are not in the file (there, their place is filled with valid entries)
    """

    def __init__(self, mode: str, pages: int = 16, missing: tuple[int, ...] = (), lead: int = 0) -> None:
        self.mode = mode
        self.size = 4 if mode == "x86" else 8
        self.data = bytearray(pages * PAGE)
        self.missing = missing
        self.lead = lead
        self.root = PAGE
        self._free = 2

    def put(self, address: int, data: bytes) -> World:
        self.data[address : address + len(data)] = data
        return self

    def set(self, table: int, index: int, entry: int) -> World:
        return self.put(table + index * self.size, entry.to_bytes(self.size, "little"))

    def get(self, address: int) -> int | None:
        """Return the entry there, unless it is in no page."""
        if not 0 <= address <= len(self.data) - self.size or address // PAGE in self.missing:
            return None
        return int.from_bytes(self.data[address : address + self.size], "little")

    def table(self, address: int, depth: int) -> int:
        """Return the table of that *depth* on the way to *address*; tables are made as they are needed."""
        base = self.root
        for shift, count, _ in LEVELS[self.mode][:depth]:
            place = base + (address >> shift) % count * self.size
            entry = self.get(place)
            assert entry is not None
            if not entry & 1:
                entry = self._free * PAGE | (3 if self.mode == "ARM64" else 1)
                self.put(place, entry.to_bytes(self.size, "little"))
                self._free += 1
            base = entry & 0xFFFFFFFFF000
        return base

    def map(self, address: int, entry: int, depth: int = -1) -> World:
        """Set the entry for *address* in the table of *depth*: the last one, where nothing is said."""
        levels = LEVELS[self.mode]
        depth %= len(levels)
        shift, count, _ = levels[depth]
        return self.set(self.table(address, depth), (address >> shift) % count, entry)

    def physical(self) -> RunMemory:
        file = bytes([0xFF]) * self.lead + self.data
        pages = [n for n in range(len(self.data) // PAGE) if n not in self.missing]
        return RunMemory(memoryview(file), [(n * PAGE, (n + 1) * PAGE, self.lead + n * PAGE) for n in pages])

    def memory(self, software: Any = None) -> VirtualMemory:
        return VirtualMemory(self.physical(), MODES[self.mode], self.root, software)

    # -- what the manuals say

    def leaf(self, depth: int, entry: int) -> int | None:
        """Return where the page begins that a valid *entry* maps; ``None`` when it leads to a table."""
        shift, _, may_be_large = LEVELS[self.mode][depth]
        if shift == 12:
            return entry & (0xFFFFF000 if self.mode == "x86" else 0xFFFFFFFFF000 if self.mode == "ARM64" else FRAME)
        large = entry & 2 == 0 if self.mode == "ARM64" else entry & 0x80
        if not (may_be_large and large):
            return None
        if self.mode == "x86":  # PSE-36: bits 13 to 20 are bits 32 to 39 of the address
            return entry & 0xFFC00000 | (entry >> 13 & 0xFF) << 32
        return entry & (0xFFFFFFFFFFFF if self.mode == "ARM64" else FRAME) >> shift << shift

    def follows(self, depth: int, entry: int) -> bool:
        """Say whether the processor follows *entry*: it is valid, and none of its bits are reserved there."""
        shift, _, may_be_large = LEVELS[self.mode][depth]
        if self.mode == "ARM64" and (shift == 12 or not may_be_large):
            return entry & 3 == 3
        return bool(entry & 1) and (may_be_large or not entry & 0x80)

    def next_table(self, entry: int) -> int:
        return entry & (0xFFFFF000 if self.mode == "x86" else 0xFFFFFFFFF000 if self.mode == "ARM64" else FRAME)

    def walk(self, address: int) -> int:
        """Return where *address* leads: -1 when it leads nowhere."""
        if self.canonical(address) != address:
            return -1
        base = self.root
        for depth, (shift, count, _) in enumerate(LEVELS[self.mode]):
            entry = self.get(base + (address >> shift) % count * self.size)
            if entry is None or not self.follows(depth, entry):
                return -1
            page = self.leaf(depth, entry)
            if page is not None:
                return page + address % (1 << shift)
            base = self.next_table(entry)
        raise AssertionError

    def canonical(self, address: int) -> int:
        width = {"x86": 32, "PAE": 32, "x64 with 5 levels": 57}.get(self.mode, 48)
        address %= 1 << width
        return address + 2**64 - 2**width if width > 32 and address >= 2 ** (width - 1) else address

    def pages(self) -> list[tuple[int, int, int]]:
        """Return ``(address, size, physical)`` of each page that is mapped, ascending."""

        def below(base: int, depth: int, prefix: int) -> Iterator[tuple[int, int, int]]:
            shift, count, _ = LEVELS[self.mode][depth]
            for n in range(count):
                entry = self.get(base + n * self.size)
                if entry is not None and self.follows(depth, entry):
                    page = self.leaf(depth, entry)
                    if page is None:
                        yield from below(self.next_table(entry), depth + 1, prefix + (n << shift))
                    else:
                        yield self.canonical(prefix + (n << shift)), 1 << shift, page

        return sorted(below(self.root, 0, 0))


FRAME = 0xFFFFFFFFFF000


def scrambled(mode: str, choose: Callable[[int], int], lead: int = 0) -> World:
    """Return a world of eight pages that are tables of anything: loops, large pages, holes, what is beyond memory.

    :param choose: gives a number below its argument
    """
    world = World(mode, 8, (6,) if choose(2) else (), lead)
    for page in range(8):
        for index in indexes(mode):
            kind = choose(8)
            target = [*range(8), 9, 0x12345, 0xFFFFFFFFF][choose(11)] * PAGE & (2 ** (8 * world.size) - 1)
            low = [0, 1, 1, 3, 3, 3, 0x81, 0x83][kind]
            if mode == "x86" and low & 0x80 and choose(2):
                target |= 0x1FE000
            world.set(page * PAGE, index, target | low)
    return world


def indexes(mode: str) -> list[int]:
    """Return the indexes that :func:`scrambled` fills in each table."""
    return [0, 1, 3, 1023] if mode == "x86" else [0, 3, 256, 511]
