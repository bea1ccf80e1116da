"""Where variables of the kernel are: by its symbols, by the debugger data block, by what its image exports."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.remarks import Absent
from dumpwalk.symbols.exports import export
from dumpwalk.types.profiles import evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

SYMBOLS, DEBUGGER_DATA, EXPORTS = "symbols", "debugger data", "exports"


def variable(target: Target, name: str) -> tuple[Address, str] | None:
    """Return where the kernel's variable (or function) *name* is, and who says so; ``None`` when nobody does.

    Symbols need a kernel that is known exactly. The others need none: the debugger data block points to a few
    variables, and the kernel exports some to drivers.

    :return: the address, and :data:`SYMBOLS`, :data:`DEBUGGER_DATA` or :data:`EXPORTS`
    """
    found = target.address_of(name)
    if found is not None:
        return found, SYMBOLS
    for names, address in evidence(target.dump).pointers.items():
        if name in names:
            return target.address(address), DEBUGGER_DATA
    kernel = target.modules.kernel
    exported = export(target.memory, int(kernel.base), name) if kernel else None
    return (target.address(exported), EXPORTS) if exported is not None else None


def pointer_in(target: Target, name: str) -> Address | Absent:
    """Return the pointer that the kernel's variable *name* holds, or why it is not known."""
    place = variable(target, name)
    if place is None:
        return Absent(f"the place of nt!{name} is not known")
    try:
        return target.read_pointer(place[0])
    except ReadError as error:
        return Absent(f"nt!{name}: {error}")
