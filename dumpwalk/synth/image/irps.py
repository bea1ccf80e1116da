"""I/O request packets that threads wait for, and the handles and pool blocks that a spec states."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.image_spec import HandleItem, IrpItem, PoolItem

# IO_TYPE_IRP; SL_PENDING_RETURNED; SL_INVOKE_ON_SUCCESS | _ERROR | _CANCEL
_IRP, _PENDING, _INVOKE = 6, 1, 0xE0
# STATUS_PENDING is what a driver returns; the status block stays zero until the request is completed.
_USER_MODE = 1
# CHAR CurrentLocation
_MOST_LOCATIONS = 126

# wdm.h, in order from 0
MAJORS = (
    "IRP_MJ_CREATE",
    "IRP_MJ_CREATE_NAMED_PIPE",
    "IRP_MJ_CLOSE",
    "IRP_MJ_READ",
    "IRP_MJ_WRITE",
    "IRP_MJ_QUERY_INFORMATION",
    "IRP_MJ_SET_INFORMATION",
    "IRP_MJ_QUERY_EA",
    "IRP_MJ_SET_EA",
    "IRP_MJ_FLUSH_BUFFERS",
    "IRP_MJ_QUERY_VOLUME_INFORMATION",
    "IRP_MJ_SET_VOLUME_INFORMATION",
    "IRP_MJ_DIRECTORY_CONTROL",
    "IRP_MJ_FILE_SYSTEM_CONTROL",
    "IRP_MJ_DEVICE_CONTROL",
    "IRP_MJ_INTERNAL_DEVICE_CONTROL",
    "IRP_MJ_SHUTDOWN",
    "IRP_MJ_LOCK_CONTROL",
    "IRP_MJ_CLEANUP",
    "IRP_MJ_CREATE_MAILSLOT",
    "IRP_MJ_QUERY_SECURITY",
    "IRP_MJ_SET_SECURITY",
    "IRP_MJ_POWER",
    "IRP_MJ_SYSTEM_CONTROL",
    "IRP_MJ_DEVICE_CHANGE",
    "IRP_MJ_QUERY_QUOTA",
    "IRP_MJ_SET_QUOTA",
    "IRP_MJ_PNP",
)


def irp(world: World, item: IrpItem) -> None:
    """Place an IRP; its stack locations lead through the devices stated, the last of which has it.

    :raises SpecError: when there is no such thread or device, or no room for them
    """
    layouts, put = world.layouts, world.structures.put_known
    thread = world.thread(item.pid, item.tid)
    count = item.stack or max(len(item.devices), 1)
    if not len(item.devices) <= count <= _MOST_LOCATIONS:
        raise SpecError(f"an IRP of {count} stack locations can't have gone through {len(item.devices)} devices")
    size, step = layouts.size("_IRP"), layouts.size("_IO_STACK_LOCATION")
    address = item.address or world.pool.allocate(size + count * step, "Irp ")
    if item.address:
        world.pool.place(address, size + count * step, "Irp ")
    world.arena.clear(address, size + count * step)
    current = count - len(item.devices) + 1
    file = world.find(item.file, "_FILE_OBJECT") if item.file else 0
    put(
        "_IRP",
        address,
        {
            "Type": _IRP,
            "Size": size + count * step,
            "RequestorMode": int(item.pid != 4) * _USER_MODE,
            "StackCount": count,
            "CurrentLocation": current,
            "Tail.Overlay.Thread": thread.address,
            "Tail.Overlay.CurrentStackLocation": address + size + (current - 1) * step,
            "Tail.Overlay.OriginalFileObject": file,
        },
    )
    world.structures.list(address + layouts.offset("_IRP", "Tail.Overlay.ListEntry"), ())
    for number, label in enumerate(item.devices):
        lowest = number == len(item.devices) - 1
        device = world.find(label, "_DEVICE_OBJECT")
        fields: dict[str, int] = {
            "MajorFunction": item.major,
            "MinorFunction": item.minor,
            "Control": _PENDING if lowest else _PENDING | _INVOKE,
            "DeviceObject": device,
            "FileObject": file,
        }
        if number:  # who passed it on set its own completion routine here
            above = world.find(item.devices[number - 1], "_DEVICE_OBJECT")
            driver = world.structures.get("_DEVICE_OBJECT", above, "DriverObject")
            start = world.structures.get("_DRIVER_OBJECT", driver, "DriverStart")
            fields |= {"CompletionRoutine": start + 0x1100 if start else 0, "Control": _PENDING | _INVOKE}
        put("_IO_STACK_LOCATION", address + size + (count - 1 - number) * step, fields)
    thread.irps.append(address)
    world.placed(item.label, "_IRP", address, item.fields)


def handle(world: World, item: HandleItem) -> None:
    """Open a handle.

    :raises SpecError: when its value is none that a handle has, or is in use
    """
    process, target = world.process(item.pid), world.find(item.target)
    if item.value % 4 or not 0 < item.value < 1 << 26 or item.value in process.handles:
        raise SpecError(f"{item.value:x} can't be a handle: they are multiples of 4, and each is used once")
    if not 0 <= item.access < 1 << 25:
        raise SpecError(f"access {item.access:x} is more than 25 bits")
    if not 0 <= item.attributes < 8:
        raise SpecError(f"the attributes of a handle are three bits, not {item.attributes:x}")
    process.handles[item.value] = (world.objects.header(target), item.access, item.attributes)
    world.objects.opened(target)


def pool(world: World, item: PoolItem) -> None:
    """Place a pool block."""
    size = max(item.size, len(item.data))
    address = item.address
    if address:
        world.pool.place(address, size, item.tag, item.paged)
    else:
        address = world.pool.allocate(size, item.tag, item.paged)
    world.arena.clear(address, size)
    world.arena.write(address, item.data)
    world.placed(item.label, "", address)
