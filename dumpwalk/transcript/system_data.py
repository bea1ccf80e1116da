"""Devices and drivers out of a report's ``sysdata.xml`` as ``!findxmldata`` prints them."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_NODE = re.compile(r"[ ]*(?:Node ([A-Z]+)|(SYSTEM) Info:)\Z")
_FIELD = re.compile(r"[ ]*([A-Z]{3,24})[ ]*:[ ]*(.*)\Z")


@record
class SystemNode:
    """A node: ``DEVICE``, ``DRIVER``, ``SYSTEM``, and its fields, name and text."""

    name: str
    fields: tuple[tuple[str, str], ...]


@record
class SystemData:
    """Nodes that were found."""

    nodes: tuple[SystemNode, ...]


@kind("system-data", "findxmldata")
class SystemDataReader(Reader):
    """Takes nodes."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._nodes: list[tuple[str, list[tuple[str, str]]]] = []

    def take(self, line: str, number: int) -> bool:
        if found := _NODE.match(line):
            self._nodes.append((found[1] or found[2], []))
        elif self._nodes and (found := _FIELD.match(line)):
            self._nodes[-1][1].append((found[1], found[2]))
        else:
            return False
        return True

    def record(self) -> SystemData | None:
        nodes = tuple(SystemNode(name, tuple(fields)) for name, fields in self._nodes)
        return SystemData(nodes) if nodes else None
