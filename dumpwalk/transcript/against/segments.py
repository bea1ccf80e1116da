"""``dg`` and ``gdt``: segment descriptors, by their selectors."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.named import statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.segments import ListedSegments

_LOCAL = 4  # the bit of a selector that says of which table it is


@compares("segments")
def descriptors(target: Target, said: ListedSegments, command: str) -> Iterator[Statement | None]:
    """Compare segment descriptors; of a whole table where it is, too."""
    from dumpwalk.kernel.gdt import descriptor_table
    from dumpwalk.kernel.processor_tables import GDT, every_table, table_register

    width, shown = target.machine.pointer_size, said.table
    processor = int(shown.processor) if isinstance(shown.processor, int) else None
    table = table_register(target, GDT, processor)
    local = shown.local
    if isinstance(shown.base, int) and not local and processor is None:
        try:
            tables = every_table(target, GDT)
        except Error:
            tables = ()  # which a register listing names
        table = next((t for t in tables if t.base == target.address(shown.base)), table)
    if isinstance(local, Absent):
        first = address_asked(target, command)
        local = not isinstance(first, Absent) and bool(first & _LOCAL)
    held = descriptor_table(target, table, _LOCAL if local else 0)
    what = "LDT" if local else "GDT"
    yield statement(f"{what} base", shown.base, held.base, width)
    yield statement(f"{what} limit", shown.limit, held.limit)
    by_selector = {int(found.selector): found for found in held.descriptors}
    why = Absent(str(held.problems[0]) if held.problems else "the table has no such selector")
    for one in shown.descriptors:
        there = by_selector.get(int(one.selector) & ~7, why)
        where = f"selector {int(one.selector):04x}"
        yield statement(f"{where} base", one.base, getattr(there, "base", there), width)
        yield statement(f"{where} limit", one.limit, getattr(there, "limit", there))
        yield statement(f"{where} flags", one.flags, getattr(there, "flags", there))
