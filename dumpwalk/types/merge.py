"""Type databases put together: several sources in a stated order, each type knowing where it came from.

The first source that has a type has the last word on it. What it only guesses
(the order of members at one offset, a sign, what a function returns) a later
source may know; then it is taken from there, and :meth:`Merged.source` says so.
"""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.types.model import Array, Base, Field, Function, Pointer, Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dumpwalk.types.model import Enum, Type, TypeDatabase


class Types:
    """Types held in memory: a :class:`~dumpwalk.types.model.TypeDatabase`.

    :param name: what to call it
    :param pointer_size: in bytes
    :param sources: where types come from that don't come from *name*
    :param typedefs: what further names stand for
    """

    def __init__(
        self,
        name: str,
        pointer_size: int,
        types: Mapping[str, Struct | Enum],
        sources: Mapping[str, str] | None = None,
        typedefs: Mapping[str, Type] | None = None,
    ) -> None:
        self.name = name
        self.pointer_size = pointer_size
        self._types = types
        self._sources = sources or {}
        self._typedefs = typedefs or {}

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, or ``None``."""
        return self._types.get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all structures and enumerations, sorted."""
        return sorted(self._types)

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from; ``""`` when there is no such type."""
        return self._sources.get(name, self.name) if name in self._types else ""

    def typedef(self, name: str) -> Type | None:
        """Return what the typedef *name* stands for, ``None`` when there is none of this name."""
        return self._typedefs.get(name)

    def typedefs(self) -> dict[str, Type]:
        """Return what each typedef stands for."""
        return dict(self._typedefs)


class Merged:
    """Several type databases as one.

    :param databases: the one whose word counts most first
    :raises UsageError: when they are for machines with pointers of different sizes, or there are none
    """

    def __init__(self, databases: Sequence[TypeDatabase], name: str = "") -> None:
        if len({d.pointer_size for d in databases}) != 1:
            sizes = ", ".join(f"{d.name}: {8 * d.pointer_size} bits" for d in databases) or "nothing to merge"
            raise UsageError(f"types of different machines can't be put together ({sizes})")
        self.databases = tuple(databases)
        self.name = name or " + ".join(d.name for d in databases)
        self.pointer_size = databases[0].pointer_size
        self._found: dict[str, tuple[Struct | Enum, str]] = {}

    def find(self, name: str) -> Struct | Enum | None:
        """Return the structure or enumeration called *name*, or ``None``."""
        return (self._look_up(name) or (None,))[0]

    def names(self) -> Iterable[str]:
        """Return the names of all structures and enumerations, sorted."""
        return sorted({name for d in self.databases for name in d.names()})

    def source(self, name: str) -> str:
        """Say where the type called *name* comes from; ``""`` when there is no such type."""
        found = self._look_up(name)
        return found[1] if found else ""

    def typedef(self, name: str) -> Type | None:
        """Return what the typedef *name* stands for by the first source that has it; ``None`` when none does."""
        for database in self.databases:
            look_up = getattr(database, "typedef", None)
            found: Type | None = look_up(name) if look_up is not None else None
            if found is not None:
                return found
        return None

    def typedefs(self) -> dict[str, Type]:
        """Return what each typedef stands for."""
        found: dict[str, Type] = {}
        for database in self.databases:
            found = {**typedefs_of(database), **found}
        return dict(sorted(found.items()))

    def _look_up(self, name: str) -> tuple[Struct | Enum, str] | None:
        if name in self._found:
            return self._found[name]
        there = [(d, found) for d in self.databases if (found := d.find(name)) is not None]
        if not there:
            return None
        database, type = there[0]
        source = database.source(name)
        for better, found in there[1:]:
            if isinstance(type, Struct) and isinstance(found, Struct):
                completed = informed(type, found)
                if completed != type:
                    type, source = completed, f"{source}, guesses settled by {better.source(name)}"
        self._found[name] = type, source
        return self._found[name]


def typedefs_of(types: TypeDatabase) -> dict[str, Type]:
    """Return what the typedefs of *types* stand for; none where they keep none.

    :raises FormatError: when they are damaged
    """
    every: Callable[[], dict[str, Type]] | None = getattr(types, "typedefs", None)
    return every() if every is not None else {}


def informed(struct: Struct, better: Struct) -> Struct:
    """Return *struct* with its guesses replaced by what *better* knows; offsets and sizes stay its own.

    *better* is the same structure from another source, perhaps of another
    build: only members that both have are compared.
    """
    known = {f.name: (rank, f) for rank, f in enumerate(better.fields)}
    fields = [_informed_field(f, known[f.name][1]) if f.name in known else f for f in struct.fields]
    settled = {
        f.name for f in fields if f.guessed == "order" and f.name in known and known[f.name][1].guessed != "order"
    }
    unsettled = {f.offset for f in fields if f.guessed == "order" and f.name not in settled}
    settled = {f.name for f in fields if f.name in settled and f.offset not in unsettled}
    if settled and len({f.name for f in fields}) == len(fields):
        if all(f.name in known for f in fields):
            fields.sort(key=lambda f: known[f.name][0])
        else:  # a member more or less: at least those at one offset are known among themselves
            places = [i for i, f in enumerate(fields) if f.name in settled]
            ordered = sorted((fields[i] for i in places), key=lambda f: (f.offset, known[f.name][0]))
            for place, field in zip(places, ordered):
                fields[place] = field
        fields = [Field(f.name, f.offset, f.type, f.bits) if f.name in settled else f for f in fields]
    return Struct(struct.name, struct.kind, struct.size, tuple(fields))


def _informed_field(field: Field, better: Field) -> Field:
    type = _informed_type(field.type, better.type, field.guessed == "sign" and better.guessed == "")
    guessed = "" if field.guessed == "sign" and better.guessed == "" and type == better.type else field.guessed
    return (
        field
        if type == field.type and guessed == field.guessed
        else Field(field.name, field.offset, type, field.bits, guessed)
    )


def _informed_type(type: Type, better: Type, signs: bool) -> Type:
    if isinstance(type, Base) and isinstance(better, Base):
        return better if signs and better.size == type.size else type
    if isinstance(type, Pointer) and isinstance(better, Pointer):
        return Pointer(_informed_type(type.target, better.target, signs), type.size)
    if isinstance(type, Array) and isinstance(better, Array):
        return Array(_informed_type(type.element, better.element, signs), type.count)
    if isinstance(type, Function) and isinstance(better, Function):
        return better if type.returns is None else type
    if isinstance(type, Struct) and isinstance(better, Struct) and not type.name and not better.name:
        return informed(type, better)
    return type


def references(type: Type | Struct | Enum, *, by_value: bool = False) -> Iterator[Reference]:
    """Yield the structures and enumerations that *type* names, once for each time it does.

    :param by_value: only what is a part of it, not what it points to
    """
    while isinstance(type, (Pointer, Array)):
        if isinstance(type, Pointer) and by_value:
            return
        type = type.target if isinstance(type, Pointer) else type.element
    if isinstance(type, Function):
        if type.returns and not by_value:
            yield from references(type.returns)
    elif isinstance(type, Reference):
        yield type
    elif isinstance(type, Struct):
        for field in type.fields:
            yield from references(field.type, by_value=by_value)
