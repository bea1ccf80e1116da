"""Members that other builds call otherwise: the first of several names that a type has."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from dumpwalk.objects import Object

    T = TypeVar("T")


def member(object: Object | Absent, *paths: str) -> Any:
    """Return the first of *paths* that the type of *object* has, the newest build's name first.

    :return: what :meth:`Object.member_` returns; :class:`Absent` when the type has none of them, or *object* is absent
    """
    if isinstance(object, Absent):
        return object
    for path in paths:
        try:
            return object.member_(path)
        except AttributeError:
            continue
    return Absent(f"{getattr(object.type_, 'name', 'this type')} of this build has no {paths[0]}")


def lacking(error: AttributeError) -> TypeInfoError:
    """Return *error* as what it means to an analyst: the types in use lack a member, or have a number in its place.

    :raises AttributeError: *error* itself, when it is of anything else
    """
    from dumpwalk.objects.object import TAKEN, Object

    thing = getattr(error, "obj", None)
    if isinstance(thing, (int, Absent)) and error.name in TAKEN:
        return TypeInfoError(
            "the types in use have a number where other kernels have a structure; --types NAME brings other types"
        )
    if not isinstance(thing, Object):
        raise error
    what = f"{getattr(thing.type_, 'name', '')} has no member {error.name} in {thing.plan_.space.types.name}"
    return TypeInfoError(f"{what}; --types NAME brings other types")


def has(object: Object, path: str) -> bool:
    """Say whether the type of *object* has the member *path*, whatever its value is."""
    try:
        object.member_(path)
    except AttributeError:
        return False
    return True


def integer(object: Object | Absent, *paths: str) -> int | Absent:
    """Return a member that is a number (or a pointer, as one); see :func:`member`."""
    found = member(object, *paths)
    return found if isinstance(found, Absent) else int(found)


def hexadecimal(object: Object | Absent, *paths: str) -> Hex | Absent:
    """Return a member that is a number that people read in hexadecimal: without a sign; see :func:`member`."""
    found = member(object, *paths)
    if isinstance(found, Absent):
        return found
    value = int(found)
    if value < 0:
        value &= (1 << 8 * _size(object, *paths)) - 1
    return Hex(value)


def _size(object: Any, *paths: str) -> int:
    """Return how many bytes the first of *paths* that there is has."""
    way, _, name = next(path for path in paths if has(object, path)).rpartition(".")
    parent = object.member_(way) if way else object
    plan = (parent if parent.pointer_ is None else parent.deref_()).plan_
    return size_of(plan.field(name).type, plan.space.types) or 8


def boolean(object: Object | Absent, *paths: str) -> bool | Absent:
    """Return whether a member that is a number is not 0; see :func:`member`."""
    found = integer(object, *paths)
    return found if isinstance(found, Absent) else bool(found)


def optional(read: Callable[..., T], object: Object | Absent, *paths: str) -> T | None:
    """Return a member that not every build has; ``None`` where this one has none of *paths*.

    :param read: how: :func:`integer`, :func:`hexadecimal`, :func:`pointer`, ...
    """
    if isinstance(object, Absent) or any(has(object, path) for path in paths):
        return read(object, *paths)
    return None


def pointer(object: Object | Absent, *paths: str) -> Address | Absent:
    """Return what a member that is a pointer points to, 0 for null; see :func:`member`."""
    found = member(object, *paths)
    if isinstance(object, Absent) or isinstance(found, Absent):
        return found if isinstance(found, Absent) else Absent("")
    return object.plan_.space.address(int(found))


def fast_reference(object: Object | Absent, *paths: str) -> Address | Absent:
    """Return what an ``EX_FAST_REF`` member points to, without the count in its low bits, or a plain pointer's value.

    The count has as many bits as ``_EX_FAST_REF.RefCnt`` of the kernel's types says: three on 32-bit machines, four
    on 64-bit ones. Before Windows Vista some of these members were plain pointers.
    """
    found = member(object, *paths)
    if isinstance(object, Absent) or isinstance(found, Absent):
        return found if isinstance(found, Absent) else Absent("")
    space = object.plan_.space
    if not has(found, "RefCnt"):
        return pointer(object, *paths)
    field = found.plan_.field("RefCnt")
    value = integer(found, "Value", "Object")
    if isinstance(value, Absent):
        return value
    return space.address(value & ~((1 << field.bits[1]) - 1))
