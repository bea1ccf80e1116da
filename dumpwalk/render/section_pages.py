"""The pages of a section, a bar of them, a file that was written, and the chain in words."""

from __future__ import annotations

from dumpwalk.kernel.prototype_ptes import STATES, UNREADABLE
from dumpwalk.memory.paging.software import PAGE_FILE
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dumpwalk.kernel.pte_runs import PteRuns
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import Coverage, SectionPages

_WIDTH = 100
_MOST_HOLES = 20
_STATES = {"subsection": "in the file", "not made": "no prototype PTE yet"}
LEGEND = "# in the dump  + partly  x in memory, not in the dump  . not in memory  ? not known"


def listing(pages: SectionPages) -> str:
    """Return each prototype PTE on a line; those that say the same, and have no page, share one."""
    blocks = []
    for part in pages.subsections:
        heading = f"Prototype PTEs of subsection {part.number} @ {plain(part.address)}"
        digits = 8 if type(part.address).__name__ == "Address32" else 16
        columns = f"  {'Page':>6}  {'PTE at':{digits}}  {'Contains':16}  {'File offset':>12}  State"
        blocks.append("\n".join([heading, columns, *_rows(part.runs, digits)]))
    return "\n\n".join([*blocks, summary(pages)])


def _rows(runs: PteRuns, digits: int) -> Iterator[str]:
    """Yield the lines of *runs*: from numbers, not from records, because a file of 1 GB has 262,144."""
    base, size, start = runs.base, runs.size, runs.offset
    at, offset = "-", "-"
    for index, count, value, kind, pfn, place in runs.rows():
        if base is not None:
            at = f"{base + index * size:0{digits}x}"
        if start is not None:
            offset = f"{start + (index << 12):x}"
        if pfn >= 0:
            state = f"{STATES[kind]}, page {pfn:x}" if place >= 0 else f"{STATES[kind]}, page {pfn:x}, not in the dump"
        elif kind == PAGE_FILE:
            number, paged = runs.paged_out(value)
            state = f"page file {number}, offset {int(paged):x}"
        else:
            state = _STATES.get(STATES[kind], STATES[kind])
        contains = f"{value:x}" if kind < UNREADABLE else "????" if kind == UNREADABLE else "-"
        if count > 1:
            state += f" ({count:x} pages, to {index + count - 1:x})"
        yield f"  {index:6x}  {at:{digits}}  {contains:16}  {offset:>12}  {state}"


def summary(pages: SectionPages) -> str:
    """Return the bar, with what its characters mean, and the counts."""
    return "\n".join([f"[{pages.bar}]", f" {LEGEND}", _counts(pages.coverage)])


def _counts(found: Coverage) -> str:
    parts = [
        (found.in_dump, "in the dump"),
        (found.not_in_dump, "in memory but not in the dump"),
        (found.in_file, "in the file only"),
        (found.paged_out, "in a page file"),
        (found.zero, "without a page"),
        (found.unreadable, "not known"),
    ]
    said = ", ".join(f"{count:,} {words}" for count, words in parts if count)
    return f"{found.pages:,} pages: {said}" if said else "0 pages"


def extracted(done: Extracted) -> str:
    """Return what was written, and what is missing in it."""
    size, held = f"{int(done.size):,} bytes ({done.size_source})", f"{int(done.written):,} of them from the dump"
    lines = [f"{printable(done.path)}: {size}, {held}"]
    for hole in done.holes[:_MOST_HOLES]:
        end = hole.offset + hole.size - 1
        lines.append(f"  {hole.offset:x}-{end:x}: {hole.why}" + ("" if hole.zeros else "; zeros in its place"))
    if len(done.holes) > _MOST_HOLES:
        lines.append(f"  and {len(done.holes) - _MOST_HOLES} holes more; --json has all")
    return "\n".join(lines)


def explanation(parts: Sequence[Explained]) -> str:
    """Return the chain in words, a paragraph a link."""
    return "\n\n".join(_wrapped(printable(f"{part.subject}: {part.text}")) for part in parts)


def _wrapped(text: str) -> str:
    """Return *text* in lines, broken at blanks that stand alone: with one blank in place of each end it is *text*."""
    lines, line = [], ""
    for word in text.split(" "):
        free = word and line and line[-1] != " "  # names out of a dump may hold several blanks in a row
        if free and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = "    " + word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])
