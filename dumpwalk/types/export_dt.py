"""Types as ``dt -v`` lists them, with the members of structures that have no name: a listing that can be read back."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.model import Array, Enum, Pointer, Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dumpwalk.types.model import Field, TypeDatabase

_DEEPEST = 32


def to_dt(database: TypeDatabase, names: Iterable[str]) -> str:
    """Return the types called *names* as listings, with a blank line between them.

    Of a bit field a listing has the position and the length, not the type.

    :raises TypeInfoError: when there is no type of one of the names
    """
    listings = []
    for name in names:
        found = database.find(name)
        if found is None:
            raise TypeInfoError(f"{database.name} has no type {name}")
        listings.append("\n".join(listing(found)))
    return "\n\n".join(listings)


def listing(type: Struct | Enum) -> Iterator[str]:
    """Yield the lines of a type's listing: what it is, then its members; of hostile names no more than the letters."""
    for line in _lines(type):
        yield line if line.isprintable() else line.encode("unicode_escape").decode()


def _lines(type: Struct | Enum) -> Iterator[str]:
    if isinstance(type, Enum):
        yield f"Enum {dt_spelling(type)},  {len(type.members)} total enums"
        yield from (f"   {name} = 0n{value}" for name, value in type.members)
        return
    yield f"{type.kind} {dt_spelling(type)}, {len(type.fields)} elements, {type.size:#x} bytes"
    yield from _rows(type, 1)


def _rows(struct: Struct, depth: int) -> Iterator[str]:
    for field in struct.fields:
        # dt ends what a function returns, and nothing else, in a blank.
        text = f"Pos {field.bits[0]}, {field.bits[1]} Bit{'s' * (field.bits[1] > 1)}" if field.bits else _spelled(field)
        yield f"{'   ' * depth}+0x{field.offset:03x} {field.name:16} : {text}"
        inner = field.type
        while isinstance(inner, (Pointer, Array)):
            inner = inner.target if isinstance(inner, Pointer) else inner.element
        if isinstance(inner, Struct) and not inner.name and depth < _DEEPEST:
            yield from _rows(inner, depth + 1)


def _spelled(field: Field) -> str:
    spelled = dt_spelling(field.type)
    return f"{spelled} " if "     " in spelled else spelled
