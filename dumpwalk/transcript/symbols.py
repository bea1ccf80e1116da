"""Symbols as ``x`` and ``ln`` list them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site

_ROW = re.compile(
    r"[ ]*\(?([0-9a-fA-F]{8}(?:`?[0-9a-fA-F]{8})?|<unavailable>|@\w+)\)?[ ]+"
    r"(?:(<\w+>|\w+(?:[ ]\w+)*(?:[ ]*(?:\[[0-9]+\]|\*))?)[ ]+)?"
    r"([A-Za-z_<][\w.]*!\S.*?(?<![ ]))(?:[ ]+= ?(.*))?\Z"
)
# x /v tells whose symbols say it, what it is, and its size.
_SIZED = re.compile(
    r"[ ]*(?:(prv|pub)[ ]+)?(global|local|param|func|inline|unknown)[ ]+"
    r"\(?([0-9a-fA-F]{8}(?:`?[0-9a-fA-F]{8})?|<unavailable>|@\w+)\)?[ ]+"
    r"([0-9a-f]{1,8})[ ]+(?:(<\w+>|\w+(?:[ ]\w+)*(?:[ ]*(?:\[[0-9]+\]|\*))?)[ ]+)?"
    r"([A-Za-z_<][\w.]*!\S.*?(?<![ ]))(?:[ ]+= ?(.*))?\Z"
)
# x /0 prints nothing but addresses, x /1 nothing but names.
_PLACE = re.compile(r"[ ]*\(?([0-9a-fA-F]{8}(?:`?[0-9a-fA-F]{8})?|<unavailable>|@\w+)\)?\Z")
_NAME = re.compile(r"[ ]*([A-Za-z_<][\w.]*!\S.*)\Z")
_BEHIND = re.compile(r"[ ]=|[ ]\|[ ]+\(")
_UNTYPED = re.compile(r"[ ]*(Type information missing error for \S.*)\Z")
_EXACT = re.compile(r"[ ]*Exact matches:\Z")
_PAIR = re.compile(r"(.*?)(?<![ ])[ ]+\|[ ]+\(([0-9a-f`]{8,17})\)(?:[ ]+|\Z)(.*)\Z")


@record
class ListedSymbol:
    """A symbol and where it is.

    :param type: its type, where ``x /t`` prints it
    :param value: what stands behind the ``=``
    :param visibility: ``prv`` or ``pub``, as ``x /v`` prints it
    :param kind: ``func``, ``global``, ``local``, ``param``, as ``x /v`` prints it
    :param size: in bytes, which ``x /v`` prints
    """

    address: Address | None
    type: str
    place: Site
    value: str
    visibility: str = ""
    kind: str = ""
    size: Hex | None = None


@record
class SymbolList:
    """Symbols.

    :param exact: those that are at the very address, as ``ln`` lists them below the others
    """

    symbols: tuple[ListedSymbol, ...]
    remarks: tuple[str, ...] = ()
    exact: tuple[Site, ...] = ()


@kind("symbols", *("x", "ln"), rank=70)
class SymbolsReader(Reader):
    """Takes symbols; only below their commands, as stacks and pointers look much the same."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._symbols: list[ListedSymbol] = []
        self._remarks: list[str] = []
        self._exact: list[Site] | None = None

    def take(self, line: str, number: int) -> bool:
        found = _ROW.match(line)
        if not found:
            return self._other(line)
        rest = found[3]
        if pair := _PAIR.match(rest):
            self._symbols.append(ListedSymbol(_address(found[1]), "", site(pair[1]), ""))
            self._symbols.append(ListedSymbol(_address(pair[2]), "", site(pair[3]), ""))
            return True
        self._symbols.append(ListedSymbol(_address(found[1]), found[2] or "", site(rest), found[4] or ""))
        return True

    def _other(self, line: str) -> bool:
        """Take a line of one of the options that add columns or leave some out."""
        if found := _SIZED.match(line):
            visibility, what, at, size, type, name, value = found.groups(default="")
            of = visibility, what, Hex(int(size, 16))
            self._symbols.append(ListedSymbol(_address(at), type, site(name), value, *of))
        elif "/0" in self.command and (found := _PLACE.match(line)):
            self._symbols.append(ListedSymbol(_address(found[1]), "", site(""), ""))
        elif "/1" in self.command and (found := _NAME.match(line)) and not _BEHIND.search(line):
            self._symbols.append(ListedSymbol(None, "", site(found[1]), ""))
        elif _EXACT.match(line):
            self._exact = self._exact or []
        elif self._exact is not None and (found := _NAME.match(line)) and not _BEHIND.search(line):
            self._exact.append(site(found[1]))
        elif found := _UNTYPED.match(line):
            self._remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> SymbolList | None:
        if not self._symbols and not self._remarks and not self._exact:
            return None
        return SymbolList(tuple(self._symbols), tuple(self._remarks), tuple(self._exact or ()))


def _address(digits: str) -> Address | None:
    plain = digits.replace("`", "")
    if not plain[:1].isalnum():
        return None
    return (Address if len(plain) > 8 else Address32)(int(plain, 16))
