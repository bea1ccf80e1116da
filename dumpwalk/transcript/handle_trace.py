"""Stacks of handle operations as ``!htrace`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(r"[ ]*(Process|ObjectTable) (0x[0-9A-Fa-f]{8,16})\Z")
_HEAD = re.compile(r"[ ]*Handle:? (?:= )?(0x[0-9A-Fa-f]+) - (OPEN|CLOSE|BAD REFERENCE):?\Z")
_THREAD = re.compile(r"[ ]*Thread ID = (0x[0-9A-Fa-f]+), Process ID = (0x[0-9A-Fa-f]+)\Z")
_FRAME = re.compile(r"[ ]*(?:## ?)?(0x[0-9A-Fa-f]{8,16}): (\S.*)\Z")
_SUM = re.compile(r"[ ]*((?:Parsed|Dumped) 0x[0-9A-Fa-f]+ stack traces\.)\Z")
_MARK = re.compile(r"[ ]*##\Z")
_LOADED = re.compile(r"[ ]*(Loaded \S+ extension DLL)\Z")


@record
class HandleOperation:
    """What was done with a handle, and by which code."""

    handle: Hex
    operation: str
    thread_id: Hex | None
    process_id: Hex | None
    frames: tuple[tuple[Address, Site], ...]


@record
class HandleTrace:
    """Operations, the latest first."""

    process: Address | None
    ObjectTable: Address | None
    operations: tuple[HandleOperation, ...]
    remarks: tuple[str, ...]


@kind("handle-trace", "htrace", opens=r"[ ]*Handle:? (?:= )?0x[0-9A-Fa-f]+ - (?:OPEN|CLOSE|BAD REF)", rank=12)
class HandleTraceReader(Reader):
    """Takes operations."""

    patience = 4

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._titles: dict[str, Address] = {}
        self._operations: list[tuple[re.Match[str], list[tuple[Address, Site]], Hex | None, Hex | None]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _HEAD.match(line):
            self._operations.append((found, [], None, None))
        elif self._operations and (found := _FRAME.match(line)):
            self._operations[-1][1].append((address(found[1].lower()), site(found[2])))
        elif self._operations and (found := _THREAD.match(line)) and self._operations[-1][2] is None:
            head, frames, _, _ = self._operations[-1]
            self._operations[-1] = head, frames, hexadecimal(found[1]), hexadecimal(found[2])
        elif (self.command or self._operations) and (found := _TITLE.match(line)):
            self._titles[found[1]] = address(found[2].lower())
        elif (found := _SUM.match(line)) or (self.command and (found := _LOADED.match(line))):
            self._remarks.append(found[1])
        else:
            return bool(self.command) and _MARK.match(line) is not None
        return True

    def record(self) -> HandleTrace | None:
        if not self._operations:
            return None
        operations = tuple(
            HandleOperation(hexadecimal(head[1]), head[2], thread, process, tuple(frames))
            for head, frames, thread, process in self._operations
        )
        process, table = self._titles.get("Process"), self._titles.get("ObjectTable")
        return HandleTrace(process, table, operations, tuple(self._remarks))
