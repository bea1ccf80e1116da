"""What a spec says of a machine's processors, and of the tables that lead from them into the kernel."""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from dumpwalk.synth.image_spec import Assignments, Ref

    # An address, what a label names, or a symbol of the kernel: ``nt!KiPageFault``.
    Routine: TypeAlias = "int | Ref | str"


@record
class RegionItem:
    """Fields of a processor's ``_KPCR``, and where it is.

    :param address: 0 for anywhere
    """

    number: int
    address: int = 0
    fields: Assignments = ()


@record
class BlockItem:
    """Fields of a processor's ``_KPRCB``."""

    number: int
    fields: Assignments = ()


@record
class DescriptorTablesItem:
    """Each processor has a GDT, an IDT and a task-state segment as Windows fills them."""


@record
class GateItem:
    """A gate of each processor's IDT that leads elsewhere than Windows' own."""

    vector: int
    routine: Routine
    dpl: int = 0
    ist: int = 0


@record
class InterruptItem:
    """Interrupt objects that serve a vector, in the order in which they are called.

    :param address: of the first one on the first processor; 0 for anywhere
    """

    vector: int
    routines: tuple[Routine, ...]
    address: int = 0


@record
class DescriptorItem:
    """A descriptor of each processor's GDT.

    :param upper: the second half of one with 16 bytes
    """

    selector: int
    value: int
    upper: int | None = None


@record
class DpcItem:
    """A ``_KDPC`` that waits for a processor."""

    processor: int
    routine: Routine
    threaded: bool = False
    address: int = 0


@record
class ServiceItem:
    """A system service; from number 1000 on one of the window manager.

    :param arguments: how many it takes on the stack
    """

    number: int
    routine: Routine
    arguments: int = 0


PROCESSOR_ITEMS = (
    *(RegionItem, BlockItem, DescriptorTablesItem, GateItem, InterruptItem, DescriptorItem, DpcItem, ServiceItem),
)
