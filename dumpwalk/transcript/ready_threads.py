"""Threads that are ready to run as ``!ready`` lists them, by processor and priority."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_QUEUE = re.compile(
    r"[ ]*Processor ([0-9]{1,9}): (?:Ready Threads at priority ([0-9]{1,9})|(No threads in READY state))\Z"
)
_THREAD = re.compile(
    r"[ ]*THREAD ([0-9a-f]{8,16})[ ]+Cid ([0-9a-f]{1,8})\.([0-9a-f]{1,8})[ ]+Teb: ([0-9a-f]{1,16})"
    r"[ ]+Win32Thread: ([0-9a-f]{1,16})[ ]+(READY|STANDBY|RUNNING)(?: on processor ([0-9a-f]{1,16}))?\Z"
)


@record
class ReadyThread:
    """A thread of a queue."""

    address: Address
    process_id: int
    thread_id: int
    teb: Address
    win32_thread: Address
    state: str
    processor: int | None


@record
class ReadyQueue:
    """The threads of one priority; ``None`` where a processor has no thread that is ready."""

    processor: int
    priority: int | None
    threads: tuple[ReadyThread, ...]


@record
class ReadyQueues:
    """Queues in the order of the text."""

    queues: tuple[ReadyQueue, ...]


@kind("ready", "ready", opens=r"[ ]*Processor [0-9]+: (?:Ready Threads|No threads in READY)", rank=40)
class ReadyReader(Reader):
    """Takes queues with their threads; a thread with a stack below it is of its own kind."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._queues: list[tuple[int, int | None, list[ReadyThread]]] = []

    def take(self, line: str, number: int) -> bool:
        if found := _QUEUE.match(line):
            self._queues.append((int(found[1]), int(found[2]) if found[2] else None, []))
        elif self._queues and self._queues[-1][1] is not None and (found := _THREAD.match(line)):
            at, teb, win32 = (address(found[n]) for n in (1, 4, 5))
            where = int(found[7], 16) if found[7] else None
            self._queues[-1][2].append(
                ReadyThread(at, int(found[2], 16), int(found[3], 16), teb, win32, found[6], where)
            )
        else:
            return False
        return True

    def record(self) -> ReadyQueues | None:
        queues = tuple(ReadyQueue(processor, priority, tuple(threads)) for processor, priority, threads in self._queues)
        return ReadyQueues(queues) if queues else None
