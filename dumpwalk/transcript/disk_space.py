"""The room on a disk as ``!diskspace`` prints it."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_HEAD = re.compile(r"[ ]*Checking Free Space for (\S+):[ ]*\.*\Z")
_ROW = re.compile(
    r"[ ]*(Cluster Size|Total Clusters|Free Clusters|Total Space|Free Space)"
    r" ([0-9]+(?:\.[0-9]+)? [KMGT]?B)(?: \((.*)\))?\Z"
)


@record
class DiskSpace:
    """A volume; sizes as printed, with those in brackets behind them, by the debugger's names."""

    volume: str
    sizes: dict[str, tuple[str, str]]


@kind("disk-space", "diskspace", opens=r"[ ]*Checking Free Space for ", rank=85)
class DiskSpaceReader(Reader):
    """Takes one volume."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._volume = ""
        self._sizes: dict[str, tuple[str, str]] = {}

    def take(self, line: str, number: int) -> bool:
        if not self._volume:
            found = _HEAD.match(line)
            self._volume = found[1] if found else ""
            return found is not None
        if (found := _ROW.match(line)) and found[1] not in self._sizes:
            self._sizes[found[1]] = (found[2], found[3] or "")
            return True
        return False

    def record(self) -> DiskSpace | None:
        return DiskSpace(self._volume, self._sizes) if self._volume else None
