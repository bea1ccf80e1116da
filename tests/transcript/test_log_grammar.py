"""The grammar of a stack's lines and the expressions that read them say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lark import Lark, Token, Tree

from dumpwalk.resources import load_grammar
from dumpwalk.transcript.frame import Frame, frame
from dumpwalk.transcript.lines import Lines
from dumpwalk.transcript.site import Site, site

LINES = [
    "f64fda98 8051cc7f nt!KeBugCheckEx+0x1b",
    "8013eecc 801389ee 0000000a 00000000 0000001c NT!_KiTrap0E+0x256 (FPO: [0,0] TrapFrame @ 8013eee8)",
    "8013ed5c 801263ba 00000000 00000000 e12ab000",
    "0b4ffc74  77f6c600  000000c8.00000000 77fa5ad0 BuggyProgram!CreateMsgFile+0x1b",
    "0f 0021f3e4 7c90d28a ntdll!KiFastSystemCallRet",
    "0027fca0 1e056efc MSVCR90!memcpy+0x5a [f:\\dd\\INTEL\\memcpy.asm @ 188]",
    "00 00007ff8`f870735c     : 00000135`c9161040 ffffffff`fffffffe 00000027`5abfeae0 00000000`00000000 : ntdll!A",
    "fffff880`040b7e18 fffff800`026ca362 : 00000000`00000001 00000000`00000002 00000000`00000003 00000000`00000004 "
    ": nt!memcpy+0x3 (TrapFrame @ fffff800`cc332e70)",
    "02        40 ffffdc0e`9ee66850 fffff800`2b7f8801     dxgmms2!VidSchiMarkDeviceAsError+0x4d  ",
    "04 (Inline Function) --------`--------     POC!ExecuteCommand+0xab",
    "03 00000000`055ce750 00000000`055ce750 0x56e8d27",
    "05 f7b136ec f64fdc34 nt! ?? ::FNODOBFM::`string'+0x31868",
    "0a nt!memcpy",
    "10 ***",
    "fe4cc978 80136039 ntoskrnl!_ExpWaitForResource+0x114        // Lock being waited on...",
]


@pytest.fixture(scope="module")
def grammar() -> Lark:
    return load_grammar("stack")


def tokens(tree: Tree[Token], *types: str) -> list[str]:
    return [str(t) for t in tree.scan_values(lambda t: isinstance(t, Token) and t.type in types)]


def columns(tree: Tree[Token]) -> list[int]:
    return [int(t.strip(" .").replace("`", "").replace("'", ""), 16) for t in tokens(tree, "WIDE", "SHORT")]


def place(tree: Tree[Token]) -> Site:
    """Return the place that the tokens of a line make."""
    words = tokens(tree, "ELISION", "BARE", "PLUS", "NAME", "SYMBOL", "MODULE", "ALONE", "OLD")
    if words == ["***"]:
        return Site("", "", None, notes=("***",))
    name = "".join(words + tokens(tree, "OFFSET", "LONG_OFFSET")).replace("! ", "!")
    notes = [f" {note}" for note in tokens(tree, "NOTE", "NOTES")]
    sources = [f" {source}" for source in tokens(tree, "SOURCE")]
    remarks = [f" {remark}" for remark in tokens(tree, "REMARK")]
    return site("".join([name, *notes, *sources, *remarks]))


def said(found: Frame) -> tuple[Any, ...]:
    numbers = [n for n in (found.child_sp, found.return_address, *found.args) if n is not None]
    return found.number, found.size, [int(n) for n in numbers], found.inline, found.place


def by_grammar(grammar: Lark, line: str) -> tuple[Any, ...]:
    tree = grammar.parse(line.rstrip(" "))  # as lines come to a reader
    number, size = tokens(tree, "DIGIT", "NUMBER"), tokens(tree, "SIZE")
    return (
        int(number[0], 16) if number else None,
        int(size[0], 16) if size else None,
        columns(tree),
        bool(tokens(tree, "INLINE")),
        place(tree),
    )


@pytest.mark.parametrize("line", LINES)
def test_a_line(grammar: Lark, line: str) -> None:
    found = frame(line)

    assert found is not None
    assert by_grammar(grammar, line) == said(found)


@pytest.mark.slow
def test_every_frame_of_every_listing(grammar: Lark, real_data: Path) -> None:
    checked = 0
    for file in sorted((real_data / "logs").glob("[ks]*/*.txt")):
        for line in Lines.of_text(file.read_text("utf-8", "replace")):
            found = frame(line)
            if found is None or (found.return_address is None and found.number is None):
                continue
            checked += 1

            assert by_grammar(grammar, line) == said(found), line

    assert checked > 2000
