"""Page tables of every mode, written into physical pages.

Entries are the processors' own: Intel SDM volume 3A chapter 4 (tables 4-4 to
4-20, figures 4-4, 4-7 and 4-11) and Arm ARM D8.3 (VMSAv8-64 descriptors with
the 4 KB granule).
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.frames import Frames

PAGE = 0x1000

# Intel: present, writable, user, accessed, dirty, page size, global.
_P, _W, _U, _A, _D, _PS, _G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
# Arm: valid, table or page (else block); access flag, inner shareable, privileged read/write, unprivileged too.
_VALID, _TABLE, _AF, _ISH, _EL0 = 1, 2, 1 << 10, 3 << 8, 1 << 6


@record
class Mode:
    """A paging mode, as its manual gives it.

    :param shifts: of the address bits that index each table, the root's first
    :param index_bits: how many bits index the root; all other tables have as many as fit into a page
    :param entry: bytes of an entry
    :param large: shifts at which an entry may be a page
    :param width: bits of a virtual address
    :param self_map: the root's entry that leads to the root; what Windows uses
    """

    name: str
    shifts: tuple[int, ...]
    root_bits: int
    entry: int
    large: tuple[int, ...]
    width: int
    self_map: int


# The x86 page tables are mapped at C0000000; the 64-bit ones at FFFFF680'00000000, or wherever MmPteBase says.
MODES = {
    mode.name: mode
    for mode in (
        Mode("x86", (22, 12), 10, 4, (22,), 32, 0x300),
        Mode("PAE", (30, 21, 12), 2, 8, (21,), 32, 3),
        Mode("x64", (39, 30, 21, 12), 9, 8, (30, 21), 48, 0x1ED),
        Mode("LA57", (48, 39, 30, 21, 12), 9, 8, (30, 21), 57, 0x1ED),
        Mode("ARM64", (39, 30, 21, 12), 9, 8, (30, 21), 48, 0x1ED),
    )
}


class Tables:
    """The page tables under one root.

    :param frames: where pages come from
    :param self_map: the root's entry that leads to itself, when not the mode's usual one
    :ivar root: the physical address that the root register holds
    """

    def __init__(self, mode: Mode, frames: Frames, self_map: int | None = None) -> None:
        self.mode = mode
        self.frames = frames
        self.self_map = mode.self_map if self_map is None else self_map
        if mode.name == "PAE":
            self._pae_root()
        else:
            self.root = frames.take() * PAGE
            self._store(self.root + self.self_map * mode.entry, self._pointer(self.root))

    @classmethod
    def at(cls, root: int, mode: Mode, frames: Frames, self_map: int | None = None) -> Tables:
        """Return the tables whose root is at the physical address *root* already, to look into."""
        found = cls.__new__(cls)
        found.mode, found.frames, found.root = mode, frames, root
        found.self_map = mode.self_map if self_map is None else self_map
        return found

    def _pae_root(self) -> None:
        """Make the four page directories at once, and the last one map all four at C0600000."""
        first = self.frames.take_run(5)
        self.root = first * PAGE
        for index in range(4):
            directory = (first + 1 + index) * PAGE
            # Entries of the page-directory-pointer table have no writable, user or accessed bit (SDM table 4-8).
            self._store(self.root + 8 * index, directory | _P)
            self._store((first + 4) * PAGE + 8 * index, self._pointer(directory))

    def _pointer(self, table: int, user: bool = False) -> int:
        """Return an entry that leads to *table*; *user* code may go there only in the lower half of addresses."""
        if self.mode.name == "ARM64":
            return table | _VALID | _TABLE | _AF | _ISH
        return table | _P | _W | _A | _D | (_U if user else 0)

    def leaf(self, page: int, size: int, user: bool, writable: bool = True) -> int:
        """Return an entry that maps a page of *size* bytes at the physical address *page*."""
        small = size == PAGE
        if self.mode.name == "ARM64":
            # AP[2] (bit 7) makes a page read-only.
            return (
                page
                | _VALID
                | (_TABLE if small else 0)
                | _AF
                | _ISH
                | (_EL0 if user else 0)
                | (0 if writable else 0x80)
            )
        entry = page & 0xFFFFFFFF if self.mode.entry == 4 else page
        if self.mode.entry == 4 and page >> 32:
            if small or page >> 40:
                raise SpecError(f"a page at {page:x} is beyond what a {self.mode.name} entry reaches")
            entry |= (page >> 32) << 13  # PSE-36, SDM table 4-4
        flags = _P | _A | (_W | _D if writable else 0) | (_U if user else _G)
        return entry | flags | (0 if small else _PS)

    def _store(self, at: int, entry: int) -> None:
        self.frames.write(at, entry.to_bytes(self.mode.entry, "little"))

    def _load(self, at: int) -> int:
        return int.from_bytes(self.frames.read(at, self.mode.entry), "little")

    def entry_at(self, address: int, shift: int = 12) -> int:
        """Return the physical address of the entry for *address* in the table at *shift*, making the tables above.

        :raises SpecError: where a large page is in the way, or the mode has no such level
        """
        if shift not in self.mode.shifts:
            raise SpecError(f"{self.mode.name} page tables have no level of {1 << shift:#x} bytes an entry")
        table, bits = self.root, self.mode.root_bits
        for level in self.mode.shifts:
            at = table + (address >> level & (1 << bits) - 1) * self.mode.entry
            if level == shift:
                break
            entry = self._load(at)
            if not entry & 1:
                entry = self._pointer(self.frames.take() * PAGE, self._is_lower(address))
                self._store(at, entry)
            elif self._is_large(level, entry):
                raise SpecError(f"{address:x} is in a large page already")
            table, bits = entry & 0x000FFFFFFFFFF000, 9 if self.mode.entry == 8 else 10
        return at

    def _is_lower(self, address: int) -> bool:
        return not address >> (self.mode.width - 1) & 1

    def _is_large(self, level: int, entry: int) -> bool:
        if level not in self.mode.large:
            return False
        return not entry & _TABLE if self.mode.name == "ARM64" else bool(entry & _PS)

    def map(self, address: int, page: int, size: int = PAGE, user: bool | None = None, writable: bool = True) -> None:
        """Map the page of *size* bytes at virtual *address* to the physical address *page*.

        :param user: reachable from user mode; the lower half of the address space is by default
        :raises SpecError: when the mode has no pages of that size, or one of the addresses is not aligned to it
        """
        shift = size.bit_length() - 1
        if size != PAGE and shift not in self.mode.large:
            raise SpecError(f"{self.mode.name} page tables have no pages of {size:#x} bytes")
        if address % size or page % size:
            raise SpecError(
                f"a page of {size:#x} bytes can't map {address:x} to {page:x}: both must be multiples of it"
            )
        if user is None:
            user = self._is_lower(address)
        self._store(self.entry_at(address, shift), self.leaf(page, size, user, writable))

    def unmap(self, address: int, entry: int = 0) -> None:
        """Make the entry for the page at *address* be *entry*, as it stands: an entry that is not valid."""
        self._store(self.entry_at(address), entry)

    def find(self, address: int) -> int | None:
        """Return the physical address that *address* is mapped to, or ``None``."""
        table, bits = self.root, self.mode.root_bits
        for level in self.mode.shifts:
            entry = self._load(table + (address >> level & (1 << bits) - 1) * self.mode.entry)
            if not entry & 1:
                return None
            large = self._is_large(level, entry)
            if level == 12 or large:
                base = entry & 0x000FFFFFFFFFF000 & -(1 << level)
                if large and self.mode.entry == 4:
                    base |= (entry >> 13 & 0xFF) << 32
                return base | address & (1 << level) - 1
            table, bits = entry & 0x000FFFFFFFFFF000, 9 if self.mode.entry == 8 else 10
        return None

    def share(self, system: Tables) -> None:
        """Take the upper half, where the kernel is, from *system*, but for the self map."""
        if self.mode.name == "PAE":
            for index in (2, 3):
                mine, its = (t._load(t.root + 8 * index) & -PAGE for t in (self, system))
                skip = 32 if index == 3 else 0
                self.frames.write(mine + skip, self.frames.read(its + skip, PAGE - skip))
            return
        count = 1 << self.mode.root_bits
        for index in range(count // 2, count):
            if index != self.self_map:
                self._store(self.root + index * self.mode.entry, system._load(system.root + index * self.mode.entry))

    def pte_base(self) -> int:
        """Return the virtual address that the self map puts the lowest page-table entry at."""
        if self.mode.width == 32:
            return 0xC0000000
        base = self.self_map << self.mode.shifts[0]
        return base | (1 << 64) - (1 << self.mode.width) if base >> (self.mode.width - 1) else base

    def pte_of(self, address: int) -> int:
        """Return the virtual address of the page-table entry for *address*."""
        return self.pte_base() + (address % (1 << self.mode.width) >> 12) * self.mode.entry
