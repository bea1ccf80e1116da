"""C source text as tokens: without comments, after the few preprocessor lines that declarations need.

Understood are ``#define NAME`` with or without an expression or a word,
``#undef``, ``#pragma pack``, ``#if``, ``#ifdef``, ``#ifndef``, ``#elif``,
``#else`` and ``#endif``. ``#include``, ``#error``, macros with parameters and
what else there is are passed over: a header that needs more of the
preprocessor has to be run through one first.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TOKEN = r"""
 (?P<word>[A-Za-z_$][\w$]*)
|(?P<number>(?:0[xX][0-9a-fA-F]+|\d+)(?:[uUlL]|i64|I64)*)
|(?P<char>L?'(?:[^'\\\n]|\\.)')
|(?P<string>L?"(?:[^"\\\n]|\\.)*")
|(?P<mark>\#\#?|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|->|::|[-+*/%&|^~!<>=()\[\]{},;:?.])
|(?P<blank>[ \t\r\f\v]+)
|(?P<other>.)
"""
_DIRECTIVES = ("define", "undef", "pragma", "if", "ifdef", "ifndef", "elif", "else", "endif")
_MOST_TOKENS = 1_000_000
_MOST_STEPS = 300_000  # of evaluation
_DEEPEST = 50
# How tightly the binary operators bind.
_PRECEDENCE = {
    **{"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7},
    **{"<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10},
}


@record
class Token:
    """A word, number or mark, and what held where it stood.

    :param kind: ``word``, ``number``, ``char``, ``string``, ``mark`` or ``end``
    :param pack: the ``#pragma pack`` in force, 0 when none
    """

    kind: str
    text: str
    line: int
    pack: int = 0


class Source:
    """The tokens of one C text.

    :ivar tokens: the last one is the ``end``
    :ivar defined: the values of ``#define``, as tokens
    :ivar steps: how much was evaluated; a chain of definitions can ask for more than anybody has time for
    """

    def __init__(self, text: str, name: str, defined: dict[str, Sequence[Token]]) -> None:
        """:raises FormatError: at what is no C, with its line."""
        self.name = name
        self.defined = dict(defined)
        self.tokens: list[Token] = []
        self._packs: list[tuple[str, int]] = []
        self._pack = 0
        self.steps = 0
        # For each open #if: is this branch taken, was one before it, is what stands around it.
        self._taken: list[tuple[bool, bool, bool]] = []
        line = 1
        for number, content in self._lines(text):
            line = number
            if content.lstrip().startswith("#"):
                self._directive(content.lstrip()[1:], line)
            elif not self._taken or self._taken[-1][0]:
                for token in self._split(content, line):
                    self._put(token, 0)
        if self._taken:
            raise self.error(line, "an #if is not ended")
        self.tokens.append(Token("end", "the end of the text", line))

    def error(self, line: int, what: str) -> FormatError:
        """Return the exception that says *what* is wrong on a line."""
        return FormatError(f"{self.name}: line {line}: {what}")

    def _lines(self, text: str) -> list[tuple[int, str]]:
        """Return logical lines with their numbers: comments are blanks, continued lines are joined."""
        import re

        def blank(found: re.Match[str]) -> str:
            said = found.group()
            return " " + "\n" * said.count("\n") if said.startswith("/") else said

        text = re.sub(r"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", blank, text, flags=re.S)
        lines: list[tuple[int, str]] = []
        open_line = ""
        first = 1
        for number, content in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            if not open_line:
                first = number
            if content.endswith("\\") and len(open_line) < 1 << 20:
                open_line += content[:-1] + " "
                continue
            lines.append((first, open_line + content))
            open_line = ""
        return [*lines, (first, open_line)] if open_line else lines

    def _split(self, content: str, line: int) -> list[Token]:
        import re

        found: list[Token] = []
        for match in re.finditer(_TOKEN, content, re.X):
            kind = match.lastgroup or ""
            if kind == "other":
                raise self.error(line, f"{match.group()!r} is no C")
            if kind != "blank":
                found.append(Token(kind, match.group(), line, self._pack))
        return found

    def _put(self, token: Token, depth: int) -> None:
        """Append *token*; a word that stands for other words (not for a number) is replaced by them."""
        stands_for = self.defined.get(token.text) if token.kind == "word" else None
        if stands_for is None or depth > 8 or any(t.kind in ("number", "char") for t in stands_for):
            self.tokens.append(token)
            if len(self.tokens) > _MOST_TOKENS:
                raise self.error(token.line, "far too many words")
            return
        for other in stands_for:
            again = 99 if other.text == token.text else depth + 1
            self._put(Token(other.kind, other.text, token.line, token.pack), again)

    def _directive(self, content: str, line: int) -> None:
        word = (content.split() or [""])[0].partition("(")[0]
        if word not in _DIRECTIVES:
            return
        tokens = self._split(content, line)
        rest = tokens[1:]
        outer = not self._taken or self._taken[-1][0]
        if word in ("if", "ifdef", "ifndef"):
            if len(self._taken) > _DEEPEST:
                raise self.error(line, "#if in #if far too often")
            holds = outer and self._holds(word, rest, line)
            self._taken.append((holds, holds, outer))
        elif word in ("elif", "else", "endif"):
            if not self._taken:
                raise self.error(line, f"#{word} without #if")
            _, before, around = self._taken.pop()
            if word != "endif":
                holds = around and not before and (word == "else" or self._holds("if", rest, line))
                self._taken.append((holds, before or holds, around))
        elif not outer:
            return
        elif word == "define" and rest and rest[0].kind == "word":
            name = rest[0].text
            if f"{name}(" not in content:  # those have parameters
                self.defined[name] = tuple(rest[1:])
        elif word == "undef" and rest:
            self.defined.pop(rest[0].text, None)
        elif word == "pragma" and [t.text for t in rest[:2]] == ["pack", "("]:
            self._pragma_pack([t for t in rest[2:] if t.text not in (",", ")")], line)

    def _holds(self, word: str, tokens: list[Token], line: int) -> bool:
        if word != "if":
            return bool(tokens) and (tokens[0].text in self.defined) == (word == "ifdef")
        return bool(evaluate([*tokens, Token("end", "the end of the line", line)], self, lambda _: 0)[0])

    def _pragma_pack(self, words: list[Token], line: int) -> None:
        label = ""
        verb = words[0].text if words else ""
        if not words:
            self._pack = 0
        if verb in ("push", "pop"):
            words = words[1:]
            if words and words[0].kind == "word" and words[0].text not in self.defined:
                label, words = words[0].text, words[1:]
        if verb == "push":
            self._packs.append((label, self._pack))
        elif verb == "pop" and (not label or label in dict(self._packs)):
            while self._packs:
                said, self._pack = self._packs.pop()
                if not label or said == label:
                    break
        if words:
            value, _ = evaluate([*words, Token("end", "", line)], self, None)
            if value not in (1, 2, 4, 8, 16):
                raise self.error(line, f"#pragma pack({value})")
            self._pack = value


def evaluate(
    tokens: Sequence[Token],
    source: Source,
    known: Callable[[str], int | None] | None,
    start: int = 0,
    sizeof: Callable[[int], tuple[int, int]] | None = None,
) -> tuple[int, int]:
    """Return the value of the constant expression at *start* of *tokens*, and where it ends.

    :param known: the value of a word that ``#define`` does not explain, an enumerator for example
    :param sizeof: the value of the ``sizeof`` whose ``(`` is at an index, and where it ends
    :raises FormatError: when it is no constant expression
    """
    reader = _Expression(tokens, source, known, sizeof)
    value = reader.binary(start, 1, 0)
    return value, reader.at


class _Expression:
    """A reader of constant expressions: values are 64-bit, as a compiler's are."""

    def __init__(
        self,
        tokens: Sequence[Token],
        source: Source,
        known: Callable[[str], int | None] | None,
        sizeof: Callable[[int], tuple[int, int]] | None,
        defines: int = 0,
    ) -> None:
        self.tokens, self.source, self.known, self.sizeof, self.defines = tokens, source, known, sizeof, defines
        self.at = 0

    def binary(self, start: int, least: int, depth: int) -> int:
        value = self._unary(start, depth + 1)
        while (binds := _PRECEDENCE.get(self.tokens[self.at].text, 0)) >= least:
            operator = self.tokens[self.at]
            value = _wrapped(self._apply(operator, value, self.binary(self.at + 1, binds + 1, depth + 1)))
        return value

    def _apply(self, operator: Token, left: int, right: int) -> int:
        text = operator.text
        if text in ("<<", ">>"):
            if not 0 <= right < 64:
                raise self.source.error(operator.line, f"a shift by {right} bits")
            return left << right if text == "<<" else left >> right
        if text in ("/", "%"):
            if not right:
                raise self.source.error(operator.line, "division by zero")
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if text == "/" else left - quotient * right
        if text in ("||", "&&"):
            return int(bool(left or right) if text == "||" else bool(left and right))
        arithmetic = {"+": left + right, "-": left - right, "*": left * right}
        bitwise = {"|": left | right, "^": left ^ right, "&": left & right}
        compared = {"==": left == right, "!=": left != right, "<": left < right, ">": left > right}
        compared |= {"<=": left <= right, ">=": left >= right}
        return int({**arithmetic, **bitwise, **compared}[text])

    def _unary(self, start: int, depth: int) -> int:
        token = self.tokens[start]
        self.source.steps += 1
        if depth > _DEEPEST or self.source.steps > _MOST_STEPS:
            raise self.source.error(token.line, "an expression is nested far too deeply")
        if token.text in ("-", "+", "~", "!"):
            value = self._unary(start + 1, depth + 1)
            return _wrapped({"-": -value, "+": value, "~": ~value, "!": int(not value)}[token.text])
        if token.text == "(":
            value = self.binary(start + 1, 1, depth + 1)
            if self.tokens[self.at].text != ")":
                raise self.source.error(token.line, "no constant expression: a ) is missing")
            self.at += 1
            return value
        self.at = start + 1
        if token.kind == "number":
            digits = token.text.lower().replace("i64", "").rstrip("ul")
            if len(digits) > 30:
                raise self.source.error(token.line, "a number of far too many digits")
            octal = digits.startswith("0") and digits.isdigit() and set(digits) <= set("01234567")
            return _wrapped(int(digits, 8) if octal else int(digits, 16 if digits.startswith("0x") else 10))
        if token.kind == "char":
            return _character(token.text)
        if token.text == "sizeof" and self.sizeof:
            value, self.at = self.sizeof(start + 1)
            return value
        if token.text == "defined" and start + 1 < len(self.tokens):
            words = self.tokens[start + 1 : start + 4]
            bare = words[0].kind == "word"
            self.at = min(start + (2 if bare else 4), len(self.tokens) - 1)
            return int((words[0] if bare else words[min(1, len(words) - 1)]).text in self.source.defined)
        return self._word(token)

    def _word(self, token: Token) -> int:
        stands_for = self.source.defined.get(token.text) if token.kind == "word" else None
        if stands_for and self.defines < 20:
            end = Token("end", "the end of a #define", token.line)
            inner = _Expression([*stands_for, end], self.source, self.known, None, self.defines + 1)
            value = inner.binary(0, 1, 0)
            if inner.at == len(stands_for):
                return value
        elif token.kind == "word" and self.known:
            known = self.known(token.text)
            if known is not None:
                return known
        raise self.source.error(token.line, f"no constant expression: {token.text!r}")


def _wrapped(value: int) -> int:
    """Return *value* cut to what 64 bits hold; what is below 2**64 stays as it was written."""
    return value if -(1 << 63) <= value < 1 << 64 else value & ((1 << 64) - 1)


def _character(text: str) -> int:
    inside = text.removeprefix("L")[1:-1]
    escapes = {"\\0": 0, "\\n": 10, "\\t": 9, "\\r": 13}
    return escapes.get(inside, ord(inside[-1]))
