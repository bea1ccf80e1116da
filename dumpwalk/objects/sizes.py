"""How large a type is, and where in it a member lies."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.model import Array, Base, Enum, Pointer, Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type, TypeDatabase

_DEEPEST = 32


def size_of(type: Type | None, types: TypeDatabase) -> int | None:
    """Return the size of *type* in bytes; ``None`` when the database does not know."""
    count = 1
    for _ in range(_DEEPEST):
        if isinstance(type, Reference):
            type = types.find(type.name)
        if not isinstance(type, Array):
            break
        count *= type.count
        type = type.element
    return type.size * count if isinstance(type, (Base, Pointer, Enum, Struct)) else None


def offset_of(types: TypeDatabase, type: str, path: str) -> int:
    """Return the offset of the member *path*, ``Tcb.ApcState``, in the structure called *type*.

    :raises TypeInfoError: when there is no such type or member
    """
    offset = 0
    at: Type | None = types.find(type.rpartition("!")[2])
    for name in path.split("."):
        if isinstance(at, Reference):
            at = types.find(at.name)
        field = next((f for f in at.fields if f.name == name), None) if isinstance(at, Struct) else None
        if field is None:
            raise TypeInfoError(f"no member {path} in {type}")
        offset += field.offset
        at = field.type
    return offset
