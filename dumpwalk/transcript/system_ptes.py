"""System page table entries as ``!sysptes`` prints them: how many are free, and who maps locked pages."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(r"[ ]*((?:System|Kernel Stack) PTE Information)\Z")
_TOTAL = re.compile(r"[ ]*(Total System Ptes) ([0-9]{1,9})\Z")
_START = re.compile(r"[ ]*starting PTE: ([0-9a-f]{8,16})\Z")
_FREE = re.compile(r"[ ]*free blocks: ([0-9]{1,9})[ ]+total free: ([0-9]{1,9})[ ]+largest free block: ([0-9]{1,9})\Z")
_LOCKED = re.compile(r"[ ]*(0x[0-9a-f]{1,16}) System PTEs allocated to mapping locked pages\Z")
_COLUMNS = re.compile(r"[ ]*VA[ ]+MDL[ ]+PageCount[ ]+Caller/CallersCaller\Z")
_ROW = re.compile(r"[ ]*([0-9a-f]{8,16}) ([0-9a-f]{8,16})[ ]+([0-9a-f]{1,16}) ([^/ ]+)(?:/(\S+))?\Z")


@record
class PteRange:
    """System PTEs of one use.

    :param title: ``System PTE Information``, ``Kernel Stack PTE Information``
    :param start: the first PTE
    """

    title: str
    total: int | None
    start: Address | None
    free_blocks: int | None
    total_free: int | None
    largest_free: int | None


@record
class LockedMapping:
    """Locked pages that are mapped: where, by which MDL, how many, and who asked for it."""

    address: Address
    mdl: Address
    pages: Hex
    caller: Site
    callers_caller: Site | None


@record
class SystemPtes:
    """What the command says; *locked* is the number of PTEs that map locked pages."""

    ranges: tuple[PteRange, ...]
    locked: Hex | None
    mappings: tuple[LockedMapping, ...]


@kind("system-ptes", "sysptes", opens=r"[ ]*(?:System PTE Information\Z|0x[0-9a-f]+ System PTEs allocated)", rank=40)
class SystemPtesReader(Reader):
    """Takes one listing."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._ranges: list[tuple[str, dict[str, int]]] = []
        self._locked: Hex | None = None
        self._mappings: list[LockedMapping] = []
        self._columns = False

    def take(self, line: str, number: int) -> bool:
        if found := _TITLE.match(line):
            self._ranges.append((found[1], {}))
        elif self._locked is None and (found := _LOCKED.match(line)):
            self._locked = hexadecimal(found[1])
        elif self._locked is not None and _COLUMNS.match(line):
            self._columns = True
        elif self._columns and (found := _ROW.match(line)):
            callers = site(found[4]), site(found[5]) if found[5] else None
            self._mappings.append(LockedMapping(address(found[1]), address(found[2]), hexadecimal(found[3]), *callers))
        else:
            return bool(self._ranges) and self._number(line, self._ranges[-1][1])
        return True

    def _number(self, line: str, values: dict[str, int]) -> bool:
        if found := _TOTAL.match(line):
            values["total"] = int(found[2])
        elif found := _START.match(line):
            values["start"] = address(found[1])
        elif found := _FREE.match(line):
            values |= {"blocks": int(found[1]), "free": int(found[2]), "largest": int(found[3])}
        else:
            return False
        return True

    def record(self) -> SystemPtes | None:
        if not self._ranges and self._locked is None:
            return None
        return SystemPtes(tuple(_range(*r) for r in self._ranges), self._locked, tuple(self._mappings))


def _range(title: str, values: dict[str, int]) -> PteRange:
    get, start = values.get, values.get("start")
    return PteRange(
        title, get("total"), start if isinstance(start, Address) else None, get("blocks"), get("free"), get("largest")
    )
