"""How a type is read: its size, and a function for each member that takes it out of the bytes."""

from __future__ import annotations

import struct

from dumpwalk.objects.numbers import struct_code
from dumpwalk.objects.object import AT_ONCE, TAKEN, Indexed, Object
from dumpwalk.objects.sizes import size_of
from dumpwalk.types.model import Array, Base, Pointer, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dumpwalk.objects.space import Space
    from dumpwalk.types.model import Field, Type

    Reader = Callable[[Object], Any]

_WHOLE = frozenset("bhiqBHIQ")  # the codes of whole numbers; in capitals, of those without a sign


class Plan:
    """How to read one type: its size, and for a structure a function for each member.

    :ivar make: makes an object of a structure or an array that has no place yet; ``None`` for a number. For a
        structure it is their class, whose properties are the members: ``__getattr__`` would cost three times as
        much as the reading
    :ivar view: gives the bytes of an object, without copying them where the memory can do so
    :ivar at_once: how many bytes an object reads of itself, at the first member
    """

    def __init__(self, space: Space, type: Type) -> None:
        self.space = space
        self.type = type
        self.size = size_of(type, space.types)
        self.view: Callable[[int, int], bytes | memoryview] = getattr(space.memory, "view", space.memory.read)
        self.at_once = self.size if self.size and self.size <= AT_ONCE else 0
        self.members: dict[str, Reader] = {}
        self.make: Any = None
        if isinstance(type, Struct):
            for field in type.fields:
                if field.name not in self.members:
                    self.members[field.name] = _Unread(self, field)
            self.make = _class_of(self, type.name)
        elif isinstance(type, Array):
            self.make = lambda: Indexed(self)

    def object(self, place: int) -> Object:
        """Return the object at *place* of a structure or an array."""
        thing: Object = self.make()
        thing.place_ = place
        thing.data_ = None
        return thing

    def field(self, name: str) -> Field | None:
        """Return the member called *name*."""
        return next((f for f in getattr(self.type, "fields", ()) if f.name == name), None)


class _Unread:
    """Reads a member for the first time and leaves the function that reads it in its own place.

    A kernel structure has hundreds of members, of which a command asks for a few.
    """

    __slots__ = ("field", "plan")

    def __init__(self, plan: Plan, field: Field) -> None:
        self.plan = plan
        self.field = field

    def __call__(self, parent: Object) -> Any:
        plan, name = self.plan, self.field.name
        reader = plan.members[name] = _reader(plan.space, self.field)
        if isinstance(vars(plan.make).get(name), property):
            setattr(plan.make, name, property(reader))
        return reader(parent)


def _class_of(plan: Plan, name: str) -> type[Object]:
    """Return the class of the objects that *plan* is for; an object's own names win."""
    named: dict[str, Any] = {
        n: property(reader)
        for n, reader in plan.members.items()
        if n not in TAKEN and not (n[:2] == "__" and n[-2:] == "__")
    }
    # A name out of a dump's or a user's types may be anything; Python shows it where a member is not there.
    return type(name if name.isidentifier() else "Object", (Object,), {**named, "__slots__": (), "plan_": plan})


def _reader(space: Space, field: Field) -> Reader:
    """Return the function that takes *field* out of an object; numbers by the short way."""
    type, offset, bits = field.type, field.offset, field.bits
    code = struct_code(type) if 0 <= offset < AT_ONCE else ""
    if bits is not None and isinstance(type, Base) and code in _WHOLE and 0 <= bits[0] <= 64 and 0 <= bits[1] <= 64:
        return _bits(space, type, offset, code, bits)
    if not code or bits is not None:
        return lambda parent: space.read_at(parent, offset, type, bits)
    if isinstance(type, Pointer):
        return _pointer(space, type, offset, code)
    if code == "B":
        return _byte(space, type, offset)
    unpack = _unpack(offset, code)

    def number(parent: Object) -> Any:
        data = parent.data_
        if data is None:
            data = parent.load_()
        try:
            return unpack(data)[0]
        except struct.error:  # not all of the structure is there
            return space.read_at(parent, offset, type, None)

    return number


def _unpack(offset: int, code: str) -> Callable[[bytes | memoryview], tuple[Any, ...]]:
    """Return what takes the number at *offset*: padding is skipped sooner than an argument is understood."""
    return struct.Struct(f"<{offset}x{code}").unpack_from


def _byte(space: Space, type: Type, offset: int) -> Reader:
    def byte(parent: Object) -> Any:
        data = parent.data_
        if data is None:
            data = parent.load_()
        try:
            return data[offset]
        except IndexError:
            return space.read_at(parent, offset, type, None)

    return byte


def _bits(space: Space, type: Type, offset: int, code: str, bits: tuple[int, int]) -> Reader:
    unpack, shift, mask = _unpack(offset, code.upper()), bits[0], (1 << bits[1]) - 1

    def part(parent: Object) -> Any:
        data = parent.data_
        if data is None:
            data = parent.load_()
        try:
            return unpack(data)[0] >> shift & mask
        except struct.error:
            return space.read_at(parent, offset, type, bits)

    return part


def _pointer(space: Space, type: Pointer, offset: int, code: str) -> Reader:
    unpack, address = _unpack(offset, code), space.kind
    plans: list[Plan] = []

    def pointer(parent: Object) -> Any:
        data = parent.data_
        if data is None:
            data = parent.load_()
        try:
            value = unpack(data)[0]
        except struct.error:
            return space.read_at(parent, offset, type, None)
        if not plans:
            plans.append(space.plan(type))
        return Indexed(plans[0], parent.place_ + offset & space.mask, address(value))

    return pointer
