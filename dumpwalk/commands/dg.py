"""``dumpwalk dg``: segment descriptors by selector, as WinDbg's ``dg`` prints them."""

from __future__ import annotations

from dumpwalk.arguments import argument, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import quantity
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.gdt import DescriptorTable
    from dumpwalk.target import Target

# What the documentation of the command says.
_MOST = 256
_HIGHEST = 0xFFFF


def layout(table: DescriptorTable) -> str:
    """Return the descriptors in the columns of ``dg``."""
    from dumpwalk.render.gdt import layout as columns

    return columns(table)


@command(
    "dg",
    argument("first", "a selector, or the register that holds it: 10, @cs"),
    argument("last", "the last one of a range", many="?"),
    option("--processor", value="N", help="whose table; that of the one the dump was taken on by default", kind=number),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def dg(
    first: str | int, last: str | int | None = None, processor: int | None = None, target: Target | None = None
) -> DescriptorTable:
    """Show what a selector names: segments, task states, gates.

    At most 256 selectors. One with bit 2 is looked up in the local table.
    """
    from dumpwalk.kernel.gdt import descriptor_table
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.processor_tables import GDT, table_register

    assert target is not None
    names = DumpNames(target)
    start, end = (quantity(v, names) if isinstance(v, str) else v for v in (first, first if last is None else last))
    if not 0 <= start <= end <= _HIGHEST:
        raise UsageError(f"selectors lie between 0 and {_HIGHEST:x}, the last not before the first")
    if end - start >= 8 * _MOST:
        raise UsageError(f"at most {_MOST} selectors are shown")
    return descriptor_table(target, table_register(target, GDT, processor), start, end)
