"""Processors that share a core as ``!smt`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(r"[ ]*(?:SMT Summary:|No[ ]+PRCB[ ]+SMT Set[ ]+APIC Id)\Z")
_NAME = re.compile(r"[ ]*(KeActiveProcessors|IdleSummary):\Z")
_SET = re.compile(r"[ ]*[*-]{8,64} \(([0-9a-f]{16})\)\Z")
_ROW = re.compile(r"[ ]*([0-9]{1,9}) ([0-9a-f]{16}) [*-]{8,64} \(([0-9a-f]{16})\) (0x[0-9a-f]{8})\Z")
_MOST = re.compile(r"[ ]*(Maximum (?:cores|logical processors) per (?:physical processor|core)):[ ]+([0-9]{1,9})\Z")


@record
class SmtProcessor:
    """A processor: its PRCB, the set of those on the same core as a mask, and its APIC ID."""

    number: int
    prcb: Address
    smt_set: Hex
    apic_id: Hex


@record
class SmtSummary:
    """Processors; *sets* are masks and *most* counts by the debugger's names."""

    sets: dict[str, Hex]
    processors: tuple[SmtProcessor, ...]
    most: dict[str, int]


@kind("smt", "smt", opens=r"[ ]*(?:SMT Summary:|No[ ]+PRCB[ ]+SMT Set )", rank=40)
class SmtReader(Reader):
    """Takes one summary."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._titled = False
        self._name = ""
        self._sets: dict[str, Hex] = {}
        self._processors: list[SmtProcessor] = []
        self._most: dict[str, int] = {}

    def take(self, line: str, number: int) -> bool:
        if _TITLE.match(line):
            self._titled = True
        elif not self._titled:
            return False
        elif found := _NAME.match(line):
            self._name = found[1]
        elif self._name and self._name not in self._sets and (found := _SET.match(line)):
            self._sets[self._name] = hexadecimal(found[1])
        elif found := _ROW.match(line):
            self._processors.append(
                SmtProcessor(int(found[1]), address(found[2]), hexadecimal(found[3]), hexadecimal(found[4]))
            )
        elif found := _MOST.match(line):
            self._most[found[1]] = int(found[2])
        else:
            return False
        return True

    def record(self) -> SmtSummary | None:
        if not self._sets and not self._processors:
            return None
        return SmtSummary(self._sets, tuple(self._processors), self._most)
