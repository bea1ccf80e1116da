"""Which type an index in an object's header stands for: ``ObTypeIndexTable``, and since Windows 10 the cookie.

Who is asked, in this order: the kernel's symbols; the code of its exported ``ObGetObjectType``; objects whose type is
known. What the first two say is tried on such objects too: a cookie that makes the dump's process anything but a
process is wrong, and then the objects are believed.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.object_type_search import FoundTypes, is_type_name, search
from dumpwalk.kernel.once import once
from dumpwalk.kernel.variables import pointer_in
from dumpwalk.memory.address import Hex
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
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
        """Return index and address of every type, in order of their indexes."""
        if self.table is None or isinstance(self.table.ObTypeIndexTable, Absent):
            return tuple((index, type) for index, (type, _) in sorted(self._found.items()))
        target, width = self._target, self._target.machine.pointer_size
        out: list[tuple[int, Address | Absent]] = []
        for index in range(2, MOST_TYPES):
            try:
                if not target.read_pointer(self.table.ObTypeIndexTable + index * width):
                    break  # indexes are given out in order
            except ReadError as error:
                out.append((index, Absent(str(error))))
                break
            out.append((index, self.at(index)))
            if isinstance(out[-1][1], Absent) and index not in self._found:
                break  # the table has as many entries as there are types, and something else lies behind it
        return tuple(out)


def object_types(target: Target) -> ObjectTypes:
    """Return the object types of *target*; they are looked for once.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    return once(target, "object types", _find)


def type_problems(target: Target) -> tuple[Problem, ...]:
    """Return what is wrong with how this target's object types were found, which concerns each of its objects."""
    table = object_types(target).table
    return table.problems if table is not None else ()


def _find(target: Target) -> ObjectTypes:
    header = target.types.find("_OBJECT_HEADER")
    if not isinstance(header, Struct) or all(field.name != "TypeIndex" for field in header.fields):
        return ObjectTypes(target, None)
    problems: list[Problem] = []
    reasons: list[str] = []
    for table in (_by_symbols(target), _by_code(target)):
        if isinstance(table, Absent):
            reasons.append(table.reason)
            continue
        if isinstance(table.ObHeaderCookie, Absent):
            table = _cookie_by_objects(target, table)
        wrong = None if isinstance(table.ObHeaderCookie, Absent) else _contradiction(target, table)
        if wrong is not None:
            problems.append(wrong)
            table = _cookie_by_objects(target, table)
            wrong = None if isinstance(table.ObHeaderCookie, Absent) else _contradiction(target, table)
        if wrong is None and not isinstance(table.ObHeaderCookie, Absent) and _is_there(target, table):
            return ObjectTypes(target, table.__replace__(problems=tuple(problems)))  # type: ignore[attr-defined]
        reasons.append(f"{table.source}: {getattr(table.ObHeaderCookie, 'reason', 'the table is not in the dump')}")
    found = search(target)
    if isinstance(found, Absent):
        why = Absent(f"{'; '.join(reasons)}; {found.reason}")
        return ObjectTypes(target, TypeTable(why, why, "nobody", tuple(problems)))
    source = f"worked out from {found.headers} headers of {found.kinds} kinds of objects in the pool"
    cookie = None if found.cookie is None else Hex(found.cookie)
    nowhere = Absent("the place of ObTypeIndexTable is not known")
    return ObjectTypes(target, TypeTable(nowhere, cookie, source, tuple(problems)), found)


def _by_symbols(target: Target) -> TypeTable | Absent:
    table, cookie = target.address_of("ObTypeIndexTable"), target.address_of("ObHeaderCookie")
    if table is None:
        return Absent("no symbol ObTypeIndexTable: the kernel is not known exactly")
    return TypeTable(table, _cookie(target, cookie), "symbols" + (" (no ObHeaderCookie)" if cookie is None else ""))


def _by_code(target: Target) -> TypeTable | Absent:
    from dumpwalk.kernel.object_type_code import FUNCTION, type_code

    found = type_code(target)
    if isinstance(found, Absent):
        return found
    return TypeTable(found.table, _cookie(target, found.cookie), f"the code of the exported {FUNCTION}")


def _cookie(target: Target, place: Address | None) -> Hex | Absent | None:
    if place is None:
        return None
    try:
        return Hex(target.read_int(place, 1))
    except ReadError as error:
        return Absent(f"ObHeaderCookie: {error}")


def _is_there(target: Target, table: TypeTable) -> bool:
    """Say whether the table's first type can be read."""
    try:
        return bool(target.read_pointer(table.ObTypeIndexTable + 2 * target.machine.pointer_size))  # type: ignore[operator]
    except ReadError:
        return False


def known_objects(target: Target) -> list[tuple[Address, str]]:
    """Return objects whose type is known without their headers: the dump's process and thread, the type ``Type``."""
    out = [(value, name) for value, name in ((target.dump.process, "Process"), (target.dump.thread, "Thread"))]
    out.append((pointer_in(target, "ObpTypeObjectType"), "Type"))
    return [(value, name) for value, name in out if not isinstance(value, Absent) and value]


def _stored(target: Target, object: int) -> tuple[int, int] | None:
    """Return the address of an object's header and the ``TypeIndex`` in it; ``None`` when that is not in the dump."""
    header = target.address(object - offset_of(target.types, "_OBJECT_HEADER", "Body"))
    stored = target.object("_OBJECT_HEADER", header).TypeIndex
    return None if isinstance(stored, Absent) else (int(header), int(stored))


def _contradiction(target: Target, table: TypeTable) -> Problem | None:
    """Return what objects of known type have against *table*; ``None`` when one of them agrees, or none is there."""
    types = ObjectTypes(target, table)
    against = None
    for object, name in known_objects(target):
        stored = _stored(target, object)
        if stored is None:
            continue
        index = types.index(*stored)
        said = index if isinstance(index, Absent) else types.name_at(index)
        if said == name:
            return None
        what = said.reason if isinstance(said, Absent) else f"{said} is its type"
        cookie = f" (cookie {table.ObHeaderCookie})" if table.ObHeaderCookie is not None else ""
        against = against or Problem("object types", f"by {table.source}{cookie} {object} would be no {name}: {what}")
    return against


def _cookie_by_objects(target: Target, table: TypeTable) -> TypeTable:
    """Return *table* with the cookie that makes objects of known type what they are."""
    named = {name: index for index, type in ObjectTypes(target, table).all() for name in [_name(target, type)]}
    votes: dict[int, list[str]] = {}
    for object, name in known_objects(target):
        stored = _stored(target, object)
        if stored is not None and name in named:
            votes.setdefault(stored[1] ^ stored[0] >> 8 & 0xFF ^ named[name], []).append(name)
    if len(votes) != 1:
        why = "objects of known type do not agree on one" if votes else "no object of known type is in the dump"
        said = table.ObHeaderCookie
        cookie: Hex | Absent = Absent(f"{said.reason}; {why}" if isinstance(said, Absent) else f"ObHeaderCookie: {why}")
        return TypeTable(table.ObTypeIndexTable, cookie, table.source)
    value, names = next(iter(votes.items()))
    by = " and ".join(names)
    return TypeTable(table.ObTypeIndexTable, Hex(value), f"{table.source}; the cookie from the header of the {by}")


def _name(target: Target, type: Address | Absent) -> str:
    found = target.object("_OBJECT_TYPE", type).Name.str_() if not isinstance(type, Absent) else ""
    return found if isinstance(found, str) else ""
