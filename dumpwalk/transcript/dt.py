"""What ``dt`` and ``??`` printed: structures at addresses, and types."""

from __future__ import annotations

import re

from dumpwalk.annotations.conditions import with_fact
from dumpwalk.annotations.fields import EXPLAINED, TOGETHER, field, structure
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.types.sources.dt_text import DtListing, DtSymbol, LineReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.types.sources.dt_text import Draft

# Of so many structures in one listing the fields are explained.
MOST_ANNOTATED = 16
# Rows inside of other rows that say something of the whole structure.
_NESTED = ("BeingDeleted", "HeaderType")

# What `dt` shows and prose does not: an offset, a structure's kind and name, a count of members.
_OPENS = (
    r"[ ]*\+0x[0-9a-f]{2,8}[ ]+\S+[ ]*:|(?:struct|union|class)[ ]\S+(?:,[ ][0-9]+ elements|[ ]\*[ ]0x)"
    r"|[ ]*(?:\w+!)_[A-Z][A-Z0-9_]+\Z"
)


_VALUE = re.compile(
    r"[ ]*(?!struct|union|class)((?:(?:unsigned|signed|enum) )?(?:__)?\w+(?: int| long)?(?: ?\*+)?)"
    r" (0x[0-9a-f`]+|0n-?[0-9]+|[0-9])(?: (\S.*))?\Z"
)

# With -c all rows are on one line.
_ASKED_COMPACT = re.compile(r" -[a-z0-9]*c")
_ROWS = re.compile(r"[ ](?=\+0x[0-9a-f]{3,8} [^ :]+[ ]:)")
# `(types: this kernel is not known; ...)`, `(Flink at 00000000`00007000: ... not in the dump)`
_FOOT = re.compile(r"\(([\w.$]+(?: at [0-9a-f`]{8,17})?: .*)\)\Z")


@record
class Value:
    """What ``??`` printed of an expression that is no structure.

    :param text: what else it says: a character, a string, an enumerator
    """

    type: str
    value: int
    text: str


@record
class RowRemark:
    """What stands behind a row: an author's words, or what mex adds.

    :param listing: position of the listing, from 0
    :param row: position of the row in it
    """

    listing: int
    row: int
    text: str


@record
class Structures:
    """Listings of ``dt``, one for each structure that the command printed, and values of ``??``.

    :param foot: remarks in brackets below the listings, as this program has them
    :param symbols: those of the names that a pattern matched whose rows say more than the name
    """

    listings: tuple[DtListing, ...]
    values: tuple[Value, ...]
    remarks: tuple[RowRemark, ...] = ()
    foot: tuple[str, ...] = ()
    symbols: tuple[DtSymbol, ...] = ()


def _confirms(line: str, following: str) -> bool:
    """A type's name alone begins a listing only where rows follow."""
    return "+0x" in line[:24] or " " in line.strip() or following.lstrip().startswith("+0x")


@kind("dt", "dt", "??", "ddt", opens=_OPENS, confirms=_confirms, rank=30)
class Dt(Reader):
    """Takes rows of listings."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._lines = LineReader()
        self._taken = False
        self._values: list[Value] = []
        # Where a type has no members, its value is all that is printed.
        self._valued = command[:3] == "dt "
        self._compact = self._valued and _ASKED_COMPACT.search(command) is not None
        self._foot: list[str] = []
        self._pattern = command.startswith("dt ") and "*" in command
        if command:
            self._lines.begin(command.removeprefix("!mex.").removeprefix("!"))

    @property
    def drafts(self) -> list[Draft]:
        """The listings as far as they are read."""
        return self._lines.drafts

    def take(self, line: str, number: int) -> bool:
        start = line.lstrip()[:1]
        if self._compact and "+0x" in line and not self._taken:
            return self._on_one_line(line)
        if start == "+":
            taken = self._lines.take_line(line)
            self._taken = self._taken or taken
            return taken
        if not start:
            return False
        if self.command.startswith("??") and not self._taken and (found := _VALUE.match(line)):
            digits = found[2].replace("`", "")
            value = int(digits[2:]) if digits.startswith("0n") else Hex(digits, 16)
            self._values.append(Value(found[1], value, found[3] or ""))
            return True
        if self._pattern and ("!" in line or start in "EA"):
            return self._symbol(line)
        # The grammar is of lines that are dt's; prose and other commands' output it would misread.
        alone = ">" in line[:16] or not (self._taken or self.command)
        typed = line.startswith(("struct ", "union ", "class ", "   ")) or "!_" in line
        if start not in "[=" and alone and not typed:
            return False
        if start.isdecimal() and "x" not in line[:12]:
            return self._value(line)
        if start == "(" and self.command and (found := _FOOT.match(line)):
            self._foot.append(found[1])
            return True
        taken = self._lines.take_line(line)
        self._taken = self._taken or taken
        return taken or self._value(line)

    def _value(self, line: str) -> bool:
        """Take the value of a type that has no members: it is all that is printed of it."""
        taken = self._valued and self._lines.take_value(line)
        self._taken = self._taken or taken
        return taken

    def _on_one_line(self, line: str) -> bool:
        """Take what ``-c`` prints: all rows on one line."""
        rows = _ROWS.split(line.strip())
        taken = all(self._lines.take_line(f"   {row}") for row in rows)
        self._taken = self._taken or taken
        return taken

    def _symbol(self, line: str) -> bool:
        """Take a row of what a pattern matched."""
        taken = self._lines.take_line(line)
        self._taken = self._taken or taken
        return taken

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        """Return what the flags and codes in the rows of well-known structures stand for."""
        found = []
        for draft in self._lines.complete()[:MOST_ANNOTATED]:
            if draft.type not in EXPLAINED:
                continue
            explained = EXPLAINED[draft.type]
            for row, _ in draft.rows:
                if row.name in explained and row.depth == 0 and isinstance(row.value, int):
                    found.append(field(draft.type, row.name, row.value))
            if draft.type in TOGETHER:
                rows = [row for row, _ in reversed(draft.rows) if row.depth == 0 or row.name in _NESTED]
                found += structure(draft.type, {row.name: row.value for row in rows if isinstance(row.value, int)})
        return tuple(a for a in found if a is not None)

    def situation(self, before: Situation) -> Situation:
        """A control area that is being deleted is why threads wait for its section."""
        for draft in self._lines.complete():
            if draft.type in ("_CONTROL_AREA", "_MMSECTION_FLAGS") and any(
                row.name in ("BeingDeleted", "WaitingForDeletion") and isinstance(row.value, int) and row.value > 0
                for row, _ in draft.rows
            ):
                return with_fact(before, "section-being-deleted")
        return before

    def record(self) -> Structures | None:
        drafts = [d for d in self._lines.drafts if d.rows or d.names or d.size or d.heading]
        listings = tuple(d.listing() for d in drafts)
        remarks = tuple(RowRemark(n, row, text) for n, d in enumerate(drafts) for row, text in d.remarks)
        symbols = tuple(symbol for d in drafts for symbol in d.symbols)
        if not (listings or self._values or self._foot):
            return None
        return Structures(listings, tuple(self._values), remarks, tuple(self._foot), symbols)
