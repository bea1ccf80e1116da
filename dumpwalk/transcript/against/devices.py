"""``!irp``, ``!devobj``, ``!devstack``, ``!drvobj``: requests, devices and drivers."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.asked import address_asked, place_of
from dumpwalk.transcript.against.named import held_of, nth, statement, values
from dumpwalk.transcript.against.places import routines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.kernel.io_stack import StackLocation
    from dumpwalk.kernel.irp import Irp
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target
    from dumpwalk.transcript.device import ListedDevice
    from dumpwalk.transcript.device_stack import ListedDeviceStack
    from dumpwalk.transcript.driver import ListedDriver
    from dumpwalk.transcript.irp import ListedIrp

_MOST_IN_IRP = 127  # CHAR StackCount
# Of a device: what is compared otherwise, and the names that follow from its numbers.
_OF_DEVICES = (
    *("address", "name", "AttachedDevice", "AttachedTo", "queue"),
    *("device_type", "flag_names", "characteristic_names", "extension_flag_names"),
)
# What of a request follows from its numbers and the order of its locations; and what is compared otherwise.
_FOLLOWS = ("address", "number", "state", "flag_names", "control_names", "major", "minor")
_OTHERWISE = ("MasterIrp", "SystemBuffer", "CancelRoutine", "locations")


@compares("irp")
def request(target: Target, said: ListedIrp, command: str) -> Iterator[Statement | None]:
    """Compare an IRP with its stack locations."""
    from dumpwalk.kernel.irp import irp

    place = place_of(target, said.irp.address, command, "irp")
    if isinstance(place, Absent):
        place = _by_location(target, said.irp, place)
    if isinstance(place, Absent):
        yield statement("IRP", said.state or "an IRP", place)
        return
    what, width = f"IRP {place}", target.machine.pointer_size
    held = irp(target, place)
    # A completed request is said to be so in place of its current location.
    yield statement(f"{what} state", said.state if held.state in ("active", "completed") else None, held.state)
    yield from values(what, said.irp, held, skip=(*_FOLLOWS, *_OTHERWISE), pointer_size=width)
    for name in ("MasterIrp", "SystemBuffer"):  # of one pointer
        buffer = getattr(held, name)
        yield statement(f"{what} {name}", getattr(said.irp, name), "none" if buffer is None else buffer, width)
    yield from routines(target, f"{what} CancelRoutine", said.irp.CancelRoutine, held.CancelRoutine)
    structure = target.object("_IRP", place)
    for name, value, _ in said.fields:
        if name[0] != "&":  # the address of a member: where it is, not what is in it
            yield statement(f"{what} {name}", value, _member(structure, held, name), width)
    for location in said.irp.locations[:_MOST_IN_IRP]:
        yield from _location(target, f"{what} stack location {location.number}", location, held)


def _by_location(target: Target, said: Irp, why: Absent) -> Address | Absent:
    """Return where an IRP is whose address is in no command: by the address and the number of its current location."""
    from dumpwalk.objects.sizes import size_of
    from dumpwalk.types.model import Reference

    at, number = said.CurrentStackLocation, said.CurrentLocation
    if isinstance(at, Absent) or isinstance(number, Absent) or not 0 < number <= _MOST_IN_IRP:
        return why
    whole, step = (size_of(Reference("struct", name), target.types) for name in ("_IRP", "_IO_STACK_LOCATION"))
    return target.address(at - (whole or 0) - (number - 1) * (step or 0)) if whole and step else why


def _member(structure: Any, held: Irp, name: str) -> Any:
    found = held_of((structure,), name)
    if isinstance(found, Absent) and "." in name:
        found = held_of((structure,), name.partition(".")[2])
    return held_of((held,), name) if isinstance(found, Absent) else found


def _location(target: Target, what: str, said: StackLocation, held: Irp) -> Iterator[Statement | None]:
    width = target.machine.pointer_size
    there = nth(held.locations, said.number - 1, held.problems)
    if isinstance(there, (str, Absent)):
        yield statement(what, said.MajorFunction, there)
        return
    skip = (*_FOLLOWS, "current", "driver", "CompletionRoutine")
    yield from values(what, said, there, skip=skip, pointer_size=width)
    yield statement(f"{what} current", True if said.current else None, there.current)
    yield statement(f"{what} driver", said.driver, there.driver)
    yield from routines(target, f"{what} CompletionRoutine", said.CompletionRoutine, there.CompletionRoutine)


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
