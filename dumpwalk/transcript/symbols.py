"""Symbols as ``x`` and ``ln`` list them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site

_ROW = re.compile(
    r"[ ]*\(?([0-9a-fA-F]{8}(?:`?[0-9a-fA-F]{8})?|<unavailable>|@\w+)\)?[ ]+"
    r"(?:(<\w+>|\w+(?:[ ]\w+)*(?:[ ]*(?:\[[0-9]+\]|\*))?)[ ]+)?"
    r"([A-Za-z_<][\w.]*!\S.*?(?<![ ]))(?:[ ]+= ?(.*))?\Z"
)
_PAIR = re.compile(r"(.*?)(?<![ ])[ ]+\|[ ]+\(([0-9a-f`]{8,17})\)(?:[ ]+|\Z)(.*)\Z")


@record
class ListedSymbol:
    """A symbol and where it is.

    :param type: its type, where ``x /t`` prints it
    :param value: what stands behind the ``=``
    """

    address: Address | None
    type: str
    place: Site
    value: str


@record
class SymbolList:
    """Symbols."""

    symbols: tuple[ListedSymbol, ...]


@kind("symbols", *("x", "ln"), rank=70)
class SymbolsReader(Reader):
    """Takes symbols; only below their commands, as stacks and pointers look much the same."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._symbols: list[ListedSymbol] = []

    def take(self, line: str, number: int) -> bool:
        found = _ROW.match(line)
        if not found:
            return False
        rest = found[3]
        if pair := _PAIR.match(rest):
            self._symbols.append(ListedSymbol(_address(found[1]), "", site(pair[1]), ""))
            self._symbols.append(ListedSymbol(_address(pair[2]), "", site(pair[3]), ""))
            return True
        self._symbols.append(ListedSymbol(_address(found[1]), found[2] or "", site(rest), found[4] or ""))
        return True

    def record(self) -> SymbolList | None:
        return SymbolList(tuple(self._symbols)) if self._symbols else None


def _address(digits: str) -> Address | None:
    plain = digits.replace("`", "")
    if not plain[:1].isalnum():
        return None
    return (Address if len(plain) > 8 else Address32)(int(plain, 16))
