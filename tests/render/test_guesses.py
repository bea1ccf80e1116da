"""Guesses in words."""

from __future__ import annotations

import pytest

from dumpwalk.render.guesses import guesses, in_listings, in_types
from dumpwalk.types.model import BASES, Array, Enum, Field, Pointer, Struct
from dumpwalk.types.sources.dt_text import DtListing, DtRow


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], ()),
        ([("A", "")], ()),
        ([("A", "sign")], ("whether 1 member can be negative is a guess (A)",)),
        ([("A", "type"), ("B", "order")], (
            "the order of 1 member that shares bits is a guess (B)",
            "the type of 1 member is a guess (A)",
        )),
        ([("A", "type")] * 3, ("the type of 3 members is a guess (A)",)),
        ([(n, "type") for n in "ABCD"], ("the type of 4 members is a guess (A, B, C, ...)",)),
        ([("\x1b[2J", "type")], ("the type of 1 member is a guess (\\x1b[2J)",)),
    ],
)  # fmt: skip
def test_words(members: list[tuple[str, str]], said: tuple[str, ...]) -> None:
    assert guesses(members) == said


def row(name: str, depth: int = 0, guessed: str = "order") -> DtRow:
    return DtRow(name, None, "", depth, "field", "", None, guessed)


def test_order_takes_two() -> None:
    """A field that is shown alone stands in its right place, whatever came before it."""
    listed = [DtListing("_X", rows=(row("A"), row("B", 1), row("C", 1, "")))]

    assert in_listings(listed) == ()
    assert in_listings([DtListing("_X", rows=(row("A"), row("B")))]) == (
        "the order of 2 members that share bits is a guess (A, B)",
    )


def test_unnamed_structures_are_looked_into() -> None:
    inner = Struct("", "union", 4, (Field("L", 0, BASES["Uint4B"], None, "order"), Field("S", 0, BASES["Uint2B"])))
    named = Struct("_OWN", "struct", 4, (Field("N", 0, BASES["Uint4B"], None, "sign"),))
    outer = Struct("_X", "struct", 20, (Field("u", 0, Array(Pointer(inner, 8), 2)), Field("o", 16, named)))

    assert in_types([outer, Enum("_E", 4, ()), None]) == ("the order of 1 member that shares bits is a guess (L)",)
