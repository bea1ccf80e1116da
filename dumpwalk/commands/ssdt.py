"""``dumpwalk ssdt``: the system service tables."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.record import replace
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.ssdt import ServiceTable
    from dumpwalk.target import Target


def layout(table: ServiceTable) -> str:
    """Return the table as text."""
    from dumpwalk.render.ssdt import layout as columns

    return columns(table)


@command(
    "ssdt",
    argument("service", "only this one, by its number", many="?", kind=number),
    flag("-w", help="the window manager's table instead of the kernel's"),
    option("--table", value="ADDRESS", help="where the descriptors of the tables are: an expression"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def ssdt(
    service: int | None = None, w: bool = False, table: str | int | None = None, target: Target | None = None
) -> ServiceTable:
    """Show which routine serves each system call.

    A routine outside of the module whose table it is (the kernel's, or with -w
    the window manager's) is marked: it may be a hook. Args counts arguments on
    the stack: on x86 all of them, on x64 those behind the fourth.
    """
    from dumpwalk.errors import UsageError
    from dumpwalk.kernel.names import resolve
    from dumpwalk.kernel.ssdt import service_table

    assert target is not None
    found = service_table(target, window_manager=w, at=None if table is None else resolve(target, table))
    if service is None:
        return found
    chosen = tuple(s for s in found.services if s.number == service)
    if not chosen:
        raise UsageError(f"there is no service {service:x} in this table; it has {int(found.Limit):x}")
    return replace(found, services=chosen)
