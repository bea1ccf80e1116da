"""The trees and grids that ``dx`` prints of the debugger's objects."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_ROW = re.compile(
    r"([ ]*)(?:\[\+0x([0-9a-f]{3,})(?:[ ]\([ ]*([0-9]+):[ ]*([0-9]+)\))?\][ ]+)?"
    r"(\[[^\]]*\]|\(\*\(\([^()]*\)0x[0-9a-f`]+\)\)|Debugger(?:\.\w+(?:\([^()]*\))?)+|[A-Za-z_<@(&][^\s:]*(?:[ ]?::\S+)?"
    r"|@?\$\S.*?(?<![ ]))(?:[ ]*:(?:[ ]+(.*))?|[ ]+(\[.*\]))?\Z"
)
# The expression as it was typed, which may hold anything, and what follows its name in the first row.
_TYPED = re.compile(r"dx(?:[ ]+-[a-z][0-9]*)*[ ]+([^ ].*?)(?:,[a-z0-9]{1,3})?\Z")
_BEHIND = re.compile(r"[ ]*(?::(?:[ ]+(.*))?|(\[Type: .*\]))?\Z")
_GRID = re.compile(r"[ ]*=[ ](.*)[ ]=\Z")
_RULE = re.compile(r"[ ]*=+\Z")
_UNREADABLE = re.compile(
    r"[ ]*(Unable to read memory at Address 0x[0-9a-f]+|<Unreadable>|Error: .*|Object does not .*)\Z"
)


@record
class DxRow:
    """A row of a tree.

    :param indent: blanks in front of it: how deep it is
    :param offset: of a member, in bytes; ``None`` where there is none
    :param bits: first and last bit of a bit field
    """

    indent: int
    offset: int | None
    bits: tuple[int, int] | None
    name: str
    value: str
    type: str


@record
class DxTree:
    """What ``dx`` printed.

    :param columns: the heads of a grid (``dx -g``)
    :param cells: its rows
    """

    rows: tuple[DxRow, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    errors: tuple[str, ...]


def _tree(line: str, following: str) -> bool:
    return "[Type: " in line


@kind("dx", "dx", opens=r"[ ]*(?:\[\+0x[0-9a-f]{3}|\S[^\n]{0,80}[ ]:[ ].*\[Type: )", confirms=_tree, rank=65)
class DxReader(Reader):
    """Takes rows of a tree or of a grid."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rows: list[DxRow] = []
        self._columns: tuple[str, ...] = ()
        self._cells: list[tuple[str, ...]] = []
        self._errors: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if ">" in line[:16] and "kd>" in line[:16]:
            return False
        if found := _UNREADABLE.match(line):
            self._errors.append(found[1])
            return True
        if _RULE.match(line):
            return "-g" in self.command
        if "-g" in self.command and (found := _GRID.match(line)):
            return self._grid(found[1])
        return self._tree(line)

    def _grid(self, text: str) -> bool:
        if not self._columns:
            self._columns = tuple(cell.strip() for cell in text.split(" = "))
            return True
        cells = tuple(cell.strip() for cell in re.split(r"(?<![ ])[ ]+-[ ]+", text))
        self._cells.append(cells)
        return True

    def _tree(self, line: str) -> bool:
        found = _ROW.match(line)
        if not self._rows and (found is None or found[5][:1] not in "[@") and self._typed(line):
            return True
        if not found or (not line.startswith(" ") and found[6] is None and self._rows):
            return False
        value, type = _typed_value(found[6] or found[7] or "")
        if not type and "[Type: " not in line and not self.command:
            return False
        bits = (int(found[4]), int(found[3])) if found[3] else None
        offset = int(found[2], 16) if found[2] else None
        self._rows.append(DxRow(len(found[1]), offset, bits, found[5], value, type))
        return True

    def _typed(self, line: str) -> bool:
        """Take the first row, whose name is the expression."""
        typed = _TYPED.match(self.command)
        text = line.lstrip(" ")
        if typed is None or not text.startswith(typed[1]):
            return False
        found = _BEHIND.match(text, len(typed[1]))
        if found is None:
            return False
        value, type = _typed_value(found[1] or found[2] or "")
        self._rows.append(DxRow(len(line) - len(text), None, None, typed[1], value, type))
        return True

    def record(self) -> DxTree | None:
        if not (self._rows or self._columns or self._errors):
            return None
        return DxTree(tuple(self._rows), self._columns, tuple(self._cells), tuple(self._errors))


def _typed_value(text: str) -> tuple[str, str]:
    """Return a value and its type, which stands in brackets behind it."""
    at = text.rfind("[Type: ")
    if at >= 0 and text.endswith("]"):
        return text[:at].rstrip(), text[at + 7 : -1]
    return text, ""
