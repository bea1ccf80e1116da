"""Numbers and addresses as text shows them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    R = TypeVar("R")

NOT_SHOWN = Absent("the text does not show it")
UNREADABLE = Absent("the debugger could not read it")
# By class of record: its members where a text shows none of them. Listings have thousands of one class.
_UNSHOWN: dict[type, tuple[dict[str, Any], set[str]]] = {}
_REMARK = re.compile(r"\((.*)\)\Z")

_ASKED = re.compile(r"!?(\w+)[ ]+((?:0x)?(?:[0-9a-f]{1,8}`[0-9a-f]{8}|[0-9a-f]{8,16}))(?: [^;]*)?\Z", re.IGNORECASE)

# The longest number of a 64-bit machine, with `0x` and a backtick; what is longer is no number of a listing.
_LONGEST = 19

_SECOND = 10_000_000  # units of 100 ns
_FRACTION = 7  # digits of a second
# 00:00:00.249, 0:00:00.0310 of old debuggers, 0:00:00:10.530 with days, 1 Day 01:54:54.490, 2 days 3:07:12.000
_DURATION = re.compile(
    r"(?:([0-9]{1,9})[ ](?:Days?|days?)[ ]+|([0-9]{1,9}):(?=[0-9]{1,2}:[0-9]{2}:))?"
    r"([0-9]{1,9}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?\Z"
)


def of_text(record: type[R], **shown: Any) -> R:
    """Return the record that the kernel's walk makes of a structure, with what a text shows of it.

    Of the other members it says that the text does not show them: NOT_SHOWN where a member may be absent; else none,
    an empty name or list.

    :raises TypeError: where *shown* lacks a member that can be none of these, or has one that is none of the record's

    >>> from dumpwalk.kernel.thread_irps import PendingIrp
    >>> of_text(PendingIrp, address=address("8e8a8e70"), Flags=hexadecimal("60000")).Size
    Absent(reason='the text does not show it')
    """
    known = _UNSHOWN.get(record)
    if known is None:
        members = {name: _unshown(kind) for name, kind in record.__annotations__.items()}
        known = _UNSHOWN[record] = members, {name for name, value in members.items() if value is ...}
    unshown, needed = known
    given = unshown | shown
    if len(given) == len(unshown) and needed <= shown.keys():
        return record(*given.values())  # in the record's order; many members are not looked for by their names
    return record(**{name: value for name, value in given.items() if value is not ...})


def _unshown(kind: str) -> Any:
    """Return what a member that is declared to be of *kind* is where a text does not show it; ``...`` for nothing."""
    if "Absent" in kind:
        return NOT_SHOWN
    if kind.endswith("| None"):
        return None
    return {"tuple": (), "str": ""}.get(kind.partition("[")[0], ...)


def address(text: str) -> Address:
    """Return the address that *text* prints, of the width that its digits have.

    >>> address("ffff988d`80d05a90"), address("0x8087de48")
    (Address(0xffff988d80d05a90), Address32(0x8087de48))
    """
    digits = text.replace("`", "").removeprefix("0x")
    return (Address if len(digits) > 8 else Address32)(int(digits, 16))


def hexadecimal(text: str) -> Hex:
    """Return a number printed in hexadecimal, with or without ``0x`` and backtick.

    >>> hexadecimal("0x1f0003"), hexadecimal("00000000`00000010")
    (Hex(0x1f0003), Hex(0x10))
    """
    return Hex(int(text.replace("`", "")[:_LONGEST], 16))


def optional(text: str | None) -> Hex | None:
    """Return a number printed in hexadecimal; ``None`` where nothing is."""
    return hexadecimal(text) if text else None


def words(text: str | None) -> tuple[str, ...]:
    """Return names that blanks or commas part.

    >>> words("DNF_MADEUP, DNF_ADDED, ")
    ('DNF_MADEUP', 'DNF_ADDED')
    """
    return tuple((text or "").replace(",", " ").split())


def cells(pattern: re.Pattern[str], line: str) -> list[tuple[str, str]] | None:
    """Return the labels and values of a line that consists of them; ``None`` when there is anything else in it.

    :param pattern: matches one label, one value, and what parts it from the next

    >>> numbers = re.compile(r"[ ]*(RefCount|Type)[ ]+(\\w+)[ ]*")
    >>> cells(numbers, " RefCount 4  Type 7 "), cells(numbers, "Type 7 ?")
    ([('RefCount', '4'), ('Type', '7')], None)
    """
    found: list[tuple[str, str]] = []
    at, end = 0, len(line.rstrip())
    while at < end:
        cell = pattern.match(line, at)
        if cell is None or cell.end() == at:
            return None
        found.append((cell[1], cell[2]))
        at = cell.end()
    return found or None


def value(text: str) -> Hex | Absent:
    """Return a number printed in hexadecimal; question marks stand for one that could not be read."""
    return UNREADABLE if "?" in text else hexadecimal(text)


def integer(text: str, base: int = 10) -> int | Absent:
    """Return a number printed in *base*, without a prefix; question marks stand for one that could not be read.

    >>> integer("-12"), integer("c0", 16), integer("????")
    (-12, 192, Absent(reason='the debugger could not read it'))
    """
    return UNREADABLE if "?" in text else int(text, base)


def duration(text: str) -> tuple[int, int] | None:
    """Return how long *text* says, and what its last digit is worth, in units of 100 ns; ``None`` if it is no time.

    Of old debuggers four digits behind the point are milliseconds: in what is printed of them, in documentation too,
    the first is 0, and 0:00:23.0153 is 2312 ticks of 10.0144 ms, which the clocks of such machines had.

    >>> duration("00:00:00.249"), duration("0:00:00:10.530"), duration("1 Day 01:54:54.490"), duration("0:00:01.0500")
    ((2490000, 10000), (105300000, 10000), (932944900000, 10000), (15000000, 10000))
    """
    found = _DURATION.match(text.strip()[:64])
    if found is None:
        return None
    word, number, hours, minutes, seconds, digits = found.groups(default="")
    if len(digits) == 4 and digits[0] == "0":
        digits = digits[1:]
    whole = ((int(word or number or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    precision: int = 10 ** (_FRACTION - len(digits))
    return whole * _SECOND + int(digits or 0) * precision, precision


def interval(text: str) -> int | Absent | None:
    """Return how long *text* says in units of 100 ns; ``None`` if it is no time. See :func:`duration`.

    >>> interval("0:00:00.015"), interval("????"), interval("12 ticks")
    (150000, Absent(reason='the debugger could not read it'), None)
    """
    if text == "????":
        return UNREADABLE
    found = duration(text)
    return None if found is None else found[0]


def reasoned(text: str) -> Absent:
    """Return what stands in place of a value: question marks, and in reports of this program the reason in brackets.

    >>> reasoned("????"), reasoned("???? (not in the dump)")
    (Absent(reason='the debugger could not read it'), Absent(reason='not in the dump'))
    """
    return Absent(text[6:-1]) if text[:6] == "???? (" and text[-1:] == ")" else UNREADABLE


def text_or_absent(text: str) -> str | Absent:
    """Return a name as it is printed; question marks stand for one that could not be read."""
    return UNREADABLE if text == "????" else text


def remark(line: str) -> str:
    """Return what stands in brackets on a line of its own, as remarks of this program do; ``""`` for any other line.

    >>> remark("(Segment: page 1a2b is not in the dump)"), remark(" (x)")
    ('Segment: page 1a2b is not in the dump', '')
    """
    found = _REMARK.match(line) if line[:1] == "(" else None
    return found[1] if found else ""


def pointer(text: str) -> Address | Absent:
    """Return an address; question marks stand for one that could not be read."""
    return UNREADABLE if "?" in text else address(text)


def asked(command: str, name: str) -> Address | Absent:
    """Return the address that a command of that name is asked about, where its first argument is plainly one.

    >>> asked("!irp 0x831f4a00 1", "irp"), asked("!irp ffffb80f`1200cd30", "irp"), asked("!irp poi(esp)", "irp")
    (Address32(0x831f4a00), Address(0xffffb80f1200cd30), Absent(reason='the text does not show it'))
    """
    found = _ASKED.match(command)
    return address(found[2].lower()) if found and found[1].lower() == name else NOT_SHOWN
