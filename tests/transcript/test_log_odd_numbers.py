"""Listings with something else in the places of their numbers: read as far as they go, printed, compared."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from held_tokens import cleaned

import dumpwalk
from dumpwalk.render.as_json import document
from dumpwalk.render.log import layout
from dumpwalk.render.log_printed import printed
from dumpwalk.transcript import parse
from dumpwalk.transcript.against.whole import compare_log

ROOT = Path(__file__).parents[2]
ODD = (
    *("????", "?", "", "zz", "`", "12g", "-1", "0x", "1 2", "(null)", "é", "²", "\u0661"),
    *("f" * 40, "9" * 3400, "f" * 3400),
)
NUMBER = re.compile(r"\b(?:0x)?[0-9a-f`]{1,17}\b")


def assert_nothing_breaks(texts: list[str], seed: int) -> None:
    chance = random.Random(seed)
    target = dumpwalk.open(str(ROOT / "samples" / "device_stack.dmp"))
    for text in texts:
        bad = NUMBER.sub(lambda found: chance.choice(ODD) if chance.random() < 0.2 else found[0], text)
        log = parse(bad)

        assert layout(log)
        assert document(log)
        assert all(line.origin for line in printed(log, cleaned(bad)))
        assert layout(compare_log(target, log))


def test_output_of_dumpwalk() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    text = page.replace("$ dumpwalk -z ", "0: kd> !")
    sections = text.split("\n## ")

    for seed in range(4):
        assert_nothing_breaks(sections, seed)


@pytest.mark.slow
def test_real_listings(real_data: Path) -> None:
    files = sorted((real_data / "logs").glob("[a-z]*/*.txt"))

    assert_nothing_breaks([file.read_text("utf-8", "replace") for file in files], 1)


@pytest.mark.parametrize(
    "text",
    [
        "KAPC @ 863c1758\n  Type 12 (x)\n  Thread zz\n  KernelRoutine g\n  RundownRoutine 0\n  NormalRoutine 0\n"
        "  NormalContext 1 2\n  SystemArgument1 0\n  SystemArgument2 0\n  ApcStateIndex 0\n  ApcMode 0\n  Inserted 1\n",
        "0: kd> !apc\nThread 863c1758 ApcStateIndex 0 KernelApcDisable ab SpecialApcDisable 0\n",
        "kd> k\n00 863c1758 863c175c nt!Foo+0x1 [a.c @ ²]\n",
        "kd> dt x\n   +0x000 Entry : _LIST_ENTRY [ ` - ` ]\n",
        "kd> !vm\n  Physical Memory: " + "9" * 5000 + " (1 Kb)\n",
        "THREAD 863c1758  Cid 1.2  Teb: 0 Win32Thread: 0 WAIT\n  Base fff280897eb780`0 Limit ````````\n",
        "THREAD 863c1758  Cid 1.2  Teb: 0 Win32Thread: 0 WAIT\n  Win32 Start Address a!b (```````0)\n",
    ],
    ids=["apc", "apc disable", "line of a source", "links", "memory", "stack", "start"],
)
def test_what_is_no_number(text: str) -> None:
    log = parse(text)

    assert layout(log)
    assert document(log)
