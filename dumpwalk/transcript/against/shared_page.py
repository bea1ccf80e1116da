"""``!kuser``: the page that the kernel shares with all processes."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.shared_page import ListedSharedData

# Printed less exactly than they are kept: to the microsecond, and in hours and minutes.
_EXACT = {"SystemTime": 10, "TimeZoneBias": 600_000_000}


@compares("shared-data")
def shared(target: Target, said: ListedSharedData, command: str) -> Iterator[Statement | None]:
    """Compare the page's members."""
    from dumpwalk.kernel.shared_data import read_shared_data

    held, what = read_shared_data(target), "KUSER_SHARED_DATA"
    given = said.shared
    if given.address != said.seen_at:  # else the text says where processes have it alone
        yield statement(f"{what} address", given.address, held.address, target.machine.pointer_size)
    yield from values(what, given, held, skip=("address", *_EXACT))
    for name, unit in _EXACT.items():
        value, there = getattr(given, name), getattr(held, name)
        if not isinstance(value, Absent) and not isinstance(there, Absent):
            there = type(there)(abs(int(there)) // unit * unit * (-1 if there < 0 else 1))
            value = like(type(there)(int(value)), value)
        yield statement(f"{what} {name}", value, there)
