"""Linked lists in memory, followed without believing them.

The one place that follows links: a list ends at its head, at null, where its
memory ends, where it runs in a circle, or at a bound, and says which.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import Memory

MOST_LINKS = 1 << 16


@record
class Chain:
    """What a list holds.

    :param addresses: of the links, in order; the head is not among them
    :param problems: why it ended before its end, and links that do not point back
    """

    addresses: tuple[int, ...]
    problems: tuple[str, ...]


def linked_list(memory: Memory, machine: Machine, head: int, limit: int = MOST_LINKS) -> Chain:
    """Return the ``LIST_ENTRY`` links behind the list head at *head*, in the order of ``Flink``.

    :param limit: how many links to follow at most
    """
    width = machine.pointer_size
    remarks: list[str] = []
    previous = int(machine.address(head))

    def following(address: int) -> int:
        nonlocal previous
        links = memory.read(machine.address(address), 2 * width)
        back = int.from_bytes(links[width:], "little")
        # The head's own Blink is the last link, which is not known yet.
        if address != previous and back != previous and not remarks:
            remarks.append(f"the link at {machine.address(address)} points back to {machine.address(back)}")
            remarks[0] += f", not to {machine.address(previous)} before it"
        previous = address
        return int.from_bytes(links[:width], "little")

    return _follow(following, machine, head, limit, remarks, to_head=True)


def single_list(memory: Memory, machine: Machine, first: int, link: int = 0, limit: int = MOST_LINKS) -> Chain:
    """Return the structures of a list that ends with a null pointer, *first* included.

    :param link: offset of the pointer to the next structure
    :param limit: how many to follow at most
    """
    width = machine.pointer_size

    def following(address: int) -> int:
        return int.from_bytes(memory.read(machine.address(address + link), width), "little")

    return walk(following, machine, first, limit)


def walk(following: Callable[[int], int], machine: Machine, first: int, limit: int = MOST_LINKS) -> Chain:
    """Return the structures of a list whose links take more than one read; *first* is included.

    :param following: says what is behind an address, 0 for nothing, or raises :exc:`ReadError`
    :param limit: how many to follow at most
    """
    if not first:
        return Chain((), ())
    rest = _follow(following, machine, first, max(0, limit - 1), [], to_head=False)
    return Chain((machine.address(first), *rest.addresses), rest.problems)


def _follow(
    following: Callable[[int], int], machine: Machine, start: int, limit: int, remarks: list[str], *, to_head: bool
) -> Chain:
    """Return what lies behind *start*; *following* says what is behind an address, or raises ReadError."""
    at = int(machine.address(start))
    seen = {at}
    out: list[int] = []
    problem = ""
    while not problem:
        try:
            after = int(machine.address(following(at)))
        except ReadError as error:
            problem = f"the link at {machine.address(at)} can't be read: {error.reason}"
            break
        if to_head and after == int(machine.address(start)):
            break
        if not after:
            if to_head:
                problem = f"the link at {machine.address(at)} is null"
            break
        if after in seen:
            what = "itself" if after == at else f"{machine.address(after)}, where it was before"
            problem = f"the link at {machine.address(at)} leads to {what}"
        elif len(out) >= limit:
            problem = f"it is longer than {limit}"
        else:
            seen.add(after)
            out.append(machine.address(after))
            at = after
    return Chain(tuple(out), (*remarks, problem) if problem else tuple(remarks))
