"""Full dumps: every physical page of the machine, in the order of the header's run list."""

from __future__ import annotations

from dumpwalk.formats.dump_types import DUMP_TYPES
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem


# Systems before Windows 2000 knew one kind of dump and left DumpType as the text PAGE.
@DUMP_TYPES.add("0x1", "0x45474150")
def full(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a full dump: its pages follow the header at once."""
    from dumpwalk.formats.page_runs import dump_of_runs
    from dumpwalk.formats.physical_pages import PagesFile

    file = PagesFile(path, name, data, header, problems)
    block = header.PhysicalMemoryBlock
    first = file.behind_header
    if isinstance(block, Absent):
        what = f"PhysicalMemoryBlock: {block.reason}, so nothing says which pages these are"
        file.problem("header", what)
        file.missing.append(f"memory: {what}")
        return dump_of_runs(file, [], first)
    runs = [(int(run.BasePage), int(run.PageCount)) for run in block.Run]
    pages = sum(count for _, count in runs)
    if pages != block.NumberOfPages:
        file.problem("header", f"NumberOfPages is {block.NumberOfPages}; the runs have {pages:#x} pages")
    return dump_of_runs(file, runs, first)
