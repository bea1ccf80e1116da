"""``dumpwalk ptov``: which virtual addresses a physical page has."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import quantity
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.physical_address import Addresses
    from dumpwalk.target import Target


def layout(found: Addresses) -> str:
    """Return a line for each address: the physical one first, as ``!ptov`` has them."""
    from dumpwalk.render.remarks import problem_lines

    lines = [f"{found.mode} page tables, root at {found.root:x}"]
    lines += [f"{found.physical:x} {address}" for address in found.addresses]
    if not found.addresses and not isinstance(found.physical, Absent):
        lines.append(f"no valid entry maps page {found.physical >> 12:x}")
    return "\n".join([*lines, *problem_lines(found.problems)])


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
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.physical_address import addresses_of
    from dumpwalk.kernel.pte import page_tables

    if target is None:
        raise UsageError("page tables are in a dump: -z FILE")
    memory = page_tables(target)
    if dtb is not None:
        memory = memory.with_root(dtb)
    given = physical if isinstance(physical, int) else quantity(physical, DumpNames(target))
    return addresses_of(memory, given << 12 if page else given)
