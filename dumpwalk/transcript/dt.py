"""What ``dt`` and ``??`` printed: structures at addresses, and types."""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.types.sources.dt_text import DtListing, LineReader

# What `dt` shows and prose does not: an offset, a structure's kind and name, a count of members.
_OPENS = (
    r"[ ]*\+0x[0-9a-f]{2,8}[ ]+\S+[ ]*:|(?:struct|union|class)[ ]\S+(?:,[ ][0-9]+ elements|[ ]\*[ ]0x)"
    r"|[ ]*(?:\w+!)_[A-Z][A-Z0-9_]+[ ]*\Z"
)


@record
class Structures:
    """Listings of ``dt``, one for each structure that the command printed."""

    listings: tuple[DtListing, ...]


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
        if command:
            self._lines.begin(command.removeprefix("!mex.").removeprefix("!"))

    def take(self, line: str, number: int) -> bool:
        start = line.lstrip()[:1]
        if start == "+":
            taken = self._lines.take_line(line)
            self._taken = self._taken or taken
            return taken
        if not start:
            return False
        # The grammar is of lines that are dt's; prose and other commands' output it would misread.
        alone = ">" in line[:16] or not (self._taken or self.command)
        typed = line.startswith(("struct ", "union ", "class ", "   ")) or "!_" in line
        if start not in "[=" and alone and not typed:
            return False
        if start.isdigit() and "x" not in line[:12]:
            return False
        taken = self._lines.take_line(line)
        self._taken = self._taken or taken
        return taken

    def record(self) -> Structures | None:
        listings = tuple(d.listing() for d in self._lines.complete())
        return Structures(listings) if listings else None
