"""Every command that prints a listing has a test that reads it back, and so has each of its options."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from round_trips import OPTIONS, TESTED, Case

from dumpwalk.commands import COMMANDS

VERBS = sorted(COMMANDS.load())
READ_BACK = [verb for verb in VERBS if isinstance(TESTED.get(verb), tuple)]


def layouts(module: ModuleType) -> Iterator[Any]:
    """Yield the layouts that a test uses: of its cases, under their names, and of the commands that it imports."""
    for value in vars(module).values():
        yield value
        if isinstance(value, ModuleType):
            yield getattr(value, "layout", None)
        for case in value if isinstance(value, list) else [value]:
            if isinstance(case, Case):
                yield case.layout


def test_every_command_has_a_test_or_a_reason() -> None:
    assert sorted(TESTED) == VERBS


@pytest.mark.parametrize("verb", READ_BACK)
def test_tests_use_the_layout_of_the_command(verb: str) -> None:
    text = COMMANDS.load()[verb].text

    for name in TESTED[verb]:
        assert text in list(layouts(import_module(f"test_log_round_trips_{name}"))), name


@pytest.mark.parametrize("verb", READ_BACK)
def test_every_option_has_a_test_or_a_reason(verb: str) -> None:
    own = OPTIONS[verb]

    assert sorted(own) == sorted(argument.key for argument in COMMANDS.load()[verb].arguments)
    for tests in own.values():
        assert isinstance(tests, str) or set(tests) <= set(TESTED[verb])


def test_no_other_command_has_options_here() -> None:
    assert sorted(OPTIONS) == READ_BACK
