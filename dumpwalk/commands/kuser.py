"""``dumpwalk kuser``: the page that the kernel shares with every process, as WinDbg's ``!kuser`` prints it."""

from __future__ import annotations

from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.shared_data import SharedData
    from dumpwalk.target import Target


def layout(shared: SharedData) -> str:
    """Return the page in ``!kuser``'s layout."""
    from dumpwalk.render.shared_data import layout as lines

    return lines(shared)


@command("kuser", text=layout, partial=is_partial, needs_dump=True)
def kuser(*, target: Target) -> SharedData:
    """Show KUSER_SHARED_DATA: version, time, ticks, and where Windows is installed."""
    from dumpwalk.kernel.shared_data import read_shared_data

    return read_shared_data(target)
