"""Processors as ``!cpuinfo`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal, optional

_HEADER = re.compile(
    r"[ ]*CP[ ]+F/M/S Manufacturer[ ]+MHz PRCB Signature[ ]+MSR 8B Signature Features(?: ArchitectureClass)?\Z"
)
_ROW = re.compile(
    r"[ ]*([0-9]{1,9})[ ]+([0-9]{1,9}),([0-9]{1,9}),([0-9]{1,9}) (\w+)[ ]+([0-9]{1,9})"
    r"(?: ([0-9a-f]{16}))?(?:[ ]+([0-9a-f]{16}))?"
    r"[ ]+([0-9a-f]{8})(?: ([0-9a-f]{1,16}))?\Z"
)
_SIGNATURE = re.compile(r"[ ]*((?:Cached|Initial) Update Signature)[ ]+([0-9a-f]{16})\Z")


@record
class ProcessorInfo:
    """A processor.

    :param signature: of its microcode, as the PRCB has it
    :param features: the processor feature bits
    :param architecture: class of the architecture, of processors that differ
    """

    number: int
    family: int
    model: int
    stepping: int
    manufacturer: str
    MHz: int
    signature: Hex | None
    msr_signature: Hex | None
    features: Hex
    architecture: Hex | None


@record
class ProcessorList:
    """Processors, and the signatures of the microcode, by name."""

    processors: tuple[ProcessorInfo, ...]
    signatures: dict[str, Hex]


@kind("processors", "cpuinfo", opens=r"[ ]*CP[ ]+F/M/S Manufacturer ", rank=40)
class ProcessorsReader(Reader):
    """Takes a header and processors."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._processors: list[ProcessorInfo] = []
        self._signatures: dict[str, Hex] = {}

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            self._headed = _HEADER.match(line) is not None
            return self._headed
        if found := _ROW.match(line):
            number_, family, model, stepping = (int(found[n]) for n in (1, 2, 3, 4))
            signature, msr, architecture = optional(found[7]), optional(found[8]), optional(found[10])
            self._processors.append(
                ProcessorInfo(
                    number_, family, model, stepping, found[5], int(found[6]), signature, msr, hexadecimal(found[9]),
                    architecture,
                )
            )  # fmt: skip
        elif self._processors and (found := _SIGNATURE.match(line)):
            self._signatures[found[1]] = hexadecimal(found[2])
        else:
            return False
        return True

    def record(self) -> ProcessorList | None:
        return ProcessorList(tuple(self._processors), self._signatures) if self._processors else None
