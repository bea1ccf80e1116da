"""``dumpwalk fltreg``: the array of FLT_OPERATION_REGISTRATION that a minifilter registers."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.flt_registration import FltRegistration
    from dumpwalk.target import Target


def layout(found: FltRegistration) -> str:
    """Return the array as text."""
    from dumpwalk.render.driver import registration_layout

    return registration_layout(found)


@command(
    "fltreg",
    argument("address", "the address of the array: a number or an expression"),
    text=layout,
    needs_dump=True,
)
def fltreg(address: str | int, *, target: Target) -> FltRegistration:
    """Show the operations that a minifilter registers callbacks for, and whether the array has an end.

    An array without IRP_MJ_OPERATION_END is registered without an error, and
    the filter is then attached to no volume.
    """
    from dumpwalk.kernel.flt_registration import flt_registration
    from dumpwalk.kernel.names import resolve

    return flt_registration(target, resolve(target, address))
