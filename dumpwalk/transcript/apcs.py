"""APCs of processes and threads as ``!apc`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, remark

_TITLE = re.compile(r"[ ]*(\*\*\* Enumerating APCs in .*)\Z")
_PROCESS = re.compile(r"[ ]*Process ([0-9a-f]{8,16}) (\S.*)\Z")
_THREAD = re.compile(r"[ ]*Thread ([0-9a-f]{8,16})\b[ ]*(.*)\Z")
_APC = re.compile(r"[ ]*KAPC @ ([0-9a-f]{8,16})\Z")
_FIELD = re.compile(
    r"[ ]*(Type|Thread|KernelRoutine|RundownRoutine|NormalRoutine|NormalContext|SystemArgument[12]|ApcStateIndex"
    r"|ApcMode|Inserted|ApcListHead\[\w+\]|ApcStateIndex \w+)[ ]{1,}(\S.*)\Z"
)


@record
class ListedApc:
    """A KAPC: its fields, name and text.

    :param owner: the thread or process it stands below
    """

    address: Address
    owner: Address | None
    fields: tuple[tuple[str, str], ...]


@record
class ApcListing:
    """APCs.

    :param processes: address and image of each process that was looked at
    :param threads: address of each thread that is shown, and what stands behind it
    """

    title: str
    processes: tuple[tuple[Address, str], ...]
    threads: tuple[tuple[Address, str], ...]
    apcs: tuple[ListedApc, ...]
    remarks: tuple[str, ...]


@kind("apc", "apc", opens=r"[ ]*(?:\*\*\* Enumerating APCs in|KAPC @ [0-9a-f]{8})", rank=12)
class ApcReader(Reader):
    """Takes processes, threads and APCs."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._processes: list[tuple[Address, str]] = []
        self._threads: list[tuple[Address, str]] = []
        self._apcs: list[tuple[Address, Address | None, list[tuple[str, str]]]] = []
        self._owner: Address | None = None
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _APC.match(line):
            self._apcs.append((address(found[1]), self._owner, []))
        elif self._apcs and (found := _FIELD.match(line)):
            self._apcs[-1][2].append((found[1], found[2]))
        elif found := _PROCESS.match(line):
            self._owner = address(found[1])
            self._processes.append((self._owner, found[2]))
        elif found := _THREAD.match(line):
            self._owner = address(found[1])
            self._threads.append((self._owner, found[2]))
        elif not self._title and (found := _TITLE.match(line)):
            self._title = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ApcListing | None:
        if not (self._title or self._processes or self._threads or self._apcs):
            return None
        apcs = tuple(ListedApc(at, owner, tuple(fields)) for at, owner, fields in self._apcs)
        return ApcListing(self._title, tuple(self._processes), tuple(self._threads), apcs, tuple(self._remarks))
