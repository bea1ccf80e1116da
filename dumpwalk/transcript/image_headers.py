"""Headers of images as ``!dh`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_TITLE = re.compile(
    r"[ ]*(File Type: .*?|FILE HEADER VALUES|OPTIONAL HEADER VALUES|SECTION HEADER #[0-9A-F]+|----- new -----"
    r"|Debug Directories\([0-9]+\))\Z"
)
_DIRECTORY = re.compile(r"[ ]*([0-9A-F]+) \[[ ]*([0-9A-F]+)\] address \[size\] of (\S.*)\Z")
_FIELD = re.compile(
    r"[ ]*([0-9A-Fa-f]+(?:\.[0-9]+)?)[ ]{1,2}(machine|number of \w+|time date stamp|file pointer to [\w ]+"
    r"|size of [\w ]+|characteristics|magic #|linker version|address of entry point|base of (?:code|data)|image base"
    r"|(?:section|file) alignment|subsystem|operating system version|image version|subsystem version|checksum"
    r"|DLL characteristics|loader flags|Win32 version|virtual (?:size|address)|flags)[ ]*(.*)\Z"
)
_NAME = re.compile(r"[ ]{8,}([A-Z][\w ></()-]*)\Z")


@record
class HeaderField:
    """A field.

    :param part: the heading it stands below
    :param value: a number printed in hexadecimal; ``None`` for a version
    :param text: the number as printed, with what stands behind the label
    :param names: of the bits of flags, from the lines below
    """

    part: str
    label: str
    value: Hex | None
    text: str
    names: tuple[str, ...]


@record
class DataDirectory:
    """A data directory."""

    name: str
    address: Hex
    size: Hex


@record
class ImageHeaders:
    """The headers of one image; *titles* are the headings, the file's type among them."""

    titles: tuple[str, ...]
    fields: tuple[HeaderField, ...]
    directories: tuple[DataDirectory, ...]


@kind("image-headers", "dh", opens=r"[ ]*FILE HEADER VALUES\Z", rank=40)
class ImageHeadersReader(Reader):
    """Takes the headers of one image."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._titles: list[str] = []
        self._fields: list[tuple[str, re.Match[str], list[str]]] = []
        self._directories: list[DataDirectory] = []

    def take(self, line: str, number: int) -> bool:
        if found := _TITLE.match(line):
            self._titles.append(found[1])
        elif not self._titles:
            return False
        elif found := _DIRECTORY.match(line):
            self._directories.append(DataDirectory(found[3], hexadecimal(found[1]), hexadecimal(found[2])))
        elif found := _FIELD.match(line):
            self._fields.append((self._titles[-1], found, []))
        elif self._fields and (found := _NAME.match(line)):
            self._fields[-1][2].append(found[1])
        else:
            return False
        return True

    def record(self) -> ImageHeaders | None:
        if not self._titles:
            return None
        fields = []
        for part, found, names in self._fields:
            number = None if "." in found[1] else hexadecimal(found[1])
            fields.append(HeaderField(part, found[2], number, f"{found[1]} {found[3]}".rstrip(), tuple(names)))
        return ImageHeaders(tuple(self._titles), tuple(fields), tuple(self._directories))
