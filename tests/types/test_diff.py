"""How a type changed: members added, removed, moved, resized, retyped."""

from __future__ import annotations

import pytest

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.types.diff import Change, Difference, Side, compare
from dumpwalk.types.merge import Types
from dumpwalk.types.model import BASES, Array, Enum, Field, Pointer, Reference, Struct

ULONG, UCHAR = BASES["Uint4B"], BASES["UChar"]


def differ(old: Struct | Enum, new: Struct | Enum, **others: tuple[Struct, Struct]) -> Difference:
    """Compare two versions of a type, given two versions of *others* that it uses."""
    before, after = ({old.name: t, **{n: pair[i] for n, pair in others.items()}} for i, t in enumerate((old, new)))
    return compare(Types("old", 8, before), Types("new", 8, after), old.name)


def struct(*fields: Field, name: str = "_S", size: int = 16) -> Struct:
    return Struct(name, "struct", size, fields)


def test_each_kind_of_change_is_said() -> None:
    old = struct(
        Field("Same", 0, ULONG),
        Field("Gone", 4, ULONG),
        Field("Moved", 8, ULONG),
        Field("Array", 12, Array(UCHAR, 2)),
        Field("Typed", 14, UCHAR),
        Field("Bit", 15, UCHAR, (0, 1)),
    )
    new = struct(
        Field("Same", 0, ULONG),
        Field("Moved", 4, ULONG),
        Field("New", 8, Pointer(ULONG, 8)),
        Field("Array", 16, Array(UCHAR, 4)),
        Field("Typed", 14, BASES["Char"]),
        Field("Bit", 15, UCHAR, (0, 2)),
        size=24,
    )

    found = differ(old, new)

    assert [(m.name, m.what) for m in found.members] == [
        ("Same", ()),
        ("Gone", ("removed",)),
        ("Moved", ("moved",)),
        ("New", ("added",)),
        ("Array", ("moved", "resized", "retyped")),
        ("Typed", ("retyped",)),
        ("Bit", ("resized",)),
    ]
    assert found.sizes == (16, 24)
    assert not found.same
    assert found.members[2] == Change(
        "Moved", ("moved",), Side(Hex(8), None, "Uint4B", Hex(4)), Side(Hex(4), None, "Uint4B", Hex(4))
    )
    assert isinstance(found.members[1].after, Absent)
    assert isinstance(found.members[3].before, Absent)


def test_a_structure_within_that_grew_is_seen() -> None:
    inner = Reference("struct", "_IN")
    grown = struct(name="_IN", size=4), struct(name="_IN", size=8)

    found = differ(struct(Field("a", 0, Array(inner, 2))), struct(Field("a", 0, Array(inner, 2))), _IN=grown)

    assert [(m.what, m.before.size, m.after.size) for m in found.members if m.before and m.after] == [
        (("resized",), 8, 16)
    ]


def test_members_of_unnamed_structures_are_compared_one_by_one() -> None:
    old = struct(Field("u", 8, struct(Field("a", 0, ULONG), Field("b", 4, ULONG), name="")))
    new = struct(Field("u", 8, struct(Field("a", 0, ULONG), Field("b", 8, ULONG), name="", size=24)))

    found = differ(old, new)

    assert [(m.name, m.what) for m in found.members] == [("u", ("resized",)), ("u.a", ()), ("u.b", ("moved",))]
    assert found.members[2].after == Side(Hex(16), None, "Uint4B", Hex(4))


def test_what_did_not_change_is_the_same() -> None:
    assert differ(struct(Field("a", 0, ULONG)), struct(Field("a", 0, ULONG))).same
    assert not differ(struct(), Struct("_S", "union", 16, ())).same
    assert not differ(struct(), struct(size=8)).same


def test_enumerators_have_values() -> None:
    found = differ(Enum("_E", 4, (("A", 0), ("B", 1), ("C", -1))), Enum("_E", 4, (("A", 0), ("N", 1), ("B", 2))))

    assert [(m.name, m.what) for m in found.members] == [
        ("A", ()),
        ("N", ("added",)),
        ("B", ("retyped",)),
        ("C", ("removed",)),
    ]


def test_a_type_that_one_build_lacks_is_an_error() -> None:
    with pytest.raises(TypeInfoError, match="new has no type _S"):
        compare(Types("old", 8, {"_S": struct()}), Types("new", 8, {}), "_S")
