"""Ring logs of the USB drivers as their debugger extensions print them (``!usbhcdlog``, ``!usbhublog``, ...)."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_HEAD = re.compile(
    r"[ ]*\*LOG: ([0-9a-f]{8,16})[ ]+LOGSTART: ([0-9a-f]{8,16})[ ]+\*LOGEND: ([0-9a-f]{8,16})[ ]+# ([0-9]+)\Z"
)
_MASK = re.compile(r"[ ]*>LOG mask = ([0-9a-f]+) idx = ([0-9a-f]+) \(([0-9]+)\)\Z")
_SIZE = re.compile(r"[ ]*(Minidump USBPORT DEBUG_LOG buffer size .*)\Z")
_ENTRY = re.compile(r"[ ]*\[[ ]*([0-9]+)\][ ]+([0-9a-f]{8,16}) (.{4}) ([0-9a-f]{8,16}(?: [0-9a-f]{8,16}){0,2})\Z")
# What the debugger explains of an entry, below it: // USBPORT_ProcessURB(), // Irp:    ffffe00000b76cb0
_EXPLAINED = re.compile(r"[ ]*(?://[ ]*)?(USBPORT_\w+\(\).*?|\w+:[ ]{2,}\S+)\Z")


@record
class RingEntry:
    """An entry: its number, address, tag of four characters and words, and what the debugger explains of it."""

    number: int
    address: Address
    tag: str
    words: tuple[Hex, ...]
    explained: tuple[str, ...]


@record
class RingLog:
    """A log, the latest entry first.

    :param current: where the next entry would be, between *start* and *end*
    :param mask: which entries are kept
    """

    current: Address | None
    start: Address | None
    end: Address | None
    count: int | None
    mask: Hex | None
    entries: tuple[RingEntry, ...]
    remarks: tuple[str, ...]


@kind("ring-log", opens=r"[ ]*(?:\*LOG: [0-9a-f]{8}|>LOG mask = |Minidump USBPORT DEBUG_LOG)", rank=40)
class RingLogReader(Reader):
    """Takes one log."""

    patience = 4

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._mask: Hex | None = None
        self._entries: list[tuple[re.Match[str], list[str]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ENTRY.match(line):
            self._entries.append((found, []))
        elif self._entries and (found := _EXPLAINED.match(line)):
            self._entries[-1][1].append(found[1])
        elif self._head is None and (found := _HEAD.match(line)):
            self._head = found
        elif self._mask is None and (found := _MASK.match(line)):
            self._mask = hexadecimal(found[1])
            self._remarks.append(f"idx {found[2]} ({found[3]})")
        elif found := _SIZE.match(line):
            self._remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> RingLog | None:
        if self._head is None and not self._entries:
            return None
        at, start, end = (address(self._head[n]) if self._head else None for n in (1, 2, 3))
        count = int(self._head[4]) if self._head else None
        return RingLog(
            at, start, end, count, self._mask, tuple(_entry(*e) for e in self._entries), tuple(self._remarks)
        )


def _entry(found: re.Match[str], explained: list[str]) -> RingEntry:
    words = tuple(hexadecimal(word) for word in found[4].split())
    return RingEntry(int(found[1]), address(found[2]), found[3], words, tuple(explained))
