"""``_FILE_OBJECT``: what an open file is to the kernel, and what the cache manager keeps of it, as ``!fileobj`` shows.

The cache manager sees a file through views of 256 KB, each described by a ``_VACB``. A ``_SHARED_CACHE_MAP`` finds
them through an array of pointers: four of its own while the section has at most 1 MB, one array up to 32 MB, and
above that a tree of arrays of 128 (Russinovich, Solomon and Ionescu, Windows Internals, "Cache data structures").
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel import constants
from dumpwalk.kernel.object_header import object_name
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import fast_reference, has, hexadecimal, integer, member, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.target import Target

# IO_TYPE_FILE (ntifs.h), what the first member of each file object says.
FILE_OBJECT_TYPE = 5
# VACB_OFFSET_SHIFT, and how much more of the offset each level of the tree of arrays takes.
_VACB_SHIFT, _LEVEL_SHIFT = 18, 7
_ONE_ARRAY = 1 << _VACB_SHIFT + _LEVEL_SHIFT
# Members that are BOOLEANs, and what !fileobj calls them.
_ACCESS = {
    "ReadAccess": "Read",
    "WriteAccess": "Write",
    "DeleteAccess": "Delete",
    "SharedRead": "SharedRead",
    "SharedWrite": "SharedWrite",
    "SharedDelete": "SharedDelete",
}
_MOST_IRPS = 4096


@record
class Vacb:
    """The view of the cache that holds one offset of a file.

    :param number: which view of the file it is
    :param address: of the ``_VACB``
    :param BaseAddress: where the view is mapped
    :param data: where in it the offset is
    """

    number: int
    address: Address
    BaseAddress: Address | Absent
    data: Address | Absent


@record
class SharedCacheMap:
    """What the cache manager keeps of a file.

    :param file_offset: the offset that was looked for, the file object's ``CurrentByteOffset``
    :param vacb: the view that holds it; ``None`` when it is not mapped into the cache
    """

    address: Address
    OpenCount: int | Absent
    FileSize: Hex | Absent
    SectionSize: Hex | Absent
    ValidDataLength: Hex | Absent
    FileObject: Address | Absent
    file_offset: Hex | Absent
    vacb: Vacb | Absent | None


@record
class SectionObjectPointers:
    """The three pointers that all file objects of one stream share."""

    address: Address
    DataSectionObject: Address | Absent
    SharedCacheMap: Address | Absent
    ImageSectionObject: Address | Absent


@record
class FileObject:
    """A file object.

    :param driver: name of the driver of its device
    :param access: what was asked for when it was opened: ``Read``, ``SharedWrite``, ...
    :param flag_names: of ``Flags``: ``FO_SYNCHRONOUS_IO``, ...
    :param event_signalled: its ``Event`` is set
    :param irps: IRPs that are queued to it, where this build keeps a list of them
    :param sections: what ``SectionObjectPointer`` points to; ``None`` when it is null
    :param cache: the shared cache map; ``None`` when there is none
    """

    address: Address
    Type: int | Absent
    Size: int | Absent
    FileName: str | Absent
    RelatedFileObject: Address | Absent
    DeviceObject: Address | Absent
    driver: str | Absent
    Vpb: Address | Absent
    FsContext: Address | Absent
    FsContext2: Address | Absent
    SectionObjectPointer: Address | Absent
    PrivateCacheMap: Address | Absent
    LockOperation: bool | Absent
    DeletePending: bool | Absent
    access: tuple[str, ...]
    Flags: Hex | Absent
    flag_names: tuple[str, ...]
    CurrentByteOffset: Hex | Absent
    event_signalled: bool | Absent
    irps: tuple[Address, ...]
    sections: SectionObjectPointers | None
    cache: SharedCacheMap | None
    problems: tuple[Problem, ...] = ()


def file_name(target: Target, address: int) -> str | Absent:
    """Return the name in the file object at *address*, without its volume's; ``""`` when it has none.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    text: str | Absent = target.object("_FILE_OBJECT", address).FileName.str_()
    return text


def file_object(target: Target, address: int) -> FileObject:
    """Return what the file object at *address* says.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    at = target.address(int(address))
    file = target.object("_FILE_OBJECT", at)
    problems: list[Problem] = []
    kind = integer(file, "Type")
    if not isinstance(kind, Absent) and kind != FILE_OBJECT_TYPE:
        problems.append(
            Problem(f"_FILE_OBJECT {at:x}", f"Type is {kind}, not {FILE_OBJECT_TYPE}: this is no file object")
        )
    access: list[str] = []
    for name, word in _ACCESS.items():
        if integer(file, name):
            access.append(word)
    flags = hexadecimal(file, "Flags")
    sections = section_object_pointers(target, file, at, problems)
    offset = _large(file, "CurrentByteOffset")
    cache = None
    mapped = sections.SharedCacheMap if sections is not None else None
    if mapped and not isinstance(mapped, Absent):
        cache = shared_cache_map(target, mapped, offset)
    device = pointer(file, "DeviceObject")
    signalled = integer(file, "Event.Header.SignalState")
    return FileObject(
        at,
        kind,
        integer(file, "Size"),
        file.FileName.str_(),
        pointer(file, "RelatedFileObject"),
        device,
        device if isinstance(device, Absent) else driver_name(target, device),
        pointer(file, "Vpb"),
        pointer(file, "FsContext"),
        pointer(file, "FsContext2"),
        pointer(file, "SectionObjectPointer"),
        pointer(file, "PrivateCacheMap"),
        _boolean(file, "LockOperation"),
        _boolean(file, "DeletePending"),
        tuple(access),
        flags,
        () if isinstance(flags, Absent) else constants.flags("file_object_flags", flags),
        offset,
        signalled if isinstance(signalled, Absent) else bool(signalled),
        _irps(target, file, at, problems),
        sections,
        cache,
        tuple(problems),
    )


def section_object_pointers(
    target: Target, file: Any, address: Address, problems: list[Problem]
) -> SectionObjectPointers | None:
    """Return what a file object's ``SectionObjectPointer`` points to; ``None`` when it is null or can't be read."""
    place = pointer(file, "SectionObjectPointer")
    if isinstance(place, Absent) or not place:
        return None
    pointers = target.object("_SECTION_OBJECT_POINTERS", place)
    data, cache, image = (
        pointer(pointers, name) for name in ("DataSectionObject", "SharedCacheMap", "ImageSectionObject")
    )
    if not any(isinstance(found, Absent) for found in (data, image)) and data and data == image:
        what = f"DataSectionObject and ImageSectionObject are both {data:x}: one control area can't be both"
        problems.append(Problem(f"_SECTION_OBJECT_POINTERS {place:x}", what))
    return SectionObjectPointers(place, data, cache, image)


def driver_name(target: Target, device: int) -> str | Absent:
    r"""Return the name of the driver whose device object is at *device*, ``\Driver\volmgr``; ``""`` for none."""
    if not device:
        return ""
    driver = pointer(target.object("_DEVICE_OBJECT", device), "DriverObject")
    if isinstance(driver, Absent):
        return driver
    if not driver:
        return Absent("the device object has no driver")
    name: str | Absent = target.object("_DRIVER_OBJECT", driver).DriverName.str_()
    if not name:  # the object's own name is then the only one
        return object_name(target, driver) or name
    return name


def shared_cache_map(target: Target, address: int, offset: int | Absent) -> SharedCacheMap:
    """Return the shared cache map at *address*, and the view that holds the byte at *offset* of the file."""
    place = target.address(int(address))
    map = target.object("_SHARED_CACHE_MAP", place)
    return SharedCacheMap(
        place,
        integer(map, "OpenCount"),
        _large(map, "FileSize"),
        _large(map, "SectionSize"),
        _large(map, "ValidDataLength"),
        fast_reference(map, "FileObjectFastRef", "FileObject"),
        offset if isinstance(offset, Absent) else Hex(offset),
        offset if isinstance(offset, Absent) else _vacb(target, map, int(offset)),
    )


def _vacb(target: Target, map: Any, offset: int) -> Vacb | Absent | None:
    size, array = _large(map, "SectionSize"), pointer(map, "Vacbs")
    if isinstance(size, Absent):
        return size
    if isinstance(array, Absent):
        return array
    if not array or not 0 <= offset < max(size, 1):
        return None
    width = target.machine.pointer_size
    shift, rest = _VACB_SHIFT + _LEVEL_SHIFT, offset
    try:
        if size > _ONE_ARRAY:
            while size > 1 << shift:
                shift += _LEVEL_SHIFT
            while shift > _VACB_SHIFT + _LEVEL_SHIFT:
                shift -= _LEVEL_SHIFT
                array = target.read_pointer(array + (rest >> shift) * width)
                if not array:
                    return None
                rest &= (1 << shift) - 1
        found = target.read_pointer(array + (rest >> _VACB_SHIFT) * width)
    except ReadError as error:
        return Absent(f"the array of VACBs can't be read: {error}")
    if not found:
        return None
    vacb = target.object("_VACB", found)
    owner = pointer(vacb, "SharedCacheMap")
    if not isinstance(owner, Absent) and owner != map.address_:
        return Absent(f"the VACB at {found:x} is of the shared cache map {owner:x}, not of this one")
    base = pointer(vacb, "BaseAddress")
    data = base if isinstance(base, Absent) else target.address(base + (offset & (1 << _VACB_SHIFT) - 1))
    return Vacb(offset >> _VACB_SHIFT, found, base, data)


def _irps(target: Target, file: Any, address: Address, problems: list[Problem]) -> tuple[Address, ...]:
    """Return the IRPs in ``IrpList`` of Windows Vista and later, linked by the IRPs' ``ThreadListEntry``."""
    if not has(file, "IrpList"):
        return ()
    head = address + offset_of(target.types, "_FILE_OBJECT", "IrpList")
    first = pointer(file, "IrpList.Flink")
    if isinstance(first, Absent) or first in (0, head):
        return ()
    chain = linked_list(target.memory, target.machine, head, _MOST_IRPS)
    problems += [Problem(f"_FILE_OBJECT {address:x} IrpList", what) for what in chain.problems]
    link = offset_of(target.types, "_IRP", "ThreadListEntry")
    return tuple(target.address(entry - link) for entry in chain.addresses)


def _large(object: Any, name: str) -> Hex | Absent:
    """Return a ``_LARGE_INTEGER``; whether its ``QuadPart`` is known depends on where the types come from."""
    found = member(object, name)
    if isinstance(found, Absent):
        return found
    raw = found.bytes_()
    return raw if isinstance(raw, Absent) else Hex(int.from_bytes(raw[:8], "little"))


def _boolean(object: Any, name: str) -> bool | Absent:
    found = integer(object, name)
    return found if isinstance(found, Absent) else bool(found)
