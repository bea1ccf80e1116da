"""Where a virtual address leads, in sentences; WinDbg's ``!vtop`` says so in each version otherwise."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import problem_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.address_walk import Walk


def layout(walk: Walk) -> str:
    """Return the walk as sentences."""
    lines = [f"{walk.address}: {walk.mode} page tables, root at {walk.root:x}"]
    width = max((len(step.level) for step in walk.steps), default=0)
    digits = 8 if walk.mode == "x86" else 16
    for step in walk.steps:
        lines.append(f"{step.level:{width}} at {step.address:x}: {step.value:0{digits}x}  {step.meaning}")
    if isinstance(walk.physical, Absent):
        lines.append(f"{walk.address} leads nowhere: {walk.physical.reason}")
    else:
        pages: dict[object, str] = {0x1000: "4 KB", 0x200000: "2 MB", 0x400000: "4 MB", 1 << 30: "1 GB"}
        size = pages.get(walk.page_size, f"{walk.page_size}")
        lines.append(f"{walk.address} is at physical address {walk.physical:x}, page {walk.physical >> 12:x} ({size})")
        if not walk.in_dump:
            lines.append(f"page {walk.physical >> 12:x} is not in the dump")
    if walk.file_page is not None:
        from dumpwalk.render.file_page import lines as file_lines

        lines += file_lines(walk.file_page)
    return "\n".join([*lines, *problem_lines(walk.problems)])
