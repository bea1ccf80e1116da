"""Configuration space of PCI devices as ``!pci`` prints it."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record, replace
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal, optional

_FIELD = re.compile(r"[ ]*([0-9a-f]{2}): ?([0-9a-f]{2,8})[ ]*;(.*?)=(.*)\Z")
_WORDS = re.compile(r"[ ]*([0-9a-f]{2}): ?([0-9a-f]{8}(?:,[0-9a-f]{8})*)\Z")
# A bus, and its functions with what is asked for of each
_BUS = re.compile(r"[ ]*PCI (?:Segment (?:0x)?([0-9a-f]{1,4}) )?Bus (?:0x)?([0-9a-f]{1,3})\Z")
_FUNCTION = re.compile(
    r"[ ]*([0-9a-f]{2}):([0-7])[ ]{1,2}([0-9a-f]{4}):([0-9a-f]{4})\.([0-9a-f]{2})"
    r"[ ]{1,2}Cmd\[([0-9a-f]{4}):([^\]]{1,12})\]"
    r"[ ]{1,2}Sts\[([0-9a-f]{4}):([^\]]{1,12})\](?:[ ]{1,2}(?![ ])(.*))?\Z"
)
_DETAIL = re.compile(r"[ ]{4,}((?:cf8:|IO(?:\[[0-9]\])?:|MEM\[[0-9]\]:|[0-9a-f]{8}:[ ]{1,2}[0-9a-f]{8}).*)\Z")
_SCAN = re.compile(r"[ ]*(Scanning the following PCI segments: .*)\Z")
_MORE = re.compile(r"([A-Za-z]+(?:,[A-Za-z]+)*)\Z")


@record
class PciField:
    """A register: its offset, value and name, and what the debugger makes of it."""

    offset: Hex
    value: Hex
    name: str
    meaning: str


@record
class PciFunction:
    """A function of a device on a bus.

    :param segment: of the bus; ``None`` where it is not printed
    :param command_bits: the letters of the bits that are set in *command*; *status_bits* those of *status*
    :param details: the lines below it: where its registers are, and what they hold
    """

    segment: Hex | None
    bus: Hex | None
    device: Hex
    function: int
    vendor_id: Hex
    device_id: Hex
    revision: Hex
    command: Hex
    command_bits: str
    status: Hex
    status_bits: str
    description: str
    details: tuple[str, ...]


@record
class PciConfiguration:
    """Registers of a device, and further words by their offset; or the functions on buses."""

    fields: tuple[PciField, ...]
    words: tuple[tuple[Hex, tuple[Hex, ...]], ...]
    functions: tuple[PciFunction, ...] = ()
    remarks: tuple[str, ...] = ()


@kind(
    "pci",
    "pci",
    opens=r"[ ]*(?:00: ?[0-9a-f]{4}[ ]*;VendorID=|PCI (?:Segment (?:0x)?[0-9a-f]{1,4} )?Bus (?:0x)?[0-9a-f]{1,3}\Z)",
    rank=40,
)
class PciReader(Reader):
    """Takes the registers of one device, or the functions on buses."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._fields: list[PciField] = []
        self._words: list[tuple[Hex, tuple[Hex, ...]]] = []
        self._bus: tuple[Hex | None, Hex] | None = None
        self._functions: list[tuple[PciFunction, list[str]]] = []
        self._remarks: list[str] = []
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
        elif found := _BUS.match(line):
            self._bus = optional(found[1]), hexadecimal(found[2])
        elif found := _FUNCTION.match(line):
            self._functions.append((_function(found, *(self._bus or (None, None))), []))
        elif self._functions and (found := _DETAIL.match(line)):
            self._functions[-1][1].append(found[1])
        elif found := _SCAN.match(line):
            self._remarks.append(found[1])
        else:
            return False
        # Copies break such lines after 76 columns.
        self._wrapped = len(line) >= 72
        return True

    def record(self) -> PciConfiguration | None:
        if not self._fields and not self._functions:
            return None
        functions = tuple(replace(f, details=tuple(d)) for f, d in self._functions)
        return PciConfiguration(tuple(self._fields), tuple(self._words), functions, tuple(self._remarks))


def _function(found: re.Match[str], segment: Hex | None, bus: Hex | None) -> PciFunction:
    device, function, vendor, id, revision, command, command_bits, status, status_bits, text = found.groups()
    return PciFunction(
        segment, bus, hexadecimal(device), int(function), hexadecimal(vendor), hexadecimal(id), hexadecimal(revision),
        hexadecimal(command), command_bits, hexadecimal(status), status_bits, text or "", (),
    )  # fmt: skip
