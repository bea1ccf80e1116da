"""``dumpwalk devobj``: a device object, as WinDbg's ``!devobj`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.device_object import DeviceObject
    from dumpwalk.target import Target


def layout(found: DeviceObject) -> str:
    """Return the device in ``!devobj``'s layout."""
    from dumpwalk.render.device import device_layout

    return device_layout(found)


@command(
    "devobj",
    argument("device", "a device object: its address, an expression, or \\Device\\NAME"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def devobj(device: str | int, *, target: Target) -> DeviceObject:
    """Show a device object: its driver, its flags, what it is attached to, the requests in its queue."""
    from dumpwalk.kernel.device_object import device_object
    from dumpwalk.kernel.io_names import device_at

    return device_object(target, device_at(target, device))
