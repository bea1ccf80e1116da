"""Fields and structures made fast: a PDB has hundred thousands of them."""

from __future__ import annotations

from dumpwalk.types.model import Field, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type


class Row:
    """A field while it is made.

    A frozen record checks each assignment, which takes four times as long; so
    the fields, of which there are hundred thousands, become records by changing
    their class: this one's instances are laid out alike. It has no constructor,
    as calling one takes as long as the five assignments.
    """

    __slots__ = ("name", "offset", "type", "bits", "guessed")  # noqa: RUF023 - the order is Field's

    name: str
    offset: int
    type: Type
    bits: tuple[int, int] | None
    guessed: str


class _StructRow:
    """The same for a structure."""

    __slots__ = ("name", "kind", "size", "fields")  # noqa: RUF023 - the order is Struct's

    name: str
    kind: str
    size: int
    fields: tuple[Field, ...]


def field(name: str, offset: int, type_: Type, bits: tuple[int, int] | None, guessed: str) -> Field:
    """Return a field."""
    row = Row()
    row.name, row.offset, row.type, row.bits, row.guessed = name, offset, type_, bits, guessed
    row.__class__ = Field  # type: ignore[assignment]
    return row  # type: ignore[return-value]


def structure(name: str, kind: str, size: int, fields: tuple[Field, ...]) -> Struct:
    """Return a structure."""
    row = _StructRow()
    row.name, row.kind, row.size, row.fields = name, kind, size, fields
    row.__class__ = Struct  # type: ignore[assignment]
    return row  # type: ignore[return-value]


class Names(dict[bytes, str]):
    """Names by their bytes, each once: most are those of many fields."""

    def __missing__(self, raw: bytes) -> str:
        name = self[raw] = str(raw, "utf-8", "backslashreplace")
        return name
