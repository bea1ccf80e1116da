"""Processes below their parents, as mex's ``!tl -t`` draws them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_ROW = re.compile(r"([ ]+)([0-9]{1,7})[ ]+([0-9a-f]{8,16}) ([^\s()!][^()!]*?)(?<![ ])[ ]*(?:\(([^()]*)\))?\Z")
_TITLE = re.compile(r"[ ]*(System Processes)\Z")


@record
class TreeProcess:
    """A process in a tree.

    :param depth: blanks in front of it: it is the child of the last one above that has fewer
    :param process_id: its ID; mex prints it in decimal
    :param service: what stands in brackets: the group of a service host
    """

    depth: int
    process_id: int
    address: Address
    image: str
    service: str


@record
class ProcessTree:
    """Processes in the order of the tree."""

    title: str
    processes: tuple[TreeProcess, ...]


@kind("process-tree", opens=r"[ ]*System Processes\Z", rank=60)
class ProcessTreeReader(Reader):
    """Takes processes."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._rows: list[TreeProcess] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            at, number_of, process, image, service = found.groups()
            self._rows.append(TreeProcess(len(at), int(number_of), address(process), image, service or ""))
            return True
        if not self._rows and not self._title and (found := _TITLE.match(line)):
            self._title = found[1]
            return True
        return False

    def record(self) -> ProcessTree | None:
        return ProcessTree(self._title, tuple(self._rows)) if self._rows else None
