"""What the tests of grammars share: the grammars of kinds of block, and every line of every listing at hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest.mock import patch

from grammar_entries import entries
from lark import Lark, Tree
from lark.exceptions import UnexpectedInput

from dumpwalk.resources import load_grammar
from dumpwalk.transcript import KINDS, Reader, parse
from dumpwalk.transcript.lines import Lines
from dumpwalk.transcript.prompt import bare, prompted

# Forms that have a grammar of their own and the reader of another kind.
READ_BY = {"gdb": "stack", "xcode": "stack"}
ROOT = Path(__file__).parents[2]


def grammar_file(kind: str) -> Path:
    return ROOT / "grammars" / f"{kind.replace('-', '_')}.lark"


def kinds_with_grammar() -> list[str]:
    return sorted([*(name for name in KINDS.load() if grammar_file(name).exists()), *READ_BY])


def reader(kind: str) -> type[Reader]:
    return KINDS.load()[READ_BY.get(kind, kind)].reader


class Grammar:
    """The grammar of one kind.

    :ivar entries: which of its rules are entries
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.entries = entries(grammar_file(kind))
        # Whether terminals collide takes long to find out; tests/test_grammars.py does.
        with patch("lark.lexer.has_interegular", False):
            self.parser: Lark = load_grammar(grammar_file(kind).stem, start=self.entries)

    def parse(self, line: str, entry: str = "start") -> Tree[object] | None:
        """Return what *line* is, ``None`` where the grammar does not take it."""
        if entry not in self.entries:
            return None
        try:
            return self.parser.parse(line, start=entry)
        except UnexpectedInput:
            return None

    def takes(self, line: str) -> bool:
        """Say whether *line* is one of such a block, or goes on with one."""
        return any(self.parse(line, e) is not None for e in self.entries if e == "start" or e.startswith("rest"))

    def is_made(self, entry: str) -> bool:
        """Say whether lines can be made by *entry*: where the one above it is, if it needs one."""
        return entry != "start" and (
            not entry.startswith("rest") or entry.replace("rest", "unfinished", 1) in self.entries
        )

    def above(self, entry: str) -> list[str]:
        """Return the entries that make the lines which have to stand above one that *entry* makes."""
        if entry in ("start", "opening", "alone"):
            return []
        path = entry.split("_")[1:]
        steps = ["_".join(["unfinished", *path[:n]]) for n in range(len(path) + entry.startswith("rest"))]
        return [e for e in ("opening", *steps) if e in self.entries]


@cache
def grammar(kind: str) -> Grammar:
    return Grammar(kind)


def texts(data: Path) -> Iterator[str]:
    """Yield the listings, the posts and the samples."""
    for directory, pattern in ((data / "logs", "[a-z]*/*.txt"), (data / "seed", "*.txt"), (ROOT / "samples", "*.txt")):
        for file in sorted(directory.glob(pattern)):
            yield file.read_text("utf-8", "replace")


class Listed:
    """The distinct lines of all texts.

    :ivar understood: those that a record holds, by kind of block; with those that the documentation has of dumpwalk's
        own printing
    :ivar lines: all that are not blank, in order
    """

    def __init__(self, data: Path) -> None:
        self.understood: dict[str, dict[str, None]] = {}
        lines: dict[str, None] = {}
        own = (ROOT / "docs" / "commands.md").read_text("utf-8")
        for text in (*texts(data), own):
            found = list(Lines.of_text(text))
            if text is not own:
                lines.update(dict.fromkeys(line for line in found if line))
            for block in parse(text).blocks:
                outside = {*block.unparsed, *block.noise}
                taken = self.understood.setdefault(block.kind, {})
                for number in range(block.first_line, block.last_line + 1):
                    line = found[number - 1]
                    if not line or number in outside:
                        continue
                    if number == block.first_line and block.command and _is_command(line):
                        continue
                    taken[line] = None
        self.lines = list(lines)


def _is_command(line: str) -> bool:
    return prompted(line) is not None or bare(line) is not None


@cache
def listed(data: Path) -> Listed:
    return Listed(data)


def openings(kind: str, lines: list[str]) -> list[str]:
    """Return lines that such a block begins with, one of each form."""
    found: dict[object, str] = {}
    held = grammar(kind)
    for line in lines:
        tree = held.parse(line, "opening")
        if tree is not None:
            below = tree.children[0] if tree.data == "opening" and tree.children else tree
            found.setdefault(getattr(below, "data", None), line)
    return list(found.values())


def is_taken(make: type[Reader], commands: tuple[str, ...], before: list[str], line: str) -> bool:
    """Say whether a reader takes *line*, as the first of a block or below a line of *before*."""
    for command in commands:
        if make(command).take(line, 1):
            return True
        for opening in before:
            reader = make(command)
            if reader.take(opening, 1) and reader.take(line, 2):
                return True
    return False


def mutilated(line: str, time: int) -> str:
    """Return *line* as a bad copy of it might be: the same each time."""
    chance = random.Random(f"{time} {line}")
    cut = chance.randrange(len(line) + 1)
    return chance.choice(
        [
            line[:cut],
            line[cut:],
            f"{line} {line}",
            line[:cut] + chance.choice("()[]`!+:0x9 >&#?zZ-.") + line[cut:],
            line[:cut] + line[cut + 1 :],
            line.upper(),
            line.replace("  ", " "),
            line.replace(" ", "  "),
        ]
    ).rstrip(" ")
