"""``_SHARED_CACHE_MAP``: what the cache manager keeps of a file.

It sees a file through views of 256 KB, each described by a ``_VACB``, which are found through an array of pointers:
four of the map's own while the section has at most 1 MB, one array up to 32 MB, and above that a tree of arrays of
128 (Russinovich, Solomon and Ionescu, Windows Internals, "Cache data structures").
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.members import fast_reference, integer, member, pointer
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.target import Target

# VACB_OFFSET_SHIFT, and how much more of the offset each level of the tree of arrays takes.
_VACB_SHIFT, _LEVEL_SHIFT = 18, 7
_ONE_ARRAY = 1 << _VACB_SHIFT + _LEVEL_SHIFT


@record
class Vacb:
    """The view of the cache that holds one offset of a file.

    :param number: which view of the file it is
    :param address: of the ``_VACB``
    :param BaseAddress: where the view is mapped
    :param data: where in it the offset is
    """

    number: int | Absent
    address: Address | Absent
    BaseAddress: Address | Absent
    data: Address | Absent


@record
class SharedCacheMap:
    """What the cache manager keeps of a file.

    :param file_offset: the offset that was looked for, the file object's ``CurrentByteOffset``
    :param vacb: the view that holds it; ``None`` when it is not mapped into the cache
    """

    address: Address | Absent
    OpenCount: int | Absent
    FileSize: Hex | Absent
    SectionSize: Hex | Absent
    ValidDataLength: Hex | Absent
    FileObject: Address | Absent
    file_offset: Hex | Absent
    vacb: Vacb | Absent | None


def shared_cache_map(target: Target, address: int, offset: int | Absent) -> SharedCacheMap:
    """Return the shared cache map at *address*, and the view that holds the byte at *offset* of the file."""
    place = target.address(int(address))
    map = target.object("_SHARED_CACHE_MAP", place)
    return SharedCacheMap(
        place,
        integer(map, "OpenCount"),
        large_integer(map, "FileSize"),
        large_integer(map, "SectionSize"),
        large_integer(map, "ValidDataLength"),
        fast_reference(map, "FileObjectFastRef", "FileObject"),
        offset if isinstance(offset, Absent) else Hex(offset),
        offset if isinstance(offset, Absent) else _vacb(target, map, int(offset)),
    )


def _vacb(target: Target, map: Any, offset: int) -> Vacb | Absent | None:
    size, array = large_integer(map, "SectionSize"), pointer(map, "Vacbs")
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


def large_integer(object: Any, name: str) -> Hex | Absent:
    """Return a ``_LARGE_INTEGER``; whether its ``QuadPart`` is known depends on where the types come from."""
    found = member(object, name)
    if isinstance(found, Absent):
        return found
    raw = found.bytes_()
    return raw if isinstance(raw, Absent) else Hex(int.from_bytes(raw[:8], "little"))
