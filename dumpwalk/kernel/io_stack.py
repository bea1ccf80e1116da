"""``_IO_STACK_LOCATION``: what one driver of a stack is asked to do."""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.driver_name import driver_name
from dumpwalk.kernel.routine import Routine, routine_in
from dumpwalk.kernel.structures import structure
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import hexadecimal, integer, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

PENDING, CANCEL, SUCCESS, ERROR = 0x01, 0x20, 0x40, 0x80  # SL_PENDING_RETURNED, SL_INVOKE_ON_* of wdm.h
# The major functions whose minor function 0 the debugger names; for the others 0 means none.
MINORS_FROM_0 = ("IRP_MJ_PNP", "IRP_MJ_POWER", "IRP_MJ_SYSTEM_CONTROL")
# The kernel's own completion routine, which calls another one and keeps its driver from being unloaded meanwhile.
UNLOAD_SAFE = "nt!IopUnloadSafeCompletion"

_CREATE = {
    0x01: "SL_FORCE_ACCESS_CHECK",
    0x02: "SL_OPEN_PAGING_FILE",
    0x04: "SL_OPEN_TARGET_DIRECTORY",
    0x08: "SL_STOP_ON_SYMLINK",
    0x80: "SL_CASE_SENSITIVE",
}
_TRANSFER = {
    0x01: "SL_KEY_SPECIFIED",
    0x02: "SL_OVERRIDE_VERIFY_VOLUME",
    0x04: "SL_WRITE_THROUGH",
    0x08: "SL_FT_SEQUENTIAL_WRITE",
    0x10: "SL_FORCE_DIRECT_WRITE",
    0x20: "SL_REALTIME_STREAM",
}
_CONTROL = {0x01: "SL_READ_ACCESS_GRANTED", 0x02: "SL_OVERRIDE_VERIFY_VOLUME", 0x04: "SL_WRITE_ACCESS_GRANTED"}
_SCAN = {0x01: "SL_RESTART_SCAN", 0x02: "SL_RETURN_SINGLE_ENTRY", 0x04: "SL_INDEX_SPECIFIED"}
# What the bits of Flags mean depends on the major function; wdm.h and ntifs.h, under the heading of each.
_FLAGS = {
    "IRP_MJ_CREATE": _CREATE,
    "IRP_MJ_CREATE_NAMED_PIPE": _CREATE,
    "IRP_MJ_READ": _TRANSFER,
    "IRP_MJ_WRITE": _TRANSFER,
    "IRP_MJ_DEVICE_CONTROL": _CONTROL,
    "IRP_MJ_INTERNAL_DEVICE_CONTROL": _CONTROL,
    "IRP_MJ_LOCK_CONTROL": {0x01: "SL_FAIL_IMMEDIATELY", 0x02: "SL_EXCLUSIVE_LOCK"},
    "IRP_MJ_DIRECTORY_CONTROL": _SCAN,
    "IRP_MJ_QUERY_EA": _SCAN,
    "IRP_MJ_QUERY_QUOTA": _SCAN,
}
# Two of these have requests, named by the minor function, with flags of their own.
_FLAGS_OF_MINOR = {
    "IRP_MN_NOTIFY_CHANGE_DIRECTORY": {0x01: "SL_WATCH_TREE"},
    "IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX": {0x01: "SL_WATCH_TREE"},
    "IRP_MN_USER_FS_REQUEST": _CONTROL,
    "IRP_MN_MOUNT_VOLUME": {0x01: "SL_ALLOW_RAW_MOUNT"},
    "IRP_MN_VERIFY_VOLUME": {0x01: "SL_ALLOW_RAW_MOUNT"},
}


@record
class StackLocation:
    """One stack location.

    :param number: as ``CurrentLocation`` counts, from 1 for the lowest driver
    :param current: it is the one whose driver has the request
    :param major: name of ``MajorFunction``, and *minor* of ``MinorFunction``; ``""`` for one without
    :param flag_names: the bits of ``Flags``, which mean something else for each major function
    :param driver: ``DriverName`` of the device's driver; ``None`` without a device
    :param CompletionRoutine: what is called when the driver of this location is done; the driver above it set it
    :param arguments: the parameters as four words, the control code of a device control among them
    """

    number: int
    address: Address | Absent
    current: bool
    MajorFunction: Hex | Absent
    major: str
    MinorFunction: Hex | Absent
    minor: str
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    Control: Hex | Absent
    control_names: tuple[str, ...]
    DeviceObject: Address | Absent
    driver: str | Absent | None
    FileObject: Address | Absent
    CompletionRoutine: Routine | Absent
    Context: Address | Absent
    arguments: tuple[Hex | Absent, ...]


def stack_location(
    target: Target, address: int, number: int, current: bool, drivers: dict[int, str | Absent | None]
) -> StackLocation:
    """Return the stack location at *address*.

    :param drivers: names of the drivers of devices that were asked for; new ones are added

    :raises TypeInfoError: when the types of this kernel are not known
    """
    try:
        at = structure(target, "_IO_STACK_LOCATION", address)
    except ReadError as error:
        return _missing(target, address, number, current, Absent(error.reason))
    major, minor = hexadecimal(at, "MajorFunction"), hexadecimal(at, "MinorFunction")
    bits, control = hexadecimal(at, "Flags"), hexadecimal(at, "Control")
    major_name, minor_name = names(major, minor)
    device = pointer(at, "DeviceObject")
    if isinstance(device, Absent):
        driver: str | Absent | None = device
    else:
        if device not in drivers:
            drivers[device] = driver_name(target, device)
        driver = drivers[device]
    return StackLocation(
        number,
        target.address(address),
        current,
        major,
        major_name,
        minor,
        minor_name,
        bits,
        () if isinstance(bits, Absent) else flag_names(major_name, minor_name, bits),
        control,
        flags("io_stack_control", control),
        device,
        driver,
        pointer(at, "FileObject"),
        routine_in(target, at, "CompletionRoutine"),
        pointer(at, "Context"),
        tuple(_argument(target, integer(at, f"Parameters.Others.Argument{n}")) for n in range(1, 5)),
    )


def _missing(target: Target, address: int, number: int, current: bool, why: Absent) -> StackLocation:
    """Return a stack location of which nothing is in the dump: one reason for all of its fields."""
    unnamed: tuple[str, ...] = ()
    codes = (why, "", why, "", why, unnamed, why, unnamed)
    return StackLocation(number, target.address(address), current, *codes, why, why, why, why, why, (why,) * 4)


def _argument(target: Target, value: int | Absent) -> Hex | Absent:
    return value if isinstance(value, Absent) else Hex(value & (1 << 8 * target.machine.pointer_size) - 1)


def names(major: int | Absent, minor: int | Absent) -> tuple[str, str]:
    """Return what a major and a minor function code are called; ``""`` for one without a name."""
    name = "" if isinstance(major, Absent) else name_of("irp_major", major) or ""
    if not name or isinstance(minor, Absent):
        return name, ""
    try:
        return name, name_of(f"irp_minor {name}", minor) or ""
    except KeyError:  # most major functions have no minor ones
        return name, ""


def flag_names(major: str, minor: str, value: int) -> tuple[str, ...]:
    """Return the names of the bits of ``Flags``; one without a name as a number.

    >>> flag_names("IRP_MJ_READ", "", 0x05), flag_names("IRP_MJ_DEVICE_CONTROL", "", 0x05)
    (('SL_KEY_SPECIFIED', 'SL_WRITE_THROUGH'), ('SL_READ_ACCESS_GRANTED', 'SL_WRITE_ACCESS_GRANTED'))
    """
    table = _FLAGS_OF_MINOR.get(minor) or _FLAGS.get(major, {})
    return tuple(table.get(1 << bit, f"{1 << bit:#x}") for bit in range(8) if value >> bit & 1)
