"""The joined expression of all kinds finds what asking one kind after the other does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.transcript import Kind
from dumpwalk.transcript.lines import LONGEST, Lines
from dumpwalk.transcript.openers import alternatives, openers

STARTS = st.sampled_from(
    [
        *(
            "THREAD 870788e8 Cid",
            "Object: 870788e8  Type: (",
            "+0x000 A :",
            "nt!A+0x1",
            "00 nt!A",
            "Dump system timers",
        ),
        *(
            "<html>",
            "VA 80000000",
            ">>> x",
            "*LOG: 80000000",
            "80000000  00000000 00000001",
            "Name",
            "BUGCHECK_STR: x",
            "0x",
        ),
    ]
)


def one_by_one(line: str, following: str) -> Kind | None:
    for kind in openers().kinds:
        if re.match(kind.opens, line) and (kind.confirms is None or kind.confirms(line, following)):
            return kind
    return None


@given(st.integers(0, 12), STARTS, st.text(st.sampled_from("0af:!_ (=A*"), max_size=12), STARTS)
def test_the_first_kind_by_rank_is_found(indent: int, start: str, rest: str, following: str) -> None:
    line = " " * indent + start + rest

    assert openers().by_shape(line, following) is one_by_one(line, following)


@pytest.mark.slow
def test_the_first_kind_by_rank_is_found_in_every_listing(real_data: Path) -> None:
    seen = 0
    for file in sorted((real_data / "logs").glob("*/*.txt")):
        lines = [line for line in Lines.of_file(str(file)) if len(line) <= LONGEST]
        for line, following in zip(lines, [*lines[1:], ""]):
            if line:
                seen += 1
                assert openers().by_shape(line, following) is one_by_one(line, following), line

    assert seen > 19_000


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", ["a"]),
        ("a|b", ["a", "b"]),
        ("(?:a|b)c|d", ["(?:a|b)c", "d"]),
        (r"a\|b|[|)(]|[]|]|[^]|]|[\]|]", [r"a\|b", "[|)(]", "[]|]", "[^]|]", r"[\]|]"]),
    ],
)
def test_alternatives(expression: str, expected: list[str]) -> None:
    assert alternatives(expression) == expected
