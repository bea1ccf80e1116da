"""``_FILE_OBJECT``: what an open file is to the kernel, as ``!fileobj`` shows it."""

from __future__ import annotations

from dumpwalk.kernel import constants
from dumpwalk.kernel.cache_map import large_integer, shared_cache_map
from dumpwalk.kernel.driver_name import driver_name
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import boolean, has, hexadecimal, integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.cache_map import SharedCacheMap
    from dumpwalk.target import Target

# IO_TYPE_FILE (ntifs.h), what the first member of each file object says.
FILE_OBJECT_TYPE = 5
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
class SectionObjectPointers:
    """The three pointers that all file objects of one stream share."""

    address: Address | Absent
    DataSectionObject: Address | Absent
    SharedCacheMap: Address | Absent
    ImageSectionObject: Address | Absent


@record
class FileObject:
    """A file object.

    :param driver: name of the driver of its device; ``None`` without one
    :param access: what was asked for when it was opened: ``Read``, ``SharedWrite``, ...
    :param flag_names: of ``Flags``: ``FO_SYNCHRONOUS_IO``, ...
    :param event_signalled: its ``Event`` is set
    :param irps: IRPs that are queued to it, where this build keeps a list of them
    :param sections: what ``SectionObjectPointer`` points to; ``None`` when it is null
    :param cache: the shared cache map; ``None`` when there is none
    """

    address: Address | Absent
    Type: int | Absent
    Size: int | Absent
    FileName: str | Absent
    RelatedFileObject: Address | Absent
    DeviceObject: Address | Absent
    driver: str | Absent | None
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
    flags = hexadecimal(file, "Flags")
    sections = section_object_pointers(target, file, at, problems)
    offset = large_integer(file, "CurrentByteOffset")
    cache = None
    mapped = sections.SharedCacheMap if sections is not None else None
    if mapped and not isinstance(mapped, Absent):
        cache = shared_cache_map(target, mapped, offset)
    device = pointer(file, "DeviceObject")
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
        boolean(file, "LockOperation"),
        boolean(file, "DeletePending"),
        tuple(word for name, word in _ACCESS.items() if integer(file, name)),
        flags,
        constants.flags("file_object_flags", flags),
        offset,
        boolean(file, "Event.Header.SignalState"),
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
