"""Words of memory that are or point to text, as mex's ``!dpx`` and ``!grep`` of it print them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_ROW = re.compile(r"[ ]*0x([0-9a-f]{8,16}) : 0x([0-9a-f]{8,16}) : ?[ ]*(\S.*)?\Z")
_TEXT = re.compile(r"!(d[au]|dp[au]) \"(.*)\"\Z")
# 0xfffff8000d2dca90|+0x0018: 0xfffff8000d03e030 (Image ntkrnlmp.exe (.text)) -> sub     rsp,28h
_CHAIN = re.compile(r"[ ]*0x([0-9a-f]{8,16})\|\+0x([0-9a-f]{1,8}): (0x[0-9a-f]{8,16} \(.*)\Z")
_END = re.compile(r"@\$telescope\((.*)\)\Z")


@record
class PointerRow:
    """A word and what it means.

    :param place: the symbol that it leads to
    :param command: the command that shows the text: ``da``, ``du``; ``""`` where it is no text
    :param text: the text that stands there, or that it points to
    :param chain: where it leads, each step as printed: the value and what is there
    :param offset: from the first word, where it is printed
    """

    address: Address
    value: Hex
    place: Site | None
    command: str
    text: str
    chain: tuple[str, ...]
    offset: Hex | None = None


@record
class PointerListing:
    """Words one after another.

    :param expression: what was asked for, where the text repeats it below the rows
    """

    rows: tuple[PointerRow, ...]
    expression: str = ""


@kind("pointers", "dpx", "telescope", opens=r"[ ]*0x[0-9a-f]{8,16}(?: : 0x[0-9a-f]{8}|\|\+0x)", rank=45)
class PointersReader(Reader):
    """Takes words."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rows: list[PointerRow] = []
        self._expression = ""

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            text = _TEXT.match(found[3] or "")
            named = site(found[3]) if found[3] and not text else None
            command, said = (text[1], text[2]) if text else ("", "")
            self._rows.append(PointerRow(address(found[1]), hexadecimal(found[2]), named, command, said, ()))
        elif found := _CHAIN.match(line):
            steps = tuple(step.strip() for step in found[3].split(" -> "))
            value = hexadecimal(steps[0].partition(" ")[0])
            self._rows.append(PointerRow(address(found[1]), value, None, "", "", steps, Hex(found[2], 16)))
        elif self._rows and (found := _END.match(line)):
            self._expression = found[1]
        else:
            return False
        return True

    def record(self) -> PointerListing | None:
        return PointerListing(tuple(self._rows), self._expression) if self._rows else None
