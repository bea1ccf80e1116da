"""System service tables as this program's ``ssdt`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal, remark

_A = r"([0-9a-f]{8}(?:`[0-9a-f]{8})?)"
_HEAD = re.compile(
    rf"[ ]*(\S.*?) at {_A}: ([0-9]+) services? in the table at {_A} \(([a-z, ]+)\)"
    rf"(?:, through the page tables of process {_A})?\Z"
)
_COLUMNS = re.compile(r"[ ]*#[ ]+Address[ ]+Args[ ]+Routine\Z")
_ROW = re.compile(rf"[ ]*([0-9a-f]{{1,4}})[ ]{{2}}{_A}[ ]{{2,5}}([0-9a-f]+|\?)[ ]{{2}}(\S.*)\Z")
_OUTSIDE = re.compile(r"[ ]{2}<- outside of (?:nt|win32k)\Z")
_SUM = re.compile(r"[ ]*[0-9]+ services? outside of (?:nt|win32k)\Z")


@record
class ListedService:
    """A system service.

    :param name: of the routine; ``""`` in no module
    :param hooked: it is marked as outside of the module whose table it is
    """

    number: Hex
    address: Address
    name: str
    stack_arguments: int | Absent
    hooked: bool


@record
class ListedServiceTable:
    """A table; *Limit* is how many services it has, of which not all need to be listed."""

    name: str
    descriptor: Address
    Base: Address
    Limit: Hex
    form: str
    process: Address | None
    services: tuple[ListedService, ...]
    remarks: tuple[str, ...]


@kind("service-table", "ssdt")
class ServiceTableReader(Reader):
    """Takes one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._services: list[ListedService] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if found := _ROW.match(line):
            self._services.append(_service(found))
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return bool(_COLUMNS.match(line) or _SUM.match(line))
        return True

    def record(self) -> ListedServiceTable | None:
        if self._head is None:
            return None
        name, descriptor, count, base, form, process = self._head.groups()
        return ListedServiceTable(
            name, address(descriptor), address(base), Hex(int(count)), form, address(process) if process else None,
            tuple(self._services), tuple(self._remarks),
        )  # fmt: skip


def _service(found: re.Match[str]) -> ListedService:
    name, hooked = found[4], False
    if mark := _OUTSIDE.search(name):
        name, hooked = name[: mark.start()], True
    count = UNREADABLE if found[3] == "?" else int(found[3], 16)
    return ListedService(
        hexadecimal(found[1]), address(found[2]), "" if name == "in no module" else name, count, hooked
    )
