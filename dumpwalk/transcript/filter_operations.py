"""What a minifilter registers callbacks for, as this program's ``fltreg`` prints it: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.flt_registration import FltRegistration, Operation, flag_names, major_name
from dumpwalk.kernel.routine import Routine
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.driver import routine
from dumpwalk.transcript.flag_words import other_words
from dumpwalk.transcript.values import address, hexadecimal, of_text, remark, words

_HEAD = re.compile(r"[ ]*FLT_OPERATION_REGISTRATION at ([0-9a-f]{8,16})(?: in (\S.*))?: ([0-9]+) operations?\Z")
_OPERATION = re.compile(r"[ ]*\[([0-9a-f]{2})\] (\S+)[ ]+Flags ([0-9a-f]{8,16})(?:[ ]{2}(\S.*))?\Z")
_ROUTINE = re.compile(r"[ ]*(PreOperation|PostOperation)[ ]+([0-9a-f]{8,16}|\?{8})(?:[ ]+(\S.*))?\Z")
_END = re.compile(r"[ ]*\[80\] IRP_MJ_OPERATION_END\Z")


@record
class ListedRegistration:
    """The array, with what of it is printed.

    :param count: of the operations, as printed
    :param majors: numbers of operations, from 1, whose major function the text calls otherwise than we do; and how
    :param words: the same of flags
    """

    registration: FltRegistration
    count: int
    majors: tuple[tuple[int, str], ...]
    words: tuple[tuple[int, tuple[str, ...]], ...]
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
        operations = tuple(_operation(found, called) for found, called in self._operations)
        printed = [found for found, _ in self._operations]
        majors = tuple((n, f[2]) for n, (f, o) in enumerate(zip(printed, operations), 1) if f[2] != o.major)
        other = [other_words(words(f[4]), o.flag_names) for f, o in zip(printed, operations)]
        registration = of_text(
            FltRegistration,
            address=address(at),
            module=module or "",
            operations=operations,
            terminated=self._terminated,
        )
        said = tuple((n, names) for n, names in enumerate(other, 1) if names)
        return ListedRegistration(registration, int(count), majors, said, tuple(self._remarks))


def _operation(found: re.Match[str], called: dict[str, Routine | Absent]) -> Operation:
    major, bits = hexadecimal(found[1]), hexadecimal(found[3])
    return of_text(
        Operation, MajorFunction=major, major=major_name(major), Flags=bits, flag_names=flag_names(bits), **called
    )
