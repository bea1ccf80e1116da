"""Processes and threads, listed: ``PsActiveProcessHead``, and each process's list of threads."""

from __future__ import annotations

from dumpwalk.kernel.variables import variable
from dumpwalk.kernel.views import view_of
from dumpwalk.memory.address import Address
from dumpwalk.memory.chain import MOST_LINKS, linked_list
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.dispatcher import PROCESS_OBJECT, THREAD_OBJECT, is_dispatcher_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

# The members that link a process's threads, the executive's list first: the kernel's leaves out those that are gone.
_THREAD_LISTS = (("ThreadListHead", "ThreadListEntry"), ("Pcb.ThreadListHead", "Tcb.ThreadListEntry"))

UNREAD = "the list of processes can't be read to its end"


@record
class Listed:
    """What a list holds.

    :param addresses: of the structures, in the list's order
    :param problems: why it ended early, and links that don't point back
    """

    addresses: tuple[Address, ...]
    problems: tuple[Problem, ...]


def processes(target: Target) -> Listed:
    """Return the addresses of the active processes, in the order of ``PsActiveProcessHead``.

    The idle process is in no list; processes that a rootkit took out of this one are not found.
    """
    head = active_process_head(target)
    if isinstance(head, Absent):
        return Listed((), (Problem("PsActiveProcessHead", head.reason),))
    chain = linked_list(target.memory, target.machine, head)
    at = _link_offset(target, "_EPROCESS", "ActiveProcessLinks", PROCESS_OBJECT, chain.addresses[:2])
    problems = tuple(Problem("PsActiveProcessHead", text) for text in chain.problems)
    if isinstance(at, Absent):
        return Listed((), (*problems, Problem("PsActiveProcessHead", at.reason)) if chain.addresses else problems)
    return Listed(tuple(target.address(link - at) for link in chain.addresses), problems)


def threads(target: Target, process: int, limit: int = MOST_LINKS) -> Listed:
    """Return the addresses of the threads of the process at *process*, in the order of its list.

    :param limit: how many to list at most
    """
    view = view_of(target, "_EPROCESS", process)
    where = f"_EPROCESS {view.address}"
    why = Absent("")
    for head, link in _THREAD_LISTS:
        places = view.layout.places(head)
        if not places:
            why = why if why.reason else Absent(view.layout.why_not(head))
            continue
        chain = linked_list(target.memory, target.machine, view.address + places[0].offset, limit)
        at = _link_offset(target, "_ETHREAD", link, THREAD_OBJECT, chain.addresses[:2])
        problems = tuple(Problem(f"{where}: {head}", text) for text in chain.problems)
        if isinstance(at, Absent) and chain.addresses:
            why = at
            continue
        offset = 0 if isinstance(at, Absent) else at
        return Listed(tuple(target.address(entry - offset) for entry in chain.addresses), problems)
    return Listed((), (Problem(where, f"its threads can't be listed: {why.reason}"),))


def active_process_head(target: Target) -> Address | Absent:
    """Return where ``PsActiveProcessHead`` lies: the dump's header, its debugger data or a symbol says so."""
    found = variable(target, "PsActiveProcessHead")
    if found is None:
        why = "neither the dump's header nor its debugger data nor a symbol says where the list of processes begins"
        return Absent(why)
    return found[0]


def find_process(target: Target, pid: int) -> Address | None:
    """Return the address of the process whose identifier is *pid*, ``None`` when there is none.

    Active ones are looked at, and the current one, which small dumps hold without the list.
    """
    current = target.dump.process
    for address in (*processes(target).addresses, *(() if isinstance(current, Absent) else (current,))):
        if view_of(target, "_EPROCESS", address).int("UniqueProcessId") == pid:
            return target.address(address)
    return None


def not_found(target: Target, what: str, otherwise: str) -> str:
    """Return what to say of a process or thread that was not found.

    :param what: which: ``process 344``
    :param otherwise: what to say when all processes are known
    """
    return f"{what} is not found; {UNREAD}" if processes(target).problems else otherwise


def find_thread(target: Target, tid: int) -> Address | None:
    """Return the address of the thread whose identifier is *tid*, ``None`` when there is none.

    Those of active processes are looked at, and the current one, which small dumps hold without the lists.
    """
    current = target.dump.thread
    if not isinstance(current, Absent) and view_of(target, "_ETHREAD", current).int("Cid.UniqueThread") == tid:
        return current
    left = 1 << 20
    for owner in processes(target).addresses:
        listed = threads(target, owner, min(left, MOST_LINKS)).addresses
        left -= len(listed)
        for address in listed:
            if view_of(target, "_ETHREAD", address).int("Cid.UniqueThread") == tid:
                return address
    return None


def _link_offset(target: Target, structure: str, link: str, kind: int, links: tuple[int, ...]) -> int | Absent:
    """Return how far into the *structure* the member *link* lies.

    Where the kernel is not known exactly there may be several candidates: the structures that *links* are in decide.
    """
    layout = view_of(target, structure, 0).layout
    places = layout.places(link)
    if not places:
        return Absent(layout.why_not(link))
    if len(places) > 1 and links:
        for place in places:
            if all(is_dispatcher_object(target.memory, target.address(at - place.offset), kind) for at in links):
                return int(place.offset)
    return int(places[0].offset)
