"""``dumpwalk irp``: an I/O request packet, as WinDbg's ``!irp`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.irp import Irp
    from dumpwalk.target import Target


@record
class IrpAnswer:
    """An IRP.

    :param status: its ``IoStatus.Status`` with a name, ``c0000010 STATUS_INVALID_DEVICE_REQUEST``; ``""`` without
    :param detail: its text has all of its fields
    """

    irp: Irp
    status: str
    detail: bool


def layout(answer: IrpAnswer) -> str:
    """Return the IRP in ``!irp``'s layout."""
    from dumpwalk.render.irp import layout as columns

    return columns(answer.irp, answer.detail)


@command(
    "irp",
    argument("address", "the address of an IRP: a number or an expression"),
    argument("detail", "anything, such as 1: show all fields of the IRP", many="?"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def irp(address: str | int, detail: str | int | None = None, *, target: Target) -> IrpAnswer:
    """Show an I/O request packet: its stack locations, and which driver has it.

    The lowest driver's stack location comes first; > marks the current one. A
    line at the foot says when IoStatus will not be copied to the caller.
    """
    from dumpwalk.bugchecks.ntstatus import nt_status
    from dumpwalk.kernel.irp import irp as read
    from dumpwalk.kernel.names import resolve

    found = read(target, resolve(target, address))
    status = found.IoStatus.Status
    return IrpAnswer(found, "" if isinstance(status, Absent) else nt_status(status) or "", detail is not None)
