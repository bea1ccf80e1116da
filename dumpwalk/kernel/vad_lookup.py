"""Which prototype PTE backs an address of a process: its tree of virtual address descriptors (VADs) says it."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.vad_members import (
    DEEPEST,
    END,
    END_HIGH,
    LEFT,
    PRIVATE,
    RIGHT,
    ROOTS,
    START,
    START_HIGH,
    first_path,
)
from dumpwalk.objects import object_
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dumpwalk.memory.segments import Memory
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

_MOST_SUBSECTIONS = 4096


def follow_vads(target: Target) -> None:
    """Let the entries of *target* that say "look in the VAD" do so, in the address space of any active process.

    That is the current process, or the one that the page tables in use are of.
    """
    from dumpwalk.kernel.processes import processes

    if target.entries is None:
        return
    windows = target.entries.windows()
    if isinstance(windows, Absent) or windows.vad_prototype is not None:
        return
    process = target.process
    try:
        windows.vad_prototype = VadLookup(target.memory, target.types, process, lambda: processes(target).addresses)
    except TypeInfoError:
        return  # then nobody knows a VAD's layout, and the reason "look in the VAD" is all that can be said


class VadLookup:
    """Finds prototype PTEs by the VADs of processes.

    :param process: address of the ``_EPROCESS`` to look at, or why it is not known
    :param others: gives those to look at where the page tables in use are not those of *process*
    :raises TypeInfoError: when *types* lack a structure or member on the way
    """

    def __init__(
        self,
        memory: Memory,
        types: TypeDatabase,
        process: int | Absent,
        others: Callable[[], Iterable[int]] = tuple,
    ) -> None:
        self._memory = memory
        self._types = types
        self._process = process
        self._others = others
        self._owners: dict[int, int | Absent] = {}
        self._busy = False
        self._root = first_path(types, "_EPROCESS", ROOTS)
        self._left, self._right = first_path(types, "_MMVAD", LEFT), first_path(types, "_MMVAD", RIGHT)
        self._start, self._end = first_path(types, "_MMVAD", START), first_path(types, "_MMVAD", END)
        self._start_high = first_path(types, "_MMVAD", START_HIGH, needed=False)
        self._end_high = first_path(types, "_MMVAD", END_HIGH, needed=False)
        self._private = first_path(types, "_MMVAD", PRIVATE, needed=False)
        self._pte = size_of(Reference("struct", "_MMPTE"), types) or 0

    def __call__(self, memory: VirtualMemory, address: int) -> int | Absent:
        """Return where the prototype PTE for *address* is, or why that is not known.

        :param memory: the address space; that of a process that is known
        """
        vad = self.vad(memory, address)
        if isinstance(vad, Absent):
            return vad
        start = self._number(vad, self._start, self._start_high)
        return (
            start if isinstance(start, Absent) else self._guarded(lambda: self._prototype(vad, (address >> 12) - start))
        )

    def vad(self, memory: VirtualMemory, address: int) -> Any:
        """Return the ``_MMVAD`` that covers *address*, or why none is known."""
        return self._guarded(lambda: self._find(memory, address))

    def _guarded(self, look: Callable[[], Any]) -> Any:
        """Return what *look* returns, which reads VADs, unless VADs are being read already."""
        if self._busy:  # a VAD lies where only a VAD could say where it lies
            return Absent("the VADs themselves can't be read")
        self._busy = True
        try:
            return look()
        finally:
            self._busy = False

    def _owner(self, memory: VirtualMemory) -> int | Absent:
        """Return the process whose page tables *memory* goes through: the current one, or another that is known."""
        if isinstance(self._process, int):
            base = self._base(self._process)
            if isinstance(base, Absent):
                return base
            if base & memory.mode.root == memory.root:
                return self._process
        for process in self._others():
            base = self._base(process)
            if not isinstance(base, Absent) and base & memory.mode.root == memory.root:
                return process
        if isinstance(self._process, Absent):
            return Absent(f"which process's is not known: {self._process.reason}")
        return Absent("this is not the address space of the current process, nor of another that is known")

    def _base(self, process: int) -> int | Absent:
        base = object_(self._memory, self._types, "_EPROCESS", process).member_("Pcb.DirectoryTableBase")
        if not isinstance(base, (int, Absent)):
            base = base[0]  # Windows XP and 2003 have two: the second is of hyperspace
        return base if isinstance(base, Absent) else int(base)

    def _find(self, memory: VirtualMemory, address: int) -> Any:
        if memory.root not in self._owners:
            self._owners[memory.root] = self._owner(memory)
        process = self._owners[memory.root]
        if isinstance(process, Absent):
            return process
        at = object_(self._memory, self._types, "_EPROCESS", process).member_(self._root)
        page = address >> 12
        for _ in range(DEEPEST):
            if isinstance(at, Absent):
                return at
            if not int(at):
                return Absent("no VAD covers it: nothing is allocated there")
            vad = object_(self._memory, self._types, "_MMVAD", int(at))
            start, end = self._number(vad, self._start, self._start_high), self._number(vad, self._end, self._end_high)
            if isinstance(start, Absent):
                return start
            if isinstance(end, Absent):
                return end
            if page < start:
                at = vad.member_(self._left)
            elif page > end:
                at = vad.member_(self._right)
            else:
                return vad
        return Absent("the tree of VADs is deeper than any can be: it is damaged")

    def _number(self, vad: Any, path: str, high: str) -> int | Absent:
        low = vad.member_(path)
        above = vad.member_(high) if high else 0
        if isinstance(low, Absent):
            return low
        return above if isinstance(above, Absent) else int(low) | int(above) << 32

    def _prototype(self, vad: Any, index: int) -> int | Absent:
        """Return where the *index*th prototype PTE of *vad* is."""
        where = f"VAD at {vad.address_}"
        private = vad.member_(self._private) if self._private else 0
        if isinstance(private, Absent):
            return private
        if private:
            return Absent(f"{where} is of private memory: demand zero")
        first, last = vad.FirstPrototypePte, vad.LastContiguousPte
        for pointer in (first, last):
            if isinstance(pointer, Absent):
                return pointer
        if not int(first):
            return Absent(f"{where} has no prototype PTEs")
        found = int(first) + index * self._pte
        if found <= int(last):
            return found
        if self._types_lack("Subsection"):
            return Absent(f"{where}: its prototype PTE lies in another subsection")
        return self._in_subsections(vad.Subsection, int(first), index, where)

    def _types_lack(self, member: str) -> bool:
        return not first_path(self._types, "_MMVAD", (member,), needed=False)

    def _in_subsections(self, subsection: Any, first: int, index: int, where: str) -> int | Absent:
        """Return where the prototype PTE *index* after *first* is, whose array may go on in the next subsection."""
        for number in range(_MOST_SUBSECTIONS):
            if isinstance(subsection, Absent):
                return subsection
            if not int(subsection):
                break
            base, count = subsection.SubsectionBase, subsection.PtesInSubsection
            if isinstance(base, Absent):
                return base
            if isinstance(count, Absent):
                return count
            if not number:
                index += (first - int(base)) // self._pte
            if index < int(count):
                return int(base) + index * self._pte if int(base) else Absent(f"{where}: its prototype PTEs are gone")
            index -= int(count)
            subsection = subsection.NextSubsection
        return Absent(f"{where}: its subsections end before its prototype PTE")
