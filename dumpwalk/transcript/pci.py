"""Configuration space of PCI devices as ``!pci`` prints it."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_FIELD = re.compile(r"[ ]*([0-9a-f]{2}): ?([0-9a-f]{2,8})[ ]*;(.*?)=(.*)\Z")
_WORDS = re.compile(r"[ ]*([0-9a-f]{2}): ?([0-9a-f]{8}(?:,[0-9a-f]{8})*)\Z")
_MORE = re.compile(r"([A-Za-z]+(?:,[A-Za-z]+)*)\Z")


@record
class PciField:
    """A register: its offset, value and name, and what the debugger makes of it."""

    offset: Hex
    value: Hex
    name: str
    meaning: str


@record
class PciConfiguration:
    """Registers of a device, and further words by their offset."""

    fields: tuple[PciField, ...]
    words: tuple[tuple[Hex, tuple[Hex, ...]], ...]


@kind("pci", "pci", opens=r"[ ]*00: ?[0-9a-f]{4}[ ]*;VendorID=", rank=40)
class PciReader(Reader):
    """Takes the registers of one device."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._fields: list[PciField] = []
        self._words: list[tuple[Hex, tuple[Hex, ...]]] = []
        self._wrapped = False

    def take(self, line: str, number: int) -> bool:
        if found := _FIELD.match(line):
            offset, value = hexadecimal(found[1]), hexadecimal(found[2])
            self._fields.append(PciField(offset, value, found[3], found[4]))
        elif found := _WORDS.match(line):
            words = tuple(hexadecimal(word) for word in found[2].split(","))
            self._words.append((hexadecimal(found[1]), words))
        elif self._fields and self._wrapped and (found := _MORE.match(line)):
            last = self._fields[-1]
            self._fields[-1] = PciField(last.offset, last.value, last.name, last.meaning + found[1])
        else:
            return False
        # Copies break such lines after 76 columns.
        self._wrapped = len(line) >= 72
        return True

    def record(self) -> PciConfiguration | None:
        return PciConfiguration(tuple(self._fields), tuple(self._words)) if self._fields else None
