"""``dumpwalk vtop``: where a virtual address leads, step by step."""

from __future__ import annotations

from dumpwalk.arguments import argument, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import evaluate, quantity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.address_walk import Walk
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target


def layout(walk: Walk) -> str:
    """Return the walk as sentences."""
    from dumpwalk.render.address_walk import layout

    return layout(walk)


def _partial(walk: Walk) -> bool:
    damaged = walk.file_page is not None and walk.file_page.problems  # which page of what it is, is extra
    return bool(walk.problems or damaged) or not walk.in_dump


@command(
    "vtop",
    argument("words", "[DIRBASE] ADDRESS; the directory base's page number, 0 for the dump's own", many="+"),
    option("--dtb", value="ROOT", help="physical address of the root table of another process", kind=number),
    text=layout,
    partial=_partial,
    target=True,
)
def vtop(words: Sequence[str], dtb: int | None = None, target: Target | None = None) -> Walk:
    """Say where a virtual address leads, with every page-table entry on the way.

    As in WinDbg the address may follow the page number of a directory base (DirBase of a
    process without its three last digits), 0 for the dump's own; --dtb takes DirBase itself.
    The address may be an expression: nt!PsActiveProcessHead+8, @rsp, poi(...).
    """
    from dumpwalk.kernel.address_walk import walk
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.pte import page_tables

    if target is None:
        raise UsageError("an address needs a dump: -z FILE")
    memory = page_tables(target)
    if len(words) > 2:
        what = "vtop takes one address, with the page number of a directory base before it if need be"
        raise UsageError(f"{what}; quote an expression that has blanks")
    names = DumpNames(target)
    before, address = [quantity(word, names) for word in words[:-1]], evaluate(words[-1], names)
    root = dtb if dtb is not None else _root(memory, before[0]) if before and before[0] else None
    if root is not None:
        memory = memory.with_root(root)
    return walk(target, memory, address)


def _root(memory: VirtualMemory, base: int) -> int:
    """Return the root table that *base* names: by its page number, or by its address where no page has that number."""
    if memory.physical.place(base << 12) < 0 <= memory.physical.place(base):
        return base
    return base << 12
