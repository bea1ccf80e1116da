"""Times that a debugger works out, held against those of a dump as exactly as they are printed."""

from __future__ import annotations

import re

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import ABSENT, DIFFERENT, EQUAL, Statement
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.values import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDED = "within the printed precision"
_SECOND = 10_000_000  # units of 100 ns
_FRACTION = 7  # digits of a second
_MILLISECOND = 10_000
_IN_BRACKETS = re.compile(r"\(([0-9:. ]{5,40})\)")


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


def lasted(what: str, said: int | Absent, held: int | Absent, form: str = "00:00:00.000") -> Statement | None:
    """Return a time that the record of a text has held against one of the dump, both in units of 100 ns.

    Listings have milliseconds, but where the record's time has parts of one.

    :param form: a time in milliseconds as both are shown
    """
    if isinstance(said, Absent):
        return None
    precision = _MILLISECOND if said % _MILLISECOND == 0 else 1
    text = like(_printed(int(said), form if precision > 1 else f"{form}0000"), said)
    return measured(what, text, (int(said), precision), held, lambda units: _printed(units, text))


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
    digits = said.strip().partition(".")[2]
    seconds, rest = divmod(units, _SECOND)
    fraction = f".{rest:0{_FRACTION}}"[: len(digits) + 1] if digits else ""
    if len(digits) == 4 and digits[0] == "0":
        fraction = f".{rest // _MILLISECOND:04}"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    if said.count(":") == 3:
        return f"{hours // 24}:{hours % 24:02}:{minutes:02}:{seconds % 60:02}{fraction}"
    if hours >= 24:
        return f"{hours // 24} Day{'s' * (hours >= 48)} {hours % 24:02}:{minutes:02}:{seconds % 60:02}{fraction}"
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{fraction}"
