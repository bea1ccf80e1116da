"""System service tables as this program's ``ssdt`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.ssdt import Service, ServiceTable
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal, of_text, remark

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
class ListedServiceTable:
    """A table, with what is remarked on it. *Limit* is how many services it has, of which not all need to be listed."""

    table: ServiceTable
    remarks: tuple[str, ...]


@kind("service-table", "ssdt")
class ServiceTableReader(Reader):
    """Takes one table."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._services: list[Service] = []
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
        table = of_text(
            ServiceTable, descriptor=address(descriptor), name=name, Base=address(base), Limit=Hex(int(count)),
            form=form, services=tuple(self._services), process=address(process) if process else None,
        )  # fmt: skip
        return ListedServiceTable(table, tuple(self._remarks))


def _service(found: re.Match[str]) -> Service:
    name, hooked = found[4], False
    if mark := _OUTSIDE.search(name):
        name, hooked = name[: mark.start()], True
    count = UNREADABLE if found[3] == "?" else int(found[3], 16)
    name = "" if name == "in no module" else name
    # A name begins with its module's: nt!NtClose, win32k+0x1234.
    module = name.partition("!")[0] if "!" in name else name.rpartition("+")[0] or name
    return of_text(
        Service, number=hexadecimal(found[1]), address=address(found[2]), name=name, module=module,
        stack_arguments=count, hooked=hooked,
    )  # fmt: skip
