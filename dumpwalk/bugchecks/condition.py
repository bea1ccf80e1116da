"""The conditions under which a row of the bug check table applies."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ELSE = "else"


def holds(condition: str, parameters: Sequence[int], value: int | None = None) -> bool:
    """Return whether *condition* is true of a bug check's *parameters*.

    Terms are separated by blanks and all must hold; an empty condition does.
    ``else`` and ``never`` are false: who asks tries the other rows first.

    :param value: what ``value=...`` in a row is compared to

    >>> holds("p1=0x1-0x3 p3=0x0", (2, 9, 0, 9)), holds("p4&0xff=0x2", (0, 0, 0, 0x102))
    (True, True)
    """
    return all(_term(term, parameters, value) for term in condition.split())


def place(term: str, parameters: Sequence[int]) -> int | None:
    """Return the value that ``p3`` or ``p4&0xff`` stands for; ``None`` when there is no such parameter.

    >>> place("p4&0xff", (0, 0, 0, 0x102))
    2
    """
    name, _, mask = term.partition("&")
    if name not in ("p1", "p2", "p3", "p4") or int(name[1]) > len(parameters):
        return None
    found = parameters[int(name[1]) - 1]
    return found & int(mask, 16) if mask else found


def _term(term: str, parameters: Sequence[int], value: int | None) -> bool:
    left, equals, right = term.partition("=")
    if not equals:  # else, never
        return False
    wanted = not left.endswith("!")
    left = left.rstrip("!")
    found = value if left == "value" else place(left, parameters)
    return found is not None and _among(found, right) is wanted


def _among(value: int, ranges: str) -> bool:
    """Return whether *value* is in ``0x1,0x3-0x5,0x80-``."""
    for part in ranges.split(","):
        low, dash, high = part.partition("-")
        if value == int(low, 16) or (dash and value > int(low, 16) and (not high or value <= int(high, 16))):
            return True
    return False
