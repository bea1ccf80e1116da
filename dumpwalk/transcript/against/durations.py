"""Times that a debugger works out, held against those of a dump as exactly as they are printed."""

from __future__ import annotations

import re

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDED = "within the printed precision"
_SECOND = 10_000_000  # units of 100 ns
_DIGITS = 7
# 00:00:00.249, 0:00:00.0000 of old debuggers, 0:00:00:10.530 with days, 1 Day 01:54:54.490, 2 days 3:07:12.000
_DURATION = re.compile(
    r"(?:([0-9]{1,9})[ ](?:Days?|days?)[ ]+|([0-9]{1,9}):(?=[0-9]{1,2}:[0-9]{2}:))?"
    r"([0-9]{1,9}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?\Z"
)
_IN_BRACKETS = re.compile(r"\(([0-9:. ]{5,40})\)")


def duration(text: str) -> tuple[int, int] | None:
    """Return how long *text* says, and what its last digit is worth, in units of 100 ns; ``None`` if it is no time.

    >>> duration("00:00:00.249"), duration("0:00:00:10.530"), duration("1 Day 01:54:54.490"), duration("0:00:01.5000")
    ((2490000, 10000), (105300000, 10000), (932944900000, 10000), (15000000, 1000))
    """
    found = _DURATION.match(text.strip()[:64])
    if found is None:
        return None
    word, number, hours, minutes, seconds, digits = found.groups(default="")
    whole = ((int(word or number or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    precision: int = 10 ** (_DIGITS - len(digits))
    return whole * _SECOND + int(digits or 0) * precision, precision


def in_brackets(text: str) -> str:
    """Return the time in brackets that *text* has, ``""`` if it has none.

    >>> in_brackets("4312  Ticks: 999 (0:00:00:15.584)")
    '0:00:00:15.584'
    """
    found = _IN_BRACKETS.search(text)
    return found[1] if found else ""


def lasting(what: str, said: str, held: int | Absent) -> Statement | None:
    """Return a time of a text held against one of the dump; ``None`` where the text says none.

    Debuggers cut times to what they print; some round. So both are equal.

    :param held: in units of 100 ns
    """
    return measured(what, said, duration(said), held, lambda units: _printed(units, said))


def measured(
    what: str, said: str, value: tuple[int, int] | None, held: int | Absent, shown: Callable[[int], str]
) -> Statement | None:
    """Return a quantity that was cut for printing held against the whole one.

    :param value: what the text says, and what its last digit is worth
    :param shown: how one is printed
    """
    if value is None:
        return None
    if isinstance(held, Absent):
        return Statement(what, said, held, ABSENT)
    number, precision = value
    if held == number:
        return Statement(what, said, shown(held), EQUAL)
    same = held // precision * precision == number or (held + precision // 2) // precision * precision == number
    return Statement(what, said, shown(held), EQUAL if same else DIFFERENT, ROUNDED if same else "")


def _printed(units: int, said: str) -> str:
    """Return *units* in the form of *said*."""
    digits = len(said.strip().rpartition(".")[2]) if "." in said else 0
    seconds, rest = divmod(units, _SECOND)
    fraction = f".{rest:0{_DIGITS}}"[: digits + 1] if digits else ""
    minutes, hours = seconds // 60 % 60, seconds // 3600
    if said.count(":") == 3:
        return f"{hours // 24}:{hours % 24:02}:{minutes:02}:{seconds % 60:02}{fraction}"
    if hours >= 24:
        return f"{hours // 24} Day{'s' * (hours >= 48)} {hours % 24:02}:{minutes:02}:{seconds % 60:02}{fraction}"
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{fraction}"
