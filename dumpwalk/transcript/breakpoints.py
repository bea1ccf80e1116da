"""Breakpoints as ``bl`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_ROW = re.compile(
    r"[ ]*([0-9]+) ([edu]{1,2})(?: (?:Disable|Enable) Clear)?[ ]+([0-9a-f]{8}(?:`[0-9a-f]{8})?)"
    r"(?:[ ]+([rwei]) ([1248]))?[ ]+([0-9a-f]{4}) \(([0-9a-f]{4})\)[ ]*(?:[0-9]+:\*+[ ]*)?(\S.*)?\Z"
)
_SHORT = re.compile(r"[ ]*([0-9]+): ([0-9a-f]{8}(?:`[0-9a-f]{8})?) @!\"(.*)\"\Z")


@record
class Breakpoint:
    """A breakpoint.

    :param state: ``e`` enabled, ``d`` disabled, ``u`` not yet resolved
    :param access: of a processor breakpoint: ``r``, ``w``, ``e``, ``i`` and how many bytes
    :param passes: how many passes are left, and how many there were
    """

    number: int
    state: str
    address: Address
    access: str
    size: int | None
    passes: tuple[Hex, Hex] | None
    place: Site | None


@record
class BreakpointList:
    """Breakpoints."""

    breakpoints: tuple[Breakpoint, ...]


@kind("breakpoints", "bl", rank=40)
class BreakpointsReader(Reader):
    """Takes breakpoints."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rows: list[Breakpoint] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            passes = hexadecimal(found[6]), hexadecimal(found[7])
            place = site(found[8]) if found[8] else None
            size = int(found[5]) if found[5] else None
            self._rows.append(
                Breakpoint(int(found[1]), found[2], address(found[3]), found[4] or "", size, passes, place)
            )
        elif found := _SHORT.match(line):
            self._rows.append(Breakpoint(int(found[1]), "", address(found[2]), "", None, None, site(found[3])))
        else:
            return False
        return True

    def record(self) -> BreakpointList | None:
        return BreakpointList(tuple(self._rows)) if self._rows else None
