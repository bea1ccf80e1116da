"""Records of types made fast: a PDB has hundred thousands of them.

A frozen record checks each assignment, which takes several times as long. So
these become records by changing their class: the one that they are made with
has its instances laid out alike, and no constructor, as calling one takes as
long as the assignments.
"""

from __future__ import annotations

from dumpwalk.types.model import Enum, Field, Pointer, Reference, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.types.model import Type

# How deep a type may be without its depth being kept: more would only cost time.
SHALLOW = 3


def _rows_of(record: Any) -> Any:
    """Return a class whose instances are laid out like those of *record*, but not frozen."""
    return type(record.__name__, (), {"__slots__": record._fields_})


_FieldRow, _StructRow, _EnumRow = _rows_of(Field), _rows_of(Struct), _rows_of(Enum)
_PointerRow, _ReferenceRow = _rows_of(Pointer), _rows_of(Reference)


def field(name: str, offset: int, type_: Type, bits: tuple[int, int] | None, guessed: str) -> Field:
    """Return a field."""
    row = _FieldRow()
    row.name, row.offset, row.type, row.bits, row.guessed = name, offset, type_, bits, guessed
    row.__class__ = Field
    made: Field = row
    return made


def structure(name: str, kind: str, size: int, fields: tuple[Field, ...]) -> Struct:
    """Return a structure."""
    row = _StructRow()
    row.name, row.kind, row.size, row.fields = name, kind, size, fields
    row.__class__ = Struct
    made: Struct = row
    return made


def enumeration(name: str, size: int, members: tuple[tuple[str, int], ...]) -> Enum:
    """Return an enumeration."""
    row = _EnumRow()
    row.name, row.size, row.members = name, size, members
    row.__class__ = Enum
    made: Enum = row
    return made


def pointer(target: Type, size: int) -> Pointer:
    """Return a pointer."""
    row = _PointerRow()
    row.target, row.size = target, size
    row.__class__ = Pointer
    made: Pointer = row
    return made


def reference(kind: str, name: str) -> Reference:
    """Return a reference."""
    row = _ReferenceRow()
    row.kind, row.name = kind, name
    row.__class__ = Reference
    made: Reference = row
    return made
