"""``dumpwalk idt``: the interrupt descriptor table, as WinDbg's ``!idt`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.record import record
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.idt import InterruptTable
    from dumpwalk.target import Target


@record
class IdtAnswer:
    """Interrupt descriptor tables.

    :param everything: the text shows vectors that nobody has connected, too
    """

    tables: tuple[InterruptTable, ...]
    everything: bool


def layout(answer: IdtAnswer) -> str:
    """Return the tables in the columns of ``!idt``."""
    from dumpwalk.render.idt import layout as columns

    return "\n\n".join(columns(table, everything=answer.everything) for table in answer.tables)


@command(
    "idt",
    argument("vector", "only this interrupt", many="?", kind=number),
    flag("-a", help="also the vectors that nobody has connected"),
    option("--processor", value="N", help="whose table; that of the one the dump was taken on by default", kind=number),
    flag("--each", help="the tables of all processors"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def idt(
    vector: int | None = None,
    a: bool = False,
    processor: int | None = None,
    each: bool = False,
    target: Target | None = None,
) -> IdtAnswer:
    """Show which routine serves each interrupt: the interrupt descriptor table.

    A gate that a driver has connected shows the driver's routine and its
    KINTERRUPT, and those that share the vector below it. A gate that leads
    outside of every module is remarked on.
    """
    from dumpwalk.kernel.idt import interrupt_table
    from dumpwalk.kernel.processor_tables import IDT, every_table, table_register

    assert target is not None
    tables = every_table(target, IDT) if each else (table_register(target, IDT, processor),)
    return IdtAnswer(tuple(interrupt_table(target, table, vector) for table in tables), a)
