"""Strings out of a dump, made safe to print."""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent


def printable(text: str) -> str:
    r"""Return *text* with everything that a terminal might obey, hide or reorder shown as an escape.

    >>> print(printable("a\x1b[2Jb\u202ec\ud800"))
    a\x1b[2Jb\u202ec\ud800
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def counted(count: int, what: str) -> str:
    """Return *count* of *what*, in the plural unless it is one.

    >>> counted(1, "run"), counted(0, "run")
    ('1 run', '0 runs')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def indent(text: str, by: str = "    ") -> str:
    """Return *text* with each line moved right by *by*."""
    return "\n".join(by + line if line else line for line in text.split("\n"))


def plain(address: int | Absent, digits: int = 0) -> str:
    """Return an address as WinDbg's older commands print it, without the backtick; ``????`` for what is absent.

    :param digits: at least so many, with zeros in front

    >>> plain(Address(0xFFFFF80002A5C000)), plain(Absent("not there"))
    ('fffff80002a5c000', '????')
    """
    if isinstance(address, Absent):
        return "????"
    if type(address) is Address:
        return f"{int(address):016x}"
    text = str(address) if isinstance(address, Address) else f"{address:x}"
    return text.rjust(digits, "0")
