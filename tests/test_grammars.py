"""Every grammar loads by each of its entries, and LALR finds no ambiguity in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from grammar_entries import entries

from dumpwalk.resources import load_grammar

FILES = sorted((Path(__file__).parents[1] / "grammars").rglob("*.lark"))
# A file without a rule called start holds terminals for others to import.
GRAMMARS = [f for f in FILES if entries(f)]
SHARED = [f for f in FILES if f not in GRAMMARS]


def test_no_name_is_larks_own() -> None:
    """``%import common.WS`` next to a ``common.lark`` of ours fails inside Lark."""
    assert {f.stem for f in FILES}.isdisjoint({"common", "lark", "python", "unicode"})


@pytest.mark.slow  # a second each: every two terminals are held against each other
@pytest.mark.parametrize("file", GRAMMARS, ids=lambda f: f.stem)
def test_loads_in_strict_mode(file: Path) -> None:
    start = entries(file)
    parser = load_grammar(file.stem, strict=True, start=start)

    assert ("opening" in start) <= ("line" in start)
    assert parser.options.parser == "lalr"


@pytest.mark.parametrize("file", SHARED, ids=lambda f: f.stem)
def test_shared_terminals_are_used(file: Path) -> None:
    users = [g for g in FILES if re.search(rf"^%import \.{file.stem}\b", g.read_text("utf-8"), re.M)]

    assert users


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_says_what_it_describes(file: Path) -> None:
    assert file.read_text("utf-8").startswith("//")
