"""Objects of .NET with their fields, as mex's ``!displayobj`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

_HEAD = re.compile(r"[ ]*0x([0-9a-f]{8,16}) ([A-Za-z_][\w.`+<>,\[\]]*\.[\w.`+<>,\[\]]+)[ ]*(.*)\Z")
# [raw] 0000020da7421020 System.Byte[] Length: 361; then 00000018   5F 45 ...  56 45 ...    _EVENTAR GUMENT
_RAW = re.compile(r"[ ]*\[raw\] ([0-9a-f]{8,16}) ([A-Za-z_][\w.`+<>,\[\]]*)[ ]+((?:Length|Entries): ([0-9]+))\Z")
_BYTES = re.compile(r"[ ]*([0-9A-F]{8})[ ]{3}((?:[0-9A-F]{2}[ ]{1,2}){1,32})[ ]*(.{1,40})\Z")
_STATICS = re.compile(r"[ ]*\[(statics)\]\Z")
# 0010  _httpMethod : 0000020da741be88  "POST" [4] (System.String)
_FIELD = re.compile(r"[ ]*([0-9a-f]{4})[ ]{2}(<?[A-Za-z_$][\w$<>.]*)[ ]*:(?: |\Z)(.*)\Z")
_VALUE = re.compile(r"(.*?)(?<![ ])[ ]*\(([A-Za-z_][\w.`+,<>\[\]]*)\)(?: \[Length: ([0-9]+)\])?\Z")


@record
class ManagedField:
    """A field of an object.

    :param value: as printed: a number, the address of another object with its text, ``NULL``
    :param type: its type, where it has a value
    :param length: of an array
    """

    offset: Hex
    name: str
    value: str
    type: str
    length: int | None
    static: bool


@record
class ManagedBytes:
    """A line of an array of bytes: the offset of the first, their values, and the characters behind them."""

    offset: Hex
    values: tuple[Hex, ...]
    text: str


@record
class ManagedObject:
    """An object; fields without a head have neither address nor type.

    :param remark: what else its first line says
    :param bytes: what is in an array of bytes
    """

    address: Address | None
    type: str
    remark: str
    fields: tuple[ManagedField, ...]
    bytes: tuple[ManagedBytes, ...] = ()


@kind(
    "object-fields",
    "displayobj",
    "mdso",
    "do2",
    opens=r"[ ]*(?:0x[0-9a-f]{8,16} [A-Za-z_]\w*\.\w|[0-9a-f]{4}  <?[A-Za-z_$][\w$<>.]*[ ]*: )",
    rank=46,
)
class ManagedReader(Reader):
    """Takes one object."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._fields: list[ManagedField] = []
        self._bytes: list[ManagedBytes] = []
        self._static = False

    def take(self, line: str, number: int) -> bool:
        if found := _FIELD.match(line):
            typed = _VALUE.match(found[3])
            value, kind, length = typed.groups() if typed else (found[3], "", None)
            size = int(length) if length else None
            self._fields.append(ManagedField(hexadecimal(found[1]), found[2], value, kind or "", size, self._static))
        elif self._head is None and not self._fields and (found := _HEAD.match(line) or _RAW.match(line)):
            self._head = found
        elif self._head is not None and self._head[2].endswith("[]") and (found := _BYTES.match(line)):
            values = tuple(hexadecimal(value) for value in found[2].split())
            self._bytes.append(ManagedBytes(hexadecimal(found[1]), values, found[3]))
        elif (self._head is not None or self.command) and _STATICS.match(line) and not self._fields:
            self._static = True
        else:
            return False
        return True

    def record(self) -> ManagedObject | None:
        if self._head is None and not self._fields:
            return None
        head = self._head.group(1, 2, 3) if self._head else ("", "", "")
        at = address(head[0]) if head[0] else None
        return ManagedObject(at, head[1], head[2], tuple(self._fields), tuple(self._bytes))
