"""The shared sentences: all load, all are filled in, and what commands on dumps print comes from there."""

from __future__ import annotations

import string

import pytest

from dumpwalk.annotations.stack_rules import index
from dumpwalk.kernel.pitfalls import Pitfall, pitfalls, told

ALL = list(pitfalls().values())


def test_those_of_the_published_posts_are_there() -> None:
    assert list(pitfalls()) == [
        "unsafe-name-query",
        "kernel-handle-close",
        "thread-exit",
        "user-iosb",
        "control-area-deletion",
        "slist-aba",
        "operation-end",
    ]


@pytest.mark.parametrize("pitfall", ALL, ids=lambda p: p.name)
def test_a_pitfall_is_whole(pitfall: Pitfall) -> None:
    assert all((pitfall.title, pitfall.next, pitfall.mentions))
    assert pitfall.severity in ("info", "low", "medium", "high", "critical")
    assert "{" not in told(pitfall.name)
    assert set(pitfall.unless) <= {rule.name for rule, _, _ in index().rules}


@pytest.mark.parametrize("pitfall", ALL, ids=lambda p: p.name)
def test_every_sentence_can_be_filled_in(pitfall: Pitfall) -> None:
    texts = pitfall.sentences.values()
    names = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
    for key in pitfall.sentences:
        said = told(pitfall.name, key, **dict.fromkeys(names - set(pitfall.sentences), "42"))

        assert "{" not in said
        assert len(said.split()) >= 4


def test_what_is_not_there_is_an_error() -> None:
    for name, key in (("slist-aba", "nothing"), ("nothing", "text"), ("slist-aba", "repeats")):
        with pytest.raises(KeyError):
            told(name, key)
