"""Codes that a text mentions."""

from __future__ import annotations

import pytest

from dumpwalk.annotations.codes import codes_in


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("fails with ( C0000005 ) error", ["c0000005 STATUS_ACCESS_VIOLATION"]),
        ("0xc0000022, again 0xC0000022", ["c0000022 STATUS_ACCESS_DENIED"]),
        ("APC_INDEX_MISMATCH (1)", ["APC_INDEX_MISMATCH (1)"]),
        ("at c0000005`00000000 and 12c0000005", []),
        ("80000003", ["80000003 STATUS_BREAKPOINT"]),
        ("SOME_OTHER_NAME (5)", []),
        ("", []),
    ],
)
def test_codes(text: str, titles: list[str]) -> None:
    assert [a.title for a in codes_in(text)] == titles
