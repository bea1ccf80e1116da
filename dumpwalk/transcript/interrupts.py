"""Interrupt descriptor tables as ``!idt`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal, optional, pointer, remark

_HEAD = re.compile(r"[ ]*Dumping IDT:[ ]*([0-9a-f]{8,16})?\Z")
_ROW = re.compile(r"[ ]*([0-9a-f]{2,4}):[ \t]*([0-9a-f]{8,16})(?:[ ]+(\S.*))?\Z")
_STACK = re.compile(r"(?:(.*?)(?<![ \t])[ \t]+)?Stack = (?:0x([0-9A-Fa-f]{8,16})|\?{4})\Z")
_INTERRUPT = re.compile(r"[ \t]*(\S.*?) \(KINTERRUPT ([0-9a-f]{8,16})\)\Z")
_BARE = re.compile(r"(?:0x)?([0-9a-f]{8,16}|\?{4})\Z")
_TASK = re.compile(r"[ ]*([0-9a-f]{2,4}):[ \t]+Task Selector = 0x([0-9A-Fa-f]{4})\Z")
_NOTE = re.compile(r"\((not present|reserved)\)\Z")
_COMMENT = re.compile(r"[ ]*/\* (.*?) \*/\Z")


@record
class ListedInterrupt:
    """An interrupt that a driver has connected, with its KINTERRUPT.

    :param routine: its name; ``None`` where the address is printed in place of it
    """

    routine: Site | None
    address: Address
    ServiceRoutine: Address | Absent | None = None


@record
class ListedGate:
    """A vector.

    :param handler: the gate's address; ``None`` for a task gate
    :param routine: its name; ``None`` where drivers have connected it or nothing is printed
    :param stack: of its own
    :param note: what stands in place of the routine of a gate that leads nowhere: ``not present``, ``reserved``
    """

    vector: Hex
    handler: Address | None
    routine: Site | None
    stack: Address | Absent | None
    selector: Hex | None
    interrupts: tuple[ListedInterrupt, ...]
    note: str = ""


@record
class InterruptListing:
    """A table; *base* is ``None`` where it is not printed."""

    base: Address | None
    gates: tuple[ListedGate, ...]
    remarks: tuple[str, ...]


@kind("idt", "idt", opens=r"[ ]*Dumping IDT:", rank=12)
class InterruptsReader(Reader):
    """Takes one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._base: Address | None = None
        self._gates: list[tuple[ListedGate, list[ListedInterrupt]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            found = _HEAD.match(line)
            self._headed = bool(found)
            self._base = address(found[1]) if found and found[1] else None
            return self._headed
        if found := _ROW.match(line):
            self._gate(hexadecimal(found[1]), address(found[2]), found[3] or "")
        elif self._gates and (found := _INTERRUPT.match(line)):
            self._gates[-1][1].append(_interrupt(found))
        elif found := _TASK.match(line):
            selector = optional(found[2])
            self._gates.append((ListedGate(hexadecimal(found[1]), None, None, None, selector, ()), []))
        elif found := _COMMENT.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _gate(self, vector: Hex, handler: Address, text: str) -> None:
        interrupts: list[ListedInterrupt] = []
        stack: Address | Absent | None = None
        if found := _STACK.match(text):
            text, stack = found[1] or "", address(found[2].lower()) if found[2] else UNREADABLE
        if found := _INTERRUPT.match(text):
            interrupts.append(_interrupt(found))
            text = ""
        note = _NOTE.match(text)
        routine = site(text) if text and note is None else None
        gate = ListedGate(vector, handler, routine, stack, None, (), note[1] if note else "")
        self._gates.append((gate, interrupts))

    def record(self) -> InterruptListing | None:
        if not self._headed:
            return None
        gates = tuple(gate.__replace__(interrupts=tuple(found)) for gate, found in self._gates)  # type: ignore[attr-defined]
        return InterruptListing(self._base, gates, tuple(self._remarks))


def _interrupt(found: re.Match[str]) -> ListedInterrupt:
    bare = _BARE.match(found[1])
    return ListedInterrupt(None if bare else site(found[1]), address(found[2]), pointer(bare[1]) if bare else None)
