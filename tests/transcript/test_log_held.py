"""A line counts as understood when a block's record holds what it says: each token of such lines is in the record.

Once by looking for it: as one of the record's numbers, whatever base it was
printed in, or as part of one of its strings. And once by changing it: the
record changes, or the line is no longer understood.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from documented import assert_documented
from held_layout import IN_ANOTHER_FORM, LAYOUT, NOT_HELD
from held_tokens import TOKEN, Held, changed, cleaned, numbers, tokens, understood

from dumpwalk.transcript import Block, parse

ROOT = Path(__file__).parents[2]
# So many lines of one shape are changed, of each kind.
SAME_SHAPE = 2


def texts(data: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every listing, seed and sample."""
    files = [*(data / "logs").glob("[a-z]*/*.txt"), *(data / "seed").glob("*.txt"), *(ROOT / "samples").glob("*.txt")]
    for file in sorted(files):
        yield f"{file.parent.name}/{file.name}", file.read_text("utf-8", "replace")


@cache
def layout(kind: str) -> frozenset[str]:
    return frozenset(LAYOUT.get(kind, "").split())


def listed(table: tuple[tuple[str, str, str, str], ...], kind: str, line: str, token: str) -> bool:
    """Say whether a table explains a token."""
    return any(k == kind and re.match(of, line) and re.fullmatch(t, token) for k, of, t, _ in table)


def counted(data: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Count the tokens of understood lines by kind, and return those that nothing holds."""
    found: dict[str, Counter[str]] = {}
    lost = []
    for name, text in texts(data):
        for block, lines in understood(text, parse(text)):
            held = Held(block.record)
            counts = found.setdefault(block.kind, Counter())
            for number, line in lines:
                for token in tokens(line):
                    how = _how(held, block, line, token)
                    counts[how] += 1
                    if how == "lost":
                        lost.append(f"{block.kind}: {token!r} of {name}:{number}: {line.strip()}")
    return found, lost


def _how(held: Held, block: Block, line: str, token: str) -> str:
    if held.has(token):
        return "held"
    if held.is_key(token) or token in layout(block.kind):
        return "layout"
    if listed(IN_ANOTHER_FORM, block.kind, line, token):
        return "form"
    return "not held" if listed(NOT_HELD, block.kind, line, token) else "lost"


def share(counts: Counter[str]) -> float:
    """Return how much per cent of the values are held."""
    return 100 * (counts["held"] + counts["form"]) / max(1, counts.total() - counts["layout"])


def table(found: dict[str, Counter[str]]) -> str:
    """Return the table of all kinds, those with most tokens first."""
    rows = [
        "| kind | words and numbers | of the layout | held | in another form | not held | share held |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    total = sum(found.values(), Counter[str]())
    ordered = sorted((k for k in found if found[k]), key=lambda k: (-found[k].total(), k))
    for name, counts in [*((k, found[k]) for k in ordered), ("all", total)]:
        numbers = " | ".join(str(counts[key]) for key in ("layout", "held", "form", "not held"))
        rows.append(f"| {name} | {counts.total()} | {numbers} | {share(counts):.1f} % |")
    return "\n".join(rows) + "\n"


def test_how_a_line_is_looked_at() -> None:
    line = '82997760  bad0b0b0 ffff`80001234 0n16 5Ch 98304Kb "a b" c:\\x\\y.sys nt!Ke+0x1b'

    assert tokens(line) == [
        "82997760", "bad0b0b0", "ffff`80001234", "0n16", "5Ch", "98304", "Kb", "a b", "c:\\x\\y.sys",
        "nt", "Ke", "0x1b",
    ]  # fmt: skip
    assert (numbers("16"), numbers("0n16"), numbers("0x16"), numbers("5Ch"), numbers("Ke")) == (
        {16, 22}, {16}, {22}, {92}, set(),
    )  # fmt: skip


def test_what_a_record_does_not_hold_is_lost() -> None:
    held = Held({"Flags": 0x1B, "name": "nt!Ke", "path": "c:\\x y.sys", "address": "0xffff80001234"})

    assert [held.has(t) for t in ("1b", "27", "0x1b", "Ke", "ffff`80001234", "c:\\x", "x y.sys")] == [True] * 7
    assert [held.has(t) for t in ("1c", "0x27", "Kf", "c:\\y")] == [False] * 4
    assert held.is_key("FLAGS")


def test_samples_are_held() -> None:
    for file in sorted((ROOT / "samples").glob("*.txt")):
        text = file.read_text("utf-8")
        for block, lines in understood(text, parse(text)):
            held = Held(block.record)

            assert [t for _, line in lines for t in tokens(line) if _how(held, block, line, t) == "lost"] == []


@pytest.mark.slow
def test_records_hold_what_their_lines_say(real_data: Path, request: pytest.FixtureRequest) -> None:
    found, lost = counted(real_data)

    assert lost == []
    assert {kind for kind, counts in found.items() if share(counts) < 95} == set()
    assert share(sum(found.values(), Counter[str]())) >= 99

    assert_documented("held values", table(found), request.config)


@pytest.mark.slow
def test_a_change_of_any_value_is_a_change_of_the_record(real_data: Path) -> None:
    """Of each shape of line some are changed, one token at a time: no other number of the record stands in for it."""
    seen: Counter[tuple[str, str]] = Counter()
    tried, unnoticed = 0, []
    for name, text in texts(real_data):
        lines = cleaned(text)
        for block, inside in understood(text, parse(text)):
            fresh = []
            for number, line in inside:
                shape = (
                    block.kind,
                    re.sub(r"[A-Za-z_]\w*", "w", re.sub(r"[0-9a-fA-F`x]*[0-9][0-9a-fA-F`]*", "0", line)),
                )
                seen[shape] += 1
                if seen[shape] <= SAME_SHAPE:
                    fresh.append((number, line))
            segment = lines[block.first_line - 1 : block.last_line]
            if not fresh or len(segment) > 300:
                continue
            before = parse("\n".join(segment))
            for number, line in fresh:
                for at in TOKEN.finditer(line):
                    token = at[0].strip("\"'.:")
                    other = changed(token)
                    if other is None or token in layout(block.kind) or listed(NOT_HELD, block.kind, line, token):
                        continue
                    end = at.start() + at[0].rindex(token) + len(token)
                    segment[number - block.first_line] = line[: end - len(token)] + other + line[end:]
                    after = parse("\n".join(segment))
                    tried += 1
                    if [(b.kind, b.record, b.unparsed) for b in after.blocks] == [
                        (b.kind, b.record, b.unparsed) for b in before.blocks
                    ] and after.unparsed == before.unparsed:
                        unnoticed.append(f"{block.kind}: {token!r} of {name}:{number}: {line.strip()}")
                segment[number - block.first_line] = line

    assert tried > 25_000
    assert unnoticed == []
