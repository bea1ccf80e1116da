"""Threads with their stacks in short as ``!stacks`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_HEADER = re.compile(r"[ ]*Proc\.Thread[ ]+\.Thread[ ]+(?:Ticks[ ]+)?ThreadState[ ]+Blocker\Z")
_PROCESS = re.compile(r"[ ]*\[(?:([0-9a-f]{8,16}) )?([^\]]{1,64})\]\Z")
_THREAD = re.compile(
    r"[ ]*([0-9a-f]{1,8})\.([0-9a-f]{6})[ ]+([0-9a-f]{8,16})[ ]+(?:([0-9a-f]{7,8}) )?([A-Za-z?][\w?]*)(?:[ ]+(\S.*))?\Z"
)
_PROCESSED = re.compile(r"[ ]*Threads Processed: ([0-9]{1,9})\Z")
_FRAME = re.compile(r"[ ]{16,}((?:\w+!|\+0x|0x)\S+)\Z")


@record
class BlockedThread:
    """A thread.

    :param process: image of its process, *process_address* the process, where that is printed
    :param ticks: how long it has been so
    :param frames: its stack; the first is what blocks it
    """

    process: str
    process_address: Address | None
    process_id: int
    thread_id: int
    address: Address
    ticks: Hex | None
    state: str
    frames: tuple[Site, ...]


@record
class BlockedThreads:
    """Threads in the order of the text.

    :param processes: address, where it is printed, and image of each process, also of those without such threads
    :param processed: how many were looked at, where that is printed
    """

    threads: tuple[BlockedThread, ...]
    processes: tuple[tuple[Address | None, str], ...] = ()
    processed: int | None = None


@kind("blocked-threads", "stacks", opens=r"[ ]*Proc\.Thread[ ]+\.Thread ", rank=40)
class BlockedThreadsReader(Reader):
    """Takes processes and their threads."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._processes: list[tuple[Address | None, str]] = []
        self._processed: int | None = None
        self._process: re.Match[str] | None = None
        self._threads: list[tuple[re.Match[str] | None, re.Match[str], list[Site]]] = []

    def take(self, line: str, number: int) -> bool:
        if _HEADER.match(line):
            self._headed = True
        elif not self._headed:
            return False
        elif found := _PROCESS.match(line):
            self._process = found
            self._processes.append((address(found[1]) if found[1] else None, found[2]))
        elif found := _THREAD.match(line):
            self._threads.append((self._process, found, [site(found[6])] if found[6] else []))
        elif self._threads and (found := _FRAME.match(line)):
            self._threads[-1][2].append(site(found[1]))
        elif found := _PROCESSED.match(line):
            self._processed = int(found[1])
        else:
            return False
        return True

    def record(self) -> BlockedThreads | None:
        if not self._threads and self._processed is None:
            return None
        threads = tuple(_thread(*thread) for thread in self._threads)
        return BlockedThreads(threads, tuple(self._processes), self._processed)


def _thread(process: re.Match[str] | None, found: re.Match[str], frames: list[Site]) -> BlockedThread:
    at = address(process[1]) if process and process[1] else None
    return BlockedThread(
        process[2] if process else "", at, int(found[1], 16), int(found[2], 16), address(found[3]),
        hexadecimal(found[4]) if found[4] else None, found[5], tuple(frames),
    )  # fmt: skip
