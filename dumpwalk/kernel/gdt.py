"""The global descriptor table, and a local one: the segments and gates that selectors name."""

from __future__ import annotations

from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.kernel.descriptors import Descriptor, descriptor
from dumpwalk.kernel.pcr import block_view
from dumpwalk.kernel.processor_tables import GDT
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.processor_tables import TableRegister
    from dumpwalk.target import Target

# A table has at most 64 KB: 8192 descriptors.
_LARGEST = 0xFFFF
# The bit of a selector that says it is one of the local table.
_LOCAL = 4


@record
class DescriptorTable:
    """Descriptors of one table.

    :param processor: whose table; ``None`` where only a register listing says where it is
    :param local: it is the local table, not the global one
    :param source: who says where it is
    :param wide: it is a 64-bit machine's
    """

    processor: int | Absent | None
    base: Address | Absent
    limit: Hex | Absent
    local: bool | Absent
    source: str
    wide: bool | Absent
    descriptors: tuple[Descriptor, ...]
    problems: tuple[Problem, ...]


def descriptor_table(target: Target, table: TableRegister, first: int = 0, last: int | None = None) -> DescriptorTable:
    """Return the descriptors of the selectors *first* to *last*.

    :param table: the global table
    :param first: a selector; with the bit for it, of the local table. Its privilege level does not matter
    :param last: the last selector; ``None`` for all to the end of the table
    :raises UsageError: when *first* lies behind the table's end
    :raises AbsentError: when there is no local table that it could be of
    """
    problems: list[Problem] = []
    local = bool(first & _LOCAL)
    base, limit, source = table.base, min(int(table.limit), _LARGEST), table.source
    if local:
        base, limit, source = _local(target, table)
    start, end = first & ~7, limit if last is None else min(last & ~7 | 7, limit)
    if not 0 <= start + 7 <= limit:
        raise UsageError(f"selector {first:x} lies behind the end of the table, whose last byte is {limit:x}")
    if last is not None and last < first:
        raise UsageError(f"the last selector, {last:x}, stands before the first, {first:x}")
    wide = target.machine.pointer_size == 8
    # A system descriptor of a 64-bit machine needs the eight bytes behind it.
    raw = target.memory.read_some(target.address(base + start), min(end + 8, limit) + 1 - start)
    found: list[Descriptor] = []
    at = 0
    while start + at <= end and at + 8 <= len(raw):
        found.append(descriptor(raw[at : at + 16], start + at, wide=wide))
        at += found[-1].size
    if start + at <= end - 7:
        problems.append(Problem(GDT, f"selector {start + at:x} at {target.address(base + start + at)} can't be read"))
    return DescriptorTable(table.processor, base, Hex(limit), local, source, wide, tuple(found), tuple(problems))


def _local(target: Target, table: TableRegister) -> tuple[Address, int, str]:
    """Return where the local table is, and its limit: the segment that the register LDTR selects."""
    selector: int | Absent | None = target.registers.get("ldtr")
    if selector is None and not isinstance(table.prcb, Absent):
        block = block_view(target, table.prcb)
        selector = block.int("ProcessorState.SpecialRegisters.Ldtr")
    if isinstance(selector, Absent) or not selector:
        why = f" ({selector.reason})" if isinstance(selector, Absent) else ""
        raise AbsentError(f"a selector with bit 2 is one of a local table, and this processor has none{why}")
    (found,) = descriptor_table(target, table, selector & ~7, selector & ~7).descriptors or (None,)
    if found is None or found.kind != "LDT" or not found.present:
        raise AbsentError(f"LDTR is {selector:x}, which is no local table")
    return found.base, min(int(found.limit), _LARGEST), f"LDTR {selector:x}"
