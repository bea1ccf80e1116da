"""The processes in ``PsActiveProcessHead``, in the order in which they were started."""

from __future__ import annotations

from dumpwalk.kernel.variables import variable
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target


def active_processes(target: Target) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    """Return the addresses of the ``_EPROCESS`` structures, and why they may not be all.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    head = variable(target, "PsActiveProcessHead")
    if head is None:
        return (), (Problem("processes", "the place of nt!PsActiveProcessHead is not known"),)
    link = offset_of(target.types, "_EPROCESS", "ActiveProcessLinks")
    chain = linked_list(target.memory, target.machine, head[0])
    problems = tuple(Problem("PsActiveProcessHead", text) for text in chain.problems)
    return tuple(target.address(at - link) for at in chain.addresses), problems


def object_table(target: Target, process: int) -> Address | Absent:
    """Return the address of the ``_HANDLE_TABLE`` of the process at *process*; 0 for one that has ended."""
    return pointer(target.object("_EPROCESS", process), "ObjectTable")
