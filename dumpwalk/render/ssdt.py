"""A system service table as text, in columns of our own: WinDbg has no such command."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import counted, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.ssdt import Service, ServiceTable


def layout(table: ServiceTable) -> str:
    """Return the table as text."""
    services = counted(int(table.Limit), "service")
    through = "" if table.process is None else f", through the page tables of process {table.process}"
    where = f"{services} in the table at {table.Base} ({table.form})"
    lines = [
        f"{printable(table.name)} at {table.descriptor}: {where}{through}",
        "",
        f"   #  {'Address':{len(str(table.Base))}}  Args  Routine",
    ]
    owners = "win32k" if table.services and table.services[0].number >= 0x1000 else "nt"
    lines += [_row(service, owners) for service in table.services]
    hooked = sum(service.hooked for service in table.services)
    if hooked:
        lines.append(f"\n{counted(hooked, 'service')} outside of {owners}")
    return "\n".join([*lines, *remark_lines(table)])


def _row(service: Service, owners: str) -> str:
    arguments = "?" if isinstance(service.stack_arguments, Absent) else f"{service.stack_arguments:x}"
    mark = f"  <- outside of {owners}" if service.hooked else ""
    name = printable(service.name) or "in no module"
    return f"{int(service.number):4x}  {service.address}  {arguments:>4}  {name}{mark}"
