"""``dumpwalk prcb``: a processor's control block, as WinDbg's ``!prcb`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, number
from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.pcr import ProcessorControlBlock
    from dumpwalk.target import Target


def layout(block: ProcessorControlBlock) -> str:
    """Return the block in the columns of ``!prcb``."""
    from dumpwalk.render.pcr import block_layout

    return block_layout(block)


@command(
    "prcb",
    argument("processor", "which processor; the first by default", many="?", kind=number),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def prcb(processor: int | None = None, target: Target | None = None) -> ProcessorControlBlock:
    """Show a processor's control block: its threads, its number, how it spent its time."""
    from dumpwalk.kernel.pcr import control_block

    assert target is not None
    return control_block(target, processor)
