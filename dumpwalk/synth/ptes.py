"""Writes page-table entries field by field, at the positions that a kernel's own types give.

It knows positions and lengths of fields and nothing of what they mean: the
reader it tests (:mod:`dumpwalk.memory.paging.software`) shares nothing with it.
"""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import TypeDatabase


def entry(types: TypeDatabase, view: str, **fields: int) -> int:
    """Return an entry that has *fields* and zeros elsewhere.

    :param view: which structure it is written as: ``SOFTWARE`` for ``_MMPTE_SOFTWARE``
    :raises UsageError: when there is no such structure or field, or the value needs more bits

    >>> from dumpwalk.types.store import Store
    >>> types = Store.shipped().open("nt/19041.3570-x64")
    >>> hex(entry(types, "SOFTWARE", Protection=4, PageFileLow=2, PageFileHigh=0x1BBEDA, PageFileAllocated=1))
    '0x1bbeda00002084'
    """
    places = bits(types, view)
    value = 0
    for name, number in fields.items():
        if name not in places:
            raise UsageError(f"_MMPTE_{view} of {types.name} has no field {name}")
        position, length = places[name]
        if not 0 <= number < 1 << length:
            raise UsageError(f"{number:#x} does not fit into {name} of _MMPTE_{view}: it has {length} bits")
        value |= number << position
    return value


def bits(types: TypeDatabase, view: str) -> dict[str, tuple[int, int]]:
    """Return position and length of each bit field of ``_MMPTE_`` + *view*; empty when there is no such structure."""
    found = types.find(f"_MMPTE_{view}")
    fields = found.fields if isinstance(found, Struct) else ()
    return {field.name: field.bits for field in fields if field.bits is not None}


def address_fields(
    types: TypeDatabase, view: str, address: int, pools: tuple[int, int, int] | None = None
) -> dict[str, int]:
    """Return the fields that hold *address* in a ``PROTOTYPE`` or ``SUBSECTION`` entry.

    64-bit and PAE entries hold it in one field. The 4-byte ones of Windows Vista and 7 hold its bits from 2 on in a
    low and a high field; those of Windows XP hold how far it is from where a pool begins or ends.

    :param pools: ``MmPagedPoolStart``, ``MmSubsectionBase``, ``MmNonPagedPoolEnd`` of Windows XP
    """
    name = "ProtoAddress" if view == "PROTOTYPE" else "SubsectionAddress"
    places = bits(types, view)
    if name in places:
        return {name: address & (1 << places[name][1]) - 1}
    low, high = places[f"{name}Low"][1], places[f"{name}High"][1]
    unit, more = 2, {}
    if "WhichPool" in places and pools is not None:
        if view == "PROTOTYPE":
            address -= pools[0]
        elif address >= pools[1] and address < pools[2] - (1 << 27):
            address, unit, more = address - pools[1], 3, {"WhichPool": 1}
        else:
            address, unit = pools[2] - address, 3
    return {
        f"{name}Low": address >> unit & (1 << low) - 1,
        f"{name}High": address >> (unit + low) & (1 << high) - 1,
    } | more


def swizzled(types: TypeDatabase, value: int, mask: int) -> int:
    """Return the invalid entry *value* as a kernel with this ``InvalidPteMask`` keeps it.

    Its bits are set where they are clear; where they are not, ``SwizzleBit`` says so.
    """
    places = bits(types, "SOFTWARE")
    if "SwizzleBit" not in places or not mask:
        return value
    return value | mask if not value & mask else value | 1 << places["SwizzleBit"][0]
