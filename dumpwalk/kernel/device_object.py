"""``_DEVICE_OBJECT``: a device of a driver, with its extension and its queue, as ``!devobj`` shows it."""

from __future__ import annotations

from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.driver_name import driver_name
from dumpwalk.kernel.object_header import object_name
from dumpwalk.kernel.structures import structure, wrong_type
from dumpwalk.memory.address import Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import boolean, hexadecimal, integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

IO_TYPE_DEVICE = 3  # wdm.h
# Requests that wait for a device; a longer queue is a damaged one.
_MOST_QUEUED = 0x1000


@record
class Attachment:
    """A device above or below another one.

    :param driver: the name of its driver
    """

    address: Address
    driver: str | Absent | None


@record
class DeviceObject:
    """A device.

    :param name: without its directory; ``None`` for a device without one
    :param driver: ``DriverName`` of its driver
    :param device_type: name of ``DeviceType``, ``FILE_DEVICE_DISK``
    :param flag_names: the bits of ``Flags``; so for the other names
    :param Vpb: 0 for a device that no volume can be on
    :param DeviceNode: 0 for a device that is not the lowest of its stack; of ``_DEVOBJ_EXTENSION``, as *Dope*,
        *ExtensionFlags* and *AttachedTo* are
    :param AttachedDevice: the device on top of it, ``None`` when it is the highest
    :param AttachedTo: the device below it
    :param busy: a request is being served, others wait in the queue
    :param queue: the IRPs that wait
    """

    address: Address
    Type: int | Absent
    Size: Hex | Absent
    name: str | Absent | None
    DriverObject: Address | Absent
    driver: str | Absent | None
    CurrentIrp: Address | Absent
    ReferenceCount: int | Absent
    DeviceType: Hex | Absent
    device_type: str
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    Characteristics: Hex | Absent
    characteristic_names: tuple[str, ...]
    StackSize: int | Absent
    Vpb: Address | Absent
    SecurityDescriptor: Address | Absent
    DeviceExtension: Address | Absent
    DeviceObjectExtension: Address | Absent
    Dope: Address | Absent | None
    DeviceNode: Address | Absent | None
    ExtensionFlags: Hex | Absent | None
    extension_flag_names: tuple[str, ...]
    NextDevice: Address | Absent
    AttachedDevice: Attachment | Absent | None
    AttachedTo: Attachment | Absent | None
    busy: bool | Absent
    queue: tuple[Address, ...]
    problems: tuple[Problem, ...]


def not_a_device(target: Target, address: int) -> list[Problem]:
    """Return what is wrong when ``Type`` of the object at *address* is not that of a device object; else nothing."""
    type = integer(target.object("_DEVICE_OBJECT", address), "Type")
    return wrong_type(f"device {target.address(address)}", type, IO_TYPE_DEVICE, "a device object")


def device_object(target: Target, address: int) -> DeviceObject:
    """Return the device at *address*.

    :raises ReadError: when the dump holds nothing of it
    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = structure(target, "_DEVICE_OBJECT", address)
    place = target.address(address)
    type, bits, characteristics = integer(at, "Type"), hexadecimal(at, "Flags"), hexadecimal(at, "Characteristics")
    kind = hexadecimal(at, "DeviceType")
    problems = not_a_device(target, address)
    extension = pointer(at, "DeviceObjectExtension")
    more: Any = None
    if extension and not isinstance(extension, Absent):
        more = target.object("_DEVOBJ_EXTENSION", extension)
    if more is not None:
        owner = pointer(more, "DeviceObject")
        if not isinstance(owner, Absent) and owner != place:
            what = f"it is the extension of device {owner}, not of {place}"
            problems.append(Problem(f"DeviceObjectExtension {extension}", what))
    extension_flags = hexadecimal(more, "ExtensionFlags") if more is not None else None
    queue, remarks = _queue(target, at)
    return DeviceObject(
        address=place,
        Type=type,
        Size=hexadecimal(at, "Size"),
        name=object_name(target, address),
        DriverObject=pointer(at, "DriverObject"),
        driver=driver_name(target, address),
        CurrentIrp=pointer(at, "CurrentIrp"),
        ReferenceCount=integer(at, "ReferenceCount"),
        DeviceType=kind,
        device_type="" if isinstance(kind, Absent) else name_of("device_type", kind) or "",
        Flags=bits,
        flag_names=flags("device_object_flags", bits),
        Characteristics=characteristics,
        characteristic_names=flags("device_characteristics", characteristics),
        StackSize=integer(at, "StackSize"),
        Vpb=pointer(at, "Vpb"),
        SecurityDescriptor=pointer(at, "SecurityDescriptor"),
        DeviceExtension=pointer(at, "DeviceExtension"),
        DeviceObjectExtension=extension,
        Dope=pointer(more, "Dope") if more is not None else None,
        DeviceNode=pointer(more, "DeviceNode") if more is not None else None,
        ExtensionFlags=extension_flags,
        extension_flag_names=flags("devobj_extension_flags", extension_flags),
        NextDevice=pointer(at, "NextDevice"),
        AttachedDevice=_attached(target, pointer(at, "AttachedDevice")),
        AttachedTo=_attached(target, pointer(more, "AttachedTo")) if more is not None else None,
        busy=boolean(at, "DeviceQueue.Busy"),
        queue=queue,
        problems=(*problems, *remarks),
    )


def _attached(target: Target, device: Address | Absent) -> Attachment | Absent | None:
    if isinstance(device, Absent):
        return device
    return Attachment(device, driver_name(target, device)) if device else None


def _queue(target: Target, at: Any) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    """Return the IRPs that wait in a device's queue, and what is wrong with it.

    An idle queue is not looked at: that of a file system's device was never set up, and its links are zero.
    """
    if not boolean(at, "DeviceQueue.Busy"):
        return (), ()
    head = at.DeviceQueue.DeviceListHead.address_
    chain = linked_list(target.memory, target.machine, head, _MOST_QUEUED)
    inside = offset_of(target.types, "_IRP", "Tail.Overlay.DeviceQueueEntry")
    # The links are those of a _KDEVICE_QUEUE_ENTRY, which begins with them.
    found = tuple(target.address(link - inside) for link in chain.addresses)
    return found, tuple(Problem("DeviceQueue", what) for what in chain.problems)
