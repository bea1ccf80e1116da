"""What page tables map, all of it, in the order of addresses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.paging.entries import Entries
    from dumpwalk.memory.virtual import VirtualMemory

# 1 GB of page tables, which map 512 GB in pages of 4 KB.
MOST_TABLES = 1 << 18
_AT_ONCE = 256  # tables: 1 MB of entries


class Mapped:
    """The pages that valid entries map, ascending.

    They are looked for while somebody asks for more of them, many tables at a
    time. Tables that refer to themselves map more pages than anybody can look
    at, so the search ends after a number of tables.

    :param start: where to begin
    :param end: where to stop; pages that are partly inside count
    :param most_tables: how many tables are looked at, one that is reached in two ways twice

    :ivar cut: whether there was more to look at, which is known when the last page was given out
    """

    def __init__(
        self, memory: VirtualMemory, start: int = 0, end: int = 1 << 64, most_tables: int = MOST_TABLES
    ) -> None:
        self.memory = memory
        self.start = max(0, start)
        self.end = min(end, 1 << 64)
        self.most_tables = most_tables
        self.cut = False

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Yield ``(address, size, physical address)`` of each page."""
        for addresses, sizes, physical in self.arrays():
            yield from zip(addresses.tolist(), sizes.tolist(), physical.tolist())

    def joined(self) -> Iterator[tuple[int, int, int]]:
        """Yield the same, with pages made one that follow each other both in virtual and in physical memory."""
        import numpy as np

        last: tuple[int, int, int] | None = None
        for addresses, sizes, physical in self.arrays():
            ends = addresses + sizes
            breaks = (addresses[1:] != ends[:-1]) | (physical[1:] != physical[:-1] + sizes[:-1])
            first = np.concatenate(([0], np.flatnonzero(breaks) + 1))
            lengths = np.add.reduceat(sizes, first)
            runs = list(zip(addresses[first].tolist(), lengths.tolist(), physical[first].tolist()))
            if last and last[0] + last[1] == runs[0][0] and last[2] + last[1] == runs[0][2]:
                runs[0] = last[0], last[1] + runs[0][1], last[2]
            elif last:
                yield last
            last = runs.pop()
            yield from runs
        if last:
            yield last

    def virtual_addresses_of(self, physical: int) -> Iterator[int]:
        """Yield every virtual address that leads to the byte at *physical*, ascending."""
        import numpy as np

        wanted = np.uint64(physical)
        for addresses, sizes, bases in self.arrays():
            inside = wanted - bases  # wraps to far above where the page lies behind it
            hits = np.flatnonzero(inside < sizes)
            yield from (addresses[hits] + inside[hits]).tolist()

    def arrays(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield numpy arrays (``uint64``) of addresses, sizes and physical addresses, none of them empty."""
        import numpy as np

        from dumpwalk.memory.paging.entries import Entries

        self.cut = False
        entries = Entries(self.memory.physical, self.memory.mode.entry_size)
        looked_at = [0]
        root = np.array([self.memory.root], "u8")
        if self.start < self.end:
            yield from self._below(entries, 0, root, np.zeros(1, "u8"), looked_at)

    def _below(
        self, entries: Entries, depth: int, bases: Any, prefixes: Any, looked_at: list[int]
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield what the tables at *bases* map, which stand for the addresses from *prefixes* on."""
        import numpy as np

        from dumpwalk.memory.paging.batch import large_bases
        from dumpwalk.memory.paging.entries import followed

        mode, u8 = self.memory.mode, np.uint64
        level = mode.levels[depth]
        span = u8((1 << level.shift) - 1)
        room = self.most_tables - looked_at[0]
        if len(bases) > room:
            self.cut = True
            bases, prefixes = bases[:room], prefixes[:room]
        if not len(bases):
            return
        looked_at[0] += len(bases)

        found = entries.tables(bases, 1 << level.bits)
        row, number = np.nonzero(followed(mode, level, found))
        found = found[row, number]
        addresses = prefixes[row] | number.astype("u8") << u8(level.shift)
        if mode.width > 32:
            high = addresses >> u8(mode.width - 1) & u8(1)
            addresses |= high * u8((1 << 64) - (1 << mode.width))
        if self.start or self.end < 1 << 64:
            inside = (addresses | span >= u8(self.start)) & (addresses <= u8(self.end - 1))
            found, addresses = found[inside], addresses[inside]

        if level.shift == 12:
            if len(found):
                yield addresses, np.full(len(found), 0x1000, "u8"), found & u8(mode.frame)
            return
        mask, value = mode.leaf_marks
        large = found & u8(mask) == value if level.large else np.zeros(len(found), bool)
        tables = np.flatnonzero(~large)
        pages = (
            addresses[large],
            np.full(np.count_nonzero(large), span + u8(1)),
            large_bases(self.memory, level.shift, found[large]),
        )
        given = 0  # large pages so far: each goes before the first small page behind it
        at = 0
        while at < len(tables):
            # When few are left to look at, they go to the tables that map pages.
            some = tables[at : at + max(1, min(_AT_ONCE, (self.most_tables - looked_at[0]) // 64))]
            at += len(some)
            for small in self._below(entries, depth + 1, found[some] & u8(mode.frame), addresses[some], looked_at):
                until = int(np.searchsorted(pages[0], small[0][-1]))
                yield _merged(small, [column[given:until] for column in pages]) if until > given else small
                given = until
            if self.cut:
                break
        if given < len(pages[0]) and not self.cut:
            yield pages[0][given:], pages[1][given:], pages[2][given:]


def _merged(one: Any, other: Any) -> tuple[Any, Any, Any]:
    """Return pages of two kinds as one, ascending."""
    import numpy as np

    addresses, sizes, physical = (np.concatenate(columns) for columns in zip(one, other))
    order = np.argsort(addresses, kind="stable")
    return addresses[order], sizes[order], physical[order]


def mapped(memory: VirtualMemory, start: int = 0, end: int = 1 << 64, most_tables: int = MOST_TABLES) -> Mapped:
    """Return the pages that valid entries map, ascending, to be iterated over: see :class:`Mapped`.

    >>> [hex(address) for address, size, physical in mapped(memory)]  # doctest: +SKIP
    ['0x7ff600000000', '0xfffff80000000000']
    """
    return Mapped(memory, start, end, most_tables)


def virtual_addresses_of(memory: VirtualMemory, physical: int, most_tables: int = MOST_TABLES) -> Iterator[int]:
    """Yield every virtual address that leads to the byte at *physical*, ascending.

    :param most_tables: how many tables are looked at; :class:`Mapped` says whether that was all
    """
    return Mapped(memory, most_tables=most_tables).virtual_addresses_of(physical)
