"""The usual rows of dt are read the same without the grammar as with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from dumpwalk.resources import load_grammar
from dumpwalk.types.sources import dt_rows, dt_text

ROWS = [
    "   +0x004 DeviceObject     : 0x879c9030 _DEVICE_OBJECT",
    "   +0x014 SectionObjectPointer : 0x87bddea8 _SECTION_OBJECT_POINTERS",
    "   +0x000 Type             : 0n5",
    "   +0x008 Size             : 0n-6",
    "   +0x020 RelatedFileObject : (null) ",
    "   +0x024 LockOperation    : 0 ''",
    "   +0x024 LockOperation    : 0x4a 'J'",
    "   +0x030 FileName         : _UNICODE_STRING \"\\a b.jpg\"",
    "   +0x074 IrpList          : _LIST_ENTRY [ 0x8750eff4 - 0x8750eff4 ]",
    "   +0x074 IrpList          : _LIST_ENTRY [ 0xffffcc8b`dacf9200 - 0x0 ]",
    "   +0x01c u                : <unnamed-tag>",
    "   +0x01c u                :",
    "      +0x000 Long             : Uint8B",
    "   +0x000 Protection       : Pos 11, 5 Bits",
    "   +0x008 Thread           : Ptr64 _KTHREAD",
    "   +0x008 State            : 5 ( Waiting )",
    "   +0x008 Flag             : 0y101",
    "   +0x008 Time             : inf",
    "   +0x008 X                : Ptr64",
    "   +000 Old                : 0x1",
    "   +0x000 Next::Name       : 1",
    "   +0x000 A b              : 1",
    "   +0x000 A                : 0x1`",
    "   +0x000 A                : 12ab",
]  # fmt: skip


def read(text: str) -> list[tuple[Any, list[tuple[str, ...]]]]:
    return [(d.listing(), [shape for _, shape in d.rows]) for d in dt_text.read(text)[0]]


def assert_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(text)
    with monkeypatch.context() as patch:
        patch.setattr(dt_rows, "usual_row", lambda line: None)
        patch.setattr(dt_rows, "may_be_of_dt", lambda line: True)
        assert fast == read(text)


@pytest.mark.parametrize("row", ROWS)
def test_a_row(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(row, monkeypatch)


def test_most_of_them_are_usual() -> None:
    assert sum(dt_rows.usual_row(row) is not None for row in ROWS) >= 18


WORDS = st.sampled_from(
    ["0x1", "0x1`2", "12", "0n5", "(null)", "_X", "Ptr64", "Void", "''", "'a'", "( B )", "Pos 1, 2 Bits",
     "[ 0x1 - 0x2 ]", '"s"', "0y1", "inf", "struct", "??", "<unnamed-tag>", " "]
)  # fmt: skip


@given(st.lists(WORDS, max_size=4), st.sampled_from([" ", "  "]))
def test_any_value(words: list[str], gap: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        assert_same(f"   +0x010 Name : {gap.join(words)}", patch)


@given(from_lark(load_grammar("dt"), alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_whatever_the_grammar_makes(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        assert_same(line, patch)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("The driver was loaded, and then something happened.", False),
        ("Loading symbols for nt", False),
        ("EventNotificationObject = 0n0", True),
        ("ActiveProcessLinks.Flink at 0x814856f0", True),
        ("struct _FILE_OBJECT, 30 elements, 0xd8 bytes", True),
        ("lkd> dt nt!_FILE_OBJECT", True),
        ("Local var Type _X", True),
        ("[00] 0x1", True),
    ],
)
def test_the_grammar_is_asked_of_lines_that_may_be_its(line: str, asked: bool) -> None:
    assert dt_rows.may_be_of_dt(line) is asked


@pytest.mark.slow
def test_every_listing(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in sorted((real_data / "logs").glob("*/*.txt")):
        assert_same(file.read_text("utf-8", "replace"), monkeypatch)
