"""What Windows means by a page-table entry: where its fields are, and what follows from them.

An entry that the processor takes for invalid is the memory manager's own note:
the page is still in memory (transition), a prototype PTE knows, it is in a page
file, or it is still to be made. Where the fields are differs between builds and,
since the L1TF updates of 2018, between updates of one build; so all positions
come from the types (:mod:`dumpwalk.types.pte_formats`), and here is only what
does not differ: the order of the tests.
"""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # Where a number begins in an entry, and the mask of its length; (0, 0) where the entry has none.
    Bits: TypeAlias = "tuple[int, int]"
    # The same, and by how much the number is shifted to be a part of an address.
    Piece: TypeAlias = "tuple[int, int, int]"

# What an entry can be. The numbers are what :meth:`PteFormat.kinds` gives for arrays.
ZERO, VALID, PROTOTYPE, VAD, SUBSECTION, TRANSITION, PAGE_FILE, DEMAND_ZERO, FREED = range(9)
KINDS = (
    "zero",
    "valid",
    "prototype",
    "VAD",
    "subsection",
    "transition",
    "page file",
    "demand zero",
    "freed",
)
NO_PAGE = -1

# The low three bits of a protection (MM_READONLY ... MM_EXECUTE_WRITECOPY of the public kernel debugging
# literature; ReactOS mm.h comments), by the words that !pte prints; "ExecuteRead" and "ReadWrite" are in real output.
_ACCESS = (
    "None",
    "ReadOnly",
    "Execute",
    "ExecuteRead",
    "ReadWrite",
    "WriteCopy",
    "ExecuteReadWrite",
    "ExecuteWriteCopy",
)
_NO_CACHE, _GUARD = 0x8, 0x10


def protection_name(protection: int) -> str:
    """Return the words for the five bits of a protection.

    >>> protection_name(4), protection_name(0x14), protection_name(0x1C), protection_name(0x18), protection_name(0)
    ('ReadWrite', 'ReadWrite Guard', 'ReadWrite WriteCombine', 'NoAccess', 'None')
    """
    if not protection & 7:
        return "NoAccess" if protection else "None"
    words = {0: "", _NO_CACHE: " NoCache", _GUARD: " Guard", _NO_CACHE | _GUARD: " WriteCombine"}
    return _ACCESS[protection & 7] + words[protection & (_NO_CACHE | _GUARD)]


@record
class Pte:
    """What an entry says.

    :param kind: one of :data:`KINDS`
    :param value: its bits
    :param pfn: page frame number of a page that is in memory
    :param page_file: number of the page file
    :param offset: where in the page file, in pages
    :param address: of the prototype PTE or the subsection
    :param protection: ``None`` where this kind of entry has none
    :param protection_name: in words
    """

    kind: str
    value: Hex
    pfn: Hex | None = None
    page_file: int | None = None
    offset: Hex | None = None
    address: Hex | None = None
    protection: Hex | None = None
    protection_name: str = ""


@record
class PteFormat:
    """Where the fields of an entry are, as plain numbers.

    :param size: of an entry in bytes, 4 or 8
    :param address_bits: how many bits an address in an entry has; the highest is repeated upwards where it is 48
    :param valid: mask of ``Valid``
    :param prototype: mask of ``Prototype``
    :param transition: mask of ``Transition``
    :param hard_pfn: ``PageFrameNumber`` of a valid entry
    :param transition_pfn: ``PageFrameNumber`` of one in transition
    :param protection: ``Protection`` of the software entry, which transition ones have in the same place
    :param page_file_low: number of the page file
    :param page_file_high: offset in it, in pages
    :param used_entries: ``UsedPageTableEntries``, of an entry above the last level
    :param proto: the pieces of ``ProtoAddress``
    :param proto_base: what is added to them
    :param proto_protection: ``Protection`` of a prototype entry
    :param subsection: the pieces of ``SubsectionAddress``
    :param subsection_protection: ``Protection`` of a subsection entry
    :param swizzle: mask of ``SwizzleBit``; 0 where the kernel knows of no L1TF
    :param invalid_mask: ``InvalidPteMask``: set in each invalid entry whose ``SwizzleBit`` is clear
    :param which_pool: mask of ``WhichPool`` of Windows XP's subsection entries; 0 for all others
    :param pools: on Windows XP ``MmPagedPoolStart``, ``MmSubsectionBase`` and ``MmNonPagedPoolEnd``, which
        addresses are relative to; ``None`` where they are not known
    :param arm: the valid entry is one of an ARM64 processor
    """

    size: int
    address_bits: int
    valid: int
    prototype: int
    transition: int
    hard_pfn: Bits
    transition_pfn: Bits
    protection: Bits
    page_file_low: Bits
    page_file_high: Bits
    used_entries: Bits
    proto: tuple[Piece, ...]
    proto_base: int
    proto_protection: Bits
    subsection: tuple[Piece, ...]
    subsection_protection: Bits
    swizzle: int = 0
    invalid_mask: int = 0
    which_pool: int = 0
    pools: tuple[int, int, int] | None = None
    arm: bool = False

    def unswizzled(self, value: int) -> int:
        """Return an invalid entry as it would be on a processor that is safe from L1TF.

        The writer sets the mask's bits where they are clear, and ``SwizzleBit`` where they are not.
        """
        return value & ~self.invalid_mask if self.swizzle and not value & self.swizzle else value

    def kind(self, value: int, of: str = "process") -> int:
        """Return which kind of entry *value* is, as a number.

        :param of: ``process`` for an entry in page tables, ``prototype`` for a prototype PTE
        """
        if not value:
            return ZERO
        if value & self.valid:
            return VALID
        # Bit 10 first: behind it bit 11 is Combined, ColdPage or a part of Protection.
        if value & self.prototype:
            if of == "prototype":
                return SUBSECTION
            # MI_PTE_LOOKUP_NEEDED, as it stands: what is all ones was not swizzled.
            position, mask = self.page_file_high
            return VAD if value >> position & mask == mask else PROTOTYPE
        if value & self.transition:
            return TRANSITION
        position, mask = self.page_file_high
        if self.unswizzled(value) >> position & mask:
            # What is in a page file has a protection. !pte calls an entry without one a freed page.
            position, mask = self.protection
            return PAGE_FILE if value >> position & mask else FREED
        return DEMAND_ZERO

    def classify(self, value: int, of: str = "process") -> Pte:
        """Return what *value* says.

        :param of: ``process`` for an entry in page tables, ``prototype`` for a prototype PTE
        """
        kind = self.kind(value, of)
        name, bits = KINDS[kind], Hex(value)
        if kind == ZERO:
            return Pte(name, bits)
        if kind == VALID:
            return Pte(name, bits, pfn=Hex(_take(value, self.hard_pfn)))
        plain = self.unswizzled(value)
        if kind == PROTOTYPE:
            return Pte(name, bits, None, None, None, self._proto(plain), *self._protected(value, self.proto_protection))
        if kind == SUBSECTION:
            where = self._subsection(plain)
            return Pte(name, bits, None, None, None, where, *self._protected(value, self.subsection_protection))
        protection = self._protected(value, self.protection)
        if kind == TRANSITION:
            return Pte(name, bits, Hex(self.page_in_transition(value)), None, None, None, *protection)
        if kind == PAGE_FILE:
            number, offset = _take(value, self.page_file_low), _take(plain, self.page_file_high)
            return Pte(name, bits, None, number, Hex(offset), None, *protection)
        return Pte(name, bits, None, None, None, None, *protection)

    def page_in_transition(self, value: int) -> int:
        """Return the page frame number of an entry of the kind :data:`TRANSITION`."""
        return _take(self.unswizzled(value), self.transition_pfn)

    def _protected(self, value: int, bits: Bits) -> tuple[Hex | None, str]:
        if not bits[1]:
            return None, ""
        protection = _take(value, bits)
        return Hex(protection), protection_name(protection)

    def _proto(self, value: int) -> Hex | None:
        base = self.proto_base
        if self.which_pool:
            if self.pools is None:
                return None
            base = self.pools[0]
        return self._address(base + _joined(value, self.proto))

    def _subsection(self, value: int) -> Hex | None:
        offset = _joined(value, self.subsection)
        if not self.which_pool:
            return self._address(offset)
        if self.pools is None:
            return None
        # Paged pool's subsections are counted up from MmSubsectionBase, others down from the pool's end.
        return self._address(self.pools[1] + offset if value & self.which_pool else self.pools[2] - offset)

    def _address(self, value: int) -> Hex:
        bits = self.address_bits
        value &= (1 << bits) - 1
        return Hex(value | ((1 << 64) - (1 << bits) if bits == 48 and value >> 47 else 0))

    def kinds(self, entries: Any, of: str = "process") -> tuple[Any, Any]:
        """Return the kinds and page frame numbers of a numpy array of entries.

        :param entries: ``uint64``, or ``uint32`` where entries have 4 bytes
        :param of: as for :meth:`kind`
        :return: kinds as ``uint8``, and page frame numbers as ``int64``, -1 where there is none
        """
        import numpy as np

        # All but the offset in the page file is decided by the low 12 bits.
        entries = np.ascontiguousarray(entries)
        low = entries.view(f"<u{self.size}").astype("<u2")
        low &= 0xFFF
        kinds = np.take(self._by_low_bits(of), low)
        pfns = self._pages(entries, kinds)
        position, mask = self.page_file_high
        doubtful = np.flatnonzero(kinds >= PAGE_FILE)
        if len(doubtful):
            values = entries[doubtful]
            high = values >> position & mask
            if self.swizzle and self.invalid_mask:
                bare = (values & ~np.uint64(self.invalid_mask)) >> position & mask
                high = np.where(values & self.swizzle, high, bare)
            found = np.where(high, kinds[doubtful], DEMAND_ZERO)
            kinds[doubtful] = np.where(values, found, ZERO)
        if of != "prototype":
            pointing = np.flatnonzero(kinds == PROTOTYPE)
            if len(pointing):
                kinds[pointing] = np.where(entries[pointing] >> position & mask == mask, VAD, PROTOTYPE)
        return kinds, pfns

    def _pages(self, entries: Any, kinds: Any) -> Any:
        import numpy as np

        position, mask = self.hard_pfn
        pfns = (entries >> position & mask).astype("i8", copy=False)
        moved = np.flatnonzero(kinds == TRANSITION)
        if len(moved):
            values = entries[moved]
            if self.swizzle and self.invalid_mask:
                values = np.where(values & self.swizzle, values, values & ~np.uint64(self.invalid_mask))
            position, mask = self.transition_pfn
            pfns[moved] = (values >> position & mask).astype("i8")
        pfns[(kinds != VALID) & (kinds != TRANSITION)] = NO_PAGE
        return pfns

    def _by_low_bits(self, of: str) -> Any:
        """Return the kind for each value of the low 12 bits, as if there were an offset in the page file."""
        import numpy as np

        low = np.arange(0x1000)
        position, mask = self.protection
        software = np.where(low >> position & mask, PAGE_FILE, FREED)
        kinds = np.where(low & self.transition, TRANSITION, software)
        kinds = np.where(low & self.prototype, SUBSECTION if of == "prototype" else PROTOTYPE, kinds)
        return np.where(low & self.valid, VALID, kinds).astype("u1")


def _take(value: int, bits: Bits) -> int:
    return value >> bits[0] & bits[1]


def _joined(value: int, pieces: tuple[Piece, ...]) -> int:
    return sum((value >> position & mask) << shift for position, mask, shift in pieces)
