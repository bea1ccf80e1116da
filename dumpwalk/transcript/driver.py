"""Drivers as ``!drvobj`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.constants import name_of
from dumpwalk.kernel.driver import ClientExtension, Dispatch, DriverObject, FastIo
from dumpwalk.kernel.routine import Routine
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, of_text, pointer, remark, text_or_absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address

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


# The names of the kernel's members.
_ENTRIES = {"DriverEntry": "DriverInit"}


@record
class ListedDriver:
    """A driver, with what of it is printed.

    :param majors: codes of major functions that the text calls otherwise than we do, and what it calls them
    """

    driver: DriverObject
    majors: tuple[tuple[int, str], ...]
    remarks: tuple[str, ...]


@kind("driver", "drvobj", opens=r"[ ]*Driver object (?:\([0-9a-f]{8,16}\) )?is for:", rank=10)
class DriverReader(Reader):
    """Takes one driver."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._address = ""
        self._found: dict[str, Any] = {}
        self._extensions: list[ClientExtension] = []
        self._devices: list[Address] = []
        self._dispatch: list[Dispatch] = []
        self._majors: list[tuple[int, str]] = []
        self._fast: list[FastIo] = []
        self._part = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            found = _HEAD.match(line)
            self._address = (found[1] or "") if found else ""
            self._headed = bool(found)
            return self._headed
        if "name" not in self._found and (found := _NAME.match(line)):
            self._found["name"] = text_or_absent(found[1])
        elif found := _TITLE.match(line):
            self._part = found[1]
        elif found := _ROUTINE.match(line):
            self._handles(int(found[1], 16), found[2], routine(found[3], found[4]))
        elif found := _ENTRY.match(line):
            self._found[_ENTRIES.get(found[1], found[1])] = routine(found[2], found[3])
        elif self._part[:6] == "Device" and _DEVICES.match(line):
            self._devices += [address(a) for a in line.replace("…", "").split()]
        elif self._part[:6] == "Driver" and (found := _EXTENSION.match(line)):
            self._extensions.append(ClientExtension(pointer(found[1]), address(found[2])))
        elif self._part[:4] == "Fast" and (found := _FAST.match(line)):
            self._fast.append(FastIo(found[1], routine(found[2], found[3])))
        elif self._part == "Device Object stacks:" and (found := _SUM.match(line)):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _handles(self, code: int, major: str, function: Routine | Absent) -> None:
        ours = name_of("irp_major", code) or ""
        if major != (ours or "???"):
            self._majors.append((code, major))
        self._dispatch.append(of_text(Dispatch, code=code, major=ours, routine=function))

    def record(self) -> ListedDriver | None:
        if not self._headed:
            return None
        driver = of_text(
            DriverObject,
            address=address(self._address) if self._address else NOT_SHOWN,
            extensions=tuple(self._extensions),
            devices=tuple(self._devices),
            dispatch=tuple(self._dispatch),
            fast_io=tuple(self._fast),
            **self._found,
        )
        return ListedDriver(driver, tuple(self._majors), tuple(self._remarks))


def routine(at: str, name: str) -> Routine | Absent:
    """Return the function at the address that *at* prints; question marks stand for one that could not be read."""
    return UNREADABLE if "?" in at else Routine(address(at), name)
