"""Where the sections of a small memory dump lie, checked against the file and against each other."""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.formats import Section
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dumpwalk.memory.address import Address

NO_ADDRESS = Absent("not a piece of memory")
# How many overlaps are reported: a wrong offset can make every section overlap.
_MOST_OVERLAPS = 8
# Eighteen times the largest table of a real dump. An entry of 16 bytes costs up to 900 in memory
# (blocks that overlap on purpose), so this also bounds what a hostile file can make us take.
MOST_ENTRIES = 1 << 15


class Layout:
    """The sections of a file, noted as they are found.

    :ivar sections: in file order once :meth:`finish` was called
    :ivar problems: what is wrong, shared with whoever made the layout
    """

    def __init__(self, data: memoryview, problems: list[Problem]) -> None:
        self.data = data
        self.problems = problems
        self.sections: list[Section] = []
        self._starts: list[int] = [len(data)]

    def know(self, starts: Iterable[int]) -> None:
        """Take note of the offsets at which sections begin; what lies before one ends there."""
        self._starts = sorted({len(self.data), *(s for s in starts if s < len(self.data))})

    def room(self, offset: int) -> int:
        """Return how many bytes there are from *offset* to the next section, 0 past the end of the file."""
        index = bisect_right(self._starts, offset)
        return self._starts[index] - offset if index < len(self._starts) else 0

    def peek(self, offset: int, size: int) -> bytes:
        """Return the bytes at *offset*, fewer at the end of the file."""
        return bytes(self.data[offset : offset + size])

    def add(self, offset: int, size: int, what: str, address: Address | Absent = NO_ADDRESS) -> memoryview:
        """Note the section *what* and return its bytes, as far as they are in the file."""
        if not size:
            return self.data[:0]
        if not offset and what != "header":
            self.problems.append(Problem(what, f"{size:#x} bytes are stated, but not where"))
            return self.data[:0]
        found = self.data[offset : offset + size]
        if len(found) < size:
            where = f"{size:#x} bytes at file offset {offset:#x}, of which {len(found):#x} are in the file"
            self.problems.append(Problem(what, where))
        if len(found):
            self.sections.append(Section(Hex(offset), Hex(len(found)), what, address))
        return found

    def structure(self, offset: int, size: int, what: str) -> memoryview:
        """Return the bytes of a structure whose address is not known yet; :meth:`place` states it later."""
        if not offset:
            return self.data[:0]
        return self.add(offset, size, what, Absent("its address can't be recovered"))

    def place(self, what: str, address: Address | Absent) -> None:
        """State the address of the section *what*."""
        self.sections = [Section(s.offset, s.size, s.what, address) if s.what == what else s for s in self.sections]

    def found(self, what: str) -> memoryview:
        """Return the bytes of the section *what* that was added before; none when it was not."""
        section = next((s for s in self.sections if s.what == what), None)
        return self.data[section.offset : section.offset + section.size] if section else self.data[:0]

    def table(self, offset: int, count: int, stride: int, what: str) -> tuple[memoryview, int]:
        """Return the bytes of a table and how many whole entries it has room for, at most *count*."""
        if not count:
            return self.data[:0], 0
        if not offset:
            self.problems.append(Problem(what, f"{count} entries are stated, but not where"))
            return self.data[:0], 0
        fits = min(count, self.room(offset) // stride)
        if fits < count:
            self.problems.append(Problem(what, f"{count} entries are stated at {offset:#x}; there is room for {fits}"))
        if fits > MOST_ENTRIES:
            self.problems.append(Problem(what, f"of {fits} entries the first {MOST_ENTRIES} are read"))
            fits = MOST_ENTRIES
        return self.add(offset, fits * stride, what), fits

    def finish(self) -> None:
        """Sort the sections, report those that overlap, and name the gaps between them."""
        self.sections.sort(key=lambda s: (s.offset, s.size))
        out: list[Section] = []
        end = overlaps = 0
        for section in self.sections:
            if section.offset > end:
                out.append(Section(Hex(end), Hex(section.offset - end), "slack", NO_ADDRESS))
            elif section.offset < end and overlaps < _MOST_OVERLAPS:
                overlaps += 1
                what = f"it begins at {section.offset:#x}, inside the section {out[-1].what}"
                self.problems.append(Problem(section.what, what))
            out.append(section)
            end = max(end, section.offset + section.size)
        if end < len(self.data):
            out.append(Section(Hex(end), Hex(len(self.data) - end), "slack", NO_ADDRESS))
        self.sections = out
