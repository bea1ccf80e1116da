"""C types as data: what a PDB, an ISF file or a `dt` listing says, and nothing of where it said it.

Types refer to each other by name, so they may be cyclic; a
:class:`~dumpwalk.types.model.TypeDatabase` resolves a name. An unnamed
structure has no name to refer to: it stands where it is used.
"""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol, TypeAlias

    Type: TypeAlias = "Base | Pointer | Array | Function | Reference | Enum | Struct"

    class TypeDatabase(Protocol):
        """The types of one build of one module."""

        name: str
        pointer_size: int

        def find(self, name: str) -> Struct | Enum | None:
            """Return the structure or enumeration called *name*, or ``None``."""

        def names(self) -> Iterable[str]:
            """Return the names of all structures and enumerations, sorted."""

        def source(self, name: str) -> str:
            """Say where the type called *name* comes from."""


@record
class Base:
    """A type that is no other type's sum: ``Uint4B``, ``Char``, ``Void``.

    :param name: as ``dt`` spells it
    :param size: in bytes; 0 for ``Void``
    """

    name: str
    size: int


@record
class Pointer:
    """``Ptr32`` or ``Ptr64`` to *target*."""

    target: Type
    size: int


@record
class Array:
    """*count* elements, one after another."""

    element: Type
    count: int


@record
class Function:
    """A function; ``dt`` shows what a pointer to one returns.

    :param returns: ``None`` where the source does not say
    """

    returns: Type | None


@record
class Reference:
    """A structure, union or enumeration that has a name.

    :param kind: ``struct``, ``union``, ``class`` or ``enum``
    """

    kind: str
    name: str


@record
class Enum:
    """An enumeration.

    :param name: ``""`` where it has none
    :param size: in bytes
    :param members: in declaration order
    """

    name: str
    size: int
    members: tuple[tuple[str, int], ...]


@record
class Field:
    """A member of a structure.

    :param offset: in bytes from the beginning of the structure
    :param bits: ``(position, length)`` of a bit field, in its declared type
    :param guessed: what about it is not knowledge: ``""``, or ``"order"`` (among members at the
        same offset), ``"sign"`` (of a character or integer), ``"type"``
    """

    name: str
    offset: int
    type: Type
    bits: tuple[int, int] | None = None
    guessed: str = ""


@record
class Struct:
    """A structure, union or class.

    :param name: ``""`` where it has none (``dt`` prints ``<unnamed-tag>``)
    :param kind: ``struct``, ``union`` or ``class``
    :param size: in bytes
    :param fields: in declaration order, as far as the source keeps it
    """

    name: str
    kind: str
    size: int
    fields: tuple[Field, ...]


# The base types, as dt spells them. C's `long` is four bytes on every Windows.
VOID = Base("Void", 0)
BASES = {
    b.name: b
    for b in (
        VOID,
        *(Base(name, size) for name, size in (("Char", 1), ("UChar", 1), ("Wchar", 2), ("Bool", 1))),
        *(Base(f"{sign}{size}B", size) for sign in ("Int", "Uint") for size in (1, 2, 4, 8, 16)),
        *(Base(name, size) for name, size in (("Float", 4), ("Double", 8), ("Float10", 10), ("HRESULT", 4))),
    )
}
