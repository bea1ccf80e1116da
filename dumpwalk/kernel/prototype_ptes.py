"""The prototype PTEs of a section: what Mm knows of each page of a file, thousands at a time.

A prototype PTE is read like one in page tables, with one difference: bit 10 does not say "a prototype PTE knows" but
"the page is in the file, and this is its subsection". Which page of the file follows from its place in the array.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.subsection import pages_of
from dumpwalk.memory.paging.software import KINDS, SUBSECTION, TRANSITION, VALID
from dumpwalk.record import replace
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.subsection import Subsection
    from dumpwalk.memory.paging.software import Pte, PteFormat
    from dumpwalk.target import Target

# What is looked at of one section: files up to 32 GB. A count that lies can say more than any memory holds.
MOST_PTES = 1 << 23
# Kinds beside those of entries: the entry can't be read, and there is none yet.
UNREADABLE, NOT_MADE = len(KINDS), len(KINDS) + 1
STATES = (*KINDS, "unreadable", "not made")
_MOST_REMARKS = 4
# Of entries that name a subsection there is one value a subsection.
_MOST_DISTINCT = 4096
# How many values are looked at to find out what is mixed into entries that are not valid.
_MOST_SAMPLES = 64


class PteArray:
    """The prototype PTEs of one subsection.

    :ivar subsection: whose they are
    :ivar count: how many there are
    :ivar values: numpy array of the entries
    :ivar kinds: what each is, an index of :data:`STATES`
    :ivar pfns: page frame number of each, -1 where there is none
    :ivar places: where in the dump's file its page is, -1 where it is not there
    """

    def __init__(self, subsection: Subsection, values: Any, kinds: Any, pfns: Any, places: Any) -> None:
        self.subsection = subsection
        self.count = len(kinds)
        self.values = values
        self.kinds = kinds
        self.pfns = pfns
        self.places = places


class PteReader:
    """Reads prototype PTEs of a target.

    :raises TypeInfoError: when what its page-table entries look like is not known
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        found = target.entries.windows() if target.entries is not None else None
        if isinstance(found, Absent):
            raise TypeInfoError(found.reason)
        self._windows = found
        self._format: PteFormat | None = None
        if self._windows is None:
            from dumpwalk.types.pte_formats import pte_format

            self._format = pte_format(target.types)

    @property
    def format(self) -> PteFormat:
        """Where the fields of an entry are, with what is known by now of the machine."""
        if self._windows is not None:
            return self._windows.format
        assert self._format is not None
        return self._format

    def classify(self, value: int) -> Pte:
        """Return what the prototype PTE *value* says."""
        return self.format.classify(value, "prototype")

    def arrays(self, area: ControlArea, problems: list[Problem]) -> Iterator[PteArray]:
        """Yield the prototype PTEs of each subsection of *area*; what is wrong with them goes to *problems*."""
        left = MOST_PTES
        for part in area.subsections:
            wanted = pages_of(part)
            count = min(wanted, left)
            if count < wanted:
                what = f"PtesInSubsection is {wanted:x}; only {count:x} of them are looked at"
                problems.append(Problem(f"_SUBSECTION {part.address:x}", what))
            left -= count
            found = self._array(part, count)
            self._check(part, found, problems)
            yield found

    def _array(self, part: Subsection, count: int) -> PteArray:
        import numpy as np

        from dumpwalk.memory.paging.arrays import read_array

        target, base = self._target, part.SubsectionBase
        if isinstance(base, Absent) or not base:
            kind = UNREADABLE if isinstance(base, Absent) else NOT_MADE
            nowhere = np.full(count, -1, "i8")
            return PteArray(part, np.zeros(count, "u8"), np.full(count, kind, "u1"), nowhere, nowhere)
        values, read = read_array(target.memory, int(base), count, self.format.size)
        self._learn(part, values[read])
        kinds, pfns = self.format.kinds(values, "prototype")
        kinds[~read] = UNREADABLE
        pfns[~read] = -1
        places = np.full(count, -1, "i8")
        physical = target.physical
        with_page = np.flatnonzero(pfns >= 0)
        if len(with_page) and not isinstance(physical, Absent):
            places[with_page] = physical.places((pfns[with_page].astype("u8") << np.uint64(12)).astype("u8"))
        return PteArray(part, values, kinds, pfns, places)

    def _learn(self, part: Subsection, values: Any) -> None:
        """Let the entries say what is mixed into those that are not valid, where nothing else did.

        One that should name this subsection, but for a single bit, says which bit that is.
        """
        import numpy as np

        from dumpwalk.memory.virtual import VirtualMemory

        windows, memory = self._windows, self._target.memory
        if windows is None or windows.mask_known or not isinstance(memory, VirtualMemory):
            return
        kinds, _ = self.format.kinds(values, "prototype")
        for value in values[kinds == TRANSITION][:_MOST_SAMPLES].tolist():
            windows.classify(memory, value, "prototype")
        for value in np.unique(values[kinds == SUBSECTION])[:_MOST_SAMPLES].tolist():
            said = self.classify(value).address
            bit = (said ^ part.address) & (1 << 48) - 1 if said is not None else 0
            if bit and not bit & bit - 1 and not value & self.format.swizzle and not self.format.invalid_mask:
                (_, _, shift), *_ = self.format.subsection
                position = self.format.subsection[0][0]
                windows.format = replace(self.format, invalid_mask=bit << position >> shift)

    def _check(self, part: Subsection, found: PteArray, problems: list[Problem]) -> None:
        """Check that the entries which name a subsection name this one."""
        import numpy as np

        where = np.flatnonzero(found.kinds == SUBSECTION)
        if not len(where):
            return
        size, base = self.format.size, part.SubsectionBase
        distinct, first = np.unique(found.values[where], return_index=True)
        wrong = 0
        for value, index in zip(distinct[:_MOST_DISTINCT].tolist(), where[first].tolist()):
            said = self.classify(value).address
            if said is None or said == part.address:
                continue
            wrong += 1
            if wrong <= _MOST_REMARKS and not isinstance(base, Absent):
                at = self._target.address(base + index * size)
                theirs = self._target.address(said)
                what = f"it is of the subsection {theirs:x}, but lies in the array of {part.address:x}"
                problems.append(Problem(f"prototype PTE {at:x}", what))
        if wrong > _MOST_REMARKS:
            what = f"{wrong - _MOST_REMARKS} values more of its prototype PTEs are of other subsections"
            problems.append(Problem(f"_SUBSECTION {part.address:x}", what))


def resident(kinds: Any) -> Any:
    """Return which of *kinds* have a page in the machine's memory."""
    return (kinds == VALID) | (kinds == TRANSITION)
