"""What ``!object`` says of an object: its type and how that was found, counts, name, contents."""

from __future__ import annotations

from dumpwalk.kernel.object_directory import directory, full_path
from dumpwalk.kernel.object_header import header_of, name_info, type_index, type_name, type_of
from dumpwalk.kernel.object_names import own_name
from dumpwalk.kernel.object_optional import check_distances, optional_headers
from dumpwalk.kernel.object_types import object_types
from dumpwalk.memory.address import Hex
from dumpwalk.objects.members import has, hexadecimal, integer, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.object_directory import DirectoryEntry
    from dumpwalk.kernel.object_optional import OptionalHeader
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# !object's flags, as Microsoft documents them.
DETAILS, CONTENTS, OPTIONAL_HEADERS, FULL_PATH = 1, 8, 0x10, 0x20
DEFAULT_FLAGS = DETAILS | CONTENTS
# Who says where the type is, up to Windows Vista.
OWN_POINTER = "the header's own pointer"


@record
class TypeSteps:
    """How the type of an object was found, step by step.

    :param header: address of the ``_OBJECT_HEADER``
    :param TypeIndex: as it stands there; ``None`` up to Windows Vista, whose headers point to the type
    :param address_byte: bits 8 to 15 of that address, which are mixed in; ``None`` where nothing is
    :param ObHeaderCookie: what else is mixed in
    :param index: what that makes
    :param entry: where the pointer to the type is: in ``ObTypeIndexTable``, or in the header; ``None`` where types
        were found without that table
    :param source: who says where table and cookie are
    """

    header: Address | Absent
    TypeIndex: Hex | Absent | None
    address_byte: Hex | None
    ObHeaderCookie: Hex | Absent | None
    index: int | Absent | None
    entry: Address | Absent | None
    type: Address | Absent
    source: str


@record
class ObjectInfo:
    """An object of the object manager; what was not asked for, or does not apply, is ``None``.

    :param header: where its ``_OBJECT_HEADER`` is
    :param new_version: the header is that of Windows 7 and later
    :param PointerCount: as it stands; since Windows 8 it counts many references in advance for each handle
    :param Directory: the directory it is in; 0 for one that is in none
    :param name: without its directory's; the path of a file, the full name of a registry key
    :param device: what the device is called that a file is on
    :param path: from the root
    :param LinkTarget: where a symbolic link leads
    :param DosDeviceDriveIndex: the drive letter that a symbolic link is, A being 1
    :param contents: of a directory
    """

    address: Address
    header: Address | Absent
    type: Address | Absent
    type_name: str | Absent
    new_version: bool | Absent
    HandleCount: int | Absent | None = None
    PointerCount: int | Absent | None = None
    Directory: Address | Absent | None = None
    name: str | Absent | None = None
    device: str | Absent | None = None
    path: str | Absent | None = None
    LinkTarget: str | Absent | None = None
    DosDeviceDriveIndex: int | Absent | None = None
    contents: tuple[DirectoryEntry, ...] | None = None
    optional_headers: tuple[OptionalHeader, ...] | Absent | None = None
    steps: TypeSteps | None = None
    problems: tuple[Problem, ...] = ()


def object_info(target: Target, address: int, flags: int = DEFAULT_FLAGS, *, steps: bool = False) -> ObjectInfo:
    """Return what is known of the object at *address*.

    :param flags: ``!object``'s: 1 counts and name, 8 contents (with 1), 0x10 optional headers, 0x20 path (with 1)
    :param steps: say how the type was found
    :raises TypeInfoError: when the types of this kernel are not known
    """
    address = target.address(address)
    header = header_of(target, address)
    place = target.address(int(header.address_))
    type, kind = type_of(target, address), type_name(target, address)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    if flags & DETAILS and not isinstance(kind, Absent):
        values = {"HandleCount": integer(header, "HandleCount"), "PointerCount": integer(header, "PointerCount")}
        values |= _name(target, address, kind)
        if flags & CONTENTS:
            values |= _contents(target, address, kind, problems)
        if flags & FULL_PATH:
            values["path"] = full_path(target, address)
    if flags & OPTIONAL_HEADERS:
        values["optional_headers"] = optional_headers(target, header)
        wrong = check_distances(target, header)
        problems += [wrong] if wrong else []
    if steps:
        values["steps"] = type_steps(target, address)
    new = not has(header, "Type")
    return ObjectInfo(address, place, type, kind, new, **values, problems=tuple(problems))


def _name(target: Target, address: Address, kind: str) -> dict[str, Any]:
    """Return the fields that say what an object is called and where."""
    info = name_info(target, address)
    if isinstance(info, Absent):
        return {"Directory": info, "name": info}
    if info is not None:
        return {"Directory": pointer(info, "Directory"), "name": info.Name.str_()}
    name, device = own_name(target, address, kind)
    return {} if name is None else {"Directory": target.address(0), "name": name, "device": device}


def _contents(target: Target, address: Address, kind: str, problems: list[Problem]) -> dict[str, Any]:
    """Return the fields that say what is in a directory, and where a symbolic link leads."""
    if kind == "Directory":
        found = directory(target, address)
        problems += found.problems
        return {"contents": found.entries}
    if kind == "SymbolicLink":
        link = target.object("_OBJECT_SYMBOLIC_LINK", address)
        drive = integer(link, "DosDeviceDriveIndex")
        return {"LinkTarget": link.LinkTarget.str_(), "DosDeviceDriveIndex": drive}
    return {}


def type_steps(target: Target, address: int) -> TypeSteps:
    """Return how the type of the object at *address* is found."""
    header = header_of(target, address)
    place = target.address(int(header.address_))
    table, type = object_types(target).table, type_of(target, address)
    if table is None:
        at = target.address(int(header.address_) + (header.plan_.field("Type").offset))
        return TypeSteps(place, None, None, None, None, at, type, OWN_POINTER)
    index, cookie = type_index(target, header), table.ObHeaderCookie
    entry: Address | Absent | None = None
    if isinstance(index, Absent):
        entry = index
    elif not isinstance(table.ObTypeIndexTable, Absent):
        entry = target.address(table.ObTypeIndexTable + index * target.machine.pointer_size)
    byte = None if cookie is None else Hex(place >> 8 & 0xFF)
    return TypeSteps(place, hexadecimal(header, "TypeIndex"), byte, cookie, index, entry, type, table.source)
