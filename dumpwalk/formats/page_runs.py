"""Physical pages that a list of runs names: page numbers and counts, in the order of the file."""

from __future__ import annotations

from dumpwalk.memory.physical import HIGHEST, PAGE, RunMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.formats import Dump
    from dumpwalk.formats.physical_pages import PagesFile

_MOST_PAGES = HIGHEST // PAGE


def dump_of_runs(file: PagesFile, runs: Sequence[tuple[int, int]], first: int) -> Dump:
    """Return the dump of *runs*, ``(page number, count)``, whose pages lie one behind the other from *first* on.

    What overlaps, lies above any physical address or behind the end of the file is reported.
    """
    room = max(0, len(file.data) - first) // PAGE
    at, beyond, lost = 0, 0, -1
    pieces: list[tuple[int, int, int]] = []
    for base, count in runs:
        if base + count > _MOST_PAGES:
            beyond += 1
        held = max(0, min(count, room - at, _MOST_PAGES - base))
        if held:
            pieces.append((base * PAGE, (base + held) * PAGE, first + at * PAGE))
        if at + count > room and lost < 0:
            lost = base + max(0, room - at)
        at += count
    if beyond:
        file.problem("runs", f"{beyond} of {len(runs)} lie above 2**52, where no machine has memory")
    if lost >= 0:
        file.cut(at, min(at, room), lost)
    memory = RunMemory(file.data, pieces)
    stated = sum(end - start for start, end, _ in pieces) // PAGE
    distinct = memory.extent()[1] // PAGE
    if distinct < stated:
        file.problem("runs", f"they overlap: {stated - distinct} pages are listed twice, of which the first is read")
    return file.opened(memory, distinct, first, at)
