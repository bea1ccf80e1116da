"""``_OBJECT_HEADER``: what stands in front of each object of the object manager, its type and its name.

The type is a pointer up to Windows Vista, since 7 an index into ``nt!ObTypeIndexTable``, and since 10 that index is
mixed with ``nt!ObHeaderCookie`` and a byte of the header's own address. The optional headers lie below the header:
up to Vista it says how far each is away, since 7 a mask says which there are, and the sizes of those below follow
from the types.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.objects import object_
from dumpwalk.objects.members import has, integer, pointer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# Bits of InfoMask in the order in which the optional headers lie, the one that is nearest to the header first
# (ObpInfoMaskToOffset of the public symbols is made of them).
CREATOR_INFO, NAME_INFO = 1, 2
_OPTIONAL = {CREATOR_INFO: "_OBJECT_HEADER_CREATOR_INFO", NAME_INFO: "_OBJECT_HEADER_NAME_INFO"}


def header_of(target: Target, address: int) -> Any:
    """Return the ``_OBJECT_HEADER`` of the object at *address*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return target.object("_OBJECT_HEADER", address - offset_of(target.types, "_OBJECT_HEADER", "Body"))


def type_of(target: Target, address: int) -> Address | Absent:
    """Return the address of the ``_OBJECT_TYPE`` of the object at *address*, or why it is not known."""
    header = header_of(target, address)
    if has(header, "Type"):
        return pointer(header, "Type")
    index = type_index(target, header)
    if isinstance(index, Absent):
        return index
    table = target.address_of("ObTypeIndexTable")
    if table is None:
        return Absent("where ObTypeIndexTable lies is not known: the kernel is not known exactly")
    try:
        return target.read_pointer(table + index * target.machine.pointer_size)
    except ReadError as error:
        return Absent(str(error))


def type_index(target: Target, header: Any) -> int | Absent:
    """Return the index of an object's type that *header* holds, or why it is not known."""
    stored = integer(header, "TypeIndex")
    if isinstance(stored, Absent):
        return stored
    place = target.address_of("ObHeaderCookie")
    if place is None:
        return stored
    try:
        return stored ^ (int(header.address_) >> 8 & 0xFF) ^ target.read_int(place, 1)
    except ReadError as error:
        return Absent(f"ObHeaderCookie: {error}")


def type_name(target: Target, address: int) -> str | Absent:
    """Return what the type of the object at *address* is called, ``File``, or why that is not known."""
    type = type_of(target, address)
    if isinstance(type, Absent):
        return type
    if not type:
        return Absent("its type index leads to no type")
    text: str | Absent = target.object("_OBJECT_TYPE", type).Name.str_()
    return text


def name_info(target: Target, address: int) -> Any:
    """Return the ``_OBJECT_HEADER_NAME_INFO`` of the object at *address*; ``None`` when it has none."""
    header = header_of(target, address)
    if has(header, "NameInfoOffset"):
        below = integer(header, "NameInfoOffset")
    else:
        mask = integer(header, "InfoMask")
        below = mask if isinstance(mask, Absent) else _below(target, mask, NAME_INFO)
    if isinstance(below, Absent):
        return below
    if not below:
        return None
    return object_(target.memory, target.types, "_OBJECT_HEADER_NAME_INFO", int(header.address_) - below)


def object_name(target: Target, address: int) -> str | Absent | None:
    """Return the name of the object at *address*, without its directory's; ``None`` when it has no name.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    info = name_info(target, address)
    if info is None or isinstance(info, Absent):
        return info
    text: str | Absent = info.Name.str_()
    return text


def _below(target: Target, mask: int, bit: int) -> int:
    """Return how far below the header the optional header *bit* begins; 0 when *mask* has it not."""
    if not mask & bit:
        return 0
    out = 0
    for one, type in _OPTIONAL.items():
        if one <= bit and mask & one:
            size = size_of(Reference("struct", type), target.types)
            if size is None:
                raise TypeInfoError(f"no type {type} in {target.types.name}")
            out += size
    return out
