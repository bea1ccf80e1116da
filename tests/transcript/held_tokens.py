"""What of a line is information, and whether the record of its block holds it: shared by the tests of held values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dumpwalk.render.as_json import plain
from dumpwalk.transcript import Block, Log
from dumpwalk.transcript.lines import Lines
from dumpwalk.transcript.prompt import bare, prompted

# A path or a quoted string is one token; else words, and numbers with or without prefix and backtick.
TOKEN = re.compile(
    r"\"[^\"!]+\"|[0-9]+(?=[KMG]b\b|[A-Z][a-z]+[A-Z])|[^\s\"()\[\]{}<>,;=|]*\\[^\s\"()\[\]{}<>,;=|]+|(?:0[xn])?[0-9a-fA-F]+`[0-9a-fA-F]+|\w+"
)
_NUMBER = re.compile(r"(0x|0n|x)?([0-9a-fA-F]{1,20}(?:`[0-9a-fA-F]{1,8})?)h?\Z")


def cleaned(text: str) -> list[str]:
    """Return the lines of a text as readers get them."""
    return [line for chunk in Lines.of_text(text).chunks() for line in chunk]


def understood(text: str, log: Log) -> Iterator[tuple[Block, list[tuple[int, str]]]]:
    """Yield each block with the lines of it that count as understood: their numbers and texts, cleaned."""
    lines = cleaned(text)
    for block in log.blocks:
        if block.kind == "noise":
            continue
        out = {*block.unparsed, *block.noise}
        inside = [(n, lines[n - 1]) for n in range(block.first_line, block.last_line + 1) if n not in out]
        if inside and (prompted(inside[0][1]) is not None or bare(inside[0][1]) is not None):
            del inside[0]
        yield block, [(n, line) for n, line in inside if line and (n == inside[0][0] or prompted(line) is None)]


def tokens(line: str) -> list[str]:
    """Return the tokens of a line."""
    return [t for t in (found.strip("\"'.:") for found in TOKEN.findall(line)) if t.strip("_")]


def numbers(token: str) -> set[int]:
    """Return what a token is as a number, in either base; nothing for a word."""
    found = _NUMBER.match(token)
    if found is None:
        return set()
    digits = found[2].replace("`", "")
    values = {int(digits, 16)} if found[1] != "0n" else set()
    if digits.isdigit() and found[1] in (None, "0n"):
        values.add(int(digits))
    return values


_OTHER = str.maketrans("0123456789abcdefABCDEF", "7777777666bababaBABABA")


def changed(token: str) -> str | None:
    """Return a token with one digit or letter changed, and the same shape; ``None`` for one without any."""
    at = len(token) - 1
    if numbers(token) and any(c.isdigit() for c in token):
        at -= token.endswith("h")
        return token[:at] + token[at].translate(_OTHER) + token[at + 1 :]
    while at >= 0 and not token[at].isalpha():
        at -= 1
    if at < 0:
        return None
    other = "qwQW"[(token[at] in "qQ") + 2 * token[at].isupper()]
    return token[:at] + other + token[at + 1 :]


def _key(text: str) -> str:
    return text.replace("_", "").lower()


class Held:
    """What a record holds, as its JSON shows it."""

    def __init__(self, record: Any) -> None:
        self.words: set[str] = set()
        self.numbers: set[int] = set()
        self.keys: set[str] = set()
        self.strings: list[str] = []
        self._add(plain(record))
        self.text = "\n".join(self.strings)

    def _add(self, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                self.keys.add(_key(key))
                self._add(item)
        elif isinstance(value, list):
            for item in value:
                self._add(item)
        elif isinstance(value, str):
            self.strings.append(value)
            if value.startswith("0x") and numbers(value):
                self.numbers |= numbers(value)
            self.words |= {t.lower() for t in re.findall(r"[\w`]+", value)} | {t.lower() for t in tokens(value)}
        elif isinstance(value, int) and not isinstance(value, bool):
            self.numbers |= {abs(value), value & 0xFFFFFFFF, value & 0xFFFFFFFFFFFFFFFF}

    def has(self, token: str) -> bool:
        """Say whether a token is among the values."""
        if not token.replace("`", "").isalnum() and token in self.text:
            return True
        return token.lower() in self.words or bool(numbers(token) & self.numbers)

    def is_key(self, token: str) -> bool:
        """Say whether a token is the name of a value."""
        return _key(token) in self.keys
