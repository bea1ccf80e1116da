"""Debugging information entries of DWARF as ``!die``, ``!diesym`` and ``!dietree`` print them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_ENTRY = re.compile(r"([ ]*)(0x[0-9a-fA-F]+): (DW_TAG_\w+)(?: \[([^\]]*)\])?\Z")
_ATTRIBUTE = re.compile(r"[ ]+(DW_AT_\w+)(?:[ ]+(.*))?\Z")
_RANGE = re.compile(r"[ ]+\[(0x[0-9a-fA-F]+) - (0x[0-9a-fA-F]+)\)\Z")


@record
class DwarfEntry:
    """An entry.

    :param offset: in the unit's section
    :param depth: blanks in front: it is the child of the last one above that has fewer
    :param attributes: name and value as printed
    :param ranges: of ``DW_AT_ranges``: first address, and the one behind the last
    """

    offset: Hex
    depth: int
    tag: str
    mark: str
    attributes: tuple[tuple[str, str], ...]
    ranges: tuple[tuple[Hex, Hex], ...]


@record
class DwarfTree:
    """Entries in the order of the text."""

    entries: tuple[DwarfEntry, ...]


@kind("dwarf", *("die", "diesym", "dietree"), opens=r"[ ]*0x[0-9a-fA-F]+: DW_TAG_", rank=40)
class DwarfReader(Reader):
    """Takes entries."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._entries: list[tuple[re.Match[str], list[tuple[str, str]], list[tuple[Hex, Hex]]]] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ENTRY.match(line):
            self._entries.append((found, [], []))
        elif self._entries and (found := _ATTRIBUTE.match(line)):
            self._entries[-1][1].append((found[1], found[2] or ""))
        elif self._entries and (found := _RANGE.match(line)):
            self._entries[-1][2].append((hexadecimal(found[1]), hexadecimal(found[2])))
        else:
            return False
        return True

    def record(self) -> DwarfTree | None:
        if not self._entries:
            return None
        return DwarfTree(
            tuple(
                DwarfEntry(hexadecimal(head[2]), len(head[1]), head[3], head[4] or "", tuple(said), tuple(ranges))
                for head, said, ranges in self._entries
            )
        )
