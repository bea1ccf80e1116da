"""What a minifilter registers callbacks for, as this program's ``fltreg`` prints it."""

from __future__ import annotations

import re

from dumpwalk.kernel.routine import Routine
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.driver import routine
from dumpwalk.transcript.values import address, hexadecimal, remark, words

_HEAD = re.compile(r"[ ]*FLT_OPERATION_REGISTRATION at ([0-9a-f]{8,16})(?: in (\S.*))?: ([0-9]+) operations?\Z")
_OPERATION = re.compile(r"[ ]*\[([0-9a-f]{2})\] (\S+)[ ]+Flags ([0-9a-f]{8,16})(?:[ ]{2}(\S.*))?\Z")
_ROUTINE = re.compile(r"[ ]*(PreOperation|PostOperation)[ ]+([0-9a-f]{8,16}|\?{8})(?:[ ]+(\S.*))?\Z")
_END = re.compile(r"[ ]*\[80\] IRP_MJ_OPERATION_END\Z")


@record
class ListedOperation:
    """One entry of the array."""

    MajorFunction: Hex
    major: str
    Flags: Hex
    flag_names: tuple[str, ...]
    PreOperation: Routine | Absent | None
    PostOperation: Routine | Absent | None


@record
class ListedRegistration:
    """The array.

    :param module: the image that it lies in; ``""`` where none is named
    :param count: of the operations, as printed
    :param terminated: its end is printed
    """

    address: Address
    module: str
    count: int
    operations: tuple[ListedOperation, ...]
    terminated: bool
    remarks: tuple[str, ...]


@kind("filter", "fltreg", opens=r"[ ]*FLT_OPERATION_REGISTRATION at [0-9a-f]{8}", rank=12)
class FilterReader(Reader):
    """Takes one array."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._operations: list[tuple[re.Match[str], dict[str, Routine | Absent]]] = []
        self._terminated = False
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _OPERATION.match(line):
            self._operations.append((found, {}))
        elif (found := _ROUTINE.match(line)) and self._operations and found[1] not in self._operations[-1][1]:
            self._operations[-1][1][found[1]] = routine(found[2], found[3] or "")
        elif _END.match(line):
            self._terminated = True
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedRegistration | None:
        if self._head is None:
            return None
        at, module, count = self._head.groups()
        operations = tuple(
            ListedOperation(
                hexadecimal(found[1]), found[2], hexadecimal(found[3]), words(found[4]),
                called.get("PreOperation"), called.get("PostOperation"),
            )
            for found, called in self._operations
        )  # fmt: skip
        return ListedRegistration(
            address(at), module or "", int(count), operations, self._terminated, tuple(self._remarks)
        )
