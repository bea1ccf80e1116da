"""Page tables of every shape, drawn at random and written as the processors' manuals have them.

Nothing of dumpwalk is used here: these tables and their list of pages are half of a witness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

PAGE = 0x1000
_RESERVED_SLOT = 3
GB = 1 << 30


@dataclass
class Shape:
    """What a paging mode's tables look like.

    :param levels: ``(lowest bit of the address, number of bits, slots to fill)`` from the root down
    :param large: lowest bits of the levels whose entries may map pages
    :param physical: number of bits of a physical address
    :param high: an address with the bits above the translated ones as upper halves have them
    :param self_map: slot of the root that leads to the root
    :param reserved: lowest bits of the levels that get entries which the processor does not take, valid bit or not
    """

    entry: int
    levels: list[tuple[int, int, int]]
    large: set[int]
    physical: int
    encode: Callable[[Random, str, int, int], int]
    high: int = 0
    self_map: int | None = None
    reserved: tuple[int, ...] = ()


@dataclass
class Leaf:
    """A page that is mapped."""

    address: int
    size: int
    physical: int


@dataclass
class Tables:
    """Random tables in the *runs* ``(start, end)`` of physical memory.

    :param write: puts bytes at a physical address
    :param fixed: ``(start, end)`` of addresses that are mapped to themselves and may be run, in one last-level table
    :ivar leaves: each page that an entry maps, without those that the self map adds
    :ivar unmapped: addresses whose entries are not present
    :ivar reserved: ``(start, end)`` of addresses below entries with reserved bits
    """

    random: Random
    shape: Shape
    runs: list[tuple[int, int]]
    write: Callable[[int, bytes], None]
    fixed: tuple[int, int]
    leaves: list[Leaf] = field(default_factory=list)
    unmapped: list[int] = field(default_factory=list)
    reserved: list[tuple[int, int]] = field(default_factory=list)
    root: int = 0

    def __post_init__(self) -> None:
        reach = 1 << (32 if self.shape.entry == 4 or self.shape.levels[0][1] == 2 else self.shape.physical)
        below = [(a, min(b, reach)) for a, b in self.runs if a < reach]
        frames = [f for a, b in below for f in range(max(a, self.fixed[1] + 0x100000), b, PAGE)]
        self.root = frames.pop(self.random.randrange(1000))  # below 4 GB, so that 32-bit code can load CR3
        self._frames = iter(self.random.sample(frames, min(len(frames), 1500)))
        if self.shape.levels[0][1] == 2:
            self.root += 32 * self.random.randrange(128)  # PAE: 32 bytes anywhere in a page
        self._fill(0, self.root, 0)

    def _fill(self, depth: int, table: int, base: int) -> None:
        shift, bits, count = self.shape.levels[depth]
        last = depth == len(self.shape.levels) - 1
        slots = set(self.random.sample(range(1 << bits), min(count, 1 << bits)))
        edges = [0, (1 << bits) - 1, (1 << bits - 1) - 1, 1 << bits - 1]
        slots |= set(self.random.sample(edges, self.random.choice((0, 1)) if depth else 4))
        if not depth and self.shape.self_map is not None:
            slots |= {self.shape.self_map, _RESERVED_SLOT}
        if last:
            slots |= {s + n for s in list(slots)[::4] for n in (1, 2, 3) if s + n < 1 << bits}  # neighbours
        fixed = range(self.fixed[0] >> shift, (self.fixed[1] - 1 >> shift) + 1)
        slots |= {n & (1 << bits) - 1 for n in fixed if base == (n >> bits) << (shift + bits)}
        entries = bytearray(self.shape.entry << bits)
        for slot in sorted(slots):
            address = base | slot << shift
            if not depth and slot == self.shape.self_map:
                entry = self.shape.encode(self.random, "table", shift, self.root)
            elif last and address >> shift in fixed:
                entry = self._leaf("fixed", shift, address, address)
            elif address >> shift in fixed:
                entry = self._table("fixed table", depth, address)
            elif shift in self.shape.reserved and (
                self.random.random() < 0.05 or (shift > 30 and slot == _RESERVED_SLOT)
            ):
                entry = self._reserved(depth, address)
            elif self.random.random() < 0.12:
                entry = self.random.getrandbits(8 * self.shape.entry) & ~1
                self.unmapped.append(self._whole(address))
            elif last or (shift in self.shape.large and self.random.random() < 0.35):
                entry = self._leaf("page" if last else "large", shift, address, self._target(shift))
            else:
                entry = self._table("table", depth, address)
            at = slot * self.shape.entry
            entries[at : at + self.shape.entry] = entry.to_bytes(self.shape.entry, "little")
        self.write(table, bytes(entries))

    def _table(self, kind: str, depth: int, address: int) -> int:
        frame = next(self._frames)
        entry = self.shape.encode(self.random, kind, self.shape.levels[depth][0], frame)
        self._fill(depth + 1, frame, address)
        return entry

    def _reserved(self, depth: int, address: int) -> int:
        """Return an entry with reserved bits that has all the rest, down to the pages."""
        known = len(self.leaves), len(self.unmapped)
        shift = self.shape.levels[depth][0]
        entry = self._table("reserved", depth, address) if shift > 12 else 0
        del self.leaves[known[0] :], self.unmapped[known[1] :]
        self.reserved.append((self._whole(address), self._whole(address) + (1 << shift)))
        if shift == 48 and self.shape.self_map is not None:  # seen through the self map it is a PML4E, and as reserved
            start = self._whole(self.shape.self_map << 48 | address >> 9)
            self.reserved.append((start, start + (1 << 39)))
        return entry or self.shape.encode(self.random, "reserved", shift, self._target(shift))

    def _leaf(self, kind: str, shift: int, address: int, physical: int) -> int:
        self.leaves.append(Leaf(self._whole(address), 1 << shift, physical))
        return self.shape.encode(self.random, kind, shift, physical)

    def _whole(self, address: int) -> int:
        """Return *address* with the bits above the translated ones."""
        shift, bits, _ = self.shape.levels[0]
        return address | self.shape.high if self.shape.high and address >> (shift + bits - 1) else address

    def _target(self, shift: int) -> int:
        """Return where a page is: mostly in memory, else anywhere the processor can think of."""
        bits = self.shape.physical if self.shape.entry == 8 or shift > 12 else 32
        if self.random.random() < 0.75:
            start, end = self.random.choice([run for run in self.runs if run[0] < 1 << bits])
            start = max(start, self.fixed[1])
            first, beyond = -(-start >> shift), end >> shift
            if first < beyond:
                return self.random.randrange(first, beyond) << shift
        return self.random.getrandbits(bits - shift) << shift


def x86_entry(wide: bool, no_execute: bool) -> Callable[[Random, str, int, int], int]:
    """Return what writes entries (Intel SDM volume 3A, tables 4-4 to 4-20).

    :param wide: entries have 8 bytes
    :param no_execute: bits 52 to 62 are software's and bit 63 forbids execution, as in 4-level and 5-level tables
    """

    def encode(random: Random, kind: str, shift: int, physical: int) -> int:
        leaf = kind in ("page", "large")
        entry = 1 | random.choice((0, 0xE00, 0x200, 0x400, 0x800))  # present; bits 9 to 11 are software's
        if wide and not no_execute and shift == 30:
            return entry | physical | random.getrandbits(2) << 3  # PAE's first level: PWT and PCD alone
        entry |= random.getrandbits(5) << 1  # R/W, U/S, PWT, PCD, A
        if kind.startswith("fixed"):
            entry |= 2
        if leaf:
            entry |= random.getrandbits(1) << 6 | random.getrandbits(1) << 8  # D, G
        if kind == "page":
            entry |= random.getrandbits(1) << 7  # PAT
        if kind == "reserved":
            entry |= 0x80  # no page is as large as that
        if kind == "large":
            entry |= 0x80 | random.getrandbits(1) << 12  # PS, PAT
        if not kind.startswith("fixed") and wide:
            entry |= random.getrandbits(1) << 63  # XD
            if no_execute:
                entry |= random.getrandbits(7) << 52
        if not wide and kind == "large":
            return entry | physical & 0xFFC00000 | (physical >> 32 & 0xFF) << 13  # PSE-36
        return entry | physical

    return encode


def arm64_entry(random: Random, kind: str, shift: int, physical: int) -> int:
    """Return a descriptor (Arm ARM D8.3, VMSAv8-64, 4 KB granule). AF is set in tables too, for the self map."""
    entry = physical | 1 << 10 | (1 if kind in ("large", "reserved") else 3)
    if kind == "fixed":
        return entry | 3 << 8
    entry |= random.getrandbits(4) << 55
    if kind == "table":
        return entry | random.getrandbits(4) << 59 | random.getrandbits(2) << 2 | 3 << 8  # PXN, XN, AP[1:0]
    if kind == "fixed table":
        return entry
    entry |= random.getrandbits(3) << 2 | random.getrandbits(2) << 6 | random.choice((0, 2, 3)) << 8
    return entry | random.getrandbits(1) << 11 | random.getrandbits(2) << 53  # nG, PXN, UXN


def _levels(*slots: int) -> list[tuple[int, int, int]]:
    tops = (48, 39, 30, 21, 12)[-len(slots) :]
    return [(shift, 9, count) for shift, count in zip(tops, slots)]


SHAPES = {
    "x86": Shape(4, [(22, 10, 90), (12, 10, 20)], {22}, 40, x86_entry(False, False), self_map=0x300),
    "PAE": Shape(8, [(30, 2, 4), (21, 9, 36), (12, 9, 16)], {21}, 40, x86_entry(True, False)),
    "x64": Shape(8, _levels(6, 3, 4, 12), {30, 21}, 40, x86_entry(True, True), 0xFFFF << 48, 0x1ED, (39,)),
    "x64 with 5 levels": Shape(
        8, _levels(3, 2, 2, 3, 12), {30, 21}, 40, x86_entry(True, True), 0x7F << 57, 0x1ED, (48, 39)
    ),
    "ARM64": Shape(8, _levels(6, 3, 4, 12), {30, 21}, 48, arm64_entry, 0xFFFF << 48, 0x1ED, (12,)),
}
