"""How a structure or an enumeration changed between two builds, member by member."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Base, Enum, Pointer, Reference, Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.types.model import Type, TypeDatabase

# What can be said of a member, in this order.
ADDED, REMOVED, MOVED, RESIZED, RETYPED = CHANGES = ("added", "removed", "moved", "resized", "retyped")
_NO_OFFSET = Absent("an enumerator has a value, not an offset")
_DEEPEST = 32


@record
class Side:
    """A member in one of the builds.

    :param offset: in bytes from the beginning of the outermost structure
    :param bits: position and length of a bit field, ``None`` when it is none
    :param type: as ``dt`` spells it; the value of an enumerator
    :param size: in bytes; of a bit field, its unit's
    """

    offset: Hex | Absent
    bits: tuple[int, int] | None
    type: str
    size: Hex


@record
class Change:
    """What became of a member.

    :param name: with the names of the unnamed structures around it: ``u.LongFlags``
    :param what: of :data:`CHANGES`; ``()`` when it is the same in both
    :param before: ``Absent`` when it is new
    :param after: ``Absent`` when it is gone
    """

    name: str
    what: tuple[str, ...]
    before: Side | Absent
    after: Side | Absent


@record
class Difference:
    """A structure or enumeration in two builds.

    :param name: the type's
    :param before: the name of the one profile, :param after: and of the other
    :param sizes: in bytes
    :param members: in the order of the second build, those that are gone where they were
    """

    name: str
    before: str
    after: str
    kinds: tuple[str, str]
    sizes: tuple[Hex, Hex]
    members: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return (
            self.sizes[0] == self.sizes[1] and self.kinds[0] == self.kinds[1] and not any(m.what for m in self.members)
        )


def compare(before: TypeDatabase, after: TypeDatabase, name: str) -> Difference:
    """Return how the type called *name* differs between two databases.

    :raises TypeInfoError: when one of them doesn't have it
    """
    types = []
    for database in (before, after):
        found = database.find(name)
        if found is None:
            raise TypeInfoError(f"{database.name} has no type {name}")
        types.append(found)
    old, new = types
    one = _numbered(_enumerators(old) if isinstance(old, Enum) else _members(old, before))
    other = _numbered(_enumerators(new) if isinstance(new, Enum) else _members(new, after))
    kinds = ["enum" if isinstance(t, Enum) else t.kind for t in types]
    return Difference(
        name,
        before.name,
        after.name,
        (kinds[0], kinds[1]),
        (Hex(old.size), Hex(new.size)),
        tuple(_changes(one, other)),
    )


def _members(struct: Struct, database: TypeDatabase) -> list[tuple[str, Side]]:
    found: list[tuple[str, Side]] = []

    def walk(struct: Struct, prefix: str, base: int, depth: int) -> None:
        for field in struct.fields:
            size = _size(field.type, database)
            found.append(
                (prefix + field.name, Side(Hex(base + field.offset), field.bits, dt_spelling(field.type), size))
            )
            inner = field.type
            if isinstance(inner, Struct) and not inner.name and depth < _DEEPEST:
                walk(inner, f"{prefix}{field.name}.", base + field.offset, depth + 1)

    walk(struct, "", 0, 0)
    return found


def _enumerators(enum: Enum) -> list[tuple[str, Side]]:
    return [
        (name, Side(_NO_OFFSET, None, f"{value:#x}" if value >= 0 else str(value), Hex(enum.size)))
        for name, value in enum.members
    ]


def _size(type: Type, database: TypeDatabase) -> Hex:
    count = 1
    while isinstance(type, Array):
        count, type = count * type.count, type.element
    if isinstance(type, Reference):
        known = database.find(type.name)
        return Hex(count * known.size if known else 0)
    return Hex(count * type.size if isinstance(type, (Base, Pointer, Enum, Struct)) else 0)


def _numbered(members: list[tuple[str, Side]]) -> dict[tuple[str, int], Side]:
    """Return the members by name; the second of one name, which only a strange source has, by its number."""
    found: dict[tuple[str, int], Side] = {}
    seen: dict[str, int] = {}
    for name, side in members:
        seen[name] = number = seen.get(name, -1) + 1
        found[name, number] = side
    return found


def _changes(one: dict[tuple[str, int], Side], other: dict[tuple[str, int], Side]) -> Iterator[Change]:
    """Yield the members of both in the order of the *other*; one that is gone follows what it followed."""
    gone = Absent("not in this build")
    following: dict[tuple[str, int] | None, list[tuple[str, int]]] = {}
    last: tuple[str, int] | None = None
    for name in one:
        if name in other:
            last = name
        else:
            following.setdefault(last, []).append(name)
    keys: list[tuple[str, int] | None] = [None, *other]
    for key in keys:
        if key is not None:
            old = one.get(key)
            what = (ADDED,) if old is None else _what(old, other[key])
            yield Change(key[0], what, old or gone, other[key])
        for lost in following.get(key, ()):
            yield Change(lost[0], (REMOVED,), one[lost], gone)


def _what(before: Side, after: Side) -> tuple[str, ...]:
    position = [(side.offset, side.bits[0] if side.bits else None) for side in (before, after)]
    extent = [(side.size, side.bits[1] if side.bits else None) for side in (before, after)]
    found = {
        MOVED: position[0] != position[1],
        RESIZED: extent[0] != extent[1],
        RETYPED: before.type != after.type,
    }
    return tuple(what for what, holds in found.items() if holds)
