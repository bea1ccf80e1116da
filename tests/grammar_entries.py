"""By which rules a grammar is entered."""

from __future__ import annotations

import re
from pathlib import Path

# What the names mean says tests/transcript/test_log_grammars.py.
_ENTRY = re.compile(r"^\??(start|opening|line|alone|(?:unfinished|rest)(?:_\w+)?)\s*:", re.M)


def entries(grammar: Path) -> list[str]:
    """Return the names of the rules of a file that lines are parsed by, none where it holds only terminals."""
    found = _ENTRY.findall(grammar.read_text("utf-8"))
    return found if "start" in found else []
