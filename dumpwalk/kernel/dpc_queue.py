"""The deferred procedure calls that wait for a processor: the lists in its ``_KPRCB``.

Until Windows Server 2003 the block had one list (``DpcListHead``); then a
``_KDPC_DATA`` for ordinary ones and another for those that a thread runs. The
lists had both directions until Windows 7 and have one since Windows 8.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Address
from dumpwalk.memory.chain import linked_list, single_list
from dumpwalk.objects.members import has, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.anchors import GUESSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.chain import Chain
    from dumpwalk.target import Target
    from dumpwalk.types.view import View

# A queue of more is damaged: DPCs are in a queue once each, and drivers have few.
_MOST_DPCS = 4096
# The two entries of KPRCB.DpcData (DPC_NORMAL and DPC_THREADED of the public symbols).
_QUEUES = ("Normal", "Threaded")


@record
class QueuedDpc:
    """A ``_KDPC`` that waits.

    :param queue: ``Normal`` or ``Threaded``; ``""`` where the processor has one queue
    :param routine: what *DeferredRoutine* is, as ``nt!PpmPerfAction`` or ``tcpip+0x1234``; ``""`` in no module
    """

    address: Address
    DeferredRoutine: Address | Absent
    queue: str
    routine: str


def dpc_queue(target: Target, block: View, problems: list[Problem]) -> tuple[QueuedDpc, ...] | Absent:
    """Return the DPCs that wait for the processor whose ``_KPRCB`` is *block*, or why they can't be had."""
    try:
        if block.layout.places("DpcData"):
            return _by_data(target, block, problems)
        return _by_head(target, block, problems)
    except TypeInfoError as error:
        return Absent(str(error))


def _place(block: View, path: str) -> int | Absent:
    """Return the address of the structure *path* of the block, where its place can be relied on."""
    places = block.layout.places(path)
    if len(places) != 1 or places[0].trust == GUESSED:
        return Absent(block.layout.why_not(path))
    return block.address + places[0].offset


def _by_head(target: Target, block: View, problems: list[Problem]) -> tuple[QueuedDpc, ...] | Absent:
    head = _place(block, "DpcListHead")
    if isinstance(head, Absent):
        return head
    return _dpcs(target, linked_list(target.memory, target.machine, head, _MOST_DPCS), "", problems)


def _by_data(target: Target, block: View, problems: list[Problem]) -> tuple[QueuedDpc, ...] | Absent:
    place = _place(block, "DpcData")
    if isinstance(place, Absent):
        return place
    found: list[QueuedDpc] = []
    size = target.object("_KDPC_DATA", place).size_ or 0
    for index, queue in enumerate(_QUEUES):
        data = target.object("_KDPC_DATA", place + index * size)
        chain = _chain(target, data)
        if isinstance(chain, Absent):
            return chain
        found += _dpcs(target, chain, queue, problems)
    return tuple(found)


def _chain(target: Target, data: Any) -> Chain | Absent:
    """Return the links of the queue that a ``_KDPC_DATA`` heads."""
    if has(data, "DpcList"):
        first = pointer(data, "DpcList.ListHead.Next")
        return first if isinstance(first, Absent) else single_list(target.memory, target.machine, first, 0, _MOST_DPCS)
    head = data.DpcListHead
    return linked_list(target.memory, target.machine, head.address_, _MOST_DPCS)


def _dpcs(target: Target, chain: Chain, queue: str, problems: list[Problem]) -> tuple[QueuedDpc, ...]:
    problems += [Problem(f"DPC queue{f' {queue}' if queue else ''}", text) for text in chain.problems]
    at = offset_of(target.types, "_KDPC", "DpcListEntry")
    out = []
    for link in chain.addresses:
        address = target.address(link - at)
        routine = pointer(target.object("_KDPC", address), "DeferredRoutine")
        name = None if isinstance(routine, Absent) else target.name(routine)
        out.append(QueuedDpc(address, routine, queue, name or ""))
    return tuple(out)
