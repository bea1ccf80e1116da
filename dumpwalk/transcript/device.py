"""Devices as ``!devobj`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.device_object import Attachment, DeviceObject
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.flag_words import other_words
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    cells,
    of_text,
    pointer,
    remark,
    text_or_absent,
    value,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address

_A = r"(?:[0-9a-f]{8,16}|\?{4,8})"
_HEAD = re.compile(r"[ ]*Device object \(([0-9a-f]{8,16})\) is for:\Z")
_NAME = re.compile(rf"[ ]*(?:(\S.*?)(?<![ ])[ ]+)?(\\\S+|\?{{4}}) DriverObject ({_A})\Z")
_CELL = re.compile(
    r"[ ]*(Current Irp|RefCount|Type|Flags|AttachedDev|Vpb|DevExt|DevObjExt|DevNode|Dope|SecurityDescriptor)"
    r"[ ]+([0-9a-f]+|\?+)[ ]*"
)
# The names of the kernel's members.
_NAMES = {
    "Current Irp": "CurrentIrp",
    "RefCount": "ReferenceCount",
    "Type": "DeviceType",
    "AttachedDev": "AttachedDevice",
    "DevExt": "DeviceExtension",
    "DevObjExt": "DeviceObjectExtension",
    "DevNode": "DeviceNode",
}
_DIGITS = {"RefCount": 20}  # it is decimal
_FLAGS = re.compile(r"[ ]*(ExtensionFlags|Characteristics) \((?:0x)?([0-9a-f]+|\?+)\)[ ]*(.*)\Z")
# Where there are more than two names, and bits that have none.
_MORE_FLAGS = re.compile(r"[ ]{8,}((?:[A-Z]\w+(?:, ?|\Z))+|Unknown flags 0x[0-9a-f]+)\Z")
_UNKNOWN = re.compile(r"Unknown flags (0x)0*([0-9a-f]+)")
_ATTACHED = re.compile(
    r"[ ]*(AttachedDevice(?= \(U)|AttachedTo(?= \(L)) \((?:Upper|Lower)\) (?:\?{4,8}|([0-9a-f]{8,16})[ ]*(.*))\Z"
)
_QUEUE = re.compile(r"[ ]*Device queue is (not busy|busy|\?{4})(?: -- Queue ?(?:empty)?)?[.:]?\Z")
_QUEUED = re.compile(r"[ ]+IRP ([0-9a-f]{8,16})\Z")


@record
class ListedDevice:
    """A device, with what of it is printed.

    :param extension_flag_words: what the text calls its ``ExtensionFlags``, where that is not what we do
    :param characteristic_words: the same of ``Characteristics``
    """

    device: DeviceObject
    extension_flag_words: tuple[str, ...]
    characteristic_words: tuple[str, ...]
    remarks: tuple[str, ...]


@kind("device", "devobj", opens=r"[ ]*Device object \([0-9a-f]{8,16}\) is for:", rank=10)
class DeviceReader(Reader):
    """Takes one device."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address = ""
        self._found: dict[str, Any] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._last_flags = ""
        self._queue: list[Address] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._address:
            found = _HEAD.match(line)
            self._address = found[1] if found else ""
            return bool(found)
        last, self._last_flags = self._last_flags, ""
        if (found := _NAME.match(line)) and "driver" not in self._found:
            self._found |= {
                "name": text_or_absent(found[1]) if found[1] else None,
                "driver": text_or_absent(found[2]),
                "DriverObject": pointer(found[3]),
            }
        elif found := _FLAGS.match(line):
            self._last_flags = found[1]
            self._found[found[1]], self._words[found[1]] = value(found[2]), _names(found[3])
        elif last and (found := _MORE_FLAGS.match(line)):
            self._last_flags = last
            self._words[last] += _names(found[1])
        elif found := _ATTACHED.match(line):
            self._found[found[1]] = _attachment(found[2] or "?", found[3] or "")
        elif found := _QUEUE.match(line):
            self._found["busy"] = UNREADABLE if "?" in found[1] else found[1] == "busy"
        elif (found := _QUEUED.match(line)) and self._found.get("busy") is True:
            self._queue.append(address(found[1]))
        elif found_cells := cells(_CELL, line):
            return self._members(found_cells)
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _members(self, found: list[tuple[str, str]]) -> bool:
        if any(len(text) > _DIGITS.get(label, 16) for label, text in found):
            return False
        for label, text in found:
            name = _NAMES.get(label, label)
            if label == "RefCount":
                self._found[name] = int(text) if text.isdecimal() else value(text)
            elif label == "AttachedDev":
                self._found[name] = _attachment(text, "") if text.strip("0") else None
            else:
                self._found[name] = value(text) if label in ("Type", "Flags") else pointer(text)
        return True

    def record(self) -> ListedDevice | None:
        if not self._address:
            return None
        found = dict(self._found)
        type = found.get("DeviceType", NOT_SHOWN)
        found["device_type"] = "" if isinstance(type, Absent) else name_of("device_type", type) or ""
        found["flag_names"] = flags("device_object_flags", found.get("Flags"))
        found["extension_flag_names"] = flags("devobj_extension_flags", found.get("ExtensionFlags"))
        found["characteristic_names"] = flags("device_characteristics", found.get("Characteristics"))
        device = of_text(DeviceObject, address=address(self._address), queue=tuple(self._queue), **found)
        return ListedDevice(
            device,
            other_words(self._words.get("ExtensionFlags", ()), device.extension_flag_names),
            other_words(self._words.get("Characteristics", ()), device.characteristic_names),
            tuple(self._remarks),
        )


def _attachment(at: str, driver: str) -> Attachment | Absent:
    device = pointer(at)
    if isinstance(device, Absent):
        return device
    return Attachment(device, text_or_absent(driver) if driver else NOT_SHOWN)


def _names(text: str) -> tuple[str, ...]:
    """Return the names of flags; the number that stands for those without a name is the last."""
    return words(_UNKNOWN.sub(r"\1\2", text))
