"""``dumpwalk vpb``: a volume parameter block, as WinDbg's ``!vpb`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.vpb import Vpb
    from dumpwalk.target import Target


def layout(found: Vpb) -> str:
    """Return the block in ``!vpb``'s layout."""
    from dumpwalk.render.device import vpb_layout

    return vpb_layout(found)


@command(
    "vpb",
    argument("address", "the address of a volume parameter block: a number or an expression"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def vpb(address: str | int, *, target: Target) -> Vpb:
    """Show a volume parameter block: the volume, its label, and the file system that has it mounted."""
    from dumpwalk.kernel.names import resolve
    from dumpwalk.kernel.vpb import vpb as read

    return read(target, resolve(target, address))
