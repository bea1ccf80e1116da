"""What the power manager is doing as ``!poaction`` prints it."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_HEAD = re.compile(r"[ ]*PopAction: ([0-9a-f]{8,16})\Z")
_FIELD = re.compile(
    r"[ ]*(State|Updates|Action|Lightest State|Flags|Irp minor|System State|Hiber Context)\.*:[ ]*(.*)\Z"
)
_LIST = re.compile(r"[ ]*(Allocated power irps|Irp worker threads|Device IRP list) \((\w+) - ([0-9a-f]{8,16})\)\Z")
_IRP = re.compile(r"[ ]*IRP: ([0-9a-f]{8,16}) \((.*?)\), PDO: ([0-9a-f]{8,16})(?:, CURRENT: ([0-9a-f]{8,16}))?\Z")
_THREAD = re.compile(
    r"[ ]*THREAD: ([0-9a-f]{8,16}) \((\w+)\)(?:, IRP: ([0-9a-f]{8,16}))?(?:, DEVICE: ([0-9a-f]{8,16}))?\Z"
)


@record
class PowerIrp:
    """A power IRP: what it asks for, of which device, and the device that has it now."""

    address: Address
    request: str
    pdo: Address
    current: Address | None


@record
class PowerThread:
    """A thread that sends power IRPs, with the one it sends, and the device that it sends it to."""

    address: Address
    type: str
    irp: Address | None
    device: Address | None


@record
class PowerAction:
    """The power manager's state: its fields, name and text; its lists with their addresses."""

    address: Address
    fields: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, Address], ...]
    irps: tuple[PowerIrp, ...]
    threads: tuple[PowerThread, ...]


@kind("power-action", "poaction", opens=r"[ ]*PopAction: [0-9a-f]{8,16}\Z", rank=30)
class PowerReader(Reader):
    """Takes one state."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address = ""
        self._fields: list[tuple[str, str]] = []
        self._lists: list[tuple[str, Address]] = []
        self._irps: list[PowerIrp] = []
        self._threads: list[PowerThread] = []

    def take(self, line: str, number: int) -> bool:
        if not self._address:
            found = _HEAD.match(line)
            self._address = found[1] if found else ""
            return bool(found)
        if found := _FIELD.match(line):
            self._fields.append((found[1], found[2]))
        elif found := _LIST.match(line):
            self._lists.append((found[2], address(found[3])))
        elif found := _IRP.match(line):
            current = address(found[4]) if found[4] else None
            self._irps.append(PowerIrp(address(found[1]), found[2], address(found[3]), current))
        elif found := _THREAD.match(line):
            irp, device = (address(found[n]) if found[n] else None for n in (3, 4))
            self._threads.append(PowerThread(address(found[1]), found[2], irp, device))
        else:
            return False
        return True

    def record(self) -> PowerAction | None:
        if not self._address:
            return None
        return PowerAction(
            address(self._address), tuple(self._fields), tuple(self._lists), tuple(self._irps), tuple(self._threads)
        )
