"""Stacks that threads have in common, as mex's ``!us`` prints them: return addresses and places alone."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address

_HEAD = re.compile(r"[ ]*([0-9]+) threads? \[stats\]: (\S.*)\Z")
_FRAME = re.compile(r"[ ]+([0-9a-f]{8}(?:[0-9a-f]{8})?) (\S.*?)(?: --> (.*))?\Z")
_TOTAL = re.compile(r"[ ]*([0-9]+ (?:stack\(s\)|stacks?|threads?)(?: .*)?)\Z")


@record
class UniqueFrame:
    """A frame.

    :param remark: what mex says of the function behind an arrow
    """

    address: Address
    place: Site
    remark: str


@record
class UniqueStack:
    """A stack.

    :param count: how many threads have it
    :param threads: which ones, as printed
    """

    count: int
    threads: str
    frames: tuple[UniqueFrame, ...]


@record
class UniqueStacks:
    """Stacks, and what the last line says of all."""

    stacks: tuple[UniqueStack, ...]
    remarks: tuple[str, ...]


@kind("unique-stacks", "us", opens=r"[ ]*[0-9]+ threads? \[stats\]: ", rank=25)
class UniqueStacksReader(Reader):
    """Takes stacks."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._stacks: list[tuple[re.Match[str], list[UniqueFrame]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _HEAD.match(line):
            self._stacks.append((found, []))
        elif not self._stacks:
            return False
        elif found := _FRAME.match(line):
            self._stacks[-1][1].append(UniqueFrame(address(found[1]), site(found[2]), found[3] or ""))
        elif found := _TOTAL.match(line):
            self._remarks.append(found[1].strip())
        else:
            return False
        return True

    def record(self) -> UniqueStacks | None:
        if not self._stacks:
            return None
        stacks = tuple(UniqueStack(int(head[1]), head[2], tuple(frames)) for head, frames in self._stacks)
        return UniqueStacks(stacks, tuple(self._remarks))
