"""Where page tables lie in virtual memory: Windows maps them through an entry of the root table that leads to itself.

Formulas: Windows Internals, "Virtual address translation"; Intel SDM volume 3A 4.5 for the widths. 32-bit Windows
has its tables at a fixed place; 64-bit Windows had, and since 10 1607 chooses one of 256 at random.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.paging.modes import Mode
    from dumpwalk.memory.virtual import VirtualMemory

# PTE_BASE of 32-bit Windows, with PAE and without (ReactOS mm.h, the addresses in every !pte of one).
BASE_32 = 0xC0000000


def entry_addresses(mode: Mode, base: int, address: int) -> tuple[tuple[str, int], ...]:
    """Return ``(level, virtual address)`` of each entry for *address*, from the root's down, as ``!pte`` shows them.

    The entry of the level above is where the tables hold the entry's own address, so one formula does for all.
    PAE's uppermost table of four entries lies elsewhere and is left out, as it is in ``!pte``.

    :param base: ``PTE_BASE``
    """
    out: list[tuple[str, int]] = []
    for level in reversed(mode.levels):
        if level.bits == 2:
            break
        address = mode.canonical(base + ((address & (1 << mode.width) - 1) >> 12) * mode.entry_size)
        out.append((level.name, address))
    return tuple(reversed(out))


def address_of_entry(mode: Mode, base: int, entry: int) -> int:
    """Return the address whose PTE is at *entry*: the beginning of the page it maps."""
    return mode.canonical((entry - base) // mode.entry_size << 12)


def is_entry(mode: Mode, base: int, address: int) -> bool:
    """Say whether *address* lies in the region that holds the page tables."""
    size = mode.entry_size << (mode.width - 12)
    return base <= address < base + size


def self_map(memory: VirtualMemory) -> int | None:
    """Return ``PTE_BASE`` as the root table says it: which of its entries leads to the table itself.

    ``None`` when no entry does, or the table is not there.
    """
    mode = memory.mode
    if mode.width == 32:
        return BASE_32
    top = mode.levels[0]
    table = memory.physical.read_some(memory.root, mode.entry_size << top.bits)
    half = len(table) // 2  # the tables are the kernel's
    for at in range(half, len(table) - mode.entry_size + 1, mode.entry_size):
        entry = int.from_bytes(table[at : at + mode.entry_size], "little")
        if entry & 1 and entry & mode.frame == memory.root:
            return mode.canonical(at // mode.entry_size << top.shift)
    return None
