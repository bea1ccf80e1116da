"""Which kind of block a line begins, asked of all kinds in one regular expression."""

from __future__ import annotations

import re

from dumpwalk.transcript import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.transcript import Kind

_BLANKS = "[ ]*"


class Openers:
    """Asks kinds in the order of rank.

    Nearly all begin with any number of blanks. These are matched once for all
    kinds that follow one another, and behind them stand the alternatives of each:
    the expression's machine skips those that begin with another letter than the
    line, which it can't where blanks or a group stand in front.
    """

    def __init__(self) -> None:
        kinds = sorted(KINDS.load().values(), key=lambda k: (k.rank, k.name))
        self.kinds = [k for k in kinds if k.opens]
        self.commands = {w: k for k in kinds for w in k.commands}
        self._of_group: list[int] = [0]  # the position of the kind whose alternative ends with a group
        self._match = re.compile(self._joined()).match

    def by_shape(self, line: str, following: str) -> Kind | None:
        """Return the kind of block that *line* begins, *following* being the one after it."""
        found = self._match(line)
        if found is None:
            return None
        first = self._of_group[found.lastindex or 1]
        kind = self.kinds[first]
        if kind.confirms is None or kind.confirms(line, following):
            return kind
        for kind in self.kinds[first + 1 :]:  # the expression stops at the first that fits
            if re.match(kind.opens, line) and (kind.confirms is None or kind.confirms(line, following)):
                return kind
        return None

    def _joined(self) -> str:
        parts: list[str] = []
        behind_blanks: list[str] = []
        for position, kind in enumerate(self.kinds):
            for text in alternatives(kind.opens):
                rest = text.removeprefix(_BLANKS)
                together = rest != text and not rest.startswith((" ", "[ "))
                if not together and behind_blanks:
                    parts.append(_group(behind_blanks))
                    behind_blanks = []
                target = behind_blanks if together else parts
                for one in alternatives(_inside(rest)) if together else [text]:
                    target.append(f"{one}()")
                    self._of_group.append(position)
        return "|".join([*parts, _group(behind_blanks)] if behind_blanks else parts)


def alternatives(expression: str) -> list[str]:
    """Return what bars part in *expression*, outside of brackets.

    >>> alternatives("a|(?:b|c)|[|]")
    ['a', '(?:b|c)', '[|]']
    """
    found: list[str] = []
    start = depth = 0
    for at, sign in _signs(expression):
        if sign == "|":
            if not depth:
                found.append(expression[start:at])
                start = at + 1
        else:
            depth += 1 if sign == "(" else -1
    return [*found, expression[start:]]


def _inside(expression: str) -> str:
    """Return what a group holds that is the whole of *expression*; else *expression*."""
    if not expression.startswith("(?:"):
        return expression
    depth = 0
    for at, sign in _signs(expression):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not depth:
            return expression[3:at] if at == len(expression) - 1 else expression
    return expression


def _signs(expression: str) -> Iterator[tuple[int, str]]:
    """Yield where brackets and bars stand that are neither escaped nor in a class."""
    at = 0
    while at < len(expression):
        sign = expression[at]
        if sign in "(|)":
            yield at, sign
        elif sign == "\\":
            at += 1
        elif sign == "[":
            at += 2 if expression[at + 1] == "^" else 1
            at += 2 if expression[at] == "\\" else 1  # the first of a class may be its closing bracket
            while expression[at] != "]":
                at += 2 if expression[at] == "\\" else 1
        at += 1


def _group(members: list[str]) -> str:
    # Without the look ahead, each blank of an indented line would be tried again.
    return f"{_BLANKS}(?![ ])(?:{'|'.join(members)})"


_made: list[Openers] = []


def openers() -> Openers:
    """Return the table of kinds, made when first asked for."""
    if not _made:
        _made.append(Openers())
    return _made[0]
