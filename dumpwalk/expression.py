"""Numbers as the debugger's user writes them: ``nt!PsLoadedModuleList+8``, ``poi(@rsp)``, ``@$thread - 0n16``.

MASM syntax, as Microsoft's page "MASM Numbers and Operators" describes it:
the radix is 16, every value has 64 bits and wraps, a name is its address. The
rules for a word, in their order: behind an ``@`` it is a register; then a
number, if it can be one; then a symbol; then a register. A number that is
written in 32 bits and has the highest of them set is a negative one ("Sign
Extension", kernel mode), unless a backtick is in it.

Not known: C++ expressions (``@@(...)``), physical addresses (``$ppoi``), strings.
"""

from __future__ import annotations

from dumpwalk.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Names(Protocol):
        """What the names in an expression stand for."""

        pointer_size: int

        def symbol(self, name: str) -> int | None:
            """Return the address that ``nt!PsLoadedModuleList``, ``PsLoadedModuleList`` or ``nt`` is; else ``None``.

            :raises TypeInfoError: when it may be one, and can't be told
            """

        def register(self, name: str) -> int | None:
            """Return the value of ``rsp`` or ``$thread``; ``None`` when there is no such register.

            :raises TypeInfoError: when there is, and the dump does not say what it held
            """

        def read(self, address: int, size: int) -> int:
            """Return the number of *size* bytes at *address*.

            :raises ReadError: when the dump does not hold it
            """


_ALL = 0xFFFFFFFFFFFFFFFF
_LONGEST = 4096
_DEEPEST = 64
_RADIX = {"0x": 16, "0n": 10, "0t": 8, "0y": 2}
_READS = {"by": 1, "wo": 2, "dwo": 4, "qwo": 8, "poi": 0}  # 0: as large as a pointer
_PHYSICAL = ("$pby", "$pwo", "$pdwo", "$pqwo", "$ppoi")
# Binary operators: how tight they bind, and what they do. Those of one number are taken from the left.
_BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "*": (7, lambda a, b: a * b),
    "/": (7, lambda a, b: a // b),
    **dict.fromkeys(("mod", "%"), (7, lambda a, b: a % b)),
    "+": (6, lambda a, b: a + b),
    "-": (6, lambda a, b: a - b),
    "<<": (5, lambda a, b: a << b if b < 64 else 0),
    ">>": (5, lambda a, b: a >> b if b < 64 else 0),
    ">>>": (5, lambda a, b: signed(a) >> min(b, 63)),
    **dict.fromkeys(("=", "=="), (4, lambda a, b: int(a == b))),
    "!=": (4, lambda a, b: int(a != b)),
    "<": (4, lambda a, b: int(a < b)),
    ">": (4, lambda a, b: int(a > b)),
    "<=": (4, lambda a, b: int(a <= b)),
    ">=": (4, lambda a, b: int(a >= b)),
    **dict.fromkeys(("and", "&"), (3, lambda a, b: a & b)),
    **dict.fromkeys(("xor", "^"), (2, lambda a, b: a ^ b)),
    **dict.fromkeys(("or", "|"), (1, lambda a, b: a | b)),
}
_UNARY: dict[str, Callable[[int], int]] = {
    "+": lambda a: a,
    "-": lambda a: -a,
    "not": lambda a: int(not a),
    "hi": lambda a: a >> 16 & 0xFFFF,
    "low": lambda a: a & 0xFFFF,
}
_SYMBOLS = ("(", ")", "[", "]", ">>>", "<<", ">>", "==", "!=", "<=", ">=", *"*/%+-=<>&^|")


class NoNames:
    """Names where there is no dump: numbers alone are known."""

    pointer_size = 8

    def symbol(self, name: str) -> int | None:
        """Know no symbol."""
        return None

    def register(self, name: str) -> int | None:
        """Know no register."""
        return None

    def read(self, address: int, size: int) -> int:
        """Refuse.

        :raises UsageError: always
        """
        raise UsageError("what lies in memory takes a dump: -z FILE")


def signed(value: int) -> int:
    """Return the 64-bit number *value* as a signed one.

    >>> signed(0xFFFFFFFFFFFFFFFE)
    -2
    """
    return value - (1 << 64) if value >> 63 else value


def evaluate(text: str, names: Names | None = None) -> int:
    """Return the unsigned 64-bit number that *text* is.

    :param names: what names stand for; numbers alone are known without
    :raises UsageError: when it makes no sense; its excerpt shows where
    :raises TypeInfoError: when a symbol or register can't be had
    :raises ReadError: when memory can't be read

    >>> hex(evaluate("fffff800`02a5c000 + 8*0n10")), hex(evaluate("80000000")), hex(evaluate("0`80000000"))
    ('0xfffff80002a5c050', '0xffffffff80000000', '0x80000000')
    """
    return _Parser(text, names or NoNames()).all()


def quantity(text: str, names: Names | None = None) -> int:
    """Return the number that *text* is where no virtual address is meant: one by itself is not sign-extended.

    :raises UsageError: and others as :func:`evaluate` does

    >>> hex(quantity("80000000")), hex(quantity("0n16 + 1"))
    ('0x80000000', '0x11')
    """
    value = _digits(text.strip())
    return evaluate(text, names) if value is None else value


def literal(text: str) -> int | None:
    """Return the number that *text* is by itself, ``None`` when it is none.

    >>> literal("0n16"), literal("7Fh"), literal("0x"), literal("mt1"), literal("0`dead")
    (16, 127, 0, None, 57005)
    """
    value = _digits(text)
    if value is None or not 0x80000000 <= value <= 0xFFFFFFFF or "`" in text:
        return value
    return value | 0xFFFFFFFF00000000


def _digits(text: str) -> int | None:
    """Return the unsigned number of 64 bits that *text* is written as, ``None`` when it is none."""
    digits = text.lower().replace("`", "")
    radix = _RADIX.get(digits[:2])
    if radix is None:
        radix, digits = 16, digits.removesuffix("h")
    else:
        digits = digits[2:] or "0"
    if len(digits) > 64 or not digits or not all(c in "0123456789abcdef"[:radix] for c in digits):
        return None
    value = int(digits, radix)
    return value if value <= _ALL else None


class _Parser:
    """One expression: its words, taken one after another."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names
        self.place = 0
        if len(text) > _LONGEST:
            raise UsageError(f"an expression of {len(text)} characters is too long")
        self.words = list(self._split())
        self.next = 0

    def all(self) -> int:
        value = self._binary(0, 0)
        if self.next < len(self.words):
            raise self._wrong(f"what is {self._peek()!r} here?")
        return value

    def _split(self) -> list[tuple[str, int]]:
        """Return the words and where each begins; a symbol has its module with it."""
        found: list[tuple[str, int]] = []
        text, at = self.text, 0
        while at < len(text):
            c = text[at]
            if c.isspace():
                at += 1
                continue
            end = at
            while end < len(text) and (
                text[end].isalnum()
                or text[end] in "_$?@`~"
                or text[end : end + 2] == "::"
                or text[end - 1 : end + 1] == "::"
                or (text[end] == "!" and text[end + 1 : end + 2] not in ("", "=", " "))
            ):
                end += 1
            if end == at:
                end = at + next((len(s) for s in _SYMBOLS if text.startswith(s, at)), 1)
            found.append((text[at:end], at))
            at = end
        return found

    def _peek(self) -> str:
        return self.words[self.next][0] if self.next < len(self.words) else ""

    def _take(self) -> str:
        word = self._peek()
        self.next += 1
        return word

    def _wrong(self, what: str) -> UsageError:
        at = self.words[self.next][1] if self.next < len(self.words) else len(self.text.rstrip())
        error = UsageError(f"{self.text.strip() or 'an empty expression'}: {what}")
        error.excerpt = f"{self.text.rstrip()}\n{' ' * at}^"
        return error

    def _binary(self, least: int, depth: int) -> int:
        """Return the value of operands joined by operators that bind as tight as *least* or tighter."""
        value = self._unary(depth)
        while True:
            known = _BINARY.get(self._peek().lower())
            if known is None or known[0] < least:
                return value
            self.next += 1
            right = self._binary(known[0] + 1, depth + 1)
            try:
                value = known[1](value, right) & _ALL
            except ZeroDivisionError:
                raise self._wrong("division by zero") from None

    def _unary(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise self._wrong(f"nested more than {_DEEPEST} deep")
        word = self._peek().lower()
        if word in _UNARY:
            self.next += 1
            return _UNARY[word](self._unary(depth + 1)) & _ALL
        if word in _READS:
            self.next += 1
            address = self._unary(depth + 1)
            return self.names.read(address, _READS[word] or self.names.pointer_size) & _ALL
        if word in ("(", "["):
            self.next += 1
            value = self._binary(0, depth + 1)
            if self._peek() != {"(": ")", "[": "]"}[word]:
                raise self._wrong(f"{word} is never closed" if not self._peek() else f"what is {self._peek()!r} here?")
            self.next += 1
            return value
        if word.startswith("@@"):
            raise self._wrong("C++ expressions are not known here")
        if word in _PHYSICAL:
            raise self._wrong("physical addresses can't be read here")
        if word == ".":
            return self._name("$ip", at=True)
        if not word or not (word[0].isalnum() or word[0] in "_$?@!"):
            raise self._wrong(f"what is {self._peek()!r} here?" if word else "a number or a name is missing")
        bare = self._peek().removeprefix("@")
        return self._name(bare, at=bare != self._peek())

    def _name(self, word: str, *, at: bool) -> int:
        """Return what a word stands for; *at* says that an ``@`` stood before it."""
        value = None if at else literal(word)
        if value is None and not at and not word.startswith("$"):
            value = self.names.symbol(word.removeprefix("!"))
        if value is None and "!" not in word:
            value = self.names.register(word.lower())
        if value is None:
            what = f"there is no register {word}" if at else f"{word} is no number and no name that is known"
            raise self._wrong(what)
        self.next += 1
        return value & _ALL
