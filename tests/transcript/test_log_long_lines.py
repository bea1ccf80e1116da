"""Readers of listings take their time line by line: no line of the longest length holds one up."""

from __future__ import annotations

import time

import pytest

from dumpwalk.transcript import KINDS
from dumpwalk.transcript.lines import LONGEST
from dumpwalk.transcript.splitter import openers

PIECES = [
    *(" ", "\t", "0", "a", "9 ", "0: ", "(x) ", "=== ", "ReadOnly ", "Aaa,", " Aaaa", "AAAAAA_", "Object: ", "{0x1, "),
    *("0123456789abcdef ", "contains 0123456789ABCDEF ", "pfn 1ab ---DA--KWEV ", "ffff8b034f13e080-01<*> ", "Frame : "),
]


@pytest.mark.parametrize("kind", sorted(KINDS.load()))
def test_no_line_takes_long(kind: str) -> None:
    """A regular expression that tries each way to part a run of blanks takes minutes here, others microseconds."""
    openers()
    slowest = 0.0
    for piece in PIECES:
        for line in (piece * (LONGEST // len(piece) - 1) + "!", "Lock 1 " + piece * (LONGEST // len(piece) - 8) + "?"):
            reader = KINDS.load()[kind].reader("!command")
            start = time.process_time()
            reader.take(line, 1)
            reader.take(line, 2)
            slowest = max(slowest, time.process_time() - start)

    assert slowest < 2
