"""Session space: memory of a session of users, which only the page tables of the session's processes map."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.process import process
from dumpwalk.kernel.processes import processes
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.process import Process
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target

# Processes that are looked at: those of sessions stand among the first dozen.
_MOST_PROCESSES = 256


def space_with(target: Target, address: int) -> tuple[VirtualMemory, Address] | None:
    """Return an address space that maps *address*, and the ``_EPROCESS`` of the process whose it is.

    :return: ``None`` when there is none among the processes in sessions, or the dump has no page tables
    """
    from dumpwalk.memory.virtual import VirtualMemory

    memory = target.memory
    if not isinstance(memory, VirtualMemory):
        return None
    seen = {memory.root}
    for place in processes(target).addresses[:_MOST_PROCESSES]:
        found = process(target, place)
        root = found.DirectoryTableBase
        if isinstance(root, Absent) or not root or isinstance(found.Session, Absent) or not found.Session:
            continue
        space = memory.with_root(int(root))
        if space.root not in seen and space.find(target.address(address)) >= 0:
            return space, found.address
        seen.add(space.root)
    return None


def session_id(target: Target, found: Process) -> int | Absent | None:
    """Return the number of a process's session, ``None`` when it is in none."""
    if isinstance(found.Session, Absent) or not found.Session:
        return found.Session if isinstance(found.Session, Absent) else None
    try:
        at = target.once("session id", _session_id_at)
        return target.in_process(found.address).read_int(found.Session + at, 4)
    except (TypeInfoError, ReadError) as error:
        return Absent(f"SessionId: {error}")


def _session_id_at(target: Target) -> int:
    return offset_of(target.types, "_MM_SESSION_SPACE", "SessionId")
