"""Stacks of devices as ``!devstack`` prints them: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.device_stack import DeviceNode, DeviceStack, StackedDevice
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, address, of_text, pointer, remark, text_or_absent

_TITLE = re.compile(r"[ ]*!devstack ([0-9a-f]{8,16}) :\Z")
_HEAD = re.compile(r"[ ]*!DevObj[ ]+!DrvObj[ ]+!DevExt[ ]+ObjectName\Z")
# The column of drivers has 18 characters; a longer name moves what is behind it, or runs into it.
_ROW = re.compile(
    r"(?:[ ]*([>#]))?[ ]+([0-9a-f]{8,16})[ ]{2}(?=.{18} )([\\A-Z? ].{17})[ ]([0-9a-f]{8,16}|\?{8})(?:[ ]+(\S.*))?\Z"
)
_LONG_ROW = re.compile(
    r"(?:[ ]*([>#]))?[ ]+([0-9a-f]{8,16})[ ]{2}(\\\S.{17,}?)[ ]([0-9a-f]{8,16}|\?{8})(?:[ ]{2,10}(\S.*))?\Z"
)
_GLUED_ROW = re.compile(
    r"(?:[ ]*([>#]))?[ ]+([0-9a-f]{8,16})[ ]+(\\\S.*?|\?{4}|[A-Z][^\s!]*?)(?<![ ])[ ]*(?<=[ \w)?])"
    r"([0-9a-f]{8,16}|\?{8})(?:[ ]+(\S.*))?\Z"
)
_NODE = re.compile(r"[ ]*!DevNode ([0-9a-f]{8,16}) :\Z")
_TEXT = re.compile(r"[ ]*(DeviceInst|ServiceName) is \"(.*)\"\Z")
_TEXTS = {"DeviceInst": "InstancePath", "ServiceName": "ServiceName"}
_SUM = re.compile(r"[ ]*(Device Object stacks:|Processed [0-9]+ device objects\.)\Z")


@record
class ListedDeviceStack:
    """A device stack, and what stands around it.

    :param remarks: lines that ``!drvobj`` prints around its stacks, and remarks in brackets
    """

    stack: DeviceStack
    remarks: tuple[str, ...]


@kind("devstack", "devstack", opens=r"[ ]*(?:!DevObj[ ]+!DrvObj|!devstack [0-9a-f]{8,16} :)", rank=10)
class DeviceStackReader(Reader):
    """Takes one stack."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._devices: list[StackedDevice] = []
        self._headed = False
        self._titled = ""
        self._node = ""
        self._texts: dict[str, str] = {}
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if (found := _TITLE.match(line)) and not self._headed and not self._titled:
            self._titled = found[1]
        elif not self._headed and _HEAD.match(line):
            self._headed = True
        elif not self._headed:
            return False
        elif (found := _ROW.match(line) or _LONG_ROW.match(line) or _GLUED_ROW.match(line)) and not self._node:
            mark, at, driver, extension, name = found.groups()
            names = [text_or_absent(text) if text else None for text in (driver.rstrip(), name)]
            self._devices.append(StackedDevice(address(at), mark == ">", names[0], pointer(extension), names[1]))
        elif found := _NODE.match(line):
            self._node = found[1]
        elif (found := _TEXT.match(line)) and self._node:
            self._texts[found[1]] = found[2]
        elif found := _SUM.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedDeviceStack | None:
        if not self._devices:
            return None
        asked = next((device.address for device in self._devices if device.asked), NOT_SHOWN)
        shown = {"DeviceNode": self._device_node()} if self._node else {}
        place = address(self._titled) if self._titled else asked
        stack = of_text(DeviceStack, asked=place, devices=tuple(self._devices), **shown)
        return ListedDeviceStack(stack, tuple(self._remarks))

    def _device_node(self) -> DeviceNode:
        texts = {_TEXTS[name]: text_or_absent(text) for name, text in self._texts.items()}
        return of_text(DeviceNode, address=address(self._node), **texts)
