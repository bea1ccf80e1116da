"""``dumpwalk ptov``: which virtual addresses a physical page has."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import quantity
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_MOST_FOUND = 1 << 16


@record
class Addresses:
    """The addresses of a physical one.

    :param physical: the physical address
    :param root: physical address of the root table
    :param mode: name of the paging mode
    :param addresses: ascending
    """

    physical: Hex
    root: Hex
    mode: str
    addresses: tuple[Address, ...]
    problems: tuple[Problem, ...]


def layout(found: Addresses) -> str:
    """Return a line for each address: the physical one first, as ``!ptov`` has them."""
    lines = [f"{found.mode} page tables, root at {found.root:x}"]
    lines += [f"{found.physical:x} {address}" for address in found.addresses]
    if not found.addresses:
        lines.append(f"no valid entry maps page {found.physical >> 12:x}")
    return "\n".join([*lines, *(f"({problem})" for problem in found.problems)])


@command(
    "ptov",
    argument("physical", "a physical address, or with --page the number of a page"),
    flag("--page", help="the number is a page's (PFN)"),
    option("--dtb", value="ROOT", help="physical address of the root table of another process", kind=number),
    text=layout,
    target=True,
)
def ptov(physical: str | int, page: bool = False, dtb: int | None = None, target: Target | None = None) -> Addresses:
    """List the virtual addresses that lead to a physical one."""
    from itertools import islice

    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.pte import page_tables
    from dumpwalk.memory.paging.mapped import mapped

    if target is None:
        raise UsageError("page tables are in a dump: -z FILE")
    memory = page_tables(target)
    if dtb is not None:
        memory = memory.with_root(dtb)
    given = physical if isinstance(physical, int) else quantity(physical, DumpNames(target))
    wanted = given << 12 if page else given
    pages = mapped(memory)
    found = tuple(map(memory.address, islice(pages.virtual_addresses_of(wanted), _MOST_FOUND)))
    problems: tuple[Problem, ...] = ()
    if pages.cut or len(found) == _MOST_FOUND:
        what = f"{len(found):,} addresses are listed of {pages.most_tables:,} tables: there are more to look at"
        problems = (Problem("page tables", what),)
    return Addresses(Hex(wanted), Hex(memory.root), memory.mode.name, found, problems)
