"""Which paging mode the machine of a dump was in.

The header names the architecture; the debugger data block names the rest
(PAE, five levels) but is reached only through the page tables. So each mode
in question is tried, and the one is taken in which the block reads as one and
says of itself that this is the mode.
"""

from __future__ import annotations

from dumpwalk.formats.debugger_data import HEADER_SIZE, OWNER_TAG
from dumpwalk.memory.paging.modes import ARM64, LA57, PAE, X64, X86
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.paging.modes import Mode
    from dumpwalk.memory.physical import PhysicalMemory

# wdbgexts.h: the word at 0x36 of the block holds PaeEnabled in bit 0 and PagingLevels in bits 2 to 5.
_BITS = 0x36
_NOT_GIVEN = Absent("not given")


def virtual_memory(
    physical: PhysicalMemory,
    machine: Machine,
    root: int,
    *,
    pae: bool | None = None,
    debugger_data_at: Address | Absent = _NOT_GIVEN,
    modules_at: Address | Absent = _NOT_GIVEN,
    problems: list[Problem],
) -> VirtualMemory | Absent:
    """Return the address space of *machine* whose page tables begin at *root*, or why there is none.

    :param pae: whether an x86 machine uses PAE; ``None`` when that is not known
    :param debugger_data_at: where the debugger data block is
    :param modules_at: where the list of modules is: any kernel address would do
    """
    first, others = _candidates(machine, pae)
    if first is None:
        return Absent(f"the page tables of {machine.name} machines are not known here")
    spaces = [VirtualMemory(physical, mode, root) for mode in (first, *others)]
    landmarks = [a for a in (debugger_data_at, modules_at) if not isinstance(a, Absent) and a]
    chosen = next((s for s in spaces if landmarks and _says_so(s, landmarks[0])), None)
    if chosen is None:
        chosen = next((s for s in spaces if any(s.find(a) >= 0 for a in landmarks)), spaces[0])
    if pae is not None and chosen.mode is not first:
        what = f"PaeEnabled is {int(pae)}, but the page tables at {root:#x} are those of {chosen.mode.name}"
        problems.append(Problem("header", what))
    return chosen


def _candidates(machine: Machine, pae: bool | None) -> tuple[Mode | None, tuple[Mode, ...]]:
    """Return the paging mode to expect, and those that it may be instead."""
    if machine.name == "x86":
        return (X86, (PAE,)) if pae is False else (PAE, (X86,))
    if machine.name == "x64":
        return X64, (LA57,)
    return (ARM64, ()) if machine.name == "ARM64" else (None, ())


def _says_so(space: VirtualMemory, block: Address) -> bool:
    """Say whether the debugger data block at *block* reads as one and names the mode of *space*."""
    head = space.read_some(block, _BITS + 2)
    if len(head) < HEADER_SIZE or head[0x10:0x14] != OWNER_TAG:
        return False
    word = int.from_bytes(head[_BITS:], "little")
    if space.mode in (X86, PAE):
        return bool(word & 1) == (space.mode is PAE)
    return (word >> 2 & 0xF == 5) == (space.mode is LA57)
