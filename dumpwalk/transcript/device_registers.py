"""Registers of USB host controllers with their bits, as ``!ehciregs`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_HEAD = re.compile(r"[ ]*\*\((\w+)\)(\w+) ([0-9a-f]{8,16})\Z")
_REGISTER = re.compile(r"[ ]+([A-Z]\w+(?:\[[0-9]+\])?) ([0-9a-f]{8})\Z")
_BIT = re.compile(r"[ ]+(?:\.(\w+): ([0-9a-f]+)|([A-Z]\w+) x([0-9a-f]+))\Z")


@record
class DeviceRegister:
    """A register, its value, and the parts that are shown."""

    name: str
    value: Hex
    bits: dict[str, Hex]


@record
class DeviceRegisters:
    """The registers of one controller: its kind, the structure they are in, and where that is."""

    controller: str
    structure: str
    address: Address
    registers: tuple[DeviceRegister, ...]


@kind("device-registers", *("ehciregs",), opens=r"[ ]*\*\(\w+\)HC_\w+ [0-9a-f]{8,16}\Z", rank=30)
class DeviceRegistersReader(Reader):
    """Takes the registers of one controller."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._registers: list[DeviceRegister] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _REGISTER.match(line):
            self._registers.append(DeviceRegister(found[1], hexadecimal(found[2]), {}))
        elif self._registers and (found := _BIT.match(line)):
            self._registers[-1].bits[found[1] or found[3]] = hexadecimal(found[2] or found[4])
        else:
            return False
        return True

    def record(self) -> DeviceRegisters | None:
        if self._head is None:
            return None
        return DeviceRegisters(self._head[1], self._head[2], address(self._head[3]), tuple(self._registers))
