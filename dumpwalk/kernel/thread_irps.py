"""The I/O that a thread has under way: ``ETHREAD.IrpList``."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import hexadecimal, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target

# IO_TYPE_IRP of the public headers: the Type of each IRP.
IO_TYPE_IRP = 6
# More requests than a thread ever waits for; a list that goes on is damaged.
_MOST_IRPS = 4096
# The same for all threads that are looked at; lists may lead into each other.
_MOST_IRPS_OF_ALL = 1 << 16


@record
class PendingIrp:
    """An IRP in its thread's list, with what ``!thread`` shows of it."""

    address: Address
    Type: Hex | Absent
    Size: Hex | Absent
    Flags: Hex | Absent
    MdlAddress: Address | Absent


def pending_irps(target: Target, view: AnyView) -> tuple[tuple[PendingIrp, ...], tuple[Problem, ...]]:
    """Return the IRPs of the thread in *view*, and what is wrong with their list."""
    where = f"_ETHREAD {view.address}: IrpList"
    first = view.pointer("IrpList.Flink")
    places = view.layout.places("IrpList")
    if isinstance(first, Absent) or not places:
        why = first.reason if isinstance(first, Absent) else view.layout.why_not("IrpList")
        return (), (Problem(where, why),)
    head = view.address + places[0].offset
    if not first or first == head:  # nobody initialises the idle threads' lists
        return (), ()
    try:
        at = offset_of(target.types, "_IRP", "ThreadListEntry")
    except TypeInfoError as error:
        return (), (Problem(where, str(error)),)
    left = target.kept.setdefault("irps left", _MOST_IRPS_OF_ALL)
    chain = linked_list(target.memory, target.machine, head, min(left, _MOST_IRPS))
    target.kept["irps left"] = left - len(chain.addresses)
    problems = [Problem(where, text) for text in chain.problems]
    irps = []
    for link in chain.addresses:
        irp = target.object("_IRP", link - at)
        found = PendingIrp(
            target.address(link - at),
            _word(hexadecimal(irp, "Type")),
            _word(hexadecimal(irp, "Size")),
            hexadecimal(irp, "Flags"),
            pointer(irp, "MdlAddress"),
        )
        if not isinstance(found.Type, Absent) and found.Type != IO_TYPE_IRP:
            problems.append(Problem(where, f"{found.address} has type {int(found.Type)}, not {IO_TYPE_IRP}: no IRP"))
        irps.append(found)
    return tuple(irps), tuple(problems)


def _word(value: Hex | Absent) -> Hex | Absent:
    """Return a 16-bit number that some kernels declare with a sign as it is stored."""
    return value if isinstance(value, Absent) else Hex(value & 0xFFFF)
