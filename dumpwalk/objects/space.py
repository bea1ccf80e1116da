"""A memory seen through the types of a database: what lies where, as which type."""

from __future__ import annotations

from dumpwalk.errors import FormatError, ReadError, TypeInfoError
from dumpwalk.memory.address import address_class
from dumpwalk.objects.enums import EnumValue
from dumpwalk.objects.numbers import number_of
from dumpwalk.objects.object import Indexed, Object
from dumpwalk.objects.plan import Plan
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Base, Enum, Pointer, Reference, Struct
from dumpwalk.types.spelling import dt_spelling, from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.address import Address
    from dumpwalk.memory.segments import Memory
    from dumpwalk.types.model import Type, TypeDatabase


class Space:
    """A memory seen through the types of a database; holds the plans, each made once.

    :ivar kind: the class of its addresses
    :ivar mask: the bits that an address of this memory's machine has
    """

    def __init__(self, memory: Memory, types: TypeDatabase) -> None:
        self.memory = memory
        self.types = types
        self.mask = 0xFFFFFFFF if types.pointer_size == 4 else 0xFFFFFFFFFFFFFFFF
        self.kind = address_class(types.pointer_size)
        self.plans: dict[str, Plan] = {}  # by the name or spelling they were asked for
        self._unnamed: dict[int, tuple[Type, Plan]] = {}

    def address(self, value: int) -> Address:
        """Return *value* as an address of this memory's machine, cut to its width."""
        return self.kind(value & 0xFFFFFFFFFFFFFFFF)

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

    def size_of(self, type: Type) -> int | None:
        """Return the size of *type* in bytes; ``None`` when it is not known."""
        plan = self.plans.get(type.name) if isinstance(type, Reference) else None
        return size_of(type, self.types) if plan is None else plan.size

    def object(self, type: str, address: int) -> Any:
        """Return the object of the type called *type* at *address*; see :func:`object_`."""
        plan = self.plans.get(type) or self.named(type)
        make = plan.make
        if make is None:
            return self.at(plan.type, address)
        thing = make()  # as Plan.object does, without the call
        thing.place_ = address & self.mask
        thing.data_ = None
        return thing

    def at(self, type: Type, address: int) -> Any:
        """Return what lies at *address* as a *type*: a number, an :class:`Object`, or why it can't be had."""
        return self.read_at(None, address, type, None)

    def read_at(self, parent: Object | None, offset: int, type: Type, bits: tuple[int, int] | None) -> Any:
        """Return the *type* at *offset* of *parent*, or at the address *offset* when there is none.

        :param bits: position and length of a bit field
        """
        place = (offset if parent is None else parent.place_ + offset) & self.mask
        if isinstance(type, Reference):
            plan = self.plans.get(type.name)  # to find a type takes ten times as long
            if plan is None:
                if self.types.find(type.name) is None:
                    return Absent(f"no type {type.name} in {self.types.name}")
                plan = self.named(type.name)
            if plan.make is not None:
                return plan.object(place)
            type = plan.type
        if isinstance(type, (Struct, Array)):
            return self.plan(type).object(place)
        size = type.size if isinstance(type, (Base, Pointer, Enum)) else 0
        if not 0 < size <= 16:
            return Absent(f"{dt_spelling(type).strip()} has no value")
        data = self._bytes(parent, offset, place, size)
        if isinstance(data, Absent):
            return data
        number = number_of(type, data, bits)
        if isinstance(type, Pointer):
            return Indexed(self.plan(type), place, self.address(int(number)))
        return EnumValue(int(number), type) if isinstance(type, Enum) else number

    def _bytes(self, parent: Object | None, offset: int, place: int, size: int) -> bytes | Absent:
        if parent is not None:
            data = parent.data_ if parent.data_ is not None else parent.load_()
            if offset >= 0 and offset + size <= len(data):
                return bytes(data[offset : offset + size])
        try:
            return self.memory.read(self.address(place), size)
        except ReadError as error:
            return Absent(str(error))


_spaces: list[Space] = []
_MOST_SPACES = 4


def object_(memory: Memory, types: TypeDatabase, type: str, address: int) -> Any:
    """Return the object of the type called *type* at *address*; a number's value where the type is a number.

    :param type: ``_FILE_OBJECT``, ``nt!_FILE_OBJECT``, or a spelling of ``dt``: ``[4] Ptr64 Void``
    :raises TypeInfoError: when there is no such type
    """
    return space_of(memory, types).object(type, address)


def space_of(memory: Memory, types: TypeDatabase) -> Space:
    """Return the space of *memory* and *types*; the last ones asked for are kept, with their plans."""
    for space in _spaces:
        if space.memory is memory and space.types is types:
            return space
    space = Space(memory, types)
    _spaces.insert(0, space)
    del _spaces[_MOST_SPACES:]
    return space


def at(space: Space, type: Type, address: int) -> Any:
    """Return what lies at *address* as a *type*: a number, an :class:`Object`, or why it can't be had."""
    return space.at(type, address)


def read_at(space: Space, parent: Object | None, offset: int, type: Type, bits: tuple[int, int] | None) -> Any:
    """Return what :meth:`Space.read_at` does."""
    return space.read_at(parent, offset, type, bits)
