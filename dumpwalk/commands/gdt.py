"""``dumpwalk gdt``: the whole global descriptor table of a processor, in the columns of ``dg``."""

from __future__ import annotations

from dumpwalk.arguments import flag, number, option
from dumpwalk.commands import command
from dumpwalk.record import record
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.gdt import DescriptorTable
    from dumpwalk.target import Target


@record
class GdtAnswer:
    """Global descriptor tables."""

    tables: tuple[DescriptorTable, ...]


def layout(answer: GdtAnswer) -> str:
    """Return the tables in the columns of ``dg``, with a line that says where each is."""
    from dumpwalk.render.gdt import layout as columns

    return "\n\n".join(columns(table, place=True) for table in answer.tables)


@command(
    "gdt",
    option("--processor", value="N", help="whose table; that of the one the dump was taken on by default", kind=number),
    flag("--each", help="the tables of all processors"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def gdt(processor: int | None = None, each: bool = False, target: Target | None = None) -> GdtAnswer:
    """Show a processor's global descriptor table: all its segments and gates.

    The debugger shows them one by one, with `dg`. Empty descriptors are left
    out of the text.
    """
    from dumpwalk.kernel.gdt import descriptor_table
    from dumpwalk.kernel.processor_tables import GDT, every_table, table_register

    assert target is not None
    tables = every_table(target, GDT) if each else (table_register(target, GDT, processor),)
    return GdtAnswer(tuple(descriptor_table(target, table) for table in tables))
