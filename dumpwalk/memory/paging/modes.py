"""The paging modes of the processors that Windows runs on, as data.

All of them are one algorithm: each level takes a few bits of the address as
an index into a table, whose entry leads to the next table or to the page.
Sources: Intel SDM volume 3A chapter 4 (figures 4-4, 4-7, 4-11), Arm ARM
D8.3 (VMSAv8-64 descriptors, 4 KB granule). The levels carry the names that
WinDbg's ``!pte`` gives them.
"""

from __future__ import annotations

from dumpwalk.record import record

VALID = 1
_BIT_7 = 1 << 7  # PS: this entry maps a large page
_NAMES = ("PXE", "PPE", "PDE", "PTE")


@record
class Level:
    """One level of tables.

    :param name: what WinDbg calls an entry of it
    :param shift: the lowest bit of the address that it looks at
    :param bits: how many bits it looks at: a table has ``1 << bits`` entries
    :param large: whether an entry may map a page of ``1 << shift`` bytes
    """

    name: str
    shift: int
    bits: int
    large: bool


@record
class Mode:
    """A paging mode.

    :param levels: from the root down
    :param entry_size: bytes of an entry, 4 or 8
    :param frame: the bits of an entry that are the address of a table or a page
    :param root: the bits of the root register (CR3, TTBR) that are the address of the root table
    :param width: how many bits of an address count; the bits above repeat the highest of them
    :param high_frame: ``(position, length)`` of bits in a large entry that become the address bits from 32 on
    :param page_marks: bits that are all set in a valid entry of the last level
    :param leaf_marks: ``(mask, value)`` of a large entry: it maps a page where ``entry & mask == value``
    """

    name: str
    levels: tuple[Level, ...]
    entry_size: int
    frame: int
    root: int
    width: int
    leaf_marks: tuple[int, int] = (_BIT_7, _BIT_7)
    high_frame: tuple[int, int] = (0, 0)
    page_marks: int = VALID

    def canonical(self, address: int) -> int:
        """Return *address* as a 64-bit machine writes it: its highest bit that counts is repeated upwards."""
        address &= (1 << self.width) - 1
        if self.width > 32 and address >> (self.width - 1):
            address |= (1 << 64) - (1 << self.width)
        return address

    def is_large(self, level: Level, entry: int) -> bool:
        """Say whether the valid *entry* of *level* maps a page instead of leading to a table."""
        return level.shift == 12 or (level.large and entry & self.leaf_marks[0] == self.leaf_marks[1])

    def is_reserved(self, level: Level, entry: int) -> bool:
        """Say whether the processor faults at *entry* of *level* although its valid bit is set."""
        if level.shift == 12:
            return entry & self.page_marks != self.page_marks
        return not level.large and entry & self.leaf_marks[0] == self.leaf_marks[1]

    def large_base(self, level: Level, entry: int) -> int:
        """Return the physical address of the page that *entry* of *level* maps."""
        base = entry & self.frame & -(1 << level.shift)
        position, length = self.high_frame
        if length and level.shift > 12:
            base |= (entry >> position & (1 << length) - 1) << 32
        return base


def _four(top: int) -> tuple[Level, ...]:
    """Return levels of 9 bits each from the one at bit *top* down to the PTEs; 1 GB and 2 MB pages."""
    levels = [Level(name, shift, 9, shift in (30, 21)) for name, shift in zip(_NAMES, (39, 30, 21, 12))]
    return (*[Level("PML5E", 48, 9, False)][: top == 48], *levels)


_FRAME_52 = 0x000FFFFFFFFFF000
_FRAME_ARM = 0x0000FFFFFFFFF000

X86 = Mode(
    "x86", (Level("PDE", 22, 10, True), Level("PTE", 12, 10, False)), 4, 0xFFFFF000, 0xFFFFF000, 32, high_frame=(13, 8)
)
# The page-directory-pointer table lies in 32 bytes anywhere below 4 GB; its four entries know no large pages.
PAE = Mode(
    "PAE",
    (Level("PPE", 30, 2, False), Level("PDE", 21, 9, True), Level("PTE", 12, 9, False)),
    8,
    _FRAME_52,
    0xFFFFFFE0,
    32,
)
X64 = Mode("x64", _four(39), 8, _FRAME_52, _FRAME_52, 48)
LA57 = Mode("x64 with 5 levels", _four(48), 8, _FRAME_52, _FRAME_52, 57)
# A descriptor with bit 1 set leads to a table, or is a page on the last level; without it, it is a block
# on the levels that know blocks, and reserved elsewhere (D8.3.1).
# Windows gives both halves of the address space one root table: TTBR1 holds the second half of TTBR0's page
# (inferred from the page-table self map that its ARM64 kernels keep as x64 ones do).
ARM64 = Mode("ARM64", _four(39), 8, _FRAME_ARM, _FRAME_ARM, 48, leaf_marks=(2, 0), page_marks=3)

MODES = {mode.name: mode for mode in (X86, PAE, X64, LA57, ARM64)}
