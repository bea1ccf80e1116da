"""Where object types are, and what the cookie is.

Who is asked, in this order: the kernel's symbols; the code of its exported ``ObGetObjectType``; objects whose type is
known. What the first two say is tried on such objects too: a cookie that makes the dump's process anything but a
process is wrong, and then the objects are believed.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.kernel.object_type_search import first_types, search
from dumpwalk.kernel.object_types import ObjectTypes, TypeTable
from dumpwalk.kernel.variables import pointer_in
from dumpwalk.memory.address import Hex
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import replace
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target


def find(target: Target) -> ObjectTypes:
    """Return the object types of *target*.

    :raises TypeInfoError: when the types of this kernel are not known
    """
    header = target.types.find("_OBJECT_HEADER")
    if not isinstance(header, Struct) or all(field.name != "TypeIndex" for field in header.fields):
        return ObjectTypes(target, None)
    problems: list[Problem] = []
    reasons: list[str] = []
    cookie: tuple[Hex | None, str] | None = None  # one that is known, of a table that is not in the dump
    for table in (_by_symbols(target), _by_code(target)):
        if isinstance(table, Absent):
            reasons.append(table.reason)
            continue
        if not _is_there(target, table):
            if not isinstance(table.ObHeaderCookie, Absent):
                cookie = cookie or (table.ObHeaderCookie, table.source)
            reasons.append(f"{table.source}: ObTypeIndexTable is not in the dump")
            continue
        tried = _tried(target, table, problems)
        if not isinstance(tried.ObHeaderCookie, Absent):
            return ObjectTypes(target, replace(tried, problems=tuple(problems)))
        reasons.append(f"{tried.source}: {tried.ObHeaderCookie.reason}")
    return _searched(target, cookie, reasons, problems)


def _tried(target: Target, table: TypeTable, problems: list[Problem]) -> TypeTable:
    """Return *table* as it is if objects of known type have nothing against it, else with the cookie that they want."""
    wrong = None if isinstance(table.ObHeaderCookie, Absent) else _contradiction(target, table)
    if wrong is None and not isinstance(table.ObHeaderCookie, Absent):
        return table
    if wrong is not None:
        problems.append(wrong)
    return _cookie_by_objects(target, table)


def _searched(
    target: Target, cookie: tuple[Hex | None, str] | None, reasons: list[str], problems: list[Problem]
) -> ObjectTypes:
    """Return what the pool's objects say, by the cookie that is known, if one is."""
    found = search(target)
    nowhere = Absent("the place of ObTypeIndexTable is not known")
    if not isinstance(found, Absent):
        headers, kinds = _counted(found.headers, "header"), _counted(found.kinds, "type")
        source = f"worked out from {headers} of objects of {kinds}"
        said = None if found.cookie is None else Hex(found.cookie)
        if cookie is not None and cookie[0] != said:
            problems.append(Problem("object types", f"by {cookie[1]} the cookie is {cookie[0]}, not {said}"))
        return ObjectTypes(target, TypeTable(nowhere, said, source, tuple(problems)), found)
    if cookie is not None:
        source = f"{cookie[1]}, without ObTypeIndexTable"
        return ObjectTypes(target, TypeTable(nowhere, cookie[0], source, tuple(problems)), first_types(cookie[0]))
    why = Absent("; ".join([*reasons, found.reason]))
    return ObjectTypes(target, TypeTable(why, why, "nobody", tuple(problems)))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


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
