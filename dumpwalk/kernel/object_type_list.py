"""The types of objects that a kernel has, with how many objects and handles there are of each."""

from __future__ import annotations

from dumpwalk.kernel.object_instances import type_names
from dumpwalk.kernel.object_types import object_types
from dumpwalk.objects.members import integer
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_types import TypeTable
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target


@record
class ObjectType:
    """An ``_OBJECT_TYPE``.

    :param index: in ``ObTypeIndexTable``; up to Windows Vista the type's own number
    :param Key: the pool tag of its objects
    """

    index: int | Absent
    address: Address | Absent
    Name: str | Absent
    Key: str | Absent
    TotalNumberOfObjects: int | Absent
    TotalNumberOfHandles: int | Absent
    HighWaterNumberOfObjects: int | Absent
    HighWaterNumberOfHandles: int | Absent


@record
class ObjectTypeList:
    """All types.

    :param table: how indexes lead to types; ``None`` up to Windows Vista
    """

    table: TypeTable | None
    types: tuple[ObjectType, ...]
    problems: tuple[Problem, ...] = ()


def object_type_list(target: Target) -> ObjectTypeList:
    """Return the object types of *target*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    types = object_types(target)
    if types.table is not None:
        found = tuple(_type(target, type, index, types.name_at(index)) for index, type in types.all())
    else:
        found = tuple(
            _type(target, type, None, name)
            for type, name in sorted(type_names(target), key=lambda pair: _own_index(target, pair[0]))
        )
    problems = () if found else (Problem("object types", "no type of objects could be found"),)
    return ObjectTypeList(types.table, found, problems)


def _own_index(target: Target, type: Address | Absent) -> int:
    found = type if isinstance(type, Absent) else integer(target.object("_OBJECT_TYPE", type), "Index")
    return 0 if isinstance(found, Absent) else int(found)


def _type(target: Target, address: Address | Absent, index: int | None, name: str | Absent) -> ObjectType:
    if isinstance(address, Absent):
        return ObjectType(index or 0, address, name, *(address,) * 5)
    type = target.object("_OBJECT_TYPE", address)
    key = integer(type, "Key")
    return ObjectType(
        index if index is not None else integer(type, "Index"),
        address,
        name,
        key if isinstance(key, Absent) else key.to_bytes(4, "little").decode("latin-1"),
        integer(type, "TotalNumberOfObjects"),
        integer(type, "TotalNumberOfHandles"),
        integer(type, "HighWaterNumberOfObjects"),
        integer(type, "HighWaterNumberOfHandles"),
    )
