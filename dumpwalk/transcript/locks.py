"""Resources and critical sections as ``!locks`` of the kernel and of user mode lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal, optional

_RESOURCE = re.compile(
    r"[ ]*Resource @ (?:(\w+!\S+) \((0x[0-9a-f]{8,16})\)|((?:0x)?[0-9a-f]{8,16}))"
    r"(?:[ ]*(Exclusively owned|Shared ([0-9]+) owning threads))?(?:[ ]*//[ ]*(.*))?\Z"
)
_COUNT = re.compile(
    r"[ ]*(Contention Count|NumberOfSharedWaiters|NumberOfExclusiveWaiters) = ([0-9]+)[ ]*(?://[ ]*(.*))?\Z"
)
_ACTIVE = re.compile(r"[ ]*ActiveCount = ([0-9a-f]+)[ ]+Flags =(?: |\Z)(.*)\Z")
_OLD_THREAD = re.compile(r"[ ]*Thread = ([0-9a-f]{8,16}), Count = ([0-9]+)[ ]*(?://[ ]*(.*))?\Z")
_HOLDER = re.compile(r"([0-9a-f]{8,16})-([0-9]{2})(<\*>)?(?:[ ]*\*\*\* Actual Thread ([0-9a-f]{8,16}))?")
_HOLDERS = re.compile(
    r"[ ]*(?:(Threads:)[ ]*)?((?:[0-9a-f]{8,16}-[0-9]{2}(?:<\*>)?[ ]*(?:\*\*\* Actual Thread [0-9a-f]{8,16}[ ]*)?)+)\Z"
)
_WAITING = re.compile(r"[ ]*Threads Waiting On (Shared|Exclusive) Access:[ ]*((?:[0-9a-f]{8,16}[ ]*)*)\Z")
_WAITERS = re.compile(r"[ ]+((?:[0-9a-f]{8,16}[ ]+)*[0-9a-f]{8,16})\Z")
_SECTION = re.compile(r"[ ]*CritSec (\S+) at ([0-9a-fA-F]{5,16})[ ]*(?:(.*))\Z")
_FIELD = re.compile(
    r"[ ]*(WaiterWoken|LockCount|RecursionCount|OwningThread|EntryCount|ContentionCount|LockSemaphore|SpinCount"
    r"|DebugInfo)[ ]+(\S.*)\Z"
)
_LOCKED = re.compile(r"[ ]*\*\*\* Locked\Z")
_REMARK = re.compile(
    r"[ ]*(\*{4} DUMP OF ALL RESOURCE OBJECTS \*{4}|KD: Scanning for held locks\.*|[0-9]+ total locks.*"
    r"|Scanned [0-9]+ critical sections|An unexpected circular linked list was detected .*|Invalid Thread\([0-9]+\) .*"
    r"|Owner is .*|[0-9a-fx]+ is not a valid resource.*)\Z"
)
_REST = re.compile(r"[ ]*//[ ]*(.*)\Z")


@record
class Holder:
    """A thread that holds a resource.

    :param count: how often
    :param owner: the debugger marks it with ``<*>``: it owns the resource, and does not wait for it
    :param actual: the thread, where the entry has flags in its low bits
    """

    thread: Address
    count: int
    owner: bool
    actual: Address | None = None


@record
class Resource:
    """An ERESOURCE.

    :param state: as printed: ``Exclusively owned``, ``Shared 1 owning threads``; ``""`` where nothing is
    :param flags: of debuggers of NT 4, in place of *state*
    """

    address: Address
    name: str
    state: str
    ContentionCount: int | None
    NumberOfSharedWaiters: int | None
    NumberOfExclusiveWaiters: int | None
    ActiveCount: Hex | None
    flags: tuple[str, ...]
    holders: tuple[Holder, ...]
    shared_waiters: tuple[Address, ...]
    exclusive_waiters: tuple[Address, ...]
    remarks: tuple[str, ...]


@record
class CriticalSection:
    """An RTL_CRITICAL_SECTION.

    :param name: the symbol it is at, ``""`` for none
    :param locked: ``*** Locked`` is printed
    :param OwningThread: ID of the thread; 0 for none
    :param fields: the other members, name and text
    """

    name: str
    address: Address
    locked: bool
    OwningThread: Hex | None
    fields: tuple[tuple[str, str], ...]
    remark: str


@record
class Locks:
    """What ``!locks`` lists, and what it says of all of them."""

    resources: tuple[Resource, ...]
    critical_sections: tuple[CriticalSection, ...]
    remarks: tuple[str, ...]


class _Resource:
    def __init__(self, found: re.Match[str]) -> None:
        self.name = found[1] or ""
        self.at = address(found[2] or found[3])
        self.state = found[4] or ""
        self.counts: dict[str, int] = {}
        self.active: Hex | None = None
        self.flags: tuple[str, ...] = ()
        self.holders: list[Holder] = []
        self.waiters: dict[str, list[Address]] = {"Shared": [], "Exclusive": []}
        self.waiting = ""
        self.remarks = [found[6]] if found[6] else []

    def take(self, line: str) -> bool:
        if found := _COUNT.match(line):
            self.counts[found[1]] = int(found[2])
            self.remarks += [found[3]] if found[3] else []
        elif (found := _HOLDERS.match(line)) and (found[1] or self.holders):
            for holder in _HOLDER.finditer(found[2]):
                actual = address(holder[4]) if holder[4] else None
                self.holders.append(Holder(address(holder[1]), int(holder[2]), bool(holder[3]), actual))
        elif found := _WAITING.match(line):
            self.waiting = found[1]
            self.waiters[self.waiting] += [address(a) for a in found[2].split()]
        elif self.waiting and (found := _WAITERS.match(line)):
            self.waiters[self.waiting] += [address(a) for a in found[1].split()]
        elif found := _ACTIVE.match(line):
            self.active, self.flags = hexadecimal(found[1]), tuple(found[2].split())
        elif found := _OLD_THREAD.match(line):
            self.holders.append(Holder(address(found[1]), int(found[2]), False))
            self.remarks += [found[3]] if found[3] else []
        elif found := _REST.match(line):
            self.remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> Resource:
        shared, exclusive = (tuple(self.waiters[k]) for k in ("Shared", "Exclusive"))
        contention, waiting_shared, waiting_exclusive = (
            self.counts.get(n) for n in ("Contention Count", "NumberOfSharedWaiters", "NumberOfExclusiveWaiters")
        )
        return Resource(
            self.at, self.name, self.state, contention, waiting_shared, waiting_exclusive, self.active, self.flags,
            tuple(self.holders), shared, exclusive, tuple(self.remarks),
        )  # fmt: skip


@kind(
    "locks",
    "locks",
    "ntsdexts.locks",
    opens=r"[ ]*(?:Resource @ \S|CritSec \S+ at [0-9a-fA-F]|\*{4} DUMP OF ALL RESOURCE|An unexpected circular linked"
    r"|[0-9]{1,9} total locks, [0-9]{1,9} locks currently held\Z)",
    rank=10,
)
class LocksReader(Reader):
    """Takes resources and critical sections, in any order."""

    patience = 3

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._resources: list[_Resource] = []
        self._sections: list[tuple[re.Match[str], dict[str, str], list[str]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _RESOURCE.match(line):
            self._resources.append(_Resource(found))
        elif found := _SECTION.match(line):
            self._sections.append((found, {}, []))
        elif self._resources and not self._sections and self._resources[-1].take(line):
            pass
        elif found := _REMARK.match(line):
            self._remarks.append(found[1])
        elif self._sections and (found := _FIELD.match(line)):
            self._sections[-1][1].setdefault(found[1], found[2])
        elif self._sections and _LOCKED.match(line):
            self._sections[-1][2].append("locked")
        else:
            return False
        return True

    def record(self) -> Locks | None:
        if not self._resources and not self._sections and not self._remarks:
            return None
        sections = tuple(_section(*section) for section in self._sections)
        return Locks(tuple(r.record() for r in self._resources), sections, tuple(self._remarks))


def _section(found: re.Match[str], fields: dict[str, str], locked: list[str]) -> CriticalSection:
    name = found[1] if "!" in found[1] or not found[1].startswith("+") else ""
    owner = re.match(r"[0-9a-f]{1,16}\b", fields.get("OwningThread", ""))
    rest = tuple((k, v) for k, v in fields.items() if k != "OwningThread" or v != (owner[0] if owner else ""))
    return CriticalSection(
        name, address(found[2]), bool(locked), optional(owner[0] if owner else None), rest, found[3] or ""
    )
