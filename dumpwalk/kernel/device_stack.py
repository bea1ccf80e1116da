"""Stacks of devices that are attached to each other, and the node of the lowest, as ``!devstack`` shows them."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.device_object import not_a_device
from dumpwalk.kernel.driver_name import driver_name
from dumpwalk.kernel.object_header import object_name
from dumpwalk.kernel.structures import structure
from dumpwalk.memory.chain import walk
from dumpwalk.objects.members import hexadecimal, member, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# StackSize is a CHAR: no request can pass through more devices.
MOST_DEVICES = 127


@record
class StackedDevice:
    """A device of a stack.

    :param asked: it is the one that was asked for
    :param name: without its directory; ``None`` for a device without one
    """

    address: Address
    asked: bool
    driver: str | Absent | None
    DeviceExtension: Address | Absent
    name: str | Absent | None


@record
class DeviceNode:
    """What the Plug and Play manager knows of a device.

    :param state: name of ``State``, ``DeviceNodeStarted``; ``""`` on kernels whose types do not say
    """

    address: Address
    InstancePath: str | Absent
    ServiceName: str | Absent
    state: str | Absent


@record
class DeviceStack:
    """The devices of a stack, the highest first.

    :param DeviceNode: of the lowest device; ``None`` when that has none
    """

    asked: Address | Absent
    devices: tuple[StackedDevice, ...]
    DeviceNode: DeviceNode | Absent | None
    problems: tuple[Problem, ...]


def device_stack(target: Target, address: int) -> DeviceStack:
    """Return the stack that the device at *address* is in.

    Upwards ``AttachedDevice`` leads, downwards ``AttachedTo`` of each device's extension.

    :raises ReadError: when the dump holds nothing of the device
    :raises TypeInfoError: when the types of this kernel are not known
    """
    asked = target.address(address)
    structure(target, "_DEVICE_OBJECT", asked)
    up = walk(lambda device: _above(target, device), target.machine, asked, MOST_DEVICES)
    down = walk(lambda device: _below(target, device), target.machine, asked, MOST_DEVICES)
    problems = not_a_device(target, asked)
    problems += [Problem("AttachedDevice", what) for what in up.problems]
    problems += [Problem("AttachedTo", what) for what in down.problems]
    order = [*reversed(up.addresses), *down.addresses[1:]]
    order = list(dict.fromkeys(order))
    problems += _contradictions(target, order)
    devices = tuple(_stacked(target, device, device == asked) for device in order)
    return DeviceStack(asked, devices, _node_of(target, order[-1]) if order else None, tuple(problems))


def _extension(target: Target, device: int) -> Address | Absent:
    return pointer(target.object("_DEVICE_OBJECT", device), "DeviceObjectExtension")


def _above(target: Target, device: int) -> int:
    """Return the device that is attached to *device*.

    :raises ReadError: when it can't be read
    """
    return _known(pointer(target.object("_DEVICE_OBJECT", device), "AttachedDevice"), device)


def _below(target: Target, device: int) -> int:
    """Return the device that *device* is attached to.

    :raises ReadError: when it can't be read
    """
    extension = _known(_extension(target, device), device)
    if not extension:
        return 0
    return _known(pointer(target.object("_DEVOBJ_EXTENSION", extension), "AttachedTo"), extension)


def _known(found: Address | Absent, place: int) -> int:
    if isinstance(found, Absent):
        raise ReadError(place, 1, found.reason)
    return found


def _contradictions(target: Target, order: list[int]) -> list[Problem]:
    """Return where two devices do not agree on which of them is on top of the other."""
    found = []
    for upper, lower in zip(order, order[1:]):
        above = pointer(target.object("_DEVICE_OBJECT", lower), "AttachedDevice")
        if not isinstance(above, Absent) and above != upper:
            what = f"the device attached to it is {above}, but {target.address(upper)} says that it is"
            found.append(Problem(f"device {target.address(lower)}", what))
        extension = _extension(target, upper)
        if not isinstance(extension, Absent) and extension:
            below = pointer(target.object("_DEVOBJ_EXTENSION", extension), "AttachedTo")
            if not isinstance(below, Absent) and below != lower:
                what = f"it is attached to {below}, but {target.address(lower)} has it on top"
                found.append(Problem(f"device {target.address(upper)}", what))
    return found


def _stacked(target: Target, device: int, asked: bool) -> StackedDevice:
    extension = pointer(target.object("_DEVICE_OBJECT", device), "DeviceExtension")
    address = target.address(device)
    return StackedDevice(address, asked, driver_name(target, device), extension, object_name(target, device))


def _node_of(target: Target, device: int) -> DeviceNode | Absent | None:
    """Return the node of the device at the bottom of a stack; ``None`` when it has none."""
    extension = _extension(target, device)
    if isinstance(extension, Absent) or not extension:
        return None
    node = pointer(target.object("_DEVOBJ_EXTENSION", extension), "DeviceNode")
    if isinstance(node, Absent):
        return node
    return device_node(target, node) if node else None


def device_node(target: Target, address: int) -> DeviceNode:
    """Return the device node at *address*; its members are absent on kernels whose types are only partly known."""
    place = target.address(address)
    try:
        at = target.object("_DEVICE_NODE", address)
    except TypeInfoError as error:
        why = Absent(str(error))
        return DeviceNode(place, why, why, "")
    state = member(at, "State")
    shown = state if isinstance(state, Absent) else getattr(state, "name", None) or str(hexadecimal(at, "State"))
    return DeviceNode(place, at.InstancePath.str_(), at.ServiceName.str_(), shown)
