"""Interrupt descriptor tables as ``!idt`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.descriptors import SYSTEM_TYPES, TASK_GATE, Gate
from dumpwalk.kernel.idt import IdtEntry, InterruptTable
from dumpwalk.kernel.interrupt_object import Interrupt
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, hexadecimal, of_text, pointer, remark

_HEAD = re.compile(r"[ ]*Dumping IDT:[ ]*([0-9a-f]{8,16})?\Z")
_ROW = re.compile(r"[ ]*([0-9a-f]{2,4}):[ \t]*([0-9a-f]{8,16})(?:[ ]+(\S.*))?\Z")
_STACK = re.compile(r"(?:(.*?)(?<![ \t])[ \t]+)?Stack = (?:0x([0-9A-Fa-f]{8,16})|\?{4})\Z")
_INTERRUPT = re.compile(r"[ \t]*(\S.*?) \(KINTERRUPT ([0-9a-f]{8,16})\)\Z")
_BARE = re.compile(r"(?:0x)?([0-9a-f]{8,16}|\?{4})\Z")
_TASK = re.compile(r"[ ]*([0-9a-f]{2,4}):[ \t]+Task Selector = 0x([0-9A-Fa-f]{4})\Z")
_NOTE = re.compile(r"\((not present|reserved)\)\Z")
_COMMENT = re.compile(r"[ ]*/\* (.*?) \*/\Z")


@record
class ListedInterruptTable:
    """A table, with what is remarked on it."""

    table: InterruptTable
    remarks: tuple[str, ...]


@kind("idt", "idt", opens=r"[ ]*Dumping IDT:", rank=12)
class InterruptsReader(Reader):
    """Takes one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._base: Address | Absent = NOT_SHOWN
        self._entries: list[tuple[IdtEntry, list[Interrupt]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            found = _HEAD.match(line)
            self._headed = bool(found)
            self._base = address(found[1]) if found and found[1] else NOT_SHOWN
            return self._headed
        if found := _ROW.match(line):
            self._entry(hexadecimal(found[1]), address(found[2]), found[3] or "")
        elif self._entries and (found := _INTERRUPT.match(line)):
            self._entries[-1][1].append(_interrupt(found))
        elif found := _TASK.match(line):
            self._entries.append((_task(hexadecimal(found[1]), hexadecimal(found[2])), []))
        elif found := _COMMENT.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _entry(self, vector: Hex, handler: Address, text: str) -> None:
        interrupts: list[Interrupt] = []
        stack: Address | Absent | None = None
        if found := _STACK.match(text):
            text, stack = found[1] or "", address(found[2].lower()) if found[2] else UNREADABLE
        if found := _INTERRUPT.match(text):
            interrupts.append(_interrupt(found))
            text, stack = "", NOT_SHOWN if stack is None else stack
        if note := _NOTE.match(text):
            # Nobody's routine serves what a processor does not go through.
            kind, present = ("reserved", True) if note[1] == "reserved" else ("", False)
            gate = of_text(Gate, offset=handler, kind=kind, present=present)
            entry = of_text(IdtEntry, vector=vector, gate=gate, stack=stack, used=False)
        else:
            gate = of_text(Gate, offset=handler)
            entry = of_text(IdtEntry, vector=vector, gate=gate, handler=text, stack=stack)
        self._entries.append((entry, interrupts))

    def record(self) -> ListedInterruptTable | None:
        if not self._headed:
            return None
        entries = tuple(_with(entry, found) if found else entry for entry, found in self._entries)
        return ListedInterruptTable(of_text(InterruptTable, base=self._base, entries=entries), tuple(self._remarks))


def _with(entry: IdtEntry, interrupts: list[Interrupt]) -> IdtEntry:
    return replace(entry, interrupts=tuple(interrupts), used=True)


def _task(vector: Hex, selector: Hex) -> IdtEntry:
    """Return a vector at which the processor switches to another task: where to is in that task's segment."""
    gate = of_text(
        Gate, offset=Address32(0), selector=selector, type=Hex(TASK_GATE), kind=SYSTEM_TYPES[TASK_GATE], present=True,
        ist=0,
    )  # fmt: skip
    return of_text(IdtEntry, vector=vector, gate=gate, stack=None, used=True)


def _interrupt(found: re.Match[str]) -> Interrupt:
    bare = _BARE.match(found[1])
    if bare:
        return of_text(Interrupt, address=address(found[2]), ServiceRoutine=pointer(bare[1]))
    return of_text(Interrupt, address=address(found[2]), routine=found[1])
