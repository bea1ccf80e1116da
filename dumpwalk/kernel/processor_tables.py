"""Where a processor's descriptor tables are: the registers IDTR and GDTR, as the dump knows them."""

from __future__ import annotations

from dumpwalk.errors import AbsentError, UsageError
from dumpwalk.kernel.pcr import block_view, choose, region_view
from dumpwalk.kernel.processor import processor_blocks
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

IDT, GDT = "IDT", "GDT"
# What Windows gives its tables where no register is at hand: 256 gates; GDTs of 16 and of 128 entries
# (KGDT64_LAST of the public symbols; the x86 kernel's GDT as `r gdtl` shows it in published listings).
_USUAL = {(IDT, 8): 0xFFF, (IDT, 4): 0x7FF, (GDT, 8): 0x7F, (GDT, 4): 0x3FF}
# The names of the region's fields, x64's and x86's.
_FIELDS = {IDT: ("IdtBase", "IDT"), GDT: ("GdtBase", "GDT")}
_SPECIAL = "ProcessorState.SpecialRegisters"


@record
class TableRegister:
    """A descriptor table of a processor.

    :param processor: which one; ``None`` where a register listing says it
    :param prcb: its ``_KPRCB``; absent where that is not known
    :param limit: the last byte of the table
    :param limit_known: a register says the limit; else it is what Windows usually gives that table
    :param source: who says where it is
    """

    processor: int | None
    prcb: Address | Absent
    base: Address
    limit: Hex
    limit_known: bool
    source: str


def check_machine(target: Target) -> None:
    """Refuse machines that have no descriptor tables.

    :raises UsageError: when the machine is neither x86 nor x64
    """
    if target.machine.name not in ("x86", "x64"):
        raise UsageError(f"{target.machine.name} processors have no descriptor tables; only x86 and x64 ones do")


def table_register(target: Target, which: str, number: int | None = None) -> TableRegister:
    """Return where the table *which* of a processor is.

    A register listing that came with the dump (``--registers``) goes first, unless a processor is asked for.

    :param which: :data:`IDT` or :data:`GDT`
    :param number: which processor; ``None`` for the one the dump was taken on
    :raises UsageError: when there is no such processor, or the machine has no such tables
    :raises AbsentError: when nothing says where its table is
    """
    check_machine(target)
    if number is None:
        listed = _listed(target, which)
        if listed is not None:
            return listed
    number, prcb = choose(target, number)
    return _of_processor(target, which, number, prcb)


def every_table(target: Target, which: str) -> tuple[TableRegister, ...]:
    """Return the table *which* of each processor whose table is known.

    :raises UsageError: when the machine has no such tables
    :raises AbsentError: when nothing says of any of them where it is
    """
    check_machine(target)
    found, errors = [], []
    for prcb, number in processor_blocks(target).items():
        try:
            found.append(_of_processor(target, which, number, prcb))
        except AbsentError as error:
            errors.append(error)
    if not found:
        if errors:
            raise errors[0]
        return (table_register(target, which),)
    return tuple(found)


def _listed(target: Target, which: str) -> TableRegister | None:
    """Return the table that a register listing names."""
    registers = target.registers
    base = registers.get(f"{which.lower()}base")
    if base is None:
        return None
    limit = registers.get(f"{which.lower()}limit")
    prcb: Address | Absent = Absent("a register listing says where the table is")
    blocks = processor_blocks(target)
    number = None
    for address, index in blocks.items():
        found = _of_region(target, which, address)
        if not isinstance(found, Absent) and found == target.address(base):
            number, prcb = index, address
            break
    usual = _USUAL[which, target.machine.pointer_size]
    return TableRegister(
        number,
        prcb,
        target.address(base),
        Hex(usual if limit is None else limit),
        limit is not None,
        "register listing",
    )


def _of_region(target: Target, which: str, prcb: Address) -> Address | Absent:
    view = region_view(target, prcb)
    if isinstance(view, Absent):
        return view
    return view.pointer(_FIELDS[which][target.machine.pointer_size == 4])


def _of_processor(target: Target, which: str, number: int, prcb: Address) -> TableRegister:
    """Return the table of a processor by its control region, else by the registers saved in its control block."""
    block = block_view(target, prcb)
    name = f"{_SPECIAL}.{which.capitalize()}r"
    saved, limit = block.pointer(f"{name}.Base"), block.int(f"{name}.Limit")
    base = _of_region(target, which, prcb)
    source = "_KPCR"
    if isinstance(base, Absent) or not base:
        if isinstance(saved, Absent) or not saved:
            why = base.reason if isinstance(base, Absent) else "its _KPCR has a null pointer in its place"
            raise AbsentError(f"where the {which} of processor {number:x} is, is not known: {why}")
        base, source = saved, f"_KPRCB.{name}"
    known = not isinstance(limit, Absent) and not isinstance(saved, Absent) and saved == base and limit > 0
    usual = _USUAL[which, target.machine.pointer_size]
    size = int(limit) if known and not isinstance(limit, Absent) else usual
    return TableRegister(number, prcb, base, Hex(size), known, source)
