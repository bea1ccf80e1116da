"""``ssdt``: the tables of system services."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import bare
from dumpwalk.transcript.against.named import statement, values
from dumpwalk.transcript.against.places import located, site_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.ssdt import ServiceTable
    from dumpwalk.target import Target
    from dumpwalk.transcript.service_table import ListedServiceTable

_OF_COMMAND = "given"  # the descriptors are where the command says


@compares("service-table")
def services(target: Target, said: ListedServiceTable, command: str) -> Iterator[Statement | None]:
    """Compare a table of system services."""
    width, shown = target.machine.pointer_size, said.table
    held = _table(target, shown, command)
    what = "service table"
    for name in ("descriptor", "Base", "Limit", "form", "process"):
        there = getattr(held, name)
        there = Absent("it is no process's") if there is None else there
        yield statement(f"{what} {name}", getattr(shown, name), there, width)
    by_number = {int(service.number): service for service in held.services}
    why = Absent(str(held.problems[0]) if held.problems else "the table has no such service")
    for service in shown.services:
        there = by_number.get(int(service.number), why)
        where = f"service {int(service.number):x}"
        yield from values(where, service, there, skip=("number", "name", "module"), pointer_size=width)
        yield located(target, f"{where} name", int(service.address), site_in(service.name))


def _table(target: Target, said: ServiceTable, command: str) -> ServiceTable:
    """Return the table that is meant: where the dump's kernel has it, else where the text does."""
    from dumpwalk.kernel.ssdt import service_table

    windows = "-w" in command.split()
    if said.name != _OF_COMMAND:
        try:
            return service_table(target, window_manager=windows)
        except Error:
            pass  # its symbols are not known: then the text says where it is
    # The window manager's descriptor is the one behind the kernel's.
    place = int(bare(said.descriptor)) - (4 * target.machine.pointer_size if windows else 0)
    return service_table(target, window_manager=windows, at=place)
