"""``dumpwalk pfn``: what the memory manager knows of a physical page, as WinDbg's ``!pfn`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pfn import Pfn
    from dumpwalk.target import Target


def layout(answer: Pfn) -> str:
    """Return the entry in ``!pfn``'s columns."""
    from dumpwalk.render.pfn import layout as columns

    return columns(answer)


def _partial(answer: Pfn) -> bool:
    from dumpwalk.render.remarks import is_partial

    return is_partial(answer)


@command(
    "pfn",
    argument("page", "number of a page frame, or an expression that is one"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def pfn(target: Target, page: str | int) -> Pfn:
    """Show the entry of a physical page in the page frame database.

    What the entry says of its page-table entry is held against that entry;
    where they contradict each other, that is said.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.pfn import pfn as look

    return look(target, page if isinstance(page, int) else quantity(page, DumpNames(target)))
