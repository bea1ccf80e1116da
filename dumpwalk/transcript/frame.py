"""One line of a call stack, in the forms that Windows debuggers have had."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record, replace
from dumpwalk.transcript.site import Site, site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Frame:
    """A frame of a call stack as text shows it. ``None`` is what this form of listing does not print.

    :param number: the frame's number
    :param child_sp: the Child-SP or ChildEBP column
    :param return_address: the RetAddr column
    :param args: the Args to Child, three or four; a compiler may have left anything there
    :param size: bytes of stack, which kf prints
    :param place: where it is in code
    :param inline: the compiler put the function into its caller
    """

    number: int | None
    child_sp: Address | None
    return_address: Address | None
    args: tuple[Hex, ...]
    size: Hex | None
    place: Site
    inline: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """Module and function."""
        return self.place.module, self.place.symbol


_FRAME64 = re.compile(
    r"[ ]*(?:([0-9a-fA-F]{1,3})[ ]+(?:([0-9a-fA-F]{1,8})[ ]+)?)?"
    r"((?:[0-9a-fA-F]{8}[`']?[0-9a-fA-F]{8}(?:[ ]+:)?(?:[ ]+|\Z)){2,6})(?::[ ]+)?(.*)"
)
_FRAME32 = re.compile(
    r"[ ]*(?:([0-9a-fA-F]{1,3})[ ]+(?:([0-9a-fA-F]{1,7})[ ]+)?)?((?:[0-9a-fA-F]{8}(?:[ .]+|\Z)){2,5})(.*)"
)
_WRAPPED = re.compile(
    r"[ ]*(?:([0-9a-fA-F]{1,3})[ ]+)?([0-9a-fA-F]{8}[`']?[0-9a-fA-F]{8})[ ]+([0-9a-fA-F]{8}[`']?[0-9a-fA-F]{8})[ ]+:"
    r"((?:[ ]+[0-9a-fA-F]{8}[`']?[0-9a-fA-F]{8}){3})\Z"
)
_INLINE = re.compile(
    r"[ ]*(?:([0-9a-fA-F]{1,3})[ ]+)?\(Inline(?: Function)?\)[ ]+-+(?:`-+)?(?:[ ]+-+(?:`-+)?)?[ ]*(?::[ ]*)?"
    r"(?:-+`-+[ ]*)*(?::[ ]*)?(.*)"
)
_NAME = r"[A-Za-z_][\w.$-]*![ ]?[^\s].*|[A-Za-z_][\w.$-]*\+0x[0-9a-f]+.*|0x[0-9a-f`]+|<[^>]+>!?.*|\*{3}"
_NUMBERED = re.compile(rf"[ ]*([0-9a-fA-F]{{2,3}})[ ]+({_NAME})\Z")
# A symbol alone: what a listing without addresses is made of.
_NAMED = re.compile(
    r"[ ]*([A-Za-z_][\w.$-]*![^\s=]\S*(?:[ ]\((?:TrapFrame|FPO|CONV).*)?|[A-Za-z_][\w.$-]*\+0x[0-9a-f]+)\Z"
)
_OLD_NAMED = re.compile(r"[ ]*([A-Za-z_]\w*![ ][A-Za-z_]\w*)\Z")
_NOWHERE = Site("", "", None)
# Half of all arguments are nothing.
_ZERO = Hex(0)
_ZEROS = ("0000000000000000", "00000000")
# Makes addresses out of digits that are known to be few enough.
_new = int.__new__


def frame(line: str) -> Frame | None:
    """Return the frame that *line* is, ``None`` when it is none.

    >>> found = frame("01 ffffd000`98d1c4b0 fffff802`9eaa8b96     nt!ObpCallPreOperationCallbacks+0x16a")
    >>> found.number, found.child_sp, found.place.symbol
    (1, Address(0xffffd00098d1c4b0), 'ObpCallPreOperationCallbacks')
    """
    return columns64(line) or columns32(line) or _without_columns(line)


def columns64(line: str) -> Frame | None:
    """Return the frame that *line* is, with columns of sixteen digits."""
    found = _FRAME64.match(line)
    return _with_columns(found, Address) if found else None


def columns32(line: str) -> Frame | None:
    """Return the frame that *line* is, with columns of eight digits."""
    found = _FRAME32.match(line)
    return _with_columns(found, Address32) if found else None


def _with_columns(found: re.Match[str], address: type[Address]) -> Frame | None:
    number, size, columns, text = found.groups()
    colon = columns.find(":")
    if colon >= 0:
        if not text and colon > 24 and len(columns.replace(":", " ").split()) < 6:
            return None  # a mail program put the last argument and the name on the next line
        columns = columns.replace(":", " ")
    if address is Address:
        columns = columns.replace("`", "")
        if "'" in columns:
            columns = columns.replace("'", "")
    elif "." in columns:
        columns = columns.replace(".", " ")
    values = columns.split()
    count = len(values)
    if address is Address and count == 5 and colon < 24:  # kb of x64 prints no Child-SP
        sp, ret, args = None, values[0], values[1:]
    elif count in (2, 5, 6) or (count == 4 and text):
        sp, ret, args = values[0], values[1], values[2:]
    else:
        return None
    if args and colon < 0 and address is Address:
        return None  # four quadwords without colons are memory
    return Frame(
        int(number, 16) if number else None,
        None if sp is None else _new(address, sp, 16),
        _new(address, ret, 16),
        tuple([_ZERO if a in _ZEROS else Hex(a, 16) for a in args]),
        Hex(int(size, 16)) if size else None,
        _NOWHERE if not text else _bare32(text) if address is Address32 and text[:2] == "0x" else site(text),
    )


def _bare32(text: str) -> Site:
    """Return the place that *text* names on a 32-bit machine: a bare address, whose digits do not tell its width."""
    found = site(text)
    at = found.address
    return found if at is None or at >> 32 else replace(found, address=Address32(at))


def _without_columns(line: str) -> Frame | None:
    if found := _NUMBERED.match(line):
        return Frame(int(found[1], 16), None, None, (), None, _noted(found[2]))
    if found := _NAMED.match(line) or _OLD_NAMED.match(line):
        return Frame(None, None, None, (), None, site(found[1].replace("! ", "!")))
    if found := _INLINE.match(line):
        number = int(found[1], 16) if found[1] else None
        return Frame(number, None, None, (), None, site(found[2]), True)
    return None


def _noted(text: str) -> Site:
    """Return the place, or the author's remark that stands in for frames that were cut out."""
    return Site("", "", None, notes=("***",)) if text == "***" else site(text)


def wrapped(line: str) -> Frame | None:
    """Return the beginning of a frame whose last argument and name a mail program put on the next line."""
    found = _WRAPPED.match(line)
    if found is None:
        return None
    number = found[1]
    sp, ret, args = (found[n].replace("`", "").replace("'", "") for n in (2, 3, 4))
    return Frame(
        int(number, 16) if number else None,
        Address(sp, 16),
        Address(ret, 16),
        tuple([Hex(a, 16) for a in args.split()]),
        None,
        _NOWHERE,
    )


def with_place(frame: Any, text: str) -> Frame:
    """Return *frame* at the place that *text* names: the rest of a line that was wrapped."""
    return Frame(frame.number, frame.child_sp, frame.return_address, frame.args, frame.size, site(text), frame.inline)
