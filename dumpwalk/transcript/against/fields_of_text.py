"""Numbers in the lines of listings that records keep as text: ``8600dfd0 Current 8600ddd0 Base 8600e000``."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.transcript.against.marked import like

_LONGEST = 24


def numbers_in(text: str, base: int) -> list[tuple[str, int]]:
    """Return the numbers in *text*, each with the word before it; the first number's may be ``""``.

    They stand where the text does, if that knows.

    :param base: 16 or 10, in which they are printed

    >>> numbers_in("8600dfd0 Current 8600ddd0", 16)
    [('', Hex(0x8600dfd0)), ('Current', Hex(0x8600ddd0))]
    >>> numbers_in("426 Clone 0 Private 6956. Modified ????", 10)
    [('', 426), ('Clone', 0), ('Private', 6956)]
    """
    found: list[tuple[str, int]] = []
    label = ""
    for word in text.split()[:64]:
        bare = word.rstrip(".,;:)").lstrip("(")
        number = _number(bare, base)
        if number is None:
            label = bare
        else:
            found.append((label, like(number, text)))
            label = bare  # another number behind it has this one in front
    return found


def _number(text: str, base: int) -> int | None:
    digits = text.replace("`", "")
    if len(digits) > _LONGEST:
        return None
    if base == 10:
        return int(digits) if digits.removeprefix("-").isdecimal() and digits.isascii() else None
    digits = digits.removeprefix("0x")
    known = digits and set(digits) <= set("0123456789abcdefABCDEF")
    # A word of such letters alone may be a label, but none of the listings' is.
    return Hex(int(digits, 16)) if known else None
