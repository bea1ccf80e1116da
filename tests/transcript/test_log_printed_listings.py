"""Real listings printed back: each line is accounted for once; how many of the understood ones their records print.

The table is in docs/coverage.md; ``pytest --update-docs`` writes it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from documented import assert_documented
from held_tokens import cleaned

from dumpwalk.render.log_printed import printed, same
from dumpwalk.transcript import parse

# Listings of these commands have a row of their own.
STACKS = ("k", "kb", "kn", "kv", "stacktext", "frame", "kc", "kf")


def counted(data: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Count the origins of lines by kind and, for stacks, by listing; return the lines that are not what they were."""
    found: dict[str, Counter[str]] = {}
    wrong = []
    for file in sorted([*(data / "logs").glob("[a-z]*/*.txt"), *(data / "seed").glob("*.txt")]):
        text = file.read_text("utf-8", "replace")
        log, lines = parse(text), cleaned(text)
        shown = printed(log, lines)
        wrong += [f"{file.name}: {b}" for a, b in zip(shown, lines) if not a.origin or not same(a.text, b)]
        places = Counter(log.unparsed)
        for block in log.blocks:
            places.update(range(block.first_line, block.last_line + 1))
            origins = Counter(line.origin for line in shown[block.first_line - 1 : block.last_line])
            origins["exactly"] = sum(
                shown[n].text == lines[n] and shown[n].origin == "record"
                for n in range(block.first_line - 1, block.last_line)
            )
            found.setdefault(block.kind, Counter()).update(origins)
            if block.kind == "stack" and file.parent.name in STACKS:
                found.setdefault(f"stack, listings of {file.parent.name}", Counter()).update(origins)
        wrong += [f"{file.name}: line {n} is in {times} places" for n, times in places.items() if times > 1]
    return found, wrong


def table(found: dict[str, Counter[str]]) -> str:
    """Return the table of the kinds that have a layout; the stacks of each listing below those of all."""
    rows = ["| kind | understood lines | printed by the record | | byte for byte |", "|---|--:|--:|--:|--:|"]
    shown = [kind for kind in found if found[kind]["record"]]
    for kind in sorted(shown, key=lambda k: (-_lines(found[k.partition(",")[0]]), "," in k, -_lines(found[k]), k)):
        printed_lines = found[kind]["record"]
        share = 100 * printed_lines / _lines(found[kind])
        exactly = found[kind]["exactly"]
        rows.append(f"| {kind} | {_lines(found[kind])} | {printed_lines} | {share:.1f} % | {exactly} |")
    return "\n".join(rows) + "\n"


def _lines(origins: Counter[str]) -> int:
    return origins["record"] + origins["block"]


@pytest.mark.slow
def test_real_listings_are_printed_back(real_data: Path, request: pytest.FixtureRequest) -> None:
    found, wrong = counted(real_data)

    assert wrong == []

    assert_documented("printed back", table(found), request.config)
