"""Windows's view of entries that the processor takes for invalid: where the page is instead, or why it is nowhere."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import (
    DEMAND_ZERO,
    FREED,
    KINDS,
    PAGE_FILE,
    PROTOTYPE,
    SUBSECTION,
    TRANSITION,
    VAD,
    VALID,
    ZERO,
)
from dumpwalk.memory.paging.translation import Resolved, TableEntry
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.record import replace
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.memory.paging.modes import Level, Mode
    from dumpwalk.memory.paging.software import Pte, PteFormat

    # Says where the prototype PTE for an address of an address space is, or why that is not known.
    VadPrototype = Callable[[VirtualMemory, int], "int | Absent"]

_PAGE_SHIFT = 12
# The mask is the highest bit of a physical address that the processor has; none has fewer than 39 bits of them.
_LEAST_MASK_BIT = 38
# What !pte and this project call the entry that a prototype one points to.
_PROTOTYPE_PTE = "prototype PTE"


class WindowsEntries:
    """What Windows means by invalid entries.

    A prototype PTE is virtual memory itself, and is read through the page
    tables once more, this time without following prototype PTEs: NT keeps
    them in paged pool, whose pages are never mapped by prototype PTEs. So
    nothing here can go round in circles.

    :param format: where the fields are
    :param vad_prototype: asked where the entry says "look in the VAD", and where a user address has no entry yet

    :ivar mask: ``InvalidPteMask``, as far as it is known
    :ivar mask_known: it was read from the kernel; if not, it is inferred from entries that no memory can have
    """

    settled = True

    def __init__(
        self,
        format: PteFormat,
        *,
        mask_known: bool = True,
        vad_prototype: VadPrototype | None = None,
    ) -> None:
        self.format = format
        self.mask_known = mask_known or not format.swizzle
        self.vad_prototype = vad_prototype
        self._highest = -1
        self._view: VirtualMemory | None = None

    @property
    def mask(self) -> int:
        """``InvalidPteMask``, as far as it is known."""
        return self.format.invalid_mask

    def classify(self, memory: VirtualMemory, entry: int, of: str = "process") -> Pte:
        """Return what *entry* says.

        :param of: ``process`` for an entry in page tables, ``prototype`` for a prototype PTE
        """
        kind = self.format.kind(entry, of)
        if not self.mask_known and kind == TRANSITION:
            self._infer_mask(memory, entry)
        return self.format.classify(entry, of)

    def _infer_mask(self, memory: VirtualMemory, entry: int) -> None:
        """Take the highest bits of a page number for ``InvalidPteMask``, if nobody said what it is.

        An entry in transition has a page, and that page is in the machine's memory. Where no page can have
        the number, but the dump has one without the bits that make it too high, these are the mask's.
        """
        if self._highest < 0:
            self._highest = max((end - 1 >> _PAGE_SHIFT for _, end, _ in memory.physical.runs()), default=0)
        position, mask = self.format.transition_pfn
        page = entry >> position & mask
        # A dump need not hold the highest page, so only what is beyond any usual machine is impossible.
        floor = max(self._highest.bit_length(), _LEAST_MASK_BIT - _PAGE_SHIFT)
        above = page >> floor << floor
        if not above or entry & self.format.swizzle or memory.physical.place((page ^ above) << _PAGE_SHIFT) < 0:
            return
        self.format = replace(self.format, invalid_mask=self.format.invalid_mask | above << position)

    def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
        """Return what *entry*, of *level* on the way to *address*, means. Its valid bit is clear."""
        return self._resolve(memory, address, entry, level, follow=True)

    def _resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level, *, follow: bool) -> Resolved:
        if self.format.size != memory.mode.entry_size:
            return Resolved("not present", -1, f"{level.name} not present")
        if self.format.kind(entry) == TRANSITION:  # the one kind that whole address spaces are read through
            if not self.mask_known:
                self._infer_mask(memory, entry)
            return Resolved(KINDS[TRANSITION], self.format.page_in_transition(entry) << _PAGE_SHIFT)
        said = self.classify(memory, entry)
        if not follow:
            return Resolved(said.kind, -1, f"{level.name}: {reason(said)}")
        if said.kind == KINDS[PROTOTYPE]:
            if said.address is None:
                return Resolved(said.kind, -1, f"{level.name}: {reason(said)}")
            return self._through(memory, said.kind, level, said.address)
        asks_vad = said.kind == KINDS[VAD] or (said.kind == KINDS[ZERO] and is_user(memory.mode, address))
        if asks_vad and self.vad_prototype is not None and level.shift == _PAGE_SHIFT:
            found = self.vad_prototype(memory, address)
            if not isinstance(found, Absent):
                return self._through(memory, said.kind, level, found)
            return Resolved(said.kind, -1, f"{level.name}: {reason(said)}: {found.reason}")
        return Resolved(said.kind, -1, f"{level.name}: {reason(said)}")

    def _through(self, memory: VirtualMemory, kind: str, level: Level, address: int) -> Resolved:
        """Return what the prototype PTE at *address* means."""
        view = self._without_prototypes(memory)
        where = f"{level.name}: prototype PTE at {view.address(address)}"
        try:
            value = int.from_bytes(view.read(address, self.format.size), "little")
        except ReadError as error:
            return Resolved(kind, -1, f"{where} can't be read: {error.reason}")
        said = self.classify(memory, value, "prototype")
        via = (TableEntry(_PROTOTYPE_PTE, Hex(view.find(address)), Hex(value), said.kind),)
        if said.pfn is not None:
            return Resolved(kind, said.pfn << _PAGE_SHIFT, "", via)
        return Resolved(kind, -1, f"{where}: {reason(said, view)}", via)

    def _without_prototypes(self, memory: VirtualMemory) -> VirtualMemory:
        view = self._view
        if view is None or view.root != memory.root or view.physical is not memory.physical:
            view = self._view = VirtualMemory(memory.physical, memory.mode, memory.root, _NoPrototypes(self))
        return view


class _NoPrototypes:
    """The same view, but prototype PTEs are not followed."""

    settled = True

    def __init__(self, entries: WindowsEntries) -> None:
        self._entries = entries

    def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
        return self._entries._resolve(memory, address, entry, level, follow=False)


def is_user(mode: Mode, address: int) -> bool:
    """Say whether *address* is in the lower half of the address space, a process's own."""
    return not address >> (mode.width - 1)


def reason(said: Pte, memory: VirtualMemory | None = None) -> str:
    """Return in words where the page is that is not in memory.

    :param memory: writes addresses
    """
    shown = memory.address if memory else lambda value: value
    words = {
        KINDS[ZERO]: "zero: nothing is mapped here, or nobody has used it yet",
        KINDS[VAD]: "prototype: look in the VAD",
        KINDS[DEMAND_ZERO]: "demand zero: the page is made, all zeros, when it is first used",
        KINDS[FREED]: "the page has been freed",
        KINDS[PAGE_FILE]: f"paged out to page file {said.page_file} at offset {said.offset or Hex(0):x}",
    }
    if said.kind == KINDS[SUBSECTION]:
        where = f" (subsection at {shown(said.address)})" if said.address is not None else ""
        return f"in the file that is mapped{where}, not in memory"
    if said.kind == KINDS[PROTOTYPE]:
        if said.address is None:
            return "prototype: where the pool begins that its prototype PTE is in is not known"
        return f"prototype PTE at {shown(said.address)} is not followed: this is on the way to another one"
    return words.get(said.kind, "valid" if said.kind == KINDS[VALID] else said.kind)
