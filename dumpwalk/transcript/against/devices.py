"""``!irp``, ``!devobj``, ``!devstack``, ``!drvobj``: requests, devices and drivers."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked
from dumpwalk.transcript.against.named import held_of, nth, statement, values
from dumpwalk.transcript.against.places import located, routines, site_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.irp import Irp
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target
    from dumpwalk.transcript.device import ListedDevice
    from dumpwalk.transcript.device_stack import ListedDeviceStack
    from dumpwalk.transcript.driver import ListedDriver
    from dumpwalk.transcript.irp import ListedIrp, ListedLocation

_MOST_IN_IRP = 127  # CHAR StackCount
# Of a device: what is compared otherwise, and the names that follow from its numbers.
_OF_DEVICES = (
    *("address", "name", "AttachedDevice", "AttachedTo", "queue"),
    *("device_type", "flag_names", "characteristic_names", "extension_flag_names"),
)


@compares("irp")
def request(target: Target, said: ListedIrp, command: str) -> Iterator[Statement | None]:
    """Compare an IRP with its stack locations."""
    from dumpwalk.kernel.irp import irp

    place = address_asked(target, command)
    if isinstance(place, Absent):
        place = _by_location(target, said, place)
    if isinstance(place, Absent):
        yield statement("IRP", said.state or "an IRP", place)
        return
    what, width = f"IRP {place}", target.machine.pointer_size
    held = irp(target, place)
    # A completed request is said to be so in place of its current location.
    yield statement(f"{what} state", said.state if held.state in ("active", "completed") else None, held.state)
    # What belongs to the whole; `MdlAddress` of a request without one is not printed.
    yield from values(
        what, said, held, skip=("state", "buffer", "fields", "locations", "remarks", "IrpExtension"), pointer_size=width
    )
    yield statement(f"{what} IrpExtension", said.IrpExtension, held.IrpExtension, width)
    structure = target.object("_IRP", place)
    for name, value, behind in said.fields:
        if name[0] == "&":  # the address of a member: where it is, not what is in it
            continue
        yield statement(f"{what} {name}", value, _member(structure, held, name), width)
        if name == "CancelRoutine" and behind and value and not isinstance(value, Absent):
            yield located(target, f"{what} {name} name", int(value), site_in(behind))
    for number, location in enumerate(said.locations[:_MOST_IN_IRP], 1):
        yield from _location(target, f"{what} stack location {number}", location, held, number)


def _by_location(target: Target, said: ListedIrp, why: Absent) -> Address | Absent:
    """Return where an IRP is whose address is in no command: by the address and the number of its current location."""
    from dumpwalk.objects.sizes import size_of
    from dumpwalk.types.model import Reference

    at, number = said.CurrentStackLocation, said.CurrentLocation
    if (
        at is None
        or isinstance(at, Absent)
        or number is None
        or isinstance(number, Absent)
        or not 0 < number <= _MOST_IN_IRP
    ):
        return why
    whole, step = (size_of(Reference("struct", name), target.types) for name in ("_IRP", "_IO_STACK_LOCATION"))
    return target.address(at - (whole or 0) - (number - 1) * (step or 0)) if whole and step else why


def _member(structure: Any, held: Irp, name: str) -> Any:
    found = held_of((structure,), name)
    if isinstance(found, Absent) and "." in name:
        found = held_of((structure,), name.partition(".")[2])
    return held_of((held,), name) if isinstance(found, Absent) else found


def _location(target: Target, what: str, said: ListedLocation, held: Irp, number: int) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    there = nth(held.locations, number - 1, held.problems)
    if isinstance(there, (str, Absent)):
        yield statement(what, said.MajorFunction, there)
        return
    skip = ("current", "control_words", "routine", "flag_names", "driver", "CompletionRoutine", "major", "minor")
    yield from values(what, said, there, skip=(*skip, "arguments"), pointer_size=width)
    yield statement(f"{what} current", said.current or None, there.current)
    yield statement(f"{what} driver", said.driver, there.driver)
    routine = there.CompletionRoutine
    address = routine if isinstance(routine, Absent) else routine.address
    yield statement(f"{what} CompletionRoutine", said.CompletionRoutine, address, width)
    called = said.CompletionRoutine
    if said.routine and called and not isinstance(called, Absent):
        yield located(target, f"{what} CompletionRoutine name", int(called), site_in(said.routine))
    for index, value in enumerate(said.arguments):
        yield statement(f"{what} argument {index + 1}", value, nth(there.arguments, index), width)


@compares("device")
def device(target: Target, said: ListedDevice, command: str) -> Iterator[Statement | None]:
    """Compare a device."""
    from dumpwalk.kernel.device_object import Attachment, device_object

    device = said.device
    what, width = f"device {device.address}", target.machine.pointer_size
    held = device_object(target, device.address)
    yield statement(f"{what} name", device.name, _bare(held.name, device.name))
    yield from values(what, device, held, skip=_OF_DEVICES, pointer_size=width)
    for name in ("AttachedDevice", "AttachedTo"):
        attached, there = getattr(device, name), getattr(held, name)
        if isinstance(attached, Attachment):
            yield statement(f"{what} {name}", attached.address, getattr(there, "address", there), width)
            yield statement(f"{what} {name} driver", attached.driver, _without_path(there, str(attached.driver)))
    if device.AttachedDevice is None:  # printed as null
        above = held.AttachedDevice
        yield statement(f"{what} AttachedDevice", 0, 0 if above is None else getattr(above, "address", above), width)
    for index, request in enumerate(device.queue):
        yield statement(f"{what} queue {index + 1}", request, nth(held.queue, index, held.problems), width)


def _bare(name: str | Absent | None, said: str | Absent | None) -> Any:
    return Absent("it has no name") if name is None and said else name


def _without_path(there: Any, said: str) -> Any:
    """Return the name of an attached device's driver, with its directory only where the text has that."""
    driver = getattr(there, "driver", there)
    if isinstance(driver, str) and "\\" not in said:
        return driver.rpartition("\\")[2]
    return driver


@compares("devstack")
def devices(target: Target, said: ListedDeviceStack, command: str) -> Iterator[Statement | None]:
    """Compare a stack of devices."""
    from dumpwalk.kernel.device_stack import device_stack

    width = target.machine.pointer_size
    asked = said.stack.asked
    place = said.stack.devices[0].address if isinstance(asked, Absent) else asked
    held = device_stack(target, place)
    what = f"stack of {place}"
    for number, listed in enumerate(said.stack.devices, 1):
        where = f"{what} device {number}"
        same = [there for there in held.devices if there.address == target.address(listed.address)]
        there = same[0] if same else nth(held.devices, number - 1, held.problems)
        yield statement(where, listed.address, getattr(there, "address", there), width)
        if not same:
            continue
        yield from values(where, listed, there, skip=("address", "asked", "name"), pointer_size=width)
        yield statement(f"{where} name", listed.name, _bare(there.name, listed.name))
    node = said.stack.DeviceNode
    if node is not None and not isinstance(node, Absent):
        there_node: Any = held.DeviceNode if held.DeviceNode is not None else Absent("the device has no node")
        yield from values(f"{what} DeviceNode", node, there_node, pointer_size=width)


@compares("driver")
def driver(target: Target, said: ListedDriver, command: str) -> Iterator[Statement | None]:
    """Compare a driver with its devices and functions."""
    from dumpwalk.kernel.driver import driver_object

    driver = said.driver
    at = address_asked(target, command) if isinstance(driver.address, Absent) else driver.address
    if isinstance(at, Absent):
        yield statement("driver", driver.name, at)
        return
    what, width = f"driver {at}", target.machine.pointer_size
    held = driver_object(target, at)
    yield statement(f"{what} name", driver.name, held.name)
    for name in ("DriverInit", "DriverStartIo", "DriverUnload", "AddDevice"):
        yield from routines(target, f"{what} {name}", getattr(driver, name), getattr(held, name))
    for number, extension in enumerate(driver.extensions, 1):
        where = f"{what} extension {number}"
        there = nth(held.extensions, number - 1, held.problems)
        yield statement(f"{where} id", extension.id, getattr(there, "id", there), width)
        yield statement(where, extension.address, getattr(there, "address", there), width)
    for number, listed in enumerate(driver.devices, 1):
        yield statement(f"{what} device {number}", listed, nth(held.devices, number - 1, held.problems), width)
    by_code = {entry.code: entry.routine for entry in held.dispatch}
    for entry in driver.dispatch:
        name = entry.major or f"major function {entry.code:x}"
        yield from routines(target, f"{what} {name}", entry.routine, by_code.get(entry.code, "none"))
    fast = {found.member: found.routine for found in held.fast_io}
    for one in driver.fast_io:
        yield from routines(target, f"{what} {one.member}", one.routine, fast.get(one.member, "none"))
