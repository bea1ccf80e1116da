"""Arguments parse as they are declared, and nonsense is explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.arguments import Argument, argument, expanded, flag, number, option, parse
from dumpwalk.errors import UsageError

FILES = argument("files", "the dumps", many="+")
OUTPUT = option("-o", "--output", value="FILE", help="where to write")
COUNT = option("--max-count", value="N", kind=int, default=10, help="how many")
QUIET = flag("-q", "--quiet", help="say less")
DECLARED = (FILES, OUTPUT, COUNT, QUIET)


def _fails(words: list[str], *declared: Argument, **keywords: Any) -> str:
    with pytest.raises(UsageError) as caught:
        parse(words, declared or DECLARED, **keywords)
    return str(caught.value)


def test_values_by_key() -> None:
    values = parse(["a.dmp", "-o", "out", "--max-count=3", "b.dmp", "-q"], DECLARED)

    assert values == {"files": ("a.dmp", "b.dmp"), "output": "out", "max_count": 3, "quiet": True}


def test_defaults() -> None:
    assert parse(["a"], DECLARED) == {"files": ("a",), "output": None, "max_count": 10, "quiet": False}


@pytest.mark.parametrize("words", [["-o", "x"], ["-o=x"], ["--output", "x"], ["--output=x"], ["-o", "y", "-o", "x"]])
def test_an_option_in_each_writing(words: list[str]) -> None:
    assert parse(["a", *words], DECLARED)["output"] == "x"


def test_value_with_equals_signs_and_dashes() -> None:
    assert parse(["--output=a=b", "f"], DECLARED)["output"] == "a=b"
    assert parse(["--output=", "f"], DECLARED)["output"] == ""
    assert parse(["-o", "--quiet", "f"], DECLARED)["output"] == "--quiet"


def test_after_two_dashes_nothing_is_an_option() -> None:
    values = parse(["-q", "--", "-o", "--", "--json"], DECLARED)

    assert values["files"] == ("-o", "--", "--json")
    assert values["output"] is None


def test_one_dash_is_a_word() -> None:
    assert parse(["-"], DECLARED)["files"] == ("-",)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "--nosuch"], "unknown option --nosuch"),
        (["a", "--outptu=x"], "unknown option --outptu; did you mean --output?"),
        (["a", "--quite"], "unknown option --quite; did you mean --quiet?"),
        (["a", "-o"], "-o needs a value: FILE"),
        (["a", "--quiet=yes"], "--quiet takes no value"),
        (["a", "--quiet="], "--quiet takes no value"),
        (["a", "--max-count", "many"], "--max-count: invalid literal for int() with base 10: 'many'"),
        ([], "FILES is missing: the dumps"),
        (["-q"], "FILES is missing: the dumps"),
        (["--"], "FILES is missing: the dumps"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], message: str) -> None:
    assert _fails(words) == message


def test_positional_arguments_in_order() -> None:
    code, rest = (
        argument("code", "the code", kind=number),
        argument("parameters", "its parameters", kind=number, many="*"),
    )

    assert parse(["1e", "c0000005", "0n10"], (code, rest)) == {"code": 0x1E, "parameters": (0xC0000005, 10)}
    assert parse(["1e"], (code, rest)) == {"code": 0x1E, "parameters": ()}
    assert _fails([], code, rest) == "CODE is missing: the code"
    assert _fails(["1e", "zz"], code, rest) == "parameters: 'zz' is not a number"


def test_one_that_may_be_missing() -> None:
    maybe = argument("address", "where", kind=number, many="?")

    assert parse([], [maybe]) == {"address": None}
    assert parse(["10"], [maybe]) == {"address": 16}
    assert _fails(["10", "20"], maybe) == "one word too many: '20'"


def test_stop_at_the_first_word() -> None:
    values = parse(["-q", "triage", "-q", "--", "x"], (OUTPUT, QUIET), stop_at_word=True)

    assert values == {"output": None, "quiet": True, "rest": ["triage", "-q", "--", "x"]}
    assert parse(["-q"], [QUIET], stop_at_word=True)["rest"] == []
    assert parse(["--", "-q", "x"], [QUIET], stop_at_word=True) == {"quiet": False, "rest": ["-q", "x"]}
    assert _fails(["--nosuch", "triage"], QUIET, stop_at_word=True) == "unknown option --nosuch"


def test_the_words_stay_as_they_were() -> None:
    words = ["a", "-o", "x", "--", "b"]
    parse(words, DECLARED)

    assert words == ["a", "-o", "x", "--", "b"]


@pytest.mark.parametrize(
    ("declared", "usage"),
    [
        (argument("code", ""), "CODE"),
        (argument("code", "", many="?"), "[CODE]"),
        (argument("code", "", many="*"), "[CODE...]"),
        (argument("code", "", many="+"), "CODE..."),
        (OUTPUT, "[-o FILE]"),
        (QUIET, "[-q]"),
    ],
)
def test_usage(declared: Argument, usage: str) -> None:
    assert declared.usage == usage


words = st.one_of(st.sampled_from(["-o", "--output", "--output=x", "-q", "--", "-", "", "--max-count", "7"]), st.text())


@given(st.lists(words))
def test_any_words_parse_or_are_explained(given_words: list[str]) -> None:
    try:
        values = parse(given_words, DECLARED)
    except UsageError:
        return

    assert set(values) == {"files", "output", "max_count", "quiet"}
    assert set(values["files"]) <= set(given_words)


@given(st.lists(st.text(), min_size=1))
def test_words_after_two_dashes_arrive_unchanged(given_words: list[str]) -> None:
    assert parse(["--", *given_words], DECLARED)["files"] == tuple(given_words)


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_number_in_each_writing(value: int) -> None:
    tick = f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"

    for text in (f"{value:x}", f"{value:X}", f"0x{value:x}", f"0X{value:X}", f"{value:x}h", tick, f"0x{tick}"):
        assert number(text) == value
    assert number(f"0n{value}") == number(f"0t{value:o}") == number(f"0y{value:b}") == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "0x",
        "0n",
        "`",
        "0xh",
        "0n1a",
        "0t8",
        "0y2",
        "xyz",
        "-1",
        "+1",
        "1_0",
        " 1",
        "1 ",
        "1.0",
        "٣",
        "0x 1",
        "1\n",
    ],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(text)


@given(st.text(alphabet="0123456789abcdefxhnty`-_ +g", max_size=20))
def test_number_is_a_number_or_an_error(text: str) -> None:
    try:
        value = number(text)
    except ValueError:
        return

    assert value >= 0
    assert number(f"{value:x}") == value


def test_wildcards_are_expanded_where_the_shell_does_not(tmp_path: Path) -> None:
    for name in ("b.dmp", "a.dmp", "c.txt"):
        (tmp_path / name).touch()
    pattern, missing = str(tmp_path / "*.dmp"), str(tmp_path / "*.nothing")

    assert expanded(["x*", pattern], shell_does_it=True) == ("x*", pattern)
    assert expanded([pattern, missing, "plain"], shell_does_it=False) == (
        str(tmp_path / "a.dmp"),
        str(tmp_path / "b.dmp"),
        missing,
        "plain",
    )
