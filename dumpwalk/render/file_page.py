"""The page of a file that is behind an address, in a few lines below the page-table entries."""

from __future__ import annotations

from dumpwalk.kernel.file_page import GIVEN
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import problem_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.file_page import FilePage


def lines(found: FilePage) -> list[str]:
    """Return what is known of the page, and what is not."""
    value = "????" if isinstance(found.value, Absent) else f"{int(found.value):x}"
    said = "" if found.said_by == GIVEN else f" (said by {found.said_by})"
    out = [f"Prototype PTE {plain(found.prototype)}{said} contains {value}: {found.state}"]
    if isinstance(found.subsection, Absent):
        out.append(f"    subsection ???? ({printable(found.subsection.reason)})")
    else:
        where = f"page {found.index or 0:x} of subsection {plain(found.subsection)}"
        kind = f" ({found.kind})" if found.kind else ""
        out.append(f"    {where}, control area {plain(found.control_area)}{kind}")
        if found.file is None:
            out.append("    no file is behind it: the page file backs it")
        elif found.file_name is not None:
            offset = (
                "????"
                if found.file_offset is None or isinstance(found.file_offset, Absent)
                else f"{found.file_offset:x}"
            )
            name = "????" if isinstance(found.file_name, Absent) else printable(found.file_name) or "(no name)"
            out.append(f"    file {name}, offset {offset}, file object {plain(found.file)}")
    return [*out, *problem_lines(found.problems)]
