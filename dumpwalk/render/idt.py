"""The interrupt descriptor table, as ``!idt`` lays it out.

The layout is that of listings of x64 machines since Windows 8; older ones say
``Dumping IDT:`` without its address, and have no blank line behind a driver's
interrupt. Where symbols are known of the kernel alone, drivers' routines are
``module+0x1234``.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.descriptors import Gate
    from dumpwalk.kernel.idt import IdtEntry, InterruptTable
    from dumpwalk.kernel.interrupt_object import Interrupt


def layout(table: InterruptTable, *, everything: bool = False) -> str:
    """Return the table as text.

    :param everything: vectors that nobody has connected as well
    """
    lines = [f"Dumping IDT: {plain(table.base)}", ""]
    for entry in table.entries:
        if entry.used or everything or len(table.entries) == 1:
            lines += _entry(entry)
    return "\n".join([*lines, *remark_lines(table)]).rstrip()


def _entry(entry: IdtEntry) -> list[str]:
    gate, vector = entry.gate, f"{int(entry.vector):02x}:\t"
    if gate.present and gate.leads_to_task:
        return [f"{vector}Task Selector = {_selector(gate)}"]
    if not gate.present or gate.kind == "reserved":
        return [f"{vector}{plain(gate.offset)} ({'not present' if not gate.present else gate.kind})"]
    if not entry.interrupts:
        stack = ""
        if entry.stack is not None:
            shown = "????" if isinstance(entry.stack, Absent) else f"0x{plain(entry.stack).upper()}"
            stack = f"\tStack = {shown}"
        return [f"{vector}{plain(gate.offset)} {printable(entry.handler)}{stack}".rstrip()]
    first, *others = entry.interrupts
    lines = [f"{vector}{plain(gate.offset)} {_interrupt(first)}"]
    blank = "\t" + " " * (len(plain(gate.offset)) + 1)
    return [*lines, *(blank + _interrupt(other) for other in others), ""]


def _selector(gate: Gate) -> str:
    return "????" if isinstance(gate.selector, Absent) else f"0x{int(gate.selector):04X}"


def _interrupt(interrupt: Interrupt) -> str:
    routine = interrupt.routine or plain(interrupt.ServiceRoutine)
    return f"{printable(routine)} (KINTERRUPT {plain(interrupt.address)})"
