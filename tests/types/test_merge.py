"""Sources put together: the first has the last word, later ones settle what it only guesses."""

from __future__ import annotations

import pytest

from dumpwalk.errors import UsageError
from dumpwalk.types.merge import Merged, Types, informed, references
from dumpwalk.types.model import BASES, Array, Enum, Field, Function, Pointer, Reference, Struct

CHAR, UCHAR, ULONG, VOID = (BASES[n] for n in ("Char", "UChar", "Uint4B", "Void"))


def struct(*fields: Field, name: str = "_S", size: int = 8) -> Struct:
    return Struct(name, "struct", size, fields)


def test_the_first_source_has_the_last_word() -> None:
    one = Types("a.pdb", 8, {"_A": struct(name="_A"), "_B": struct(name="_B", size=1)})
    other = Types("b.h", 8, {"_B": struct(name="_B", size=2), "_C": Enum("_C", 4, ())}, {"_C": "b.h, line 5"})

    merged = Merged([one, other])

    assert list(merged.names()) == ["_A", "_B", "_C"]
    assert merged.find("_B") == struct(name="_B", size=1)
    assert merged.find("_D") is None
    assert [merged.source(n) for n in ("_A", "_B", "_C", "_D")] == ["a.pdb", "a.pdb", "b.h, line 5", ""]
    assert (merged.name, merged.pointer_size) == ("a.pdb + b.h", 8)


def test_what_is_guessed_is_taken_from_who_knows() -> None:
    guess = struct(
        Field("a", 0, ULONG, None, "order"), Field("b", 0, UCHAR, None, "order"), Field("c", 4, UCHAR, None, "sign")
    )
    sure = struct(Field("b", 0, UCHAR), Field("a", 0, ULONG), Field("c", 4, CHAR))

    merged = Merged([Types("isf", 8, {"_S": guess}), Types("pdb", 8, {"_S": sure})])

    assert merged.find("_S") == sure
    assert merged.source("_S") == "isf, guesses settled by pdb"


def test_offsets_stay_the_first_sources_own() -> None:
    old = struct(Field("b", 0, UCHAR), Field("a", 0, ULONG), Field("c", 4, ULONG))
    guess = struct(Field("n", 0, ULONG), Field("a", 8, ULONG, None, "order"), Field("b", 8, UCHAR, None, "order"))

    assert informed(guess, old) == struct(Field("n", 0, ULONG), Field("b", 8, UCHAR), Field("a", 8, ULONG))


def test_a_guess_nobody_settles_stays_one() -> None:
    guess = struct(Field("a", 0, ULONG, None, "order"), Field("new", 0, UCHAR, None, "order"))

    assert informed(guess, struct(Field("a", 0, ULONG))) == guess
    assert informed(guess, guess) == guess


def test_what_functions_return_and_unnamed_members_are_settled_too() -> None:
    inner = struct(Field("x", 0, UCHAR, None, "sign"), name="")
    guess = struct(Field("f", 0, Pointer(Function(None), 8)), Field("u", 8, Array(inner, 2)))
    sure_inner = struct(Field("x", 0, CHAR), name="")
    sure = struct(Field("f", 0, Pointer(Function(VOID), 8)), Field("u", 8, Array(sure_inner, 2)))

    assert informed(guess, sure) == sure


def test_what_is_known_is_not_overruled() -> None:
    known = struct(Field("a", 0, UCHAR), Field("f", 4, Pointer(Function(ULONG), 8)))

    assert informed(known, struct(Field("a", 0, CHAR), Field("f", 4, Pointer(Function(VOID), 8)))) == known


def test_machines_are_not_mixed() -> None:
    with pytest.raises(UsageError, match="a: 64 bits, b: 32 bits"):
        Merged([Types("a", 8, {}), Types("b", 4, {})])


def test_references_are_those_of_members_and_of_what_they_point_to() -> None:
    link, entry = Reference("struct", "_LINK"), Reference("struct", "_ENTRY")
    inner = struct(Field("x", 0, Array(link, 2)), name="")
    whole = struct(Field("u", 0, inner), Field("p", 8, Pointer(entry, 8)), Field("f", 16, Pointer(Function(entry), 8)))

    assert list(references(whole)) == [link, entry, entry]
    assert list(references(whole, by_value=True)) == [link]
