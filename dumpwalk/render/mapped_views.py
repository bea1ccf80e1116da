"""The views of a section, in lines of dumpwalk's own: no listing of ``!ca ADDRESS 4`` is known."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.mapped_views import MappedView


def listing(views: Sequence[MappedView]) -> str:
    """Return a line for each view."""
    if not views:
        return "Mapped views: none in the list"
    return "\n".join(["Mapped views:", *(f"  {_line(view)}" for view in views)])


def _line(view: MappedView) -> str:
    if view.kind == "VAD" and view.start is not None and view.end is not None:
        image = "????" if isinstance(view.image, Absent) else printable(view.image or "")
        pid = "????" if isinstance(view.pid, Absent) or view.pid is None else f"{int(view.pid):x}"
        process = "????" if view.process is None else plain(view.process)
        return f"{plain(view.start)}-{plain(view.end)}  VAD {plain(view.address)}  process {process} ({image}, {pid})"
    if view.kind == "system":
        entry = "????" if isinstance(view.entry, Absent) or view.entry is None else f"{int(view.entry):x}"
        return f"system view {plain(view.address)}  Entry {entry}"
    return f"link {plain(view.address)}: neither a VAD nor a system view of this section"
