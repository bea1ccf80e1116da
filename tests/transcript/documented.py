"""Tables of docs/coverage.md that tests count: each stands behind a comment that names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def assert_documented(name: str, now: str, config: pytest.Config) -> None:
    """Hold the table *name* against what it would be *now*; ``--update-docs`` writes it (in one process alone)."""
    text = PAGE.read_text("utf-8")
    table = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.S)
    shown = table.search(text)

    assert shown is not None
    if config.getoption("--update-docs"):
        PAGE.write_text(table.sub(lambda _: now, text), "utf-8", newline="\n")
    else:
        assert shown[0] == now, now
