"""What a dump's kernel means by page-table entries that the processor takes for invalid."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.memory.paging.translation import NothingInSoftware
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import replace
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from dumpwalk.memory.paging.modes import Level
    from dumpwalk.memory.paging.translation import Resolved
    from dumpwalk.memory.paging.windows import WindowsEntries
    from dumpwalk.memory.segments import Memory
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

    T = TypeVar("T")

# Windows 7 and 8.1 have a variable, since 10 it is a member of one (both in their public PDBs).
_VARIABLE = "MiInvalidPteMask"
_STATE, _STATE_TYPE, _STATE_PATH = "MiState", "_MI_SYSTEM_INFORMATION", "Hardware.InvalidPteMask"


class KernelEntries(NothingInSoftware):
    """What the kernel of a target means by invalid page-table entries; its types are loaded at the first of them.

    :ivar problems: what of it is not known, once an entry was asked for
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._found: WindowsEntries | Absent | None = None
        self._waiting = 0
        self._types: TypeDatabase | None = None
        self.problems: tuple[Problem, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether what it says now is its last word."""
        return self._found is not None

    def use(self, types: TypeDatabase) -> None:
        """Go by *types* instead of the target's own."""
        self._types, self._found, self.problems = types, None, ()

    def undisturbed(self, look: Callable[[], T]) -> T:
        """Return what *look* returns; until it does, invalid entries are not present."""
        self._waiting += 1
        try:
            return look()
        finally:
            self._waiting -= 1

    def windows(self) -> WindowsEntries | Absent:
        """Return what explains the entries, or why there is nothing that does."""
        if self._waiting:
            return Absent("the types of this kernel are still being looked for")
        if self._found is None:
            self._found = self.undisturbed(self._look)
        return self._found

    def resolve(self, memory: VirtualMemory, address: int, entry: int, level: Level) -> Resolved:
        """Return what *entry* means, or that it is not present where nobody knows."""
        found = self.windows()
        if isinstance(found, Absent):
            return super().resolve(memory, address, entry, level)
        return found.resolve(memory, address, entry, level)

    def _look(self) -> WindowsEntries | Absent:
        from dumpwalk.memory.paging.windows import WindowsEntries
        from dumpwalk.types.importing import origin
        from dumpwalk.types.pte_formats import pte_format

        target = self._target
        where = "page-table entries"
        try:
            types = self._types or target.types
            found = pte_format(types)
        except TypeInfoError as error:
            self.problems = (Problem(where, f"only what the processor sees: {error}"),)
            return Absent(str(error))
        mode = getattr(target.memory, "mode", None)
        if mode is not None and mode.entry_size != found.size:
            why = f"{types.name} has entries of {found.size} bytes, this machine's have {mode.entry_size}"
            self.problems = (Problem(where, f"only what the processor sees: {why}"),)
            return Absent(why)
        profile = target.profile
        if self._types is None and (isinstance(profile, Absent) or not profile.exact):
            text = f"this kernel is not known; they are read as {types.name} writes them"
            self.problems = (Problem(where, text),)
        theirs = origin(types).architecture
        if theirs and theirs.lower() != target.machine.name.lower():
            text = f"{types.name} has the types of {theirs}, the machine is {target.machine.name}: they may be others"
            self.problems = (*self.problems, Problem(where, text))
        mask: int | Absent = 0
        if found.swizzle:
            mask = invalid_pte_mask(target.memory, types, target.address_of)
        if isinstance(mask, Absent):
            what = f"{mask.reason}; it is taken for 0 until an entry in transition says otherwise"
            self.problems = (*self.problems, Problem(where, what))
        pools = None
        data = target.dump.debugger_data
        if found.which_pool and not isinstance(data, Absent):
            places = [data.get(name) for name in ("MmPagedPoolStart", "MmSubsectionBase", "MmNonPagedPoolEnd")]
            pools = pointers_at(target.memory, 4, *places)
        if found.which_pool and pools is None:
            what = (
                "MmPagedPoolStart, MmSubsectionBase or MmNonPagedPoolEnd can't be read: prototype PTEs aren't followed"
            )
            self.problems = (*self.problems, Problem(where, what))
        found = replace(found, invalid_mask=mask or 0, pools=pools)
        return WindowsEntries(found, mask_known=not isinstance(mask, Absent))


def invalid_pte_mask(memory: Memory, types: TypeDatabase, symbol: Callable[[str], int | None]) -> int | Absent:
    """Return ``InvalidPteMask``: bits that are set in each invalid entry against L1TF.

    :param symbol: says where a kernel symbol is, ``None`` where that is not known
    :return: it, or why it can't be had
    """
    address = symbol(_VARIABLE)
    if address is None:
        state = symbol(_STATE)
        if state is None:
            return Absent(f"InvalidPteMask is not known: no symbol {_VARIABLE}, and none {_STATE}")
        try:
            address = state + offset_of(types, _STATE_TYPE, _STATE_PATH)
        except TypeInfoError as error:
            return Absent(f"InvalidPteMask is not known: {error}")
    try:
        return int.from_bytes(memory.read(address, 8), "little")
    except ReadError as error:
        return Absent(f"InvalidPteMask is not known: {error}")


def pointers_at(memory: Memory, size: int, *places: int | None) -> tuple[int, ...] | None:
    """Return the pointers of *size* bytes at *places*; ``None`` when one of them can't be had."""
    out = []
    for place in places:
        if not place:
            return None
        try:
            out.append(int.from_bytes(memory.read(place, size), "little"))
        except ReadError:
            return None
    return tuple(out)
