"""The virtual addresses that lead to a physical one, as ``ptov`` lists them."""

from __future__ import annotations

from itertools import islice

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.virtual import VirtualMemory

_MOST_FOUND = 1 << 16


@record
class Addresses:
    """The addresses of a physical one.

    :param physical: the physical address
    :param root: physical address of the root table
    :param mode: name of the paging mode
    :param addresses: ascending
    """

    physical: Hex | Absent
    root: Hex
    mode: str
    addresses: tuple[Address, ...]
    problems: tuple[Problem, ...]


def addresses_of(memory: VirtualMemory, physical: int) -> Addresses:
    """Return the addresses of *physical* in the address space that *memory* is."""
    from dumpwalk.memory.paging.mapped import mapped

    pages = mapped(memory)
    found = tuple(map(memory.address, islice(pages.virtual_addresses_of(physical), _MOST_FOUND)))
    problems: tuple[Problem, ...] = ()
    if pages.cut or len(found) == _MOST_FOUND:
        what = f"{len(found):,} addresses are listed of {pages.most_tables:,} tables: there are more to look at"
        problems = (Problem("page tables", what),)
    return Addresses(Hex(physical), Hex(memory.root), memory.mode.name, found, problems)
