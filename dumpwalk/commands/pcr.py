"""``dumpwalk pcr``: a processor's control region, as WinDbg's ``!pcr`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, number
from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pcr import ProcessorControlRegion
    from dumpwalk.target import Target


def layout(region: ProcessorControlRegion) -> str:
    """Return the region in the columns of ``!pcr``."""
    from dumpwalk.render.pcr import region_layout

    return region_layout(region)


@command(
    "pcr",
    argument("processor", "which processor; the one the dump was taken on by default", many="?", kind=number),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def pcr(processor: int | None = None, target: Target | None = None) -> ProcessorControlRegion:
    """Show a processor's control region: its tables, its threads, the calls that wait for it.

    On x64 the lines SelfPcr, Irql, IDT, GDT and TSS hold what the region says;
    WinDbg prints zeros there.
    """
    from dumpwalk.kernel.pcr import control_region

    assert target is not None
    return control_region(target, processor)
