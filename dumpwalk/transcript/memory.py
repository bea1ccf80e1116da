"""Memory as ``db``, ``dd``, ``dq``, ``dps``, ``da`` and their like print it."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site

# !dd and its like mark physical addresses, which may be short.
_ADDRESS = r"[ ]*(?:#[ ]*|0x)?([0-9a-fA-F]{8}(?:[`']?[0-9a-fA-F]{8})?|(?<=[ #])[0-9a-f]{5,7})"
_UNIT = r"(?:[0-9a-fA-F]{{{0}}}|\?{{{0}}})"
_QUAD = r"(?:[0-9a-fA-F]{8}`[0-9a-fA-F]{8}|\?{8}`\?{8}|[0-9a-fA-F]{16})"
# Two blanks behind the address part memory from the columns of a stack; copies may have lost one.
_BYTES = re.compile(
    rf"{_ADDRESS}[ ]{{1,3}}((?:[0-9a-f]{{2}}|\?\?)(?:[ -](?:[0-9a-f]{{2}}|\?\?)){{0,15}}-?)(?:[ ]+(.{{1,16}}))?\Z"
)
_SHORTS = re.compile(rf"{_ADDRESS}[ ]{{1,3}}({_UNIT.format(4)}(?:[ ]{_UNIT.format(4)}){{0,7}})\Z")
_DWORDS = re.compile(
    rf"{_ADDRESS}[ ]{{1,3}}({_UNIT.format(8)}(?:[ -]{{1,2}}{_UNIT.format(8)}){{0,3}})"
    # copies that lost a blank still show all sixteen characters; a symbol is a stack's
    r"(?:[ ](?:[ ]|(?![0-9a-f]{8}[ ])(?=(?:(?!\+0x)[^!]){16}\Z))(.{1,16}))?\Z"
)
_QUADS = re.compile(rf"{_ADDRESS}[ ]{{1,3}}({_QUAD}(?:[ -]{{1,2}}{_QUAD})?)\Z")
# dpp prints one more word; two more are the arguments in a stack.
_WORD = r"[0-9a-f`]{8,17}"
_POINTER = re.compile(
    rf"{_ADDRESS}[ ]{{1,3}}({_QUAD}|{_UNIT.format(8)})"
    rf"(?:[ ]+(?={_WORD}\Z|(?:{_WORD}[ ]+(?![ ]))?(?![0-9a-f`?]{{7,}}(?:[ ]|\Z)))(\S.*))?\Z"
)
_TEXT = re.compile(rf"{_ADDRESS}[ ]{{1,3}}\"(.*)\"?\Z")
_LABEL = re.compile(r"[ ]*([A-Za-z_][\w.]*!\S+):?\Z")
_BYTE = {f"{n:02x}": Hex(n) for n in range(256)}
UNREADABLE = Absent("the debugger could not read it")


@record
class MemoryRow:
    """A line of memory.

    :param values: in the order of addresses, each of *unit* bytes
    :param text: what is printed as characters
    :param place: the symbol that a pointer has
    """

    address: Address
    unit: int
    values: tuple[Hex | Absent, ...]
    text: str = ""
    place: Site | None = None


@record
class MemoryListing:
    """Memory as text shows it.

    :param label: the symbol that stands above the rows, or ``""``
    :param physical: the addresses are physical: ``!dd`` and its like mark them with ``#``
    """

    label: str
    rows: tuple[MemoryRow, ...]
    physical: bool = False


_FORMS = {
    "bytes": (_BYTES, 1),
    "shorts": (_SHORTS, 2),
    "dwords": (_DWORDS, 4),
    "quads": (_QUADS, 8),
}
_BY_COMMAND = {
    "db": ("bytes",), "dw": ("shorts",), "dd": ("dwords",), "dc": ("dwords",), "dq": ("quads",),
    "dp": ("quads", "dwords"), "dps": ("pointer",), "dds": ("pointer",), "dqs": ("pointer",), "dpp": ("pointer",),
    "dpu": ("pointer",), "dpa": ("pointer",), "dqp": ("pointer",), "da": ("text",), "du": ("text",), "ds": ("text",),
    "dqu": ("pointer",), "dqa": ("pointer",), "kd": ("pointer",),
}  # fmt: skip


def row(line: str, forms: tuple[str, ...]) -> MemoryRow | None:
    """Return the row that *line* is in one of *forms*, ``None`` when it is none."""
    for form in forms:
        if form == "text":
            if found := _TEXT.match(line):
                return MemoryRow(_address(found[1]), 1, (), found[2].removesuffix('"'))
            continue
        if form == "pointer":
            if found := _POINTER.match(line):
                value = _value(found[2])
                unit = 8 if len(found[2].replace("`", "")) == 16 else 4
                return MemoryRow(_address(found[1]), unit, (value,), "", site(found[3]) if found[3] else None)
            continue
        pattern, unit = _FORMS[form]
        if found := pattern.match(line):
            values = _values(found[2], unit)
            return MemoryRow(_address(found[1]), unit, values, (found[3] or "") if pattern.groups > 2 else "")
    return None


def _values(text: str, unit: int) -> tuple[Hex | Absent, ...]:
    if "-" in text:
        text = text.replace("-", " ")
    if "?" in text:
        return tuple([_value(v) for v in text.split()])
    if unit == 1:
        return tuple([_BYTE[v] for v in text.split()])
    return tuple([Hex(v, 16) for v in text.replace("`", "").split()])


def _address(digits: str) -> Address:
    if len(digits) == 8:
        return Address32(int(digits, 16))
    return Address(digits.replace("`", "").replace("'", ""), 16)


def _value(digits: str) -> Hex | Absent:
    return UNREADABLE if "?" in digits else Hex(int(digits.replace("`", ""), 16))


def _shape(line: str) -> tuple[str, ...]:
    for form in ("bytes", "quads", "dwords", "text", "pointer"):
        if row(line, (form,)) is not None:
            return (form,)
    return ()


def _confirms(line: str, following: str) -> bool:
    """Without a command, only what nothing else looks like: a dump in bytes, text, several numbers, named pointers."""
    found = row(line, _shape(line))
    if found is None:
        return False
    if found.place is not None:
        return "  " in line.strip() and "!" in line
    return bool(found.text) or len(found.values) > 1 or row(following, _shape(line)) is not None


@kind(
    "memory",
    *("d", *_BY_COMMAND),
    opens=r"[ ]*(?:0x)?[0-9a-fA-F]{8}[`0-9a-fA-F]{0,9}[ ]{1,3}(?:[0-9a-f?]{2}[ -]|[0-9a-f?]{4}|\")",
    confirms=_confirms,
    rank=55,
)
class MemoryReader(Reader):
    """Takes rows of one form."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._forms = _BY_COMMAND.get(command.split()[0].lower(), ()) if command.strip() else ()
        self.rows: list[MemoryRow] = []
        self._label = ""
        self._physical = False

    def take(self, line: str, number: int) -> bool:
        forms = self._forms
        if not forms:
            forms = self._forms = _shape(line)
        found = row(line, forms) if forms else None
        if found is None:
            if not self.rows and self._forms and (other := _shape(line)) and (found := row(line, other)):
                self._forms = other
            elif not self.rows and self.command and not self._label and (label := _LABEL.match(line)):
                self._label = label[1].rstrip(":")
                return True
            else:
                return False
        if not self.rows:
            self._physical = line.lstrip()[:1] == "#"
        self.rows.append(found)
        return True

    def record(self) -> MemoryListing | None:
        return MemoryListing(self._label, tuple(self.rows), self._physical) if self.rows else None
