"""``_IRP``: a request on its way through a stack of devices, as ``!irp`` shows it.

An IRP is followed in memory by its stack locations. Location 1 is the one of the lowest driver and comes first; the
request enters at location ``StackCount``, and ``CurrentLocation`` counts down on its way. The numbers and what they
mean are of ``wdm.h`` and of the documentation of ``IoCallDriver``, ``IoSizeOfIrp`` and bug checks 35 and 44.
"""

from __future__ import annotations

from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.io_stack import PENDING, StackLocation, stack_location
from dumpwalk.kernel.irp_completion import Completion, completion
from dumpwalk.kernel.routine import Routine, routine_in
from dumpwalk.kernel.structures import structure, wrong_type
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import boolean, has, hexadecimal, integer, pointer
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

IO_TYPE_IRP = 6  # wdm.h
_ASSOCIATED = 0x8  # IRP_ASSOCIATED_IRP
MOST_LOCATIONS = 127  # CHAR StackCount


@record
class IoStatus:
    """An ``_IO_STATUS_BLOCK``."""

    Status: Hex | Absent
    Information: Hex | Absent


@record
class Irp:
    """An I/O request packet.

    :param signature: its ``Type`` is that of IRPs
    :param flag_names: the bits of ``Flags``
    :param allocation_flag_names: the bits of ``AllocationFlags``
    :param MasterIrp: the request that it is a part of; ``None`` for one by itself
    :param SystemBuffer: ``None`` for a part of another request
    :param state: ``active``, ``not sent`` (no driver has it), ``completed``, ``none left`` (it was passed on below its
        lowest location), or ``""`` when its numbers make no sense
    :param CurrentStackLocation: what the IRP points to as its current location
    :param locations: the lowest driver's first, as they lie in memory
    :param completion: what becomes of the results; ``None`` where there are none yet, or nobody waits for them
    """

    address: Address | Absent
    signature: bool | Absent
    Type: int | Absent
    Size: Hex | Absent
    MdlAddress: Address | Absent
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    MasterIrp: Address | Absent | None
    SystemBuffer: Address | Absent | None
    ThreadListEntry: tuple[Address | Absent, Address | Absent]
    IoStatus: IoStatus
    RequestorMode: int | Absent
    PendingReturned: bool | Absent
    StackCount: int | Absent
    CurrentLocation: int | Absent
    state: str
    Cancel: bool | Absent
    CancelIrql: int | Absent
    ApcEnvironment: int | Absent
    AllocationFlags: Hex | Absent
    allocation_flag_names: tuple[str, ...]
    UserIosb: Address | Absent
    UserEvent: Address | Absent
    UserApcRoutine: Address | Absent
    UserApcContext: Address | Absent
    AllocationSize: Hex | Absent
    CancelRoutine: Routine | Absent
    UserBuffer: Address | Absent
    DeviceQueueEntry: Address | Absent
    Thread: Address | Absent
    AuxiliaryBuffer: Address | Absent
    ListEntry: tuple[Address | Absent, Address | Absent]
    CurrentStackLocation: Address | Absent
    OriginalFileObject: Address | Absent
    IrpExtension: Address | None
    CompletionKey: Address | Absent
    locations: tuple[StackLocation, ...]
    completion: Completion | None
    problems: tuple[Problem, ...]


def irp(target: Target, address: int) -> Irp:
    """Return the IRP at *address*.

    :raises ReadError: when the dump holds nothing of it
    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = structure(target, "_IRP", address)
    place = target.address(address)
    type, size = integer(at, "Type"), hexadecimal(at, "Size")
    signature = type == IO_TYPE_IRP
    bits = hexadecimal(at, "Flags")
    count, current = signed(integer(at, "StackCount")), signed(integer(at, "CurrentLocation"))
    pointed = pointer(at, "Tail.Overlay.CurrentStackLocation")
    problems = [] if isinstance(type, Absent) else _problems(target, place, type, size, count, current, pointed)
    shown = signature or (type == 0 and _consistent(target, size, count))
    locations = _locations(target, place, count, current) if shown else ()
    part = not isinstance(bits, Absent) and bool(bits & _ASSOCIATED)
    buffer = pointer(at, "AssociatedIrp.SystemBuffer")
    apc = "Overlay.AsynchronousParameters"
    status = hexadecimal(at, "IoStatus.Status")
    pending = boolean(at, "PendingReturned")
    allocated = hexadecimal(at, "AllocationFlags")
    file = pointer(at, "Tail.Overlay.OriginalFileObject")
    user_iosb = pointer(at, "UserIosb")
    made_pending = _made_pending(pending, locations)
    results = completion(target, status, bits, made_pending, user_iosb, file) if signature else None
    return Irp(
        address=place,
        signature=signature,
        Type=type,
        Size=size,
        MdlAddress=pointer(at, "MdlAddress"),
        Flags=bits,
        flag_names=flags("irp_flags", bits),
        MasterIrp=buffer if part else None,
        SystemBuffer=None if part else buffer,
        ThreadListEntry=_links(at, "ThreadListEntry"),
        IoStatus=IoStatus(status, hexadecimal(at, "IoStatus.Information")),
        RequestorMode=signed(integer(at, "RequestorMode")),
        PendingReturned=pending,
        StackCount=count,
        CurrentLocation=current,
        state=state_of(count, current),
        Cancel=boolean(at, "Cancel"),
        CancelIrql=integer(at, "CancelIrql"),
        ApcEnvironment=signed(integer(at, "ApcEnvironment")),
        AllocationFlags=allocated,
        allocation_flag_names=flags("irp_allocation_flags", allocated),
        UserIosb=user_iosb,
        UserEvent=pointer(at, "UserEvent"),
        UserApcRoutine=pointer(at, f"{apc}.UserApcRoutine"),
        UserApcContext=pointer(at, f"{apc}.UserApcContext"),
        AllocationSize=hexadecimal(at, "Overlay.AllocationSize.QuadPart"),
        CancelRoutine=routine_in(target, at, "CancelRoutine"),
        UserBuffer=pointer(at, "UserBuffer"),
        DeviceQueueEntry=target.address(at.Tail.address_),
        Thread=pointer(at, "Tail.Overlay.Thread"),
        AuxiliaryBuffer=pointer(at, "Tail.Overlay.AuxiliaryBuffer"),
        ListEntry=_links(at, "Tail.Overlay.ListEntry"),
        CurrentStackLocation=pointed,
        OriginalFileObject=file,
        IrpExtension=_extension(at),
        CompletionKey=pointer(at, "Tail.CompletionKey"),
        locations=locations,
        completion=results,
        problems=tuple(problems),
    )


def signed(value: int | Absent) -> int | Absent:
    """Return a ``CHAR``, which older types call unsigned."""
    return value if isinstance(value, Absent) or value < 0x80 else value - 0x100


def _made_pending(returned: bool | Absent, locations: tuple[StackLocation, ...]) -> bool | Absent:
    """Say whether the caller was, or will be, told that the request is pending.

    On the way up each location's SL_PENDING_RETURNED is moved to ``PendingReturned``; the highest one's is the last.
    """
    if isinstance(returned, Absent) or returned or not locations:
        return returned
    control = locations[-1].Control
    return control if isinstance(control, Absent) else bool(control & PENDING)


def _links(at: Any, path: str) -> tuple[Address | Absent, Address | Absent]:
    return pointer(at, f"{path}.Flink"), pointer(at, f"{path}.Blink")


def _extension(at: Any) -> Address | None:
    """Return where the IRP's extension is; ``None`` where it has none, as before Windows 10."""
    if not has(at, "Tail.Overlay.IrpExtension"):
        return None
    found = pointer(at, "Tail.Overlay.IrpExtension")
    return None if isinstance(found, Absent) or not found else found


def _sizes(target: Target) -> tuple[int, int]:
    """Return the sizes of an IRP without stack locations, and of one of these."""
    whole, step = (size_of(Reference("struct", name), target.types) for name in ("_IRP", "_IO_STACK_LOCATION"))
    return whole or 0, step or 0


def _consistent(target: Target, size: int | Absent, count: int | Absent) -> bool:
    """Say whether ``Size`` has room for ``StackCount`` locations: what both say is then likely meant."""
    if isinstance(size, Absent) or isinstance(count, Absent) or count <= 0:
        return False
    whole, step = _sizes(target)
    return size >= whole + count * step


def state_of(count: int | Absent, current: int | Absent) -> str:
    """Return where a request is, as :class:`Irp` names it.

    :param count: ``StackCount``
    :param current: ``CurrentLocation``
    """
    if isinstance(count, Absent) or isinstance(current, Absent) or count < 0 or not 0 <= current <= count + 2:
        return ""
    if current == count + 1:
        return "not sent"
    # IoCompleteRequest leaves it one beyond the place behind the last location; see bug check 44.
    return "completed" if current > count else "active" if current else "none left"


def _problems(
    target: Target,
    place: Address,
    type: int,
    size: int | Absent,
    count: int | Absent,
    current: int | Absent,
    pointed: int | Absent,
) -> list[Problem]:
    """Return what contradicts itself in an IRP: type, size, number of locations, the current one."""
    where = f"IRP {place}"
    found = wrong_type(where, type, IO_TYPE_IRP, "an IRP", "" if type else " now, or one that was freed")
    if type != IO_TYPE_IRP and not _consistent(target, size, count):
        return found
    if isinstance(count, Absent) or isinstance(current, Absent):
        return found
    whole, step = _sizes(target)
    if count < 0:
        return [*found, Problem(where, f"StackCount {count} is no number of stack locations")]
    if not isinstance(size, Absent) and size < whole + count * step:
        # Requests out of a lookaside list have room for more locations than StackCount says, never for fewer.
        found.append(Problem(where, f"Size {size:x} has no room for {count} stack locations"))
    if not 0 <= current <= count + 2:
        found.append(Problem(where, f"CurrentLocation {current} is none of its {count} stack locations"))
    elif current == 0 and count:
        what = "CurrentLocation is 0: it was passed on below its lowest stack location (as in bug check 35)"
        found.append(Problem(where, what))
    elif not isinstance(pointed, Absent) and pointed and current <= count + 1:
        expected = place + whole + (current - 1) * step
        if pointed != expected:
            what = f"its current stack location is {target.address(expected)}, but it points to {pointed}"
            found.append(Problem(where, what))
    return found


def _locations(target: Target, place: Address, count: int | Absent, current: int | Absent) -> tuple[StackLocation, ...]:
    """Return the stack locations behind the IRP; at most as many as a ``CHAR`` can count."""
    if isinstance(count, Absent) or not 0 < count <= MOST_LOCATIONS:
        return ()
    whole, step = _sizes(target)
    drivers: dict[int, str | Absent | None] = {}
    return tuple(
        stack_location(target, place + whole + n * step, n + 1, current == n + 1, drivers) for n in range(count)
    )
