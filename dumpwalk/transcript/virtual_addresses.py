"""The virtual addresses of physical ones, as ``!ptov`` prints them: in the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.physical_address import Addresses
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, hexadecimal, of_text, remark

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

    :param found: those of one physical address, which this program's ``ptov`` prints
    :param mode: of paging, as the debugger prints it with a list of all that is mapped
    :param root: physical address of its root table
    :param mappings: all that it maps; and what stands in a list of this program's for another physical address
    :param unmapped: number of the page that nothing maps, where that is said
    """

    found: Addresses | None
    mode: str
    root: Hex | None
    mappings: tuple[Mapping, ...]
    unmapped: Hex | None
    remarks: tuple[str, ...]


@kind("virtual-addresses", "ptov", opens=r"[ ]*(?:Amd64|X86|Arm64|Arm)PtoV: pagedir ", rank=12)
class VirtualAddressesReader(Reader):
    """Takes one list."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._rows: list[tuple[Hex, str]] = []
        self._unmapped = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _ROW.match(line):
            self._rows.append((hexadecimal(found[1]), found[2]))
        elif found := _NONE.match(line):
            self._unmapped = found[1]
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> MappingList | None:
        if self._head is None:
            return None
        machine, root, extended, mode, own_root = self._head.groups()
        wide = (machine or "").startswith(("Amd64", "Arm64")) or any("`" in at for _, at in self._rows)
        kind = Address if wide else Address32
        rows = [(to, kind(hexadecimal(at))) for to, at in self._rows]
        unmapped = hexadecimal(self._unmapped) if self._unmapped else None
        if machine:
            mappings = tuple(Mapping(to, at) for to, at in rows)
            words = " ".join(filter(None, (machine, extended)))
            return MappingList(None, words, hexadecimal(root), mappings, unmapped, tuple(self._remarks))
        physical = rows[0][0] if rows else NOT_SHOWN
        addresses = tuple(at for to, at in rows if to == physical)
        found = of_text(Addresses, physical=physical, root=hexadecimal(own_root), mode=mode, addresses=addresses)
        others = tuple(Mapping(to, at) for to, at in rows if to != physical)
        return MappingList(found, "", None, others, unmapped, tuple(self._remarks))
