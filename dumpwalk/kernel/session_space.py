"""Session space: memory of the window manager, which only the page tables of processes in a session map."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.process import process
from dumpwalk.memory.chain import linked_list
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# Processes that are looked at: those of sessions stand among the first dozen.
_MOST_PROCESSES = 256


def space_with(target: Target, address: int) -> tuple[VirtualMemory, Address] | None:
    """Return an address space that maps *address*, and the ``_EPROCESS`` of the process whose it is.

    :return: ``None`` when there is none among the processes in sessions, or the dump has no page tables
    """
    memory = target.memory
    head = _head(target)
    if not isinstance(memory, VirtualMemory) or not head:
        return None
    try:
        links = offset_of(target.types, "_EPROCESS", "ActiveProcessLinks")
    except TypeInfoError:
        return None
    seen = {memory.root}
    for link in linked_list(memory, target.machine, head, _MOST_PROCESSES).addresses:
        found = process(target, link - links)
        root = found.DirectoryTableBase
        if isinstance(root, Absent) or not root or isinstance(found.Session, Absent) or not found.Session:
            continue
        space = memory.with_root(int(root))
        if space.root not in seen and space.find(target.address(address)) >= 0:
            return space, found.address
        seen.add(space.root)
    return None


def _head(target: Target) -> int:
    """Return where the list of processes begins; 0 when nothing says it."""
    data = target.dump.debugger_data
    said = None if isinstance(data, Absent) else data.get("PsActiveProcessHead")
    return int(said or target.dump.header.PsActiveProcessHead or target.address_of("PsActiveProcessHead") or 0)
