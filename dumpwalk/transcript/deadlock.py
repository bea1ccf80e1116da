"""Deadlocks that Driver Verifier found as ``!deadlock`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_HEAD = re.compile(r"[ ]*Deadlock detected \(([0-9]+) (?:locks|resources) in ([0-9]+) threads\):\Z")
_ISSUE = re.compile(r"[ ]*issue: ([0-9a-f]{8,16}(?: [0-9a-f]{8,16}){3})\Z")
_THREAD = re.compile(
    r"[ ]*Thread ([0-9]+): (TERMINATED|[0-9a-f]{8,16})(?: \(ThreadEntry = ([0-9a-f]{8,16})\))?"
    r" took locks in the following order:\Z"
)
# Old debuggers: Thread 0 (8D14F750) took locks in the following order:
_OLD_THREAD = re.compile(r"[ ]*Thread ([0-9]+) \(([0-9A-Fa-f]{8,16})\) took locks in the following order:\Z")
_ORDER = re.compile(r"[ ]*Thread ([0-9]+): ([A-Z](?: [A-Z])*)\.?\Z")
_WHO = re.compile(r"[ ]*Thread ([0-9]+) = (TERMINATED|[0-9a-f]{8,16})\.?\Z")
_LOCK = re.compile(r"[ ]*Lock ([A-Z]+) =[ ]+([0-9a-f]{8,16})(?: \((\S.*?)\))? - Type '(.*?)'\s*\.\Z")
# Lock A =   bba2af30 Type 'Spinlock', or with -- and the type in brackets; a symbol in place of the address
_OLD_LOCK = re.compile(r"[ ]*Lock ([A-Z]{1,2}) (?:=[ ]+(\S+) Type '([A-Za-z ]+)'|-- (\S+) \(([A-Za-z ]+)\))\Z")
_PLACE = re.compile(r"[0-9a-f]{8,16}\Z")
_OLD_STACK = re.compile(r"[ ]*Stack:[ ]+([A-Za-z_]\w*[!+]\S+)\Z")
_OLD_FRAME = re.compile(r"[ ]{6,}([A-Za-z_]\w*[!+]\S+)\Z")
_NODE = re.compile(r"[ ]*Node:[ ]+([0-9a-f]{8,16})\Z")
_STACK = re.compile(r"[ ]*Stack:[ ]+([0-9a-f]{8,16}) (\S.*)\Z")
_FRAME = re.compile(r"[ ]{6,}([0-9a-f]{8,16}) (\S.*)\Z")
_CURRENT = re.compile(r"[ ]*Stack:[ ]+(<< .* >>)\Z")
_RULE = re.compile(r"[ ]*(?:#|Where:)\Z")


@record
class TakenLock:
    """A lock: its letter, address, symbol and type, with the stack that took it where that is shown.

    :param address: ``None`` where the symbol is printed in its place; old debuggers print no addresses of frames
    :param thread: number of the thread below which it stands
    """

    letter: str
    thread: int | None
    address: Address | None
    place: Site | None
    type: str
    node: Address | None
    frames: tuple[tuple[Address | None, Site], ...]
    remark: str


@record
class LockingThread:
    """A thread: its number, address (``None``: it is terminated), and the letters of its locks in order."""

    number: int
    address: Address | None
    order: tuple[str, ...]
    entry: Address | None


@record
class Deadlock:
    """A deadlock; the counts are those of the first line.

    :param issue: the four parameters of DRIVER_VERIFIER_DETECTED_VIOLATION, where they are printed
    """

    issue: tuple[Hex, ...]
    lock_count: int
    thread_count: int
    threads: tuple[LockingThread, ...]
    locks: tuple[TakenLock, ...]


class _Lock:
    def __init__(self, found: re.Match[str], thread: int | None) -> None:
        self.found, self.thread = found, thread
        self.node: Address | None = None
        self.frames: list[tuple[Address | None, Site]] = []
        self.remark = ""

    def take(self, line: str) -> bool:
        if found := _NODE.match(line):
            self.node = address(found[1])
        elif found := _STACK.match(line) or (_FRAME.match(line) if self.frames else None):
            self.frames.append((address(found[1]), site(found[2])))
        elif found := _OLD_STACK.match(line) or (_OLD_FRAME.match(line) if self.frames else None):
            self.frames.append((None, site(found[1])))
        elif found := _CURRENT.match(line):
            self.remark = found[1]
        else:
            return False
        return True

    def record(self) -> TakenLock:
        at: str | None
        if self.found.re is _OLD_LOCK:
            letter, kind = self.found[1], self.found[3] or self.found[5]
            text = self.found[2] or self.found[4]
            at, name = (text, "") if _PLACE.match(text) else (None, text)
        else:
            letter, at, name, kind = self.found.groups()
        place = site(name) if name else None
        return TakenLock(
            letter, self.thread, address(at) if at else None, place, kind, self.node, tuple(self.frames), self.remark
        )


@kind("deadlock", "deadlock", opens=r"[ ]*Deadlock detected \([0-9]+ (?:locks|resources) in", rank=12)
class DeadlockReader(Reader):
    """Takes one deadlock."""

    patience = 2

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._threads: dict[int, LockingThread] = {}
        self._locks: list[_Lock] = []
        self._thread: int | None = None
        self._issue: tuple[Hex, ...] = ()

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            if self._head is None and not self._issue and (found := _ISSUE.match(line)):
                self._issue = tuple(hexadecimal(word) for word in found[1].split())
                return True
            return self._head is not None
        if found := _LOCK.match(line) or _OLD_LOCK.match(line):
            self._locks.append(_Lock(found, self._thread))
        elif self._locks and self._locks[-1].take(line):
            pass
        elif found := _THREAD.match(line):
            self._thread = int(found[1])
            entry = address(found[3]) if found[3] else None
            self._threads[self._thread] = LockingThread(self._thread, _thread(found[2]), (), entry)
        elif found := _OLD_THREAD.match(line):
            self._thread = int(found[1])
            self._threads[self._thread] = LockingThread(self._thread, address(found[2].lower()), (), None)
        elif found := _ORDER.match(line):
            self._threads[int(found[1])] = LockingThread(int(found[1]), None, tuple(found[2].split()), None)
        elif found := _WHO.match(line):
            before = self._threads.get(int(found[1]))
            order, entry = (before.order, before.entry) if before else ((), None)
            self._threads[int(found[1])] = LockingThread(int(found[1]), _thread(found[2]), order, entry)
        else:
            return _RULE.match(line) is not None
        return True

    def record(self) -> Deadlock | None:
        if self._head is None:
            return None
        locks = tuple(lock.record() for lock in self._locks)
        return Deadlock(self._issue, int(self._head[1]), int(self._head[2]), tuple(self._threads.values()), locks)


def _thread(text: str) -> Address | None:
    return None if text == "TERMINATED" else address(text)
