"""What the words of a ``dt`` ask for."""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.expression import evaluate, literal
from dumpwalk.record import record
from dumpwalk.render.dt import UNLIMITED, Options, Selected
from dumpwalk.types.naming import subscript

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


# What an expression may begin with besides a number.
_OPERATORS = ("poi(", "qwo(", "dwo(", "wo(", "by(")


@record
class Request:
    """What the words of a ``dt`` ask for.

    :param name: of the type, with its module if that was said; may be a pattern, or ``NAME[count]``
    :param address: the expression that says where; ``""`` for the type alone
    :param prefix: ``-y``: the name is only the beginning
    :param link: the member behind ``-l``, which points to the next structure of a list
    :param size: ``-s``: only types of that size
    :param many: list what matches, with ``-e`` or ``-t``
    :param physical: ``-p``: the address is a physical one
    """

    name: str
    address: str
    options: Options
    prefix: bool = False
    link: str = ""
    size: int | None = None
    many: bool = False
    physical: bool = False


class _Words:
    """Takes the words of a ``dt`` one after another; an option may stand anywhere and holds for what follows."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.flags: set[str] = set()
        self.link, self.size, self.depth, self.elements = "", None, 0, -1  # type: tuple[str, int | None, int, int]
        self.name, self.prefix, self.address = "", False, ""
        self.fields: list[Selected] = []
        self._next_is_name = self._next_is_prefix = False
        self._next_elements = -1

    def request(self) -> Request:
        while self.words:
            word = self.words.pop(0)
            if word[:1] == "-" and word[1:2].isalpha():
                self._letters(word)
            elif self._next_is_name or self._next_is_prefix or not self._address_part(word):
                self._take_name(word)
        if self._next_elements >= 0:
            self.elements = self._next_elements
        if not self.name:
            hint = f"; {self.address} is an address, -n {self.address} makes it a name" if self.address else ""
            raise UsageError(f"dt needs the name of a type: dt nt!_FILE_OBJECT 0x8750ef80{hint}")
        options = Options(
            self.depth,
            "b" in self.flags,
            bool(self.flags & {"v", "d"}),
            "o" not in self.flags,
            "i" not in self.flags,
            "c" in self.flags,
            self.elements,
            tuple(self.fields),
        )
        many = bool(self.flags & {"e", "t"}) or self.size is not None
        return Request(self.name, self.address, options, self.prefix, self.link, self.size, many, "p" in self.flags)

    def _letters(self, word: str) -> None:
        """Take ``-r2``, ``-ca10``, ``-yoi``: letters, two of which may have digits behind them."""
        at = 1
        while at < len(word):
            letter = word[at]
            at += 1
            end = at
            while end < len(word) and word[end].isdigit():
                end += 1
            digits, at = word[at:end], end
            if letter not in "abcdeilnoprstvy" or (digits and letter not in "ar"):
                raise UsageError(f"dt knows no option -{letter}{digits} (in {word})")
            if letter == "r":
                self.depth = min(int(digits), UNLIMITED) if digits else UNLIMITED
            elif letter == "a":
                self._next_elements = int(digits) if digits else 0
            elif letter == "n":
                self._next_is_name = True
            elif letter == "y":
                self._next_is_prefix = True
            elif letter in "ls":
                if at < len(word) or not self.words:
                    raise UsageError(f"-{letter} needs a value: {'LIST' if letter == 'l' else 'SIZE'}")
                value = self.words.pop(0)
                if letter == "l":
                    self.link = value
                else:
                    self.size = evaluate(value)
            else:
                self.flags.add(letter)

    def _address_part(self, word: str) -> bool:
        """Take *word* if it is an address, or a part of one: ``nt!_X 863c1758 + 50``, ``nt!_X poi( @rsp )``."""
        if self.address and (word[0] in "+-*" or self.address.rstrip()[-1:] in "+-*(" or not _closed(self.address)):
            self.address += f" {word}"
        elif not self.address and self._is_address(word):
            self.address = word
        else:
            return False
        return True

    def _is_address(self, word: str) -> bool:
        """Say whether *word* can't be a name: a name has no ``@``, and a field no ``!`` and no ``+``."""
        if word[0] in "@$(" or word.lower().startswith(_OPERATORS):
            return True
        if literal(word) is not None or literal(word.partition("+")[0].partition("-")[0]) is not None:
            return True
        return bool(self.name) and ("!" in word or "+" in word)

    def _take_name(self, word: str) -> None:
        prefix, self._next_is_name, self._next_is_prefix = self._next_is_prefix, False, False
        elements, self._next_elements = self._next_elements, -1
        if not self.name:
            if word == ".":
                raise UsageError(". for the type asked for before works in the debugger only; name the type")
            self.name, self.prefix, self.elements = word, prefix, max(self.elements, elements)
            return
        bare, index = subscript(word)
        self.fields.append(Selected(tuple(bare.split(".")), prefix, index, elements, word))


def request_of(words: Sequence[str]) -> Request:
    """Return what the words of a ``dt`` command ask for.

    :raises UsageError: when they make no sense
    """
    return _Words(words).request()


def _closed(text: str) -> bool:
    return text.count("(") <= text.count(")")
