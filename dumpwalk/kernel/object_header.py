"""``_OBJECT_HEADER``: what stands in front of each object of the object manager, its type and its name.

The type is a pointer up to Windows Vista, since 7 an index into ``nt!ObTypeIndexTable``, and since 10 that index is
mixed with ``nt!ObHeaderCookie`` and a byte of the header's own address (:mod:`dumpwalk.kernel.object_types`). The
optional headers lie below the header (:mod:`dumpwalk.kernel.object_optional`).
"""

from __future__ import annotations

from dumpwalk.kernel.object_optional import distances
from dumpwalk.kernel.object_types import object_types
from dumpwalk.objects import object_
from dumpwalk.objects.members import has, integer, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target


def body_offset(target: Target) -> int:
    """Return how far behind its ``_OBJECT_HEADER`` an object begins.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return target.once("object body", _body)


def _body(target: Target) -> int:
    return offset_of(target.types, "_OBJECT_HEADER", "Body")


def header_of(target: Target, address: int) -> Any:
    """Return the ``_OBJECT_HEADER`` of the object at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return target.object("_OBJECT_HEADER", address - body_offset(target))


def type_of(target: Target, address: int) -> Address | Absent:
    """Return the address of the ``_OBJECT_TYPE`` of the object at *address*, or why it is not known."""
    header = header_of(target, address)
    if not has(header, "Type"):
        index = type_index(target, header)
        return index if isinstance(index, Absent) else object_types(target).at(index)
    type = pointer(header, "Type")
    if isinstance(type, Absent):
        return type
    name = object_types(target).name(type)
    return Absent(f"{type} is no object type: {name.reason}") if isinstance(name, Absent) else type


def type_index(target: Target, header: Any) -> int | Absent:
    """Return the index of an object's type that *header* holds, or why it is not known."""
    stored = integer(header, "TypeIndex")
    if isinstance(stored, Absent):
        return stored
    return object_types(target).index(int(header.address_), stored)


def type_name(target: Target, address: int) -> str | Absent:
    """Return what the type of the object at *address* is called, ``File``, or why that is not known."""
    header = header_of(target, address)
    if has(header, "Type"):
        type = type_of(target, address)
        return type if isinstance(type, Absent) else object_types(target).name(type)
    index = type_index(target, header)
    return index if isinstance(index, Absent) else object_types(target).name_at(index)


def name_info(target: Target, address: int) -> Any:
    """Return the ``_OBJECT_HEADER_NAME_INFO`` of the object at *address*; ``None`` when it has none."""
    header = header_of(target, address)
    found = distances(target, header)
    if isinstance(found, Absent):
        return found
    if "NAME" not in found:
        return None
    return object_(target.memory, target.types, "_OBJECT_HEADER_NAME_INFO", int(header.address_) - found["NAME"])


def object_name(target: Target, address: int) -> str | Absent | None:
    """Return the name of the object at *address*, without its directory's; ``None`` when it has no name.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    info = name_info(target, address)
    if info is None or isinstance(info, Absent):
        return info
    text: str | Absent = info.Name.str_()
    return text
