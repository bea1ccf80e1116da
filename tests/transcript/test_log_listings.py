"""Real listings out of public reports and documentation: how many of their lines are understood, by kind of listing.

The table is in docs/coverage.md; ``pytest --update-docs`` writes it. A line
is understood when a block's record holds what it says; noise (the debugger's
asides and the marks of authors who left something out) is counted apart, and so
is what no debugger printed: prose and pages that authors put between listings.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from documented import assert_documented
from test_log_splitting import assert_nothing_lost

from dumpwalk.render.as_json import document
from dumpwalk.render.log import layout
from dumpwalk.transcript import Log, parse, parse_file

WRITTEN = ("prose", "markup")  # kinds of what no debugger printed


def counts(text: str, log: Log) -> Counter[str]:
    """Count the lines of a text that are not blank: understood, labels only, noise, prose, or none of these."""
    lines = {n for n, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1) if line.strip()}
    noise = {n for b in log.blocks for n in b.noise}
    noise |= {n for b in log.blocks if b.kind == "noise" for n in range(b.first_line, b.last_line + 1)}
    not_understood = {n for b in log.blocks for n in b.unparsed} | set(log.unparsed)
    prose = {n for b in log.blocks if b.kind in WRITTEN for n in range(b.first_line, b.last_line + 1)} & lines
    prose -= not_understood | noise
    known = lines - noise - not_understood - prose
    labels = {n for b in log.blocks if b.kind == "command" for n in range(b.first_line + 1, b.last_line + 1)} & known
    return Counter(
        lines=len(lines),
        understood=len(known - labels),
        labels=len(labels),
        noise=len(lines & noise),
        prose=len(prose),
        rest=len((lines & not_understood) - noise),
    )


@cache
def counted(data: Path) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Count the lines, and the files, of the listings of each command."""
    found: dict[str, Counter[str]] = {}
    files: Counter[str] = Counter()
    for file in sorted((data / "logs").glob("[a-z]*/*.txt")):
        text = file.read_text("utf-8", "replace")
        found.setdefault(file.parent.name, Counter()).update(counts(text, parse(text)))
        files[file.parent.name] += 1
    return found, files


def table(data: Path) -> str:
    """Return the table of all listings, the kinds with most lines first."""
    found, files = counted(data)
    rows = [
        "| listings of | files | lines | prose | understood | as labels | noise | not understood | "
        "understood or noise |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in sorted(found, key=lambda n: (-found[n]["lines"], n)):
        rows.append(_row(name, files[name], found[name]))
    return "\n".join([*rows, _row("all", files.total(), sum(found.values(), Counter()))]) + "\n"


def _row(name: str, files: int, c: Counter[str]) -> str:
    share = 100 * (c["understood"] + c["noise"]) / (c["lines"] - c["prose"])
    numbers = " | ".join(str(c[key]) for key in ("lines", "prose", "understood", "labels", "noise", "rest"))
    return f"| {name} | {files} | {numbers} | {share:.1f} % |"


@pytest.mark.slow
def test_as_many_lines_are_understood_as_the_documentation_says(
    real_data: Path, request: pytest.FixtureRequest
) -> None:
    assert_documented("understood lines", table(real_data), request.config)


@pytest.mark.slow
def test_at_least_99_of_100_lines_of_debuggers_are_understood_or_noise(real_data: Path) -> None:
    total = sum(counted(real_data)[0].values(), Counter[str]())
    printed = total["lines"] - total["prose"]

    assert (total["understood"] + total["noise"]) / printed >= 0.99
    assert total["noise"] / printed <= 0.05
    assert total["prose"] / total["lines"] <= 0.02


@pytest.mark.slow
def test_every_listing_prints_in_every_form(real_data: Path) -> None:
    files = sorted((real_data / "logs").glob("*/*.txt"))
    for file in files:
        log = parse_file(str(file))

        layout(log)
        document(log)

    assert len(files) >= 744


@pytest.mark.slow
def test_mutilated_listings_lose_nothing(real_data: Path) -> None:
    """Lines cut, doubled, moved between listings, with brackets and odd characters strewn in."""
    chance = random.Random(1)
    texts = [p.read_text("utf-8", "replace") for p in sorted((real_data / "logs").glob("*/*.txt"))]
    strange = [line for text in texts for line in text.split("\n")]
    for _ in range(300):
        lines = chance.choice(texts).split("\n")[:200]
        for _ in range(chance.randrange(1, 12)):
            at = chance.randrange(len(lines))
            cut = chance.randrange(len(lines[at]) + 1)
            lines[at : at + 1] = chance.choice(
                [
                    [lines[at][:cut]],
                    [lines[at], chance.choice(strange)],
                    [lines[at][:cut] + chance.choice("()[]`!+:0x9 >&#\t\x00é") * 3 + lines[at][cut:]],
                    [f"{lines[at]} {chance.choice(strange)}"],
                    [],
                    [lines[at].upper()],
                ]
            )
            lines = lines or [""]
        log = assert_nothing_lost("\n".join(lines))

        layout(log)
        document(log)
