"""``!locks``: resources of the kernel, the threads that hold them, and how many wait."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.locks import Locks, Resource

_EXCLUSIVE = "Exclusively owned"
# What the structure does not hold under that name, or at all.
_OTHERWISE = ("address", "name", "state", "flags", "holders", "shared_waiters", "exclusive_waiters", "remarks")


@compares("locks")
def resources(target: Target, said: Locks, command: str) -> Iterator[Statement | None]:
    """Compare resources; critical sections are of a process that a dump of the kernel seldom has."""
    for listed in said.resources:
        yield from _resource(target, listed)


def _resource(target: Target, said: Resource) -> Iterator[Statement | None]:
    from dumpwalk.kernel.resource import is_owned_exclusively, owners

    width = target.machine.pointer_size
    what = f"resource {target.address(said.address)}"
    there = target.object("_ERESOURCE", said.address)
    yield from values(what, said, there, skip=_OTHERWISE, pointer_size=width)
    if said.state:
        alone = like(said.state == _EXCLUSIVE, said.state)
        yield statement(f"{what} owned exclusively", alone, is_owned_exclusively(target, said.address))
    held = owners(target, said.address) if said.holders else ()
    for holder in said.holders:
        if not holder.thread:  # debuggers of NT 4 print entries that nobody has
            continue
        where = f"{what} owner {target.address(holder.thread)}"
        if isinstance(held, Absent):
            yield statement(where, holder.thread, held)
            continue
        thread = target.address(holder.thread)
        own = next((owner for owner in held if owner.OwnerThread == thread), None)
        if own is None:
            yield statement(where, holder.thread, Absent("it is not among the owners in the dump"))
            continue
        yield statement(f"{where} count", holder.count, own.OwnerCount)
        yield statement(f"{where} thread", holder.actual, target.address(own.thread), width)
