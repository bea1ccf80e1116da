"""What an object can be asked: its members and elements, its place, its text."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.objects.sizes import offset_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Pointer
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.objects.plan import Plan
    from dumpwalk.types.model import Type

# A structure up to this size is read at once; a larger one is a damaged type or read member by member.
AT_ONCE = 0x10000


class Object:
    """A type at an address. Made by :func:`~dumpwalk.objects.object_` and by asking an object for a member.

    Each structure has a class of its own, which its plan makes: the members are
    its properties. It has no ``__getattr__``, which slows every attribute down
    in Python 3.11 and before, whether it is called or not.

    :cvar plan_: how it is read
    :ivar place_: where it lies, as a plain number
    :ivar data_: its bytes; ``None`` before they are read, empty where the memory does not hold them all
    :ivar pointer_: what a pointer points to; ``None`` for anything else
    """

    __slots__ = ("data_", "place_")

    plan_: Plan
    place_: int
    data_: bytes | memoryview | None
    pointer_: Address | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a member."""

    @property
    def address_(self) -> Address:
        """Where it lies; for a pointer, where the pointer itself lies."""
        return self.plan_.space.address(self.place_)

    @property
    def type_(self) -> Type:
        """Its type."""
        return self.plan_.type

    @property
    def size_(self) -> int | None:
        """Its size in bytes; ``None`` when the type does not say."""
        return self.plan_.size

    def load_(self) -> bytes | memoryview:
        """Read all of it, and return what could be read: all of it or nothing."""
        plan = self.plan_
        try:
            self.data_ = data = plan.view(self.place_, plan.at_once)
        except ReadError:  # where not all of it is there, each member says for itself what is missing
            self.data_ = data = b""
        return data

    def member_(self, path: str) -> Any:
        """Return the member *path*, ``Tcb.ApcState.Process``; on the way an absent value is the answer.

        :raises AttributeError: when the type has no such member
        """
        at: Any = self
        for name in path.split("."):
            if isinstance(at, Absent):
                return at
            at = _covered(at, name) if name in TAKEN or name[:2] == "__" else getattr(at, name)
        return at

    def deref_(self) -> Any:
        """Return what a pointer points to: an object, or the value where that is a number.

        :raises TypeInfoError: when this is no pointer, or the type it points to is not known
        """
        return self.element_(0)

    def element_(self, index: int) -> Any:
        """Return element *index* of an array, or of what a pointer points to. Nothing checks the index."""
        space, type = self.plan_.space, self.plan_.type
        if isinstance(type, Pointer) and self.pointer_ is not None:
            element, base = type.target, int(self.pointer_)
        elif isinstance(type, Array):
            element, base = type.element, self.place_
        else:
            raise TypeInfoError(f"{dt_spelling(type)} has no elements")
        size = space.size_of(element) if index else 0
        if size is None:
            raise TypeInfoError(f"the size of {dt_spelling(element)} is not known")
        return space.at(element, base + index * size)

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.plan_.type, Array):
            if index < 0:
                index += self.plan_.type.count
            if not 0 <= index < self.plan_.type.count:
                raise IndexError(f"{dt_spelling(self.plan_.type)} has no element {index}")
        return self.element_(index)

    def __len__(self) -> int:
        if isinstance(self.plan_.type, Array):
            return self.plan_.type.count
        raise TypeError(f"{dt_spelling(self.plan_.type)} has no length")

    def __bool__(self) -> bool:
        return self.pointer_ is None or self.pointer_ != 0

    def __iter__(self) -> Iterator[Any]:
        return (self.element_(i) for i in range(len(self)))

    def cast_(self, type: Type | str) -> Any:
        """Return what a pointer points to, or what lies here, as a *type*: its name, or the type itself.

        :raises TypeInfoError: when there is no such type
        """
        space = self.plan_.space
        plan = space.named(type) if isinstance(type, str) else space.plan(type)
        return space.at(plan.type, _target(self))

    def container_of_(self, type: str, path: str) -> Any:
        """Return the structure called *type* whose member *path* lies here, or is what a pointer points to.

        :raises TypeInfoError: when there is no such type or member
        """
        space = self.plan_.space
        return space.at(space.named(type).type, _target(self) - offset_of(space.types, type, path))

    def bytes_(self) -> bytes | Absent:
        """Return its bytes."""
        size = self.plan_.size
        if size is None or size > AT_ONCE:
            return Absent(f"{dt_spelling(self.plan_.type)} has no size to read by")
        try:
            return self.plan_.space.memory.read(self.address_, size)
        except ReadError as error:
            return Absent(str(error))

    def str_(self) -> str | Absent:
        """Return the text of a ``_UNICODE_STRING``, a ``_STRING``, or an array of or pointer to characters.

        Characters that are none are replaced; text ends at a zero where nothing else says how long it is.
        """
        from dumpwalk.objects.strings import text_of

        return text_of(self)

    def __int__(self) -> int:
        if self.pointer_ is None:
            raise TypeError(f"{dt_spelling(self.plan_.type)} is no number")
        return int(self.pointer_)

    __index__ = __int__

    def __eq__(self, other: object) -> bool:
        if self.pointer_ is not None:
            return isinstance(other, (int, Object)) and self.pointer_ == (
                other.pointer_ if isinstance(other, Object) else other
            )
        return isinstance(other, Object) and (self.place_, self.type_) == (other.place_, other.type_)

    def __hash__(self) -> int:
        return hash(_target(self))

    def __dir__(self) -> list[str]:
        target = self.deref_() if self.pointer_ else self
        return sorted({*_OWN, *(target.plan_.members if isinstance(target, Object) else ())})

    def __repr__(self) -> str:
        if self.pointer_ is not None:
            return f"<{dt_spelling(self.plan_.type).strip()} {self.pointer_}>"
        return f"<{dt_spelling(self.plan_.type)} at {self.address_}>"

    def _repr_html_(self) -> str:
        """The object as a table, for notebooks."""
        from dumpwalk.objects.notebook import table

        return table(self)


class Indexed(Object):
    """A pointer or an array: what has elements, and no members of its own."""

    __slots__ = ("plan_", "pointer_")

    def __init__(self, plan: Plan, place: int = 0, pointer: Address | None = None) -> None:
        self.plan_ = plan
        self.place_ = place
        self.data_ = None
        self.pointer_ = pointer

    def __getattr__(self, name: str) -> Any:
        """Return the member *name* of the structure that a pointer points to."""
        if name in TAKEN or name[:2] == "__":  # Python asks copies, not filled in yet, for such
            raise AttributeError(name)
        return _pointed(self, name)


_OWN = tuple(name for name in vars(Object) if name.endswith("_") and not name.startswith("_")) + ("plan_",)
# What an object says for itself, whatever members its type has.
TAKEN = frozenset((*dir(Object), "plan_"))


def _target(thing: Object) -> int:
    return thing.place_ if thing.pointer_ is None else thing.pointer_


def _covered(thing: Any, name: str) -> Any:
    """Return a member that goes by one of the names that an object has for itself."""
    if not isinstance(thing, Object):
        raise AttributeError(f"a number has no member {name}")
    reader = thing.plan_.members.get(name)
    return reader(thing) if reader is not None else _pointed(thing, name)


def _pointed(thing: Object, name: str) -> Any:
    if thing.pointer_ is not None:
        target = thing.deref_()
        if isinstance(target, Object) and name in target.plan_.members:
            return target.plan_.members[name](target) if thing.pointer_ else Absent(f"{name} of a null pointer")
    raise _lacks(thing, name)


def _lacks(thing: Object, name: str) -> AttributeError:
    return AttributeError(f"{dt_spelling(thing.plan_.type)} has no member {name}")
