"""Which pages of a section are in memory: each prototype PTE, a summary, and a bar."""

from __future__ import annotations

from dumpwalk.kernel.prototype_ptes import NOT_MADE, STATES, UNREADABLE, PteReader, resident
from dumpwalk.kernel.pte_runs import PteRuns
from dumpwalk.memory.paging.software import DEMAND_ZERO, FREED, PAGE_FILE, SUBSECTION, TRANSITION, VALID, ZERO
from dumpwalk.record import record
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dumpwalk.kernel.prototype_ptes import PteArray
    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_CELLS = 64


@record
class SubsectionPages:
    """The prototype PTEs of one subsection.

    :param runs: of :class:`PteRun`; empty where they were not asked for
    """

    number: int
    address: Address
    runs: PteRuns


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


def section_pages(target: Target, area: ControlArea, *, each: bool = True) -> SectionPages:
    """Return what the prototype PTEs of *area* say.

    :param each: list each of them; without, they are counted
    :raises TypeInfoError: when what the page-table entries of this kernel look like is not known
    """
    problems: list[Problem] = []
    reader = PteReader(target)
    arrays = tuple(reader.arrays(area, problems))
    backed = area.kind in ("data", "image")
    parts = tuple(
        SubsectionPages(a.subsection.number, a.subsection.address, PteRuns(reader, a, backed=backed, each=each))
        for a in arrays
    )
    if target.entries is not None:
        problems += target.entries.problems
    return SectionPages(parts, coverage(arrays), bar(arrays), tuple(problems))


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
