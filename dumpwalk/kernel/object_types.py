"""Which type an index in an object's header stands for: ``ObTypeIndexTable``, and since Windows 10 the cookie.

Where those are found is in :mod:`dumpwalk.kernel.object_type_finding`.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.object_type_search import FoundTypes, is_type_name
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address, Hex
    from dumpwalk.target import Target

# ObTypeIndexTable has as many entries as a byte can number; the first two are no types.
MOST_TYPES = 0x100
_DELETED = 1


@record
class TypeTable:
    """How the index in a header becomes a type.

    :param ObTypeIndexTable: where it is; absent where the types were found one by one
    :param ObHeaderCookie: its value; ``None`` for a kernel that mixes nothing into the index
    :param source: in words, who says so
    :param problems: what contradicts it
    """

    ObTypeIndexTable: Address | Absent
    ObHeaderCookie: Hex | Absent | None
    source: str
    problems: tuple[Problem, ...] = ()


class ObjectTypes:
    """The object types of one target; what was found of each is kept.

    :ivar table: ``None`` up to Windows Vista, whose headers point to the type
    """

    def __init__(self, target: Target, table: TypeTable | None, found: FoundTypes | None = None) -> None:
        self._target = target
        self.table = table
        self._found = found.by_index if found else {}
        self._types: dict[int, Address | Absent] = {}
        self._names: dict[int, str | Absent] = {}

    def index(self, header: int, stored: int) -> int | Absent:
        """Return the index of a type.

        :param header: address of the ``_OBJECT_HEADER``
        :param stored: its ``TypeIndex``
        """
        cookie = self.table.ObHeaderCookie if self.table else None
        if isinstance(cookie, Absent):
            return cookie
        return stored if cookie is None else stored ^ (header >> 8 & 0xFF) ^ cookie

    def at(self, index: int) -> Address | Absent:
        """Return the address of the ``_OBJECT_TYPE`` with that *index*, or why there is none."""
        if index not in self._types:
            self._types[index] = self._look_up(index)
        return self._types[index]

    def _look_up(self, index: int) -> Address | Absent:
        if index == _DELETED:
            return Absent("its type index is 1, which no type has: the object was deleted")
        if not 1 < index < MOST_TYPES:
            return Absent(f"its type index is {index}, which no type has")
        place = self.table.ObTypeIndexTable if self.table else Absent("")
        if isinstance(place, Absent):
            if index in self._found:
                return self._found[index][0]
            return Absent(f"no type with the index {index:#x} is in the dump, and {place.reason}")
        entry = self._entry(place, index)
        if isinstance(entry, Absent):
            return entry if index not in self._found else self._found[index][0]
        return entry

    def _entry(self, table: Address, index: int) -> Address | Absent:
        """Return what the table says of *index*, if that is a type."""
        target, width = self._target, self._target.machine.pointer_size
        try:
            type = target.read_pointer(table + index * width)
        except ReadError as error:
            return Absent(f"ObTypeIndexTable[{index:#x}]: {error}")
        if not type:
            return Absent(f"ObTypeIndexTable[{index:#x}] is empty: this is no object, or the cookie is wrong")
        said = target.object("_OBJECT_TYPE", type).Index
        if isinstance(said, Absent):
            return Absent(f"the type that ObTypeIndexTable[{index:#x}] leads to can't be read: {said.reason}")
        if said != index:
            return Absent(f"ObTypeIndexTable[{index:#x}] leads to {type}, whose Index is {said:#x}: that is no type")
        name = self.name(type)
        return type if not isinstance(name, Absent) else Absent(f"{type} is no object type: {name.reason}")

    def name(self, type: Address) -> str | Absent:
        """Return what the ``_OBJECT_TYPE`` at *type* is called, or why that is not known."""
        if type not in self._names:
            found = self._target.object("_OBJECT_TYPE", type).Name.str_() if type else Absent("its type is null")
            if isinstance(found, str) and not is_type_name(found):
                found = Absent("the name of its type is none")
            self._names[type] = found
        return self._names[type]

    def name_at(self, index: int) -> str | Absent:
        """Return what the type with that *index* is called; that may be known of one that is not in the dump."""
        type = self.at(index)
        found = self._found.get(index)
        if isinstance(type, Absent) and found is not None:
            return found[1]
        return type if isinstance(type, Absent) else self.name(type)

    def all(self) -> tuple[tuple[int, Address | Absent], ...]:
        """Return index and address of every type, in order of their indexes.

        Where the table ends is not known: it ends with the last entry that leads to a type. What lies between and
        does not is returned with its reason.
        """
        if self.table is None or isinstance(self.table.ObTypeIndexTable, Absent):
            return tuple((index, type) for index, (type, _) in sorted(self._found.items()))
        out = [(index, self.at(index)) for index in range(2, MOST_TYPES)]
        while out and isinstance(out[-1][1], Absent):
            out.pop()
        return tuple(out)


def object_types(target: Target) -> ObjectTypes:
    """Return the object types of *target*; they are looked for once.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return target.once("object types", _find)


def _find(target: Target) -> ObjectTypes:
    from dumpwalk.kernel.object_type_finding import find

    return find(target)


def type_problems(target: Target) -> tuple[Problem, ...]:
    """Return what is wrong with how this target's object types were found, which concerns each of its objects."""
    table = object_types(target).table
    return table.problems if table is not None else ()
