"""``dumpwalk pte``: the page-table entries of an address, as WinDbg's ``!pte`` prints them."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import evaluate, quantity
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.pte import Entries
    from dumpwalk.memory.paging.software import PteFormat
    from dumpwalk.remarks import Problem
    from dumpwalk.target import Target

# A second number up to here says that the first one is an entry's, not where a range begins.
_SMALL = 0x10
_MOST_PAGES = 0x10000
# Up to so many pages the file behind each is looked for; for thousands that would take minutes.
_MOST_FILES = 0x10


@record
class PteAnswer:
    """The entries of one address, or of each page of a range.

    :param pages: one for each page
    :param problems: what is not known, and so may be wrong in them
    """

    pages: tuple[Entries, ...]
    problems: tuple[Problem, ...]


def layout(answer: PteAnswer) -> str:
    """Return the entries in ``!pte``'s columns."""
    from dumpwalk.render.pte import layout as columns
    from dumpwalk.render.remarks import problem_lines

    blocks = []
    for page in answer.pages:
        block = [columns(page)]
        if page.file_page is not None:
            from dumpwalk.render.file_page import lines

            block += ["", *lines(page.file_page)]
        blocks.append("\n".join(block))
    return "\n\n".join(filter(None, [*blocks, "\n".join(problem_lines(answer.problems))]))


def _partial(answer: PteAnswer) -> bool:
    if any(page.file_page is not None and page.file_page.problems for page in answer.pages):
        return True
    return bool(answer.problems) or any(isinstance(e.value, Absent) for page in answer.pages for e in page.entries)


@command(
    "pte",
    argument("address", "an address, or where an entry is, or (with 1 behind it) an entry"),
    argument("end", "1 for one entry by itself; else the last address of a range", many="?"),
    flag("--value", help="the number is the value of an entry, even with a dump"),
    flag("--prototype", help="the entry is a prototype PTE"),
    option("--mask", value="BITS", help="InvalidPteMask, where no dump says it", kind=number),
    option("--types", value="NAME", help="whose types to use: a profile, or a file that holds types"),
    text=layout,
    partial=_partial,
    target=True,
)
def pte(
    address: str | int,
    end: str | int | None = None,
    value: bool = False,
    prototype: bool = False,
    mask: int | None = None,
    types: str | None = None,
    target: Target | None = None,
) -> PteAnswer:
    """Show the page-table entries of an address, and what they mean.

    With a dump, `pte ADDRESS` shows all entries on the way to the address, and
    those of the page whose PTE it is when it lies in the page tables; `pte
    ADDRESS 1` shows the entry at that address alone; `pte START END` shows
    each page of a range. Where a file or shared memory is mapped (in a range
    of up to 16 pages), it says which page of what that is. Without a dump,
    `pte VALUE 1` says what an entry with that value means, by the types that
    --types names. Addresses may be expressions: nt!PsActiveProcessHead+8,
    @rsp, poi(...).
    """
    from dumpwalk.kernel import pte as kernel

    names = None
    if target is not None:
        from dumpwalk.kernel.names import DumpNames

        names = DumpNames(target)
    alone = end is not None and (end if isinstance(end, int) else quantity(end, names)) <= _SMALL
    of = "prototype" if prototype else "process"
    if target is None or value:
        if not (alone or value):
            raise UsageError("an address needs a dump: -z FILE; `pte VALUE 1 --types NAME` explains a value")
        format, mask_known = _format(target, types, mask)
        given = address if isinstance(address, int) else quantity(address, names)
        return _answer([kernel.entry_value(format, given, of, mask_known=mask_known)])
    if types is not None:
        from dumpwalk.commands.dt import types_of

        if target.entries is not None:
            target.entries.use(types_of(target, types))
    first = target.address(address if isinstance(address, int) else evaluate(address, names))
    if alone:
        return _answer([kernel.entry_at(target, first, of)])
    from dumpwalk.kernel.vad_lookup import follow_vads

    follow_vads(target)
    last = first if end is None else target.address(end if isinstance(end, int) else evaluate(end, names))
    if last < first or last - first >= _MOST_PAGES << 12:
        raise UsageError(f"a range ends behind its beginning and has at most {_MOST_PAGES:,} pages")
    pages = range(first, last + 1, 0x1000)
    files = len(pages) <= _MOST_FILES
    return _answer([kernel.page_table_entries(target, target.address(page), files=files) for page in pages])


def _answer(pages: Sequence[Entries]) -> PteAnswer:
    problems = dict.fromkeys(problem for page in pages for problem in page.problems)
    return PteAnswer(tuple(pages), tuple(problems))


def _format(target: Target | None, types: str | None, mask: int | None) -> tuple[PteFormat, bool]:
    """Return the format of entries, and whether its ``InvalidPteMask`` is the machine's."""
    from dumpwalk.commands.dt import types_of
    from dumpwalk.types.pte_formats import pte_format

    known = target.entries.windows() if target is not None and target.entries is not None and types is None else None
    if known is None or isinstance(known, Absent):
        found, mask_known = pte_format(types_of(target, types)), False
    else:
        found, mask_known = known.format, known.mask_known
    if mask is None:
        return found, mask_known
    return replace(found, invalid_mask=mask), True
