"""The address space of a Linux process, as /proc/PID/maps lists it (proc_pid_maps(5))."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16})-([0-9a-f]{8,16}) ([r-][w-][x-][ps]) ([0-9a-f]{8,16}) ([0-9a-f]{2,3}:[0-9a-f]{2,3})"
    r" ([0-9]{1,20})(?:[ ]+(\S.*))?\Z"
)


@record
class Mapping:
    """A mapping.

    :param permissions: ``r-xp``: read, write, execute, and private or shared
    :param offset: into the file
    :param path: the file, ``[heap]``, ``[stack]``; ``""`` for anonymous memory
    """

    start: Address
    end: Address
    permissions: str
    offset: Hex
    device: str
    inode: int
    path: str


@record
class Mappings:
    """The mappings of a process."""

    mappings: tuple[Mapping, ...]


@kind("maps", opens=r"[ ]*[0-9a-f]{8,16}-[0-9a-f]{8,16} [r-][w-][x-][ps] ", rank=10)
class MapsReader(Reader):
    """Takes one mapping after the other."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._mappings: list[Mapping] = []

    def take(self, line: str, number: int) -> bool:
        found = _ROW.match(line)
        if found is None:
            return False
        start, end, permissions, offset, device, inode, path = found.groups()
        self._mappings.append(
            Mapping(Address(start, 16), Address(end, 16), permissions, Hex(offset, 16), device, int(inode), path or "")
        )
        return True

    def record(self) -> Mappings | None:
        return Mappings(tuple(self._mappings)) if self._mappings else None
