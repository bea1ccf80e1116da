"""Listings that no reader was written by: the examples in the debugger's own documentation.

Readers were written with the listings of tests/transcript/test_log_listings.py in sight. How much of other text
they understand says docs/coverage.md; ``pytest --update-docs`` writes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import assert_documented
from test_log_listings import WRITTEN

from dumpwalk.transcript import parse
from dumpwalk.transcript.prompt import prompted, word

# Of so many lines of an example half must be new.
_SHORTEST = 12
_FENCE = re.compile(r"\s*(`{3,})")
_PROMPT = re.compile(r"\s*(?:[0-9]+: ?)?l?[kK]d(?::\w+)?>|\s*[0-9]+:[0-9]{3}(?::\w+)?>")
# What the kernel's structures, stacks, memory and code are looked at with; hundreds of others are for one extension.
COMMANDS = frozenset(
    "k kb kc kd kf kn kp kP kv thread process analyze bugcheck dt ?? ca fileobj object irp pte pool locks devobj "
    "drvobj devstack handle vm memusage stacks apc lm lmv lmvm r trap cxr exr ecxr db dw dd dq dp dps dqs dds da du "
    "dc u uf ub x ln dx vertarget running idt".split()
)
# What the readers made of these examples before they were held against them: shares in percent.
BEFORE = {"named": 89.5, "all": 33.4, "labels": 10.8}


def examples(pages: Path) -> Iterator[list[str]]:
    """Yield the code blocks of all pages."""
    for page in sorted(pages.glob("*.md")):
        block: list[str] | None = None
        mark = ""
        for line in page.read_text("utf-8", "replace").splitlines():
            fence = _FENCE.match(line)
            if block is None:
                block, mark = ([], fence[1]) if fence else (None, "")
            elif line.strip().startswith(mark):
                yield block
                block = None
            else:
                block.append(line)


def plain(line: str) -> str:
    return " ".join(line.split()).lower()


def unseen(data: Path) -> Iterator[list[str]]:
    """Yield the examples that show a command and its output, and are not among the listings."""
    known = {plain(line) for p in data.glob("logs/*/*.txt") for line in p.read_text("utf-8", "replace").split("\n")}
    for block in examples(data.parent / "reference" / "windbg-docs"):
        typed = [bool(_PROMPT.match(line)) for line in block]
        long = [text for text in map(plain, block) if len(text) > _SHORTEST]
        if not any(typed) or all(t or not line.strip() for t, line in zip(typed, block)):
            continue
        if not long or 2 * sum(text in known for text in long) < len(long):
            yield block


def counted(block: list[str]) -> dict[str, Counter[str]]:
    """Count the lines of output by command: understood, labels, noise, prose, not understood."""
    log = parse("\n".join(block))
    made: dict[int, str] = {}
    for one in log.blocks:
        taken = {"command": "labels", "noise": "noise"}.get(one.kind, "prose" if one.kind in WRITTEN else "understood")
        made.update(dict.fromkeys(range(one.first_line, one.last_line + 1), taken))
        made.update(dict.fromkeys(one.noise, "noise") | dict.fromkeys(one.unparsed, "rest"))
    found: dict[str, Counter[str]] = {}
    command = ""
    for number, line in enumerate(block, 1):
        if _PROMPT.match(line):
            command = word(prompted(line) or "")
        elif line.strip():
            found.setdefault(command, Counter())[made.get(number, "rest")] += 1
    return found


def share(c: Counter[str], *what: str) -> float:
    return 100 * sum(c[w] for w in what) / (c.total() - c["prose"])


def sentence(data: Path) -> str:
    """Return what docs/coverage.md says of the examples."""
    blocks = list(unseen(data))
    named, every = Counter[str](), Counter[str]()
    for block in blocks:
        for command, c in counted(block).items():
            every += c
            if command in COMMANDS:
                named += c
    now = {
        "named": share(named, "understood", "noise"),
        "all": share(every, "understood", "noise"),
        "labels": share(every, "labels"),
    }
    assert all(now[key] >= BEFORE[key] for key in now)
    return (
        f"The readers were written with these listings in sight. Of the {len(blocks)} examples in the debugger's own\n"
        f"documentation that are not among them, {named.total() - named['prose']:,} lines are what stacks, threads, "
        "processes, types, memory, code and the\n"
        f"other structures of the kernel are looked at with: {BEFORE['named']:.1f} % of these were understood or noise "
        f"when they were\nfirst counted, which says more of other text than the table above, and "
        f"{now['named']:.1f} % are since readers were mended\n"
        f"by them. Of all {every.total() - every['prose']:,} lines, "
        f"most of which are of extensions without a kind, {BEFORE['all']:.1f} % were and {now['all']:.1f} %\n"
        f"are; further {BEFORE['labels']:.1f} % were and {now['labels']:.1f} % are kept as labels.\n"
    )


@pytest.mark.slow
def test_as_much_of_unseen_examples_is_understood_as_the_documentation_says(
    real_data: Path, request: pytest.FixtureRequest
) -> None:
    if not (real_data.parent / "reference" / "windbg-docs").is_dir():
        pytest.skip("no real material here: the debugger's documentation")

    assert_documented("unseen examples", sentence(real_data), request.config)
