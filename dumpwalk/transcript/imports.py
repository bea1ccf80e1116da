"""Imports of an image as mex's ``!imports`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(r"[ ]*Dumping Import table at ([0-9a-f`]{8,17}) \+ ([0-9a-f]+)\Z")
_IMAGE = re.compile(r"[ ]*ModuleImageName: (\S+)\Z")
_ROW = re.compile(r"[ ]*(\S+) imports (\S[^\s!]*)!(\S+)\Z")


@record
class ImportList:
    """Imports: module and function; *image* is what imports them."""

    image: str
    base: Address | None
    offset: Hex | None
    imports: tuple[tuple[str, str], ...]


@kind("imports", "imports", opens=r"[ ]*(?:Dumping Import table at |\S+ imports \S[^\s!]*!\S+\Z)", rank=60)
class ImportsReader(Reader):
    """Takes imports."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._image = ""
        self._title: re.Match[str] | None = None
        self._imports: list[tuple[str, str]] = []

    def take(self, line: str, number: int) -> bool:
        if (found := _ROW.match(line)) and found[1] == (self._image or found[1]):
            self._image = found[1]
            self._imports.append((found[2], found[3]))
        elif self._title is None and (found := _TITLE.match(line)):
            self._title = found
        elif not self._image and (found := _IMAGE.match(line)):
            self._image = found[1]
        else:
            return False
        return True

    def record(self) -> ImportList | None:
        if not self._imports:
            return None
        title = self._title
        base, offset = (address(title[1]), hexadecimal(title[2])) if title else (None, None)
        return ImportList(self._image, base, offset, tuple(self._imports))
