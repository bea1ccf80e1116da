"""The virtual addresses of physical ones, as ``!ptov`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal, remark

_HEAD = re.compile(
    r"[ ]*(?:(\w+)PtoV: pagedir ([0-9a-f][0-9a-f`]*)(?:, (PAE enabled))?\.?|(\S.*) page tables, root at ([0-9a-f]+))\Z"
)
_ROW = re.compile(r"[ ]*([0-9a-f]{1,8}(?:`?[0-9a-f]{8})?) ([0-9a-f]{1,8}(?:`?[0-9a-f]{8})?)\Z")
_NONE = re.compile(r"[ ]*no valid entry maps page ([0-9a-f]+)\Z")


@record
class Mapping:
    """A physical address, and one that leads there."""

    physical: Hex
    address: Address


@record
class MappingList:
    """Addresses in the order of the text.

    :param mode: of paging, as printed
    :param root: physical address of the root table
    :param unmapped: number of the page that nothing maps, where that is said
    """

    mode: str
    root: Hex
    mappings: tuple[Mapping, ...]
    unmapped: Hex | None
    remarks: tuple[str, ...]


@kind("virtual-addresses", "ptov", opens=r"[ ]*(?:Amd64|X86|Arm64|Arm)PtoV: pagedir ", rank=12)
class VirtualAddressesReader(Reader):
    """Takes one list."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._mode: str | None = None
        self._root = ""
        self._rows: list[tuple[str, str]] = []
        self._unmapped = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._mode is None:
            found = _HEAD.match(line)
            if found is None:
                return False
            self._mode = " ".join(filter(None, (found[1] or found[4], found[3])))
            self._root = found[2] or found[5]
        elif found := _ROW.match(line):
            self._rows.append((found[1], found[2]))
        elif found := _NONE.match(line):
            self._unmapped = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> MappingList | None:
        if self._mode is None:
            return None
        wide = self._mode.startswith(("Amd64", "Arm64")) or any("`" in at for _, at in self._rows)
        kind = Address if wide else Address32
        rows = tuple(Mapping(hexadecimal(to), kind(hexadecimal(at))) for to, at in self._rows)
        unmapped = hexadecimal(self._unmapped) if self._unmapped else None
        return MappingList(self._mode, hexadecimal(self._root), rows, unmapped, tuple(self._remarks))
