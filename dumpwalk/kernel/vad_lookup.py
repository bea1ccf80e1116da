"""Which prototype PTE backs an address of a process: its tree of virtual address descriptors (VADs) says it.

The tree is an AVL tree of ``_MMVAD`` in all versions; its root and its links have had four forms since Windows XP,
told apart by the members that the types have.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.objects import object_
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.segments import Memory
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target
    from dumpwalk.types.model import TypeDatabase

# An AVL tree of all pages that a process can have is less than 1.44 * 36 deep.
_DEEPEST = 64
_MOST_SUBSECTIONS = 4096
# Paths to the same thing, newest first.
_ROOTS = ("VadRoot.Root", "VadRoot.BalancedRoot.RightChild", "VadRoot")
_LEFT = ("Core.VadNode.Left", "Core.VadNode.LeftChild", "LeftChild")
_RIGHT = ("Core.VadNode.Right", "Core.VadNode.RightChild", "RightChild")
_START, _END = ("Core.StartingVpn", "StartingVpn"), ("Core.EndingVpn", "EndingVpn")
_START_HIGH, _END_HIGH = ("Core.StartingVpnHigh",), ("Core.EndingVpnHigh",)
_PRIVATE = ("Core.u.VadFlags.PrivateMemory", "u.VadFlags.PrivateMemory")


def follow_vads(target: Target) -> None:
    """Let the entries of *target* that say "look in the VAD" do so, in the address space of its current process."""
    if target.entries is None:
        return
    windows = target.entries.windows()
    if isinstance(windows, Absent) or windows.vad_prototype is not None:
        return
    process = target.process
    try:
        windows.vad_prototype = VadLookup(target.memory, target.types, process)
    except TypeInfoError:
        return  # then nobody knows a VAD's layout, and the reason "look in the VAD" is all that can be said


class VadLookup:
    """Finds prototype PTEs by the VADs of one process.

    :param process: address of its ``_EPROCESS``, or why it is not known
    :raises TypeInfoError: when *types* lack a structure or member on the way
    """

    def __init__(self, memory: Memory, types: TypeDatabase, process: int | Absent) -> None:
        self._memory = memory
        self._types = types
        self._process = process
        self._busy = False
        self._root = _path(types, "_EPROCESS", _ROOTS)
        self._left, self._right = _path(types, "_MMVAD", _LEFT), _path(types, "_MMVAD", _RIGHT)
        self._start, self._end = _path(types, "_MMVAD", _START), _path(types, "_MMVAD", _END)
        self._start_high = _path(types, "_MMVAD", _START_HIGH, needed=False)
        self._end_high = _path(types, "_MMVAD", _END_HIGH, needed=False)
        self._private = _path(types, "_MMVAD", _PRIVATE, needed=False)
        self._pte = size_of(Reference("struct", "_MMPTE"), types) or 0

    def __call__(self, memory: VirtualMemory, address: int) -> int | Absent:
        """Return where the prototype PTE for *address* is, or why that is not known.

        :param memory: the address space; only that of the process is known
        """
        if self._busy:  # a VAD lies where only a VAD could say where it lies
            return Absent("the VADs themselves can't be read")
        if isinstance(self._process, Absent):
            return Absent(f"which process's is not known: {self._process.reason}")
        self._busy = True
        try:
            return self._find(memory, self._process, address)
        finally:
            self._busy = False

    def _find(self, memory: VirtualMemory, process: int, address: int) -> int | Absent:
        eprocess = object_(self._memory, self._types, "_EPROCESS", process)
        base = eprocess.member_("Pcb.DirectoryTableBase")
        if not isinstance(base, (int, Absent)):
            base = base[0]  # Windows XP and 2003 have two: the second is of hyperspace
        if isinstance(base, Absent):
            return base
        if int(base) & memory.mode.root != memory.root:
            return Absent("this is not the address space of the current process, and no other's VADs are known")
        at = eprocess.member_(self._root)
        page = address >> 12
        for _ in range(_DEEPEST):
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
                return self._prototype(vad, page - start)
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
        return not _path(self._types, "_MMVAD", (member,), needed=False)

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


def _path(types: TypeDatabase, type: str, paths: tuple[str, ...], *, needed: bool = True) -> str:
    """Return the first of *paths* that *type* has; ``""`` when it has none and none is *needed*.

    :raises TypeInfoError: when one is needed
    """
    for path in paths:
        try:
            offset_of(types, type, path)
        except TypeInfoError:
            continue
        return path
    if needed:
        raise TypeInfoError(f"no member {paths[0]} in {type} of {types.name}")
    return ""
