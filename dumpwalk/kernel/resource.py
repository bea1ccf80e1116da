"""``_ERESOURCE``: which threads hold a lock of the executive, alone or together."""

from __future__ import annotations

from dumpwalk.objects.members import has, integer, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# ResourceOwnedExclusive, a bit of Flag (wdm.h).
_OWNED_EXCLUSIVE = 0x80
# A table grows by a few entries at a time; one of more is damaged.
_MOST_OWNERS = 1024
# An owner that ExSetResourceOwnerPointer has set is the address of the owner with these bits (wdm.h).
_OWNER_BITS = 3


@record
class Owner:
    """``_OWNER_ENTRY``: who holds a resource, and how often.

    :param OwnerThread: the thread, or with its low two bits set what stands for an owner
    """

    OwnerThread: Address
    OwnerCount: int | Absent

    @property
    def thread(self) -> int:
        """The thread, without the bits that say that it was set as the owner."""
        return self.OwnerThread & ~_OWNER_BITS


def is_owned_exclusively(target: Target, address: int) -> bool | Absent:
    """Say whether the resource at *address* is held by a thread alone."""
    flag = integer(target.object("_ERESOURCE", address), "Flag")
    return flag if isinstance(flag, Absent) else bool(flag & _OWNED_EXCLUSIVE)


def owners(target: Target, address: int) -> tuple[Owner, ...] | Absent:
    """Return who holds the resource at *address*.

    One or two stand in the structure; of those that share it with them is a table, whose first entry has its size in
    place of a count.
    """
    resource = target.object("_ERESOURCE", address)
    entries = [resource.OwnerEntry] if has(resource, "OwnerEntry") else list(resource.OwnerThreads)
    table = pointer(resource, "OwnerTable")
    if isinstance(table, Absent):
        return table
    if table:
        first = target.object("_OWNER_ENTRY", table)
        count = integer(first, "TableSize")
        if isinstance(count, Absent):
            return count
        if count > _MOST_OWNERS:
            return Absent(f"OwnerTable has {count} entries: it is damaged")
        entries += [target.object("_OWNER_ENTRY", table + n * (first.size_ or 0)) for n in range(1, count)]
    found = []
    for entry in entries:
        thread = integer(entry, "OwnerThread")
        if not isinstance(thread, Absent) and thread:
            found.append(Owner(target.address(thread), integer(entry, "OwnerCount")))
    return tuple(found)
