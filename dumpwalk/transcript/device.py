"""Devices as ``!devobj`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, address, cells, pointer, remark, value, words

_A = r"(?:[0-9a-f]{8,16}|\?{4,8})"
_HEAD = re.compile(r"[ ]*Device object \(([0-9a-f]{8,16})\) is for:\Z")
_NAME = re.compile(rf"[ ]*(?:(\S.*?)(?<![ ])[ ]+)?(\\\S+|\?{{4}}) DriverObject ({_A})\Z")
_CELL = re.compile(
    r"[ ]*(Current Irp|RefCount|Type|Flags|AttachedDev|Vpb|DevExt|DevObjExt|DevNode|Dope|SecurityDescriptor)"
    r"[ ]+([0-9a-f]+|\?+)[ ]*"
)
# The names of the kernel's members; the debugger prints the count in decimal.
_NAMES = {
    "Current Irp": "CurrentIrp",
    "RefCount": "ReferenceCount",
    "Type": "DeviceType",
    "AttachedDev": "AttachedDevice",
    "DevExt": "DeviceExtension",
    "DevObjExt": "DeviceObjectExtension",
    "DevNode": "DeviceNode",
}
_FLAGS = re.compile(r"[ ]*(ExtensionFlags|Characteristics) \((?:0x)?([0-9a-f]+|\?+)\)[ ]*(.*)\Z")
# Where there are more than two names, and bits that have none.
_MORE_FLAGS = re.compile(r"[ ]{8,}((?:[A-Z]\w+(?:, ?|\Z))+|Unknown flags 0x[0-9a-f]+)\Z")
_UNKNOWN = re.compile(r"Unknown flags (0x)0*([0-9a-f]+)")
_ATTACHED = re.compile(rf"[ ]*(AttachedDevice \(Upper\)|AttachedTo \(Lower\)) ({_A})[ ]*(.*)\Z")
_QUEUE = re.compile(r"[ ]*Device queue is (not busy|busy|\?{4})(?: -- Queue ?(?:empty)?)?[.:]?\Z")
_QUEUED = re.compile(rf"[ ]+IRP ({_A})\Z")


@record
class Attached:
    """A device that is attached to another, with its driver; ``""`` where it is not printed."""

    address: Address | Absent
    driver: str


@record
class ListedDevice:
    """A DEVICE_OBJECT as text shows it.

    :param name: in ``\\Device``; ``""`` where none is printed
    :param values: the other members that are printed
    :param busy: its queue is; ``None`` where that is not printed
    :param queue: addresses of the IRPs in it
    """

    address: Address
    name: str
    driver: str
    DriverObject: Address | Absent
    values: dict[str, int | Absent]
    ExtensionFlags: Hex | Absent | None
    extension_flag_names: tuple[str, ...]
    Characteristics: Hex | Absent | None
    characteristic_names: tuple[str, ...]
    AttachedDevice: Attached | Absent | None
    AttachedTo: Attached | Absent | None
    busy: bool | None
    queue: tuple[Address | Absent, ...]
    remarks: tuple[str, ...]


@kind("device", "devobj", opens=r"[ ]*Device object \([0-9a-f]{8,16}\) is for:", rank=10)
class DeviceReader(Reader):
    """Takes one device."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address = ""
        self._name: re.Match[str] | None = None
        self._values: dict[str, int | Absent] = {}
        self._flags: dict[str, tuple[Hex | Absent, tuple[str, ...]]] = {}
        self._last_flags = ""
        self._attached: dict[str, Attached | Absent] = {}
        self._busy: bool | None = None
        self._queue: list[Address | Absent] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._address:
            found = _HEAD.match(line)
            self._address = found[1] if found else ""
            return bool(found)
        last, self._last_flags = self._last_flags, ""
        if (found := _NAME.match(line)) and self._name is None:
            self._name = found
        elif found := _FLAGS.match(line):
            self._flags[found[1]], self._last_flags = (value(found[2]), _names(found[3])), found[1]
        elif last and (found := _MORE_FLAGS.match(line)):
            bits, known = self._flags[last]
            self._flags[last], self._last_flags = (bits, known + _names(found[1])), last
        elif found := _ATTACHED.match(line):
            there = pointer(found[2])
            self._attached[found[1]] = (
                there if isinstance(there, Absent) and not found[3] else Attached(there, found[3])
            )
        elif found := _QUEUE.match(line):
            self._busy = None if "?" in found[1] else found[1] == "busy"
        elif (found := _QUEUED.match(line)) and self._busy:
            self._queue.append(pointer(found[1]))
        elif found_cells := cells(_CELL, line):
            for label, text in found_cells:
                decimal = label == "RefCount" and text.isdecimal()
                self._values[_NAMES.get(label, label)] = int(text) if decimal else value(text)
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedDevice | None:
        if not self._address:
            return None
        name, driver, at = self._name.groups() if self._name else ("", "", "")
        extension, extension_names = self._flags.get("ExtensionFlags", (None, ()))
        characteristics, characteristic_names = self._flags.get("Characteristics", (None, ()))
        return ListedDevice(
            address(self._address),
            name or "",
            driver,
            pointer(at) if at else NOT_SHOWN,
            self._values,
            extension,
            extension_names,
            characteristics,
            characteristic_names,
            self._attached.get("AttachedDevice (Upper)"),
            self._attached.get("AttachedTo (Lower)"),
            self._busy,
            tuple(self._queue),
            tuple(self._remarks),
        )


def _names(text: str) -> tuple[str, ...]:
    """Return the names of flags; the number that stands for those without a name is the last."""
    return words(_UNKNOWN.sub(r"\1\2", text))
