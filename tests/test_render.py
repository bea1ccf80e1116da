"""Text is safe to print, and JSON keeps what numbers would lose."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.as_json import document, pieces, plain
from dumpwalk.render.text import indent, printable
from dumpwalk.times import FileTime


@record
class Thing:
    """A record with a value of any kind."""

    value: Any
    more: tuple[Any, ...] = ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("größe 大 é", "größe 大 é"),
        (r"C:\Windows\x1b", r"C:\Windows\x1b"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\0\x7f\x9b", r"\x00\x7f\x9b"),
        ("exe\u202efdp", r"exe\u202efdp"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("no\xa0break", r"no\xa0break"),
        ("half \ud83d", r"half \ud83d"),
        ("\U000e0041", r"\U000e0041"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_printable_is_printable(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert printable(shown) == shown
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_indent_leaves_empty_lines_empty() -> None:
    assert indent("a\n\n  b") == "    a\n\n      b"
    assert indent("a", "> ") == "> a"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Hex(0xFF), "0xff"),
        (Hex(2**64 - 1), "0xffffffffffffffff"),
        (Address(0xFFFFF80002A5C000), "0xfffff80002a5c000"),
        (Address32(0xFFFFFFFF8750EF80), "0x8750ef80"),
        (FileTime(0x01D707F23DBB3399), "2021-02-21T01:38:22.987765Z"),
        (Absent("not in the dump"), {"absent": "not in the dump"}),
        (Problem("modules", "cut"), {"where": "modules", "what": "cut"}),
        (b"\x00\xff", "00ff"),
        pytest.param(memoryview(b"\x00\xff"), "00ff", id="memoryview"),
        (True, True),
        (None, None),
        (12, 12),
        ("text", "text"),
        ((), []),
        ([1, (2, Hex(3))], [1, [2, "0x3"]]),
        ({"a": Hex(1), 2: Absent("x")}, {"a": "0x1", "2": {"absent": "x"}}),
        (
            Thing(Absent("gone"), (Thing(Address(1)),)),
            {"value": {"absent": "gone"}, "more": [{"value": "0x1", "more": []}]},
        ),
    ],
    ids=repr,
)
def test_plain(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert json.loads(document(value)) == expected


def test_document_is_on_one_line_for_json_lines() -> None:
    assert document(Thing("a\nb"), line=True) == '{"value": "a\\nb", "more": []}'
    assert document(Thing(1)).splitlines() == ["{", '  "value": 1,', '  "more": []', "}"]


def test_what_json_can_not_say_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        document(float("nan"))


texts = st.text(st.characters(codec=None, exclude_categories=()))
leaves = texts | st.integers() | st.integers().map(Hex) | texts.map(Absent) | st.binary() | st.booleans() | st.none()
values = st.recursive(
    leaves, lambda inner: st.lists(inner).map(tuple) | inner.map(Thing) | st.dictionaries(texts, inner), max_leaves=20
)


@given(values)
def test_every_document_is_ascii_and_reads_back(value: object) -> None:
    text = document(value, line=True)

    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == plain(value) == json.loads(document(value))
    assert text == json.dumps(plain(value))
    assert document(value) == json.dumps(plain(value), indent=2)


def test_long_documents_come_in_pieces() -> None:
    things = tuple(Thing(n) for n in range(1000))

    assert max(map(len, pieces(Thing(None, things)))) < 100
    assert "".join(pieces([Thing(None, things)], line=True)) == document([Thing(None, things)], line=True)
