"""Regions of an address space as ``!vadump`` and ``!address`` print them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_BASE = re.compile(r"[ ]*(?:BaseAddress|Base Address):[ ]+([0-9a-f]{8}(?:`?[0-9a-f]{8})?)\Z")
_END = re.compile(r"[ ]*End Address:[ ]+([0-9a-f]{8}(?:`?[0-9a-f]{8})?)\Z")
_SIZE = re.compile(r"[ ]*(?:RegionSize|Region Size):[ ]+([0-9a-f]{8}(?:`?[0-9a-f]{8})?)(?:[ ]+\((.*)\))?\Z")
_NUMBERED = re.compile(
    r"[ ]*(State|Protect|Type|AllocationProtect):[ ]+([0-9a-f]{8})[ ]*([A-Z]\w*(?:[ ]?\|[ ]?\w+)*)\Z"
)
_USAGE = re.compile(r"[ ]*Usage:(?:[ ]+(\S.*))?\Z")
_FIELD = re.compile(
    r"[ ]*(VA Type|VAD Address|Commit Charge|Protection|Memory Usage|No Change|Module name|Module path|More info"
    r"|Allocation Base|Allocation Protect|Loaded Image Name|Mapped Image Name|Device name|Thread ID|Heap Address"
    r"|Content source|Additional info):(?:[ ]+(\S.*))?\Z"
)


@record
class NamedValue:
    """A number and the name that is printed for it: 1000, ``MEM_COMMIT``."""

    value: Hex
    name: str


@record
class MemoryRegion:
    """A region.

    :param usage: what it is for; of ``!address``
    :param State: the members of MEMORY_BASIC_INFORMATION; ``None`` where they are not printed
    :param fields: what else is said, name and text
    """

    BaseAddress: Address | None
    EndAddress: Address | None
    RegionSize: Hex | None
    usage: str
    State: NamedValue | None
    Protect: NamedValue | None
    AllocationProtect: NamedValue | None
    Type: NamedValue | None
    fields: tuple[tuple[str, str], ...]


@record
class RegionList:
    """Regions in the order of the text."""

    regions: tuple[MemoryRegion, ...]


class _Region:
    def __init__(self) -> None:
        self.base: Address | None = None
        self.end: Address | None = None
        self.size: Hex | None = None
        self.usage: str | None = None
        self.numbers: dict[str, NamedValue] = {}
        self.fields: list[tuple[str, str]] = []

    def take(self, line: str) -> bool:
        """Take *line* if it is of a region and not said yet."""
        if self.base is None and (found := _BASE.match(line)):
            self.base = address(found[1])
        elif self.usage is None and self.base is None and (found := _USAGE.match(line)):
            self.usage = found[1] or ""
        elif self.end is None and (found := _END.match(line)):
            self.end = address(found[1])
        elif self.size is None and (found := _SIZE.match(line)):
            self.size = hexadecimal(found[1])
            self.fields += [("size", found[2].strip())] if found[2] else []
        elif (found := _NUMBERED.match(line)) and found[1] not in self.numbers:
            self.numbers[found[1]] = NamedValue(hexadecimal(found[2]), found[3])
        elif found := _FIELD.match(line):
            self.fields.append((found[1], found[2] or ""))
        else:
            return False
        return True

    def record(self) -> MemoryRegion:
        state, protect, allocation, kind = (
            self.numbers.get(n) for n in ("State", "Protect", "AllocationProtect", "Type")
        )
        return MemoryRegion(
            self.base, self.end, self.size, self.usage or "", state, protect, allocation, kind, tuple(self.fields)
        )


@kind("regions", "vadump", "address", opens=r"[ ]*BaseAddress:[ ]+[0-9a-f]{8}", rank=45)
class RegionsReader(Reader):
    """Takes regions one after another."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._regions: list[_Region] = []

    def take(self, line: str, number: int) -> bool:
        if self._regions and self._regions[-1].take(line):
            return True
        region = _Region()
        if (_BASE.match(line) or _USAGE.match(line)) and region.take(line):
            self._regions.append(region)
            return True
        return False

    def record(self) -> RegionList | None:
        return RegionList(tuple(region.record() for region in self._regions)) if self._regions else None
