"""What a thread waits for: its wait blocks, and the dispatcher objects that they lead to."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.memory.address import Address
from dumpwalk.memory.chain import single_list
from dumpwalk.objects.members import integer, pointer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target

# MAXIMUM_WAIT_OBJECTS (wdm.h), and the block of the time-out behind them.
_MOST_BLOCKS = 65
# KOBJECTS of the public symbols, in the words of `!thread`'s listings for the first ten.
KINDS = {
    0: "NotificationEvent",
    1: "SynchronizationEvent",
    2: "Mutant",
    3: "ProcessObject",
    4: "QueueObject",
    5: "Semaphore",
    6: "Thread",
    7: "Gate",
    8: "NotificationTimer",
    9: "SynchronizationTimer",
    0x15: "EventPair",
}
_MUTANT, _SEMAPHORE = 2, 5


@record
class WaitObject:
    """A dispatcher object that a thread waits for.

    :param block: the ``_KWAIT_BLOCK``
    :param address: ``Object`` of the block; all ones where the wait is for no object, as delays have it since Windows 8
    :param kind: what its ``DISPATCHER_HEADER.Type`` says; absent where there is no object, or it can't be read
    :param OwnerThread: of a mutant
    :param Limit: of a semaphore
    """

    block: Address | Absent
    address: Address
    kind: str | Absent
    OwnerThread: Address | Absent | None = None
    Limit: int | Absent | None = None


def wait_objects(target: Target, view: AnyView) -> tuple[tuple[WaitObject, ...], tuple[Problem, ...]]:
    """Return what the thread in *view* waits for, and what is wrong with its wait blocks.

    Up to Windows 7 the blocks form a ring; since Windows 8 they are an array of ``WaitBlockCount``.
    """
    where = f"_ETHREAD {view.address}: WaitBlockList"
    first = view.pointer("Tcb.WaitBlockList")
    if isinstance(first, Absent):
        return (), (Problem(where, first.reason),)
    if not first:
        return (), ()
    try:
        blocks, problems = _blocks(target, view, first, where)
        return tuple(_wait_object(target, block) for block in blocks), problems
    except TypeInfoError as error:
        return (), (Problem(where, str(error)),)


def _blocks(target: Target, view: AnyView, first: Address, where: str) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    link = target.once("wait block link", _link)
    if link is not None:
        chain = single_list(target.memory, target.machine, first, link, _MOST_BLOCKS)
        # A ring ends where it began; anything else is wrong with it.
        back = f"leads to {first}, where it was before"
        alone = f"the link at {first} leads to itself"
        problems = [p for p in chain.problems if not p.endswith(back) and p != alone]
        return chain.addresses, tuple(Problem(where, text) for text in problems)
    count = view.int("Tcb.WaitBlockCount")
    size = target.once("wait block size", _size)
    if isinstance(count, Absent) or size is None:
        return (first,), (Problem(where, "how many blocks there are is not known; the first is shown"),)
    problems = []
    if count > _MOST_BLOCKS:
        problems.append(f"{count} wait blocks; a thread waits for 64 objects at most")
    blocks = tuple(int(first) + size * n for n in range(min(count, _MOST_BLOCKS)))
    return blocks, tuple(Problem(where, text) for text in problems)


def _link(target: Target) -> int | None:
    """Return where a block has the pointer to the next one; ``None`` since Windows 8."""
    try:
        return offset_of(target.types, "_KWAIT_BLOCK", "NextWaitBlock")
    except TypeInfoError:
        return None


def _size(target: Target) -> int | None:
    return size_of(Reference("struct", "_KWAIT_BLOCK"), target.types)


def _wait_object(target: Target, block: int) -> WaitObject:
    address = pointer(target.object("_KWAIT_BLOCK", block), "Object")
    place = target.address(block)
    if isinstance(address, Absent):
        return WaitObject(place, target.address(0), Absent(f"the wait block {address.reason}"))
    if address == target.address(-1 & 0xFFFFFFFFFFFFFFFF):
        return WaitObject(place, address, "")
    try:
        type = target.memory.read(address, 1)[0] & 0x7F
    except ReadError as error:
        return WaitObject(place, address, Absent(str(error)))
    kind = KINDS.get(type) or Absent(f"{type:#x} is the type of no object that can be waited for")
    if type == _MUTANT:
        return WaitObject(place, address, kind, pointer(target.object("_KMUTANT", address), "OwnerThread"))
    if type == _SEMAPHORE:
        limit = integer(target.object("_KSEMAPHORE", address), "Limit")
        return WaitObject(place, address, kind, None, limit)
    return WaitObject(place, address, kind)
