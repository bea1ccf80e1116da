"""Small memory dumps, which hold pieces of virtual memory."""

from __future__ import annotations

from dumpwalk.formats.dump_types import DUMP_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats import Dump
    from dumpwalk.formats.header import Header
    from dumpwalk.remarks import Problem


@DUMP_TYPES.add("0x4")
def triage(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Open a small memory dump."""
    from dumpwalk.formats.triage import open_triage

    return open_triage(path, name, data, header, problems)
