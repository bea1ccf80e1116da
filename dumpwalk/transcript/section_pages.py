"""What this program's ``ca`` prints below a control area: its pages, a file that was written, the chain in words.

The records are the command's own.
"""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.transcript.values import address, hexadecimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pte_runs import PteRun
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import Coverage, SectionPages

_HEADING = re.compile(r"Prototype PTEs of subsection ([0-9]{1,9}) @ ([0-9a-f]{8,16})\Z")
_COLUMNS = re.compile(r"[ ]+Page[ ]{2}PTE at[ ]+Contains[ ]+File offset[ ]{2}State\Z")
_ROW = re.compile(
    r"[ ]{2,}([0-9a-f]{1,16})[ ]{2,}([0-9a-f]{8,16}|-)[ ]{2,}([0-9a-f]{1,16}|\?{4}|-)[ ]{2,}([0-9a-f]{1,17}|-)"
    r"[ ]{2,}([a-zA-Z].*)\Z"
)
_STATE = re.compile(
    r"(?:page file ([0-9]{1,3}), offset ([0-9a-f]{1,16})|([a-zA-Z ]+?)(?:, page ([0-9a-f]{1,16})(, not in the dump)?)?)"
    r"(?: \(([0-9a-f]{1,16}) pages, to ([0-9a-f]{1,16})\))?\Z"
)
_STATES = {"in the file": "subsection", "no prototype PTE yet": "not made"}
_BAR = re.compile(r"\[([#+x.?]*)\]\Z")
_LEGEND = re.compile(r"[ ]?# in the dump  \+ partly  x in memory, not in the dump  \. not in memory  \? not known\Z")
_COUNTS = re.compile(r"([0-9][0-9,]{0,25}) pages(?:: ([0-9][0-9a-z, ]*))?\Z")
_COUNTED = {
    "in the dump": "in_dump",
    "in memory but not in the dump": "not_in_dump",
    "in the file only": "in_file",
    "in a page file": "paged_out",
    "without a page": "zero",
    "not known": "unreadable",
}
_WRITTEN = re.compile(r"(\S.*): ([0-9][0-9,]{0,25}) bytes \(([\w ]+)\), ([0-9][0-9,]{0,25}) of them from the dump\Z")
_HOLE = re.compile(r"[ ]{2}([0-9a-f]{1,16})-([0-9a-f]{1,16}): (\S.*?)(; zeros in its place)?\Z")
_MORE = re.compile(r"[ ]{2}(and [0-9]+ holes more; --json has all)\Z")
_TOLD = re.compile(
    r"(FILE_OBJECT|SECTION_OBJECT_POINTERS|CONTROL_AREA|counts|SEGMENT|SUBSECTION|prototype PTEs|deletion): (\S.*)\Z"
)
_TOLD_ON = re.compile(r"[ ]{4}(\S.*)\Z")


class PagesLines:
    """Takes the lines about the prototype PTEs of a section, with the bar and the counts."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Address, list[PteRun]]] = []
        self._bar: str | None = None
        self._counts: dict[str, int] = {}
        self._seen: set[str] = set()
        #: What rows say that does not agree with itself.
        self.odd: list[str] = []

    def take(self, line: str) -> bool:
        """Take *line* if it is one of these."""
        if found := _HEADING.match(line):
            self._parts.append((int(found[1]), address(found[2]), []))
        elif self._parts and self._bar is None and (found := _ROW.match(line)):
            return self._row(found)
        elif found := _BAR.match(line):
            return self._first("bar") and self._set_bar(found[1])
        elif self._bar is not None and (found := _COUNTS.match(line)):
            return self._count(found)
        else:
            return bool(self._parts and _COLUMNS.match(line)) or _LEGEND.match(line) is not None
        return True

    def _first(self, what: str) -> bool:
        new = what not in self._seen
        self._seen.add(what)
        return new

    def _set_bar(self, text: str) -> bool:
        self._bar = text
        return True

    def _row(self, found: re.Match[str]) -> bool:
        from dumpwalk.kernel.pte_runs import PteRun

        index, at, contains, offset, text = found.groups()
        said = _STATE.match(text)
        if said is None:
            return False
        number, paged, state, pfn, gone, count, last = said.groups()
        first = int(index, 16)
        many = int(count, 16) if count else 1
        if last and int(last, 16) != first + many - 1:
            self.odd.append(f"{count} pages, to {last}")
        self._parts[-1][2].append(
            PteRun(
                first, many, None if at[0] == "-" else address(at),
                None if contains in ("-", "????") else hexadecimal(contains),
                _STATES.get(state, state) if state else "page file",
                hexadecimal(pfn) if pfn else None, not gone if pfn else None, int(number) if number else None,
                hexadecimal(paged) if paged else None, None if offset == "-" else Hex(int(offset, 16)),
            )
        )  # fmt: skip
        return True

    def _count(self, found: re.Match[str]) -> bool:
        counts = {"pages": _number(found[1])}
        for part in (found[2] or "").split(", ") if found[2] else ():
            number, _, what = part.partition(" ")
            if what not in _COUNTED or not number[:1].isdecimal() or _COUNTED[what] in counts:
                return False
            counts[_COUNTED[what]] = _number(number)
        if not self._first("counts"):
            return False
        self._counts = counts
        return True

    def record(self) -> SectionPages | None:
        """Return what was taken."""
        if not (self._parts or self._seen):
            return None
        from dumpwalk.kernel.section_pages import Coverage, SectionPages, SubsectionPages

        parts = tuple(SubsectionPages(number, at, tuple(runs)) for number, at, runs in self._parts)  # type: ignore[arg-type]
        names = ("pages", *_COUNTED.values())
        coverage: Coverage = Coverage(**{name: self._counts.get(name, 0) for name in names})
        return SectionPages(parts, coverage, self._bar or "")


class ExtractedLines:
    """Takes the lines about a file that was written, and about what is missing in it."""

    def __init__(self) -> None:
        self._head: re.Match[str] | None = None
        self._holes: list[re.Match[str]] = []
        #: What stands in place of holes that are not listed, and holes that end before they begin.
        self.more: tuple[str, ...] = ()

    def take(self, line: str) -> bool:
        """Take *line* if it is one of these."""
        if self._head is None:
            self._head = _WRITTEN.match(line) if " of them from the dump" in line else None
            return self._head is not None
        if found := _HOLE.match(line):
            self._holes.append(found)
            if int(found[2], 16) < int(found[1], 16):
                self.more += (line.strip(),)
        elif found := _MORE.match(line):
            self.more += (found[1],)
        else:
            return False
        return True

    def record(self) -> Extracted | None:
        """Return what was taken."""
        if self._head is None:
            return None
        from dumpwalk.kernel.section_extract import Extracted, Hole

        path, size, source, written = self._head.groups()
        holes = []
        for first, last, why, zeros in (found.groups() for found in self._holes):
            start = hexadecimal(first)
            holes.append(Hole(start, Hex(max(0, int(last, 16) - start + 1)), why, not zeros))
        return Extracted(path, Hex(_number(size)), source, Hex(_number(written)), tuple(holes))


class ExplainedLines:
    """Takes the paragraphs of ``--explain``, each of which goes on below, four columns in."""

    def __init__(self) -> None:
        self._told: list[tuple[str, list[str]]] = []

    def take(self, line: str) -> bool:
        """Take *line* if it is one of these."""
        if found := _TOLD.match(line):
            self._told.append((found[1], [found[2]]))
        elif self._told and (found := _TOLD_ON.match(line)):
            self._told[-1][1].append(found[1])
        else:
            return False
        return True

    def record(self) -> tuple[Explained, ...] | None:
        """Return what was taken."""
        if not self._told:
            return None
        from dumpwalk.kernel.section_explained import Explained

        return tuple(Explained(subject, " ".join(lines)) for subject, lines in self._told)


def _number(text: str) -> int:
    return int(text.replace(",", "") or "0")
