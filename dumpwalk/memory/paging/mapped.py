"""What page tables map, all of it, in the order of addresses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.virtual import VirtualMemory


def mapped(memory: VirtualMemory, start: int = 0, end: int = 1 << 64) -> Iterator[tuple[int, int, int]]:
    """Yield ``(address, size, physical address)`` of each page that valid entries map, ascending.

    Tables that refer to themselves map more pages than anybody can look at: who
    calls this takes no more than it can use.

    :param start: where to begin
    :param end: where to stop
    """
    mode, physical = memory.mode, memory.physical

    def below(base: int, depth: int, prefix: int) -> Iterator[tuple[int, int, int]]:
        level = mode.levels[depth]
        size = mode.entry_size << level.bits
        table = physical.read_some(base, size)
        for index in range(len(table) // mode.entry_size):
            address = mode.canonical(prefix | index << level.shift)
            if address + (1 << level.shift) <= start:
                continue
            if address >= end:
                return
            entry = int.from_bytes(table[index * mode.entry_size : (index + 1) * mode.entry_size], "little")
            if not entry & 1 or mode.is_reserved(level, entry):
                continue
            if mode.is_large(level, entry):
                yield address, 1 << level.shift, mode.large_base(level, entry)
            else:
                yield from below(entry & mode.frame, depth + 1, address)

    yield from below(memory.root, 0, 0)
