"""Objects: a type at an address, read when it is asked for.

::

    file = object_(memory, types, "_FILE_OBJECT", 0x8750EF80)
    file.Size                                       # 128: numbers are numbers
    file.SectionObjectPointer.DataSectionObject     # a pointer's members are those of what it points to
    file.FileName.str_()

An object's own names end in ``_``, so that members never clash with them. A
member that the type lacks is an :exc:`AttributeError`; one that can't be read
is an :class:`~dumpwalk.remarks.Absent`, which is false.

Each structure has a plan: for each member a function that takes it out of the
bytes, and a class with these as properties (``__getattr__`` would cost three
times as much as the reading). The bytes are read at the first member, at once.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError, ReadError, TypeInfoError
from dumpwalk.memory.address import address_class
from dumpwalk.objects.enums import EnumValue
from dumpwalk.objects.numbers import number_of, struct_code
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Base, Enum, Field, Pointer, Reference, Struct
from dumpwalk.types.spelling import dt_spelling, from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.memory.segments import Memory
    from dumpwalk.types.model import Type, TypeDatabase

# A structure up to this size is read at once; a larger one is a damaged type or read member by member.
_AT_ONCE = 0x10000


class Space:
    """A memory seen through the types of a database; holds the plans, each made once."""

    def __init__(self, memory: Memory, types: TypeDatabase) -> None:
        self.memory = memory
        self.types = types
        self._address = address_class(types.pointer_size)
        self.plans: dict[str, Plan] = {}  # by the name or spelling they were asked for
        self._unnamed: dict[int, tuple[Type, Plan]] = {}

    def address(self, value: int) -> Address:
        """Return *value* as an address of this memory's machine, cut to its width."""
        return self._address(value & 0xFFFFFFFFFFFFFFFF)

    def plan(self, type: Type) -> Plan:
        """Return the plan of *type*.

        :raises TypeInfoError: when it is a reference to a type that the database lacks
        """
        plan = self.plans.get(type.name) if isinstance(type, (Reference, Struct)) else None
        if plan is not None and (plan.type is type or isinstance(type, Reference)):
            return plan
        if isinstance(type, Reference):
            return self.named(type.name)
        if id(type) not in self._unnamed:
            self._unnamed[id(type)] = type, Plan(self, type)  # the entry keeps the type, and so its id, alive
        return self._unnamed[id(type)][1]

    def named(self, name: str) -> Plan:
        """Return the plan of the structure or enumeration called *name*, or of a type spelled as ``dt`` does.

        :raises TypeInfoError: when there is no such type
        """
        plan = self.plans.get(name)
        if plan is None:
            bare = name.rpartition("!")[2]
            type: Type | None = self.types.find(bare)
            if type is None and (" " in bare or bare[-1:] == "B" or bare in ("Char", "UChar", "Wchar", "Void")):
                try:
                    type = from_dt(bare, self.types.pointer_size)
                except FormatError as error:
                    raise TypeInfoError(str(error)) from error
            if type is None:
                raise TypeInfoError(f"no type {bare} in {self.types.name}")
            plan = self.plans[name] = Plan(self, type)
        return plan


class Plan:
    """How to read one type: its size, and for a structure a function for each member."""

    def __init__(self, space: Space, type: Type) -> None:
        self.space = space
        self.type = type
        self.size = size_of(type, space.types)
        self.read = space.memory.read
        self.at_once = self.size if self.size and self.size <= _AT_ONCE else 0  # what an object reads of itself
        self.members: dict[str, Callable[[Object], Any]] = {}
        if isinstance(type, Struct):
            for field in type.fields:
                if field.name not in self.members:
                    self.members[field.name] = self._reader(field)
        self.make = _class_with(self.members)

    def field(self, name: str) -> Field | None:
        """Return the member called *name*."""
        return next((f for f in getattr(self.type, "fields", ()) if f.name == name), None)

    def _reader(self, field: Field) -> Callable[[Object], Any]:
        """Return the function that takes *field* out of an object; numbers by the short way."""
        type, offset = field.type, field.offset
        code = struct_code(type) if field.bits is None and 0 <= offset < _AT_ONCE else ""
        if not code:
            space = self.space
            return lambda parent: read_at(space, parent, offset, type, field.bits)
        unpack = struct.Struct("<" + code).unpack_from
        if isinstance(type, Pointer):
            return self._pointer_reader(type, offset, unpack)

        def number(parent: Object) -> Any:
            data = parent.data_
            if data is None:
                data = parent.load_()
            try:
                return unpack(data, offset)[0]
            except struct.error:  # not all of the structure is there
                return read_at(parent.plan_.space, parent, offset, type, None)

        return number

    def _pointer_reader(self, type: Pointer, offset: int, unpack: Callable[..., Any]) -> Callable[[Object], Any]:
        space, address = self.space, self.space.address
        plans: list[Plan] = []

        def pointer(parent: Object) -> Any:
            data = parent.data_
            if data is None:
                data = parent.load_()
            try:
                value = unpack(data, offset)[0]
            except struct.error:
                return read_at(space, parent, offset, type, None)
            if not plans:
                plans.append(space.plan(type))
            return Object(plans[0], address(parent.address_ + offset), address(value))

        return pointer


class Object:
    """A type at an address. Made by :func:`object_` and by asking an object for a member.

    :ivar address_: where it lies; for a pointer, where the pointer itself lies
    :ivar plan_: how it is read
    :ivar data_: its bytes; ``None`` before they are read, cut off where the memory does not hold them
    :ivar pointer_: what a pointer points to; ``None`` for anything else
    """

    __slots__ = ("address_", "data_", "plan_", "pointer_")

    def __init__(self, plan: Plan, address: int, pointer: Address | None = None) -> None:
        self.plan_ = plan
        self.address_ = address
        self.data_: bytes | None = None
        self.pointer_ = pointer

    @property
    def type_(self) -> Type:
        """Its type."""
        return self.plan_.type

    @property
    def size_(self) -> int | None:
        """Its size in bytes; ``None`` when the type does not say."""
        return self.plan_.size

    def load_(self) -> bytes:
        """Read all of it, and return what could be read: all of it or nothing."""
        try:
            self.data_ = data = self.plan_.read(self.address_, self.plan_.at_once)
        except ReadError:  # where not all of it is there, each member says for itself what is missing
            self.data_ = data = b""
        return data

    def __getattr__(self, name: str) -> Any:
        reader = self.plan_.members.get(name)
        if reader is not None:
            return reader(self)
        if self.pointer_ is None or name[:2] == "__":
            raise AttributeError(f"{dt_spelling(self.plan_.type)} has no member {name}")
        target = self.deref_()
        if isinstance(target, Object) and name in target.plan_.members:
            return target.plan_.members[name](target) if self.pointer_ else Absent(f"{name} of a null pointer")
        raise AttributeError(f"{dt_spelling(self.plan_.type)} has no member {name}")

    def member_(self, path: str) -> Any:
        """Return the member *path*, ``Tcb.ApcState.Process``; on the way an absent value is the answer.

        :raises AttributeError: when the type has no such member
        """
        at: Any = self
        for name in path.split("."):
            if isinstance(at, Absent):
                return at
            at = getattr(at, name) if name not in _OWN else at.__getattr__(name)
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
            element, base = type.element, self.address_
        else:
            raise TypeInfoError(f"{dt_spelling(type)} has no elements")
        size = size_of(element, space.types)
        if size is None and index:
            raise TypeInfoError(f"the size of {dt_spelling(element)} is not known")
        return at(space, element, space.address(base + index * (size or 0)))

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
        return at(space, plan.type, self._place())

    def container_of_(self, type: str, path: str) -> Any:
        """Return the structure called *type* whose member *path* lies here, or is what a pointer points to.

        :raises TypeInfoError: when there is no such type or member
        """
        space = self.plan_.space
        return at(space, space.named(type).type, space.address(self._place() - offset_of(space.types, type, path)))

    def _place(self) -> int:
        return self.address_ if self.pointer_ is None else self.pointer_

    def bytes_(self) -> bytes | Absent:
        """Return its bytes."""
        size = self.plan_.size
        if size is None or size > _AT_ONCE:
            return Absent(f"{dt_spelling(self.plan_.type)} has no size to read by")
        try:
            return self.plan_.read(self.address_, size)
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
        return isinstance(other, Object) and (self.address_, self.type_) == (other.address_, other.type_)

    def __hash__(self) -> int:
        return hash(self.address_ if self.pointer_ is None else self.pointer_)

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


_OWN = tuple(name for name in vars(Object) if name.endswith("_") and not name.startswith("_"))
_spaces: list[Space] = []


def _class_with(members: dict[str, Callable[[Object], Any]]) -> type[Object]:
    """Return the class of the objects that have these *members*; an object's own names win."""
    named = {name: property(read) for name, read in members.items() if name not in _OWN and name[:2] != "__"}
    return type("Object", (Object,), {"__slots__": (), **named}) if named else Object


def object_(memory: Memory, types: TypeDatabase, type: str, address: int) -> Any:
    """Return the object of the type called *type* at *address*; a number's value where the type is a number.

    :param type: ``_FILE_OBJECT``, ``nt!_FILE_OBJECT``, or a spelling of ``dt``: ``[4] Ptr64 Void``
    :raises TypeInfoError: when there is no such type
    """
    space = space_of(memory, types)
    plan = space.plans.get(type) or space.named(type)
    address = space.address(address)
    return plan.make(plan, address) if plan.make is not Object else at(space, plan.type, address)


def space_of(memory: Memory, types: TypeDatabase) -> Space:
    """Return the space of *memory* and *types*; the last ones asked for are kept, with their plans."""
    for space in _spaces:
        if space.memory is memory and space.types is types:
            return space
    space = Space(memory, types)
    _spaces.insert(0, space)
    del _spaces[4:]
    return space


def at(space: Space, type: Type, address: int) -> Any:
    """Return what lies at *address* as a *type*: a number, an :class:`Object`, or why it can't be had."""
    return read_at(space, None, address, type, None)


def read_at(space: Space, parent: Object | None, offset: int, type: Type, bits: tuple[int, int] | None) -> Any:
    """Return the *type* at *offset* of *parent*, or at the address *offset* when there is none.

    :param bits: position and length of a bit field
    """
    address = space.address(offset if parent is None else parent.address_ + offset)
    if isinstance(type, Reference):
        found = space.types.find(type.name)
        if found is None:
            return Absent(f"no type {type.name} in {space.types.name}")
        if isinstance(found, Struct):
            plan = space.plan(type)
            return plan.make(plan, address)
        type = found
    if isinstance(type, (Struct, Array)):
        plan = space.plan(type)
        return plan.make(plan, address)
    size = type.size if isinstance(type, (Base, Pointer, Enum)) else 0
    if not 0 < size <= 16:
        return Absent(f"{dt_spelling(type).strip()} has no value")
    data = _bytes(space, parent, offset, address, size)
    if isinstance(data, Absent):
        return data
    number = number_of(type, data, bits)
    if isinstance(type, Pointer):
        return Object(space.plan(type), address, space.address(int(number)))
    return EnumValue(int(number), type) if isinstance(type, Enum) else number


def _bytes(space: Space, parent: Object | None, offset: int, address: int, size: int) -> bytes | Absent:
    if parent is not None:
        data = parent.data_ if parent.data_ is not None else parent.load_()
        if offset >= 0 and offset + size <= len(data):
            return data[offset : offset + size]
    try:
        return space.memory.read(address, size)
    except ReadError as error:
        return Absent(str(error))
