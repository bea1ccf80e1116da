"""``dumpwalk slist``: an interlocked singly linked list, as WinDbg's ``!slist`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.slist import Slist
    from dumpwalk.target import Target
    from dumpwalk.types.sources.dt_text import DtListing

# A list with more entries is damaged, more likely than not; of the rest only the addresses are shown.
_MOST_LISTINGS = 4096


@record
class SlistAnswer:
    """A list, and its entries as structures if a type was named.

    :param listings: what ``dt`` shows of each entry; empty without a type
    :param asked: an instruction pointer was given
    :param explanation: sentences on what the header protects from; empty unless asked for
    """

    list: Slist
    listings: tuple[DtListing, ...] = ()
    asked: bool = False
    explanation: tuple[str, ...] = ()


def layout(answer: SlistAnswer) -> str:
    """Return the list in ``!slist``'s columns."""
    from dumpwalk.render.dt import lines as dt_lines
    from dumpwalk.render.slist import address_text, entry_lines, foot_lines, header_lines

    found = answer.list
    if answer.listings:
        contents = []
        for number, entry in enumerate(found.entries):
            contents.append(address_text(entry.address))
            if number < len(answer.listings):
                contents += dt_lines(answer.listings[number])
    else:
        contents = entry_lines(found)
    text = [*header_lines(found.header), "", "SLIST CONTENTS:", *contents]
    foot = [*foot_lines(found, answer.asked), *answer.explanation]
    return "\n".join([*text, *([""] if foot else []), *foot])


def _partial(answer: SlistAnswer) -> bool:
    from dumpwalk.render.remarks import is_partial

    found = answer.list
    return bool(found.problems) or is_partial(found.header) or is_partial(found.entries)


@command(
    "slist",
    argument("address", "of the SLIST_HEADER"),
    argument("symbol", "the type of an entry, to show it as dt does", many="?"),
    argument("offset", "of the link in that type, 0 by default", many="?"),
    option("--ip", value="ADDRESS", help="an instruction pointer to hold against the code that pops"),
    flag("--explain", help="say what the sequence number and the instruction pointer have to do with each other"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def slist(
    target: Target,
    address: str | int,
    symbol: str | None = None,
    offset: str | int | None = None,
    ip: str | int | None = None,
    explain: bool = False,
) -> SlistAnswer:
    """Show an interlocked singly linked list: its header, and each entry.

    With a type each entry is shown as dt does; with an offset the link is
    that far in it. Says whether the processor of the dump, or --ip, stands in
    the code that takes an entry off such a list.
    """
    from dumpwalk.kernel.names import resolve
    from dumpwalk.kernel.slist import slist as walk

    if symbol is None and offset is not None:
        raise UsageError("an offset needs the type that the link is in")
    found = walk(target, resolve(target, address), None if ip is None else resolve(target, ip))
    listings = () if symbol is None else _listings(target, found, symbol, offset or 0)
    sentences: tuple[str, ...] = ()
    if explain:
        from dumpwalk.render.slist import explanation

        sentences = tuple(explanation(found))
    return SlistAnswer(found, listings, ip is not None, sentences)


def _listings(target: Target, found: Slist, symbol: str, offset: str | int) -> tuple[DtListing, ...]:
    """Return each entry as a structure called *symbol*, in which the link is at *offset*."""
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.objects import space_of
    from dumpwalk.render.dt import Options, listing
    from dumpwalk.types.naming import find_type

    space = space_of(target.memory, target.types)
    type = find_type(target.types, symbol)
    distance = offset if isinstance(offset, int) else quantity(offset, DumpNames(target))
    shown = found.entries[:_MOST_LISTINGS]
    return tuple(listing(space, type, entry.address - distance, Options()) for entry in shown)
