"""Which pages of a section are in memory: each prototype PTE, a summary, and a bar."""

from __future__ import annotations

from dumpwalk.kernel.prototype_ptes import NOT_MADE, STATES, UNREADABLE, PteReader, resident
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.software import DEMAND_ZERO, FREED, PAGE_FILE, SUBSECTION, TRANSITION, VALID, ZERO
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dumpwalk.kernel.prototype_ptes import PteArray
    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_PAGE = 0x1000
_CELLS = 64


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


@record
class SubsectionPages:
    """The prototype PTEs of one subsection."""

    number: int
    address: Address
    runs: tuple[PteRun, ...]


@record
class Coverage:
    """How many pages are where.

    :param in_dump: in the machine's memory, and in the dump
    :param not_in_dump: in the machine's memory, but left out of the dump
    :param in_file: not in memory; the file has them
    :param paged_out: in a page file
    :param zero: no page yet; it would be made of zeros, or nobody asked for it
    :param unreadable: what they are is not known, their prototype PTEs are not in the dump
    """

    pages: int
    in_dump: int
    not_in_dump: int
    in_file: int
    paged_out: int
    zero: int
    unreadable: int


@record
class SectionPages:
    """All pages of a section.

    :param bar: a character for each part: ``#`` all of it is in the dump, ``+`` some, ``x`` in memory but not in the
        dump, ``?`` not known, ``.`` nothing of it is in memory
    """

    subsections: tuple[SubsectionPages, ...]
    coverage: Coverage
    bar: str
    problems: tuple[Problem, ...] = ()


def section_pages(target: Target, area: ControlArea) -> SectionPages:
    """Return what the prototype PTEs of *area* say, each of them.

    :raises TypeInfoError: when what the page-table entries of this kernel look like is not known
    """
    problems: list[Problem] = []
    reader = PteReader(target)
    arrays = tuple(reader.arrays(area, problems))
    backed = area.kind in ("data", "image")
    parts = tuple(
        SubsectionPages(a.subsection.number, a.subsection.address, tuple(_runs(target, reader, a, backed)))
        for a in arrays
    )
    if target.entries is not None:
        problems += target.entries.problems
    return SectionPages(parts, coverage(arrays), bar(arrays), tuple(problems))


def _runs(target: Target, reader: PteReader, found: PteArray, backed: bool) -> list[PteRun]:
    import numpy as np

    if not found.count:
        return []
    part, size = found.subsection, reader.format.size
    single = resident(found.kinds)
    begins = np.ones(found.count, bool)
    begins[1:] = (found.values[1:] != found.values[:-1]) | (found.kinds[1:] != found.kinds[:-1]) | single[1:]
    starts = np.flatnonzero(begins)
    counts = np.diff(np.append(starts, found.count))
    base = None if isinstance(part.SubsectionBase, Absent) or not part.SubsectionBase else int(part.SubsectionBase)
    offset = None if isinstance(part.file_offset, Absent) or not backed else int(part.file_offset)
    made = type(part.address)
    out = []
    columns = (starts, counts, found.values[starts], found.kinds[starts], found.pfns[starts], found.places[starts])
    for index, count, value, kind, pfn, place in zip(*(column.tolist() for column in columns)):
        page_file = where = None
        if kind == PAGE_FILE:
            said = reader.classify(value)
            page_file, where = said.page_file, said.offset
        out.append(
            PteRun(
                index,
                count,
                None if base is None else made(base + index * size),
                None if kind >= UNREADABLE else Hex(value),
                STATES[kind],
                Hex(pfn) if pfn >= 0 else None,
                place >= 0 if pfn >= 0 else None,
                page_file,
                where,
                None if offset is None else Hex(offset + index * _PAGE),
            )
        )
    return out


def coverage(arrays: Sequence[PteArray]) -> Coverage:
    """Return how many pages are where."""
    import numpy as np

    counts = [0] * len(STATES)
    there = 0
    for found in arrays:
        for kind, number in enumerate(np.bincount(found.kinds, minlength=len(STATES)).tolist()):
            counts[kind] += number
        there += int((found.places >= 0).sum())
    held = counts[VALID] + counts[TRANSITION]
    zero = counts[ZERO] + counts[DEMAND_ZERO] + counts[FREED]
    in_file = counts[SUBSECTION] + counts[NOT_MADE]
    return Coverage(sum(counts), there, held - there, in_file, counts[PAGE_FILE], zero, counts[UNREADABLE])


def bar(arrays: Sequence[PteArray]) -> str:
    """Return a character for each part of a section."""
    import numpy as np

    if not sum(found.count for found in arrays):
        return ""
    kinds: Any = np.concatenate([found.kinds for found in arrays])
    there: Any = np.concatenate([found.places for found in arrays]) >= 0
    held, unknown = resident(kinds), kinds == UNREADABLE
    edges = np.linspace(0, len(kinds), min(_CELLS, len(kinds)) + 1).astype(int).tolist()
    cells = []
    for start, end in zip(edges, edges[1:]):
        if there[start:end].all():
            cells.append("#")
        elif there[start:end].any():
            cells.append("+")
        elif held[start:end].any():
            cells.append("x")
        else:
            cells.append("?" if unknown[start:end].any() else ".")
    return "".join(cells)
