"""``dumpwalk devstack``: the stack that a device is in, as WinDbg's ``!devstack`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.device_stack import DeviceStack
    from dumpwalk.target import Target


def layout(found: DeviceStack) -> str:
    """Return the stack in ``!devstack``'s layout."""
    from dumpwalk.render.device import stack_layout

    return stack_layout(found)


@command(
    "devstack",
    argument("device", "a device object: its address, an expression, or \\Device\\NAME"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def devstack(device: str | int, *, target: Target) -> DeviceStack:
    """Show the whole stack of devices that a device is in, the highest first; > marks the one asked for."""
    from dumpwalk.kernel.device_stack import device_stack
    from dumpwalk.kernel.io_names import device_at

    return device_stack(target, device_at(target, device))
