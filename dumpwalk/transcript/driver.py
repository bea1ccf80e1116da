"""Drivers as ``!drvobj`` prints them."""

from __future__ import annotations

import re

from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal, pointer, remark

# Old debuggers do not repeat the address.
_HEAD = re.compile(r"[ ]*Driver object (?:\(([0-9a-f]{8,16})\) )?is for:\Z")
_NAME = re.compile(r"[ ]*(\\\S.*?|\?{4})\Z")
_TITLE = re.compile(
    r"[ ]*(Driver Extension List: ?\(id ?, ?addr\)|Device Object list:|Dispatch routines:|Fast I/O routines:"
    r"|Device Object stacks:)\Z"
)
_EXTENSION = re.compile(r"[ ]*\(([0-9a-f]{8,16}|\?{8}) ([0-9a-f]{8,16})\)\Z")
_DEVICES = re.compile(r"[ ]*[0-9a-f]{8,16}(?:[ ]+[0-9a-f]{8,16})*[ ]*…?\Z")
_ENTRY = re.compile(r"[ ]*(DriverEntry|DriverStartIo|DriverUnload|AddDevice):[ ]+([0-9a-f]{8,16}|\?{8})[ ]*(.*)\Z")
_ROUTINE = re.compile(r"[ ]*\[([0-9a-f]{2})\] (IRP_MJ_\w+|\?\?\?)[ ]+([0-9a-f]{8,16}|\?{8})[ ]*(.*)\Z")
_FAST = re.compile(
    r"[ ]*((?:FastIo|AcquireFile|ReleaseFile|Mdl|Prepare|Acquire|Release)\w+)[ ]+([0-9a-f]{8,16}|\?{8})[ ]*(.*)\Z"
)
# Below the stacks of its devices, where it has none.
_SUM = re.compile(r"[ ]*(Processed [0-9]+ device objects\.)\Z")


@record
class DispatchRoutine:
    """The function for a major function code."""

    code: Hex
    major: str
    routine: Routine | Absent


@record
class ListedDriver:
    """A DRIVER_OBJECT as text shows it.

    :param address: ``None`` where it is not printed
    :param entries: ``DriverEntry``, ``DriverStartIo``, ``DriverUnload``, ``AddDevice``, as far as they are printed
    :param extensions: the id and the address of each client's extension
    """

    address: Address | None
    name: str
    entries: dict[str, Routine | Absent]
    extensions: tuple[tuple[Address | Absent, Address], ...]
    devices: tuple[Address, ...]
    dispatch: tuple[DispatchRoutine, ...]
    fast_io: dict[str, Routine | Absent]
    remarks: tuple[str, ...]


@kind("driver", "drvobj", opens=r"[ ]*Driver object (?:\([0-9a-f]{8,16}\) )?is for:", rank=10)
class DriverReader(Reader):
    """Takes one driver."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._address = ""
        self._name = ""
        self._entries: dict[str, Routine | Absent] = {}
        self._extensions: list[tuple[Address | Absent, Address]] = []
        self._devices: list[Address] = []
        self._dispatch: list[DispatchRoutine] = []
        self._fast: dict[str, Routine | Absent] = {}
        self._part = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            found = _HEAD.match(line)
            self._address = (found[1] or "") if found else ""
            self._headed = bool(found)
            return self._headed
        if not self._name and (found := _NAME.match(line)):
            self._name = found[1]
        elif found := _TITLE.match(line):
            self._part = found[1]
        elif found := _ROUTINE.match(line):
            self._dispatch.append(DispatchRoutine(hexadecimal(found[1]), found[2], routine(found[3], found[4])))
        elif found := _ENTRY.match(line):
            self._entries[found[1]] = routine(found[2], found[3])
        elif self._part[:6] == "Device" and _DEVICES.match(line):
            self._devices += [address(a) for a in line.replace("…", "").split()]
        elif self._part[:6] == "Driver" and (found := _EXTENSION.match(line)):
            self._extensions.append((pointer(found[1]), address(found[2])))
        elif self._part[:4] == "Fast" and (found := _FAST.match(line)):
            self._fast[found[1]] = routine(found[2], found[3])
        elif self._part == "Device Object stacks:" and (found := _SUM.match(line)):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedDriver | None:
        if not self._headed:
            return None
        return ListedDriver(
            address(self._address) if self._address else None, self._name, self._entries, tuple(self._extensions),
            tuple(self._devices), tuple(self._dispatch), self._fast, tuple(self._remarks),
        )  # fmt: skip


def routine(at: str, name: str) -> Routine | Absent:
    """Return the function at the address that *at* prints; question marks stand for one that could not be read."""
    return UNREADABLE if "?" in at else Routine(address(at), name)
