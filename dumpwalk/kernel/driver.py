"""``_DRIVER_OBJECT``: a driver, its devices, and the functions it handles requests with, as ``!drvobj`` shows it."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.routine import Routine, routine, routine_in
from dumpwalk.kernel.structures import structure, wrong_type
from dumpwalk.memory.address import Hex
from dumpwalk.memory.chain import single_list
from dumpwalk.objects.members import hexadecimal, integer, pointer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

IO_TYPE_DRIVER = 4  # wdm.h
_MAJORS = 28  # IRP_MJ_MAXIMUM_FUNCTION + 1
_MOST_DEVICES = 0x4000
_MOST_EXTENSIONS = 0x100


@record
class Dispatch:
    """One entry of ``MajorFunction``.

    :param major: ``IRP_MJ_CREATE``
    :param owner: whose code it is: ``driver`` its own, ``nt`` the kernel's, ``other`` another image's (a port or class
        driver's, or a hook), ``none`` in no loaded image
    """

    code: int
    major: str
    routine: Routine | Absent
    owner: str


@record
class FastIo:
    """One entry of ``FastIoDispatch``; *member* is its name in ``_FAST_IO_DISPATCH``."""

    member: str
    routine: Routine | Absent


@record
class ClientExtension:
    """What a driver keeps at its driver object under an *id*; *address* is that of its data."""

    id: Address | Absent
    address: Address


@record
class DriverObject:
    """A driver.

    :param name: ``DriverName``, ``\\Driver\\disk``
    :param devices: in the order of its list, the last one made first
    :param notes: which functions are not the driver's own
    """

    address: Address
    Type: int | Absent
    Size: Hex | Absent
    name: str | Absent
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    DriverStart: Address | Absent
    DriverSize: Hex | Absent
    DriverSection: Address | Absent
    module: str
    DriverInit: Routine | Absent
    DriverStartIo: Routine | Absent
    DriverUnload: Routine | Absent
    AddDevice: Routine | Absent
    extensions: tuple[ClientExtension, ...]
    devices: tuple[Address, ...]
    dispatch: tuple[Dispatch, ...]
    FastIoDispatch: Address | Absent
    fast_io: tuple[FastIo, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def driver_object(target: Target, address: int) -> DriverObject:
    """Return the driver at *address*.

    :raises ReadError: when the dump holds nothing of it
    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = structure(target, "_DRIVER_OBJECT", address)
    place = target.address(address)
    type = integer(at, "Type")
    problems = wrong_type(f"driver {place}", type, IO_TYPE_DRIVER, "a driver object")
    start, size, bits = pointer(at, "DriverStart"), hexadecimal(at, "DriverSize"), hexadecimal(at, "Flags")
    module = None if isinstance(start, Absent) else target.modules.find(start)
    devices, remarks = _devices(target, pointer(at, "DeviceObject"))
    extension = pointer(at, "DriverExtension")
    more: Any = extension
    if not isinstance(extension, Absent):
        more = target.object("_DRIVER_EXTENSION", extension) if extension else None
    clients, others = _extensions(target, more)
    image = (0, 0) if isinstance(start, Absent) or isinstance(size, Absent) else (int(start), int(start) + int(size))
    dispatch = tuple(_dispatch(target, at, code, image) for code in range(_MAJORS))
    fast = pointer(at, "FastIoDispatch")
    found, doubts = _judged(dispatch)
    return DriverObject(
        address=place,
        Type=type,
        Size=hexadecimal(at, "Size"),
        name=at.DriverName.str_(),
        Flags=bits,
        flag_names=flags("driver_object_flags", bits),
        DriverStart=start,
        DriverSize=size,
        DriverSection=pointer(at, "DriverSection"),
        module=module.name if module else "",
        DriverInit=routine_in(target, at, "DriverInit"),
        DriverStartIo=routine_in(target, at, "DriverStartIo"),
        DriverUnload=routine_in(target, at, "DriverUnload"),
        AddDevice=routine(target, 0) if more is None else routine_in(target, more, "AddDevice"),
        extensions=clients,
        devices=devices,
        dispatch=dispatch,
        FastIoDispatch=fast,
        fast_io=_fast_io(target, fast),
        notes=found,
        problems=(*problems, *remarks, *others, *doubts),
    )


def _devices(target: Target, first: Address | Absent) -> tuple[tuple[Address, ...], list[Problem]]:
    if isinstance(first, Absent):
        return (), [Problem("DeviceObject", first.reason)]
    link = offset_of(target.types, "_DEVICE_OBJECT", "NextDevice")
    chain = single_list(target.memory, target.machine, first, link, _MOST_DEVICES)
    found = tuple(target.address(device) for device in chain.addresses)
    return found, [Problem("NextDevice", what) for what in chain.problems]


def _extensions(target: Target, more: Any) -> tuple[tuple[ClientExtension, ...], list[Problem]]:
    """Return what ``IoAllocateDriverObjectExtension`` made: a header of two pointers, then the driver's data."""
    if more is None:
        return (), []
    first = pointer(more, "ClientDriverExtension")
    if isinstance(first, Absent) or not first:
        return (), []
    try:
        size = size_of(Reference("struct", "_IO_CLIENT_EXTENSION"), target.types)
        link = offset_of(target.types, "_IO_CLIENT_EXTENSION", "NextExtension")
    except TypeInfoError as error:
        return (), [Problem("ClientDriverExtension", str(error))]
    chain = single_list(target.memory, target.machine, first, link, _MOST_EXTENSIONS)
    found = tuple(
        ClientExtension(
            pointer(target.object("_IO_CLIENT_EXTENSION", one), "ClientIdentificationAddress"),
            target.address(one + (size or 0)),
        )
        for one in chain.addresses
    )
    return found, [Problem("ClientDriverExtension", what) for what in chain.problems]


def _dispatch(target: Target, at: Any, code: int, image: tuple[int, int]) -> Dispatch:
    name = name_of("irp_major", code) or ""
    entry = at.MajorFunction[code]
    if isinstance(entry, Absent):
        return Dispatch(code, name, entry, "")
    address = int(entry)
    found = routine(target, address)
    if image[0] <= address < image[1]:
        owner = "driver"
    else:
        owner = "nt" if found.module == "nt" else "other" if found.name else "none"
    return Dispatch(code, name, found, owner)


def _fast_io(target: Target, address: Address | Absent) -> tuple[FastIo, ...]:
    """Return the fast I/O functions that are set; the structure says itself how many of them it has."""
    if isinstance(address, Absent) or not address:
        return ()
    at = target.object("_FAST_IO_DISPATCH", address)
    size = integer(at, "SizeOfFastIoDispatch")
    found = []
    for field in getattr(at.type_, "fields", ())[1:]:
        function = routine_in(target, at, field.name)
        inside = isinstance(size, Absent) or field.offset < size
        if inside and not isinstance(function, Absent) and function.address:
            found.append(FastIo(field.name, function))
    return tuple(found)


def _judged(dispatch: tuple[Dispatch, ...]) -> tuple[tuple[str, ...], list[Problem]]:
    """Return which requests others than the driver handle, and which nobody that is loaded."""
    others: dict[str, list[str]] = {}
    lost = []
    for entry in dispatch:
        if isinstance(entry.routine, Absent):
            continue
        if entry.owner == "other":
            others.setdefault(entry.routine.module, []).append(entry.major)
        elif entry.owner == "none":
            what = "null" if not entry.routine.address else f"{entry.routine.address}, in no loaded image"
            lost.append(Problem(entry.major, f"its function is {what}"))
    notes = []
    for module, majors in others.items():
        shown = ", ".join(majors[:3]) + (f" and {len(majors) - 3} more" if len(majors) > 3 else "")
        notes.append(f"{shown}: handled outside the driver's image, by {module}: a port or class driver, or a hook")
    return tuple(notes), lost
