"""Headings of the executive's work queues as ``!exqueue`` prints them; the threads below are blocks of their own."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_TITLE = re.compile(r"[ ]*Dumping ExWorkerQueue: ([0-9A-Fa-f]{8,16})\Z")
_HEAD = re.compile(r"[ ]*\*{4} (\w+) WorkQueue ?\((.*)\)\Z")
_CURRENT = re.compile(r"current = ([0-9]+) maximum = ([0-9]+)\Z")
_THREADS = re.compile(r"Threads: ([0-9]+)/([0-9]+), Concurrency: ([0-9]+)/([0-9]+)\Z")


@record
class WorkQueue:
    """A work queue; the pairs are how many there are and how many there may be.

    :param queues: the address of all queues, where that is printed above the first
    """

    name: str
    threads: tuple[int, int] | None
    concurrency: tuple[int, int] | None
    queues: Address | None


@kind("work-queue", "exqueue", opens=r"[ ]*(?:\*{4} \w+ WorkQueue ?\(|Dumping ExWorkerQueue: )", rank=9)
class WorkQueueReader(Reader):
    """Takes one heading."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._queues: Address | None = None
        self._queue: WorkQueue | None = None

    def take(self, line: str, number: int) -> bool:
        if self._queue is not None:
            return False
        if self._queues is None and (found := _TITLE.match(line)):
            self._queues = address(found[1].lower())
            return True
        found = _HEAD.match(line)
        if found is None:
            return False
        of = found[2].strip()
        if said := _THREADS.match(of):
            threads, concurrency = (int(said[1]), int(said[2])), (int(said[3]), int(said[4]))
            self._queue = WorkQueue(found[1], threads, concurrency, self._queues)
        elif said := _CURRENT.match(of):
            self._queue = WorkQueue(found[1], None, (int(said[1]), int(said[2])), self._queues)
        return self._queue is not None

    def record(self) -> WorkQueue | None:
        return self._queue
