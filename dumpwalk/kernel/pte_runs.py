"""The prototype PTEs of a subsection as records, each made when it is asked for: there can be millions."""

from __future__ import annotations

from dumpwalk.kernel.prototype_ptes import STATES, UNREADABLE, resident
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import PAGE_FILE
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from dumpwalk.kernel.prototype_ptes import PteArray, PteReader
    from dumpwalk.memory.address import Address

    # index, count, value, kind, page frame number, place in the dump: all as numbers, -1 where there is none
    Row: TypeAlias = tuple[int, int, int, int, int, int]

_PAGE = 0x1000


@record
class PteRun:
    """Prototype PTEs that follow each other and say the same. Those that have a page are one each.

    :param index: number of the first in its subsection
    :param count: how many they are
    :param address: of the first; ``None`` where they are not made yet
    :param value: ``None`` where it can't be read, or there is none
    :param state: ``valid``, ``transition``, ``subsection`` (in the file), ``page file``, ``demand zero``, ``zero``,
        ``freed``, ``unreadable`` or ``not made``
    :param pfn: the page
    :param in_dump: the dump holds the page; ``None`` where there is no page
    :param page_file: number of the page file, and :attr:`offset` in it in pages
    :param file_offset: of the first one's page in the file; ``None`` where no file is behind it
    """

    index: int
    count: int
    address: Address | None
    value: Hex | None
    state: str
    pfn: Hex | None
    in_dump: bool | None
    page_file: int | None
    offset: Hex | None
    file_offset: Hex | None


class PteRuns:
    """A sequence of :class:`PteRun`.

    :param backed: a file is behind them
    :param each: without, there are none in it

    :ivar base: address of the first prototype PTE; ``None`` where they are not made yet
    :ivar offset: where in the file their pages begin; ``None`` where no file is behind them
    """

    def __init__(self, reader: PteReader, found: PteArray, *, backed: bool, each: bool = True) -> None:
        part = found.subsection
        self._reader = reader
        self._found = found
        self._made = type(part.address)
        self.size = reader.format.size
        base, offset = part.SubsectionBase, part.file_offset
        self.base = None if isinstance(base, Absent) or not base else int(base)
        self.offset = None if isinstance(offset, Absent) or not backed else int(offset)
        self._starts: Any = _starts(found) if each else ()

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[PteRun]:
        return map(self._run, self.rows())

    def __getitem__(self, index: int) -> PteRun:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} runs")
        return self._run(next(self.rows(range(len(self))[index])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (PteRuns, list, tuple)) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((self.base, len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} runs of prototype PTEs>"

    def rows(self, only: int | None = None) -> Iterator[Row]:
        """Yield the runs as plain numbers, which is how millions of them are printed.

        :param only: this one alone
        """
        import numpy as np

        found = self._found
        if not len(self):
            return iter(())
        starts = self._starts
        counts = np.diff(np.append(starts, found.count))
        if only is not None:
            starts, counts = starts[only : only + 1], counts[only : only + 1]
        columns = (starts, counts, found.values[starts], found.kinds[starts], found.pfns[starts], found.places[starts])
        return zip(*(column.tolist() for column in columns))

    def paged_out(self, value: int) -> tuple[int, Hex]:
        """Return number of and place in the page file that the entry *value* names."""
        said = self._reader.classify(value)
        return said.page_file or 0, said.offset or Hex(0)

    def _run(self, row: Row) -> PteRun:
        index, count, value, kind, pfn, place = row
        number, paged = self.paged_out(value) if kind == PAGE_FILE else (None, None)
        return PteRun(
            index,
            count,
            None if self.base is None else self._made(self.base + index * self.size),
            None if kind >= UNREADABLE else Hex(value),
            STATES[kind],
            Hex(pfn) if pfn >= 0 else None,
            place >= 0 if pfn >= 0 else None,
            number,
            paged,
            None if self.offset is None else Hex(self.offset + index * _PAGE),
        )


def _starts(found: PteArray) -> Any:
    """Return where runs begin: at each entry that has a page, or differs from the one before."""
    import numpy as np

    if not found.count:
        return ()
    begins = np.ones(found.count, bool)
    begins[1:] = (found.values[1:] != found.values[:-1]) | (found.kinds[1:] != found.kinds[:-1])
    begins |= resident(found.kinds)
    return np.flatnonzero(begins)
