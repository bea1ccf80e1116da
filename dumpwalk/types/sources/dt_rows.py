"""The rows that ``dt`` prints most, read without a parser: nine of ten lines of a listing have one of these forms.

``grammars/dt.lark`` says what a row may be; what is read here is read the same there, forty times slower.
"""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Meaning: TypeAlias = tuple[tuple[str, ...], str, Any]

_ROW = re.compile(r"([ ]*)\+(?:0x)?([0-9a-f]+)[ ]([^\s:]+)[ ]*:(?=[ ]|\Z)")
# Makes numbers out of digits that are known to be some.
_new = int.__new__
_HEX_ALONE, _HEX_AND_TYPE = ("HEX",), ("HEX", "TYPE_NAME")
_HEX = r"0x[0-9a-fA-F`]*[0-9a-fA-F]"
_VALUE = re.compile(
    rf"({_HEX})(?:[ ]((?!struct|union|class|enum)[A-Za-z_]\w*)|[ ]('.?'))?\Z"
    r"|([0-9]+)(?:[ ]+('.?')|[ ]+(\([ ]\w+[ ]\)))?\Z"
    r"|(0n-?[0-9]+)\Z"
    r"|(\(null\))\Z"
    rf"|(<unnamed-tag>|[A-Za-z_]\w*)(?:[ ](\[ {_HEX} - {_HEX} \])|[ ](\"[^\"]*\"))?\Z"
    r"|(Pos [0-9]+, [0-9]+ Bits?)\Z"
    r"|(Ptr(?:32|64))[ ]([A-Za-z_]\w*)\Z"
    r"|(0y[01]+)\Z"
)
# Words that stand for something else than a type.
_NO_TYPES = frozenset(("inf", "nan", "Ptr32", "Ptr64", "Ptr", "struct", "union", "class", "enum", "Enum", "Bitfield"))

# How a line that begins with a letter goes on where it is one of the grammar's: `Name :`, `Name = `, `Name at 0x`,
# `module!Type`, an address and a name, a prompt, or one of the words that only `dt` begins a line with.
_WORDS = re.compile(
    r"[A-Za-z_][A-Za-z0-9_.:]*(?:[ ]+:|[ ]+=|[ ]at[ ]|!)|[0-9a-fA-F`]{8,17}[ ]|l?kd[:>]"
    r"|(?:struct|union|class|[Ee]num|Local|Using|dt|Enumerating|Address)[ ]"
)


def may_be_of_dt(line: str) -> bool:
    """Say whether the grammar is worth asking: prose below a listing it is not, and loading it takes its time.

    >>> may_be_of_dt("The driver was loaded."), may_be_of_dt("Flink : 0x1"), may_be_of_dt("   +0x000 a b : c")
    (False, True, True)
    """
    return not line[:1].isalpha() or _WORDS.match(line) is not None


def usual_row(line: str) -> tuple[int, int, str, int, str, tuple[str, ...], str, Any] | None:
    """Return what a row says, ``None`` when it is none of the usual ones.

    That is: blanks before it, the offset, the field's name, the width of the
    name's column, the text behind the colon, the names of the grammar's
    terminals in it, the type, and the value.
    """
    found = _ROW.match(line)
    if found is None:
        return None
    indent, offset, name = found.groups()
    end = found.end()
    text = line[end:].strip(" ")
    meaning: Meaning | None = ((), "", None)
    if text:
        shown = _VALUE.match(text)
        meaning = _FORMS[shown.lastindex or 0](shown) if shown is not None else None
        if line[-1] == " ":
            text += " "
    if meaning is None:
        return None
    shape, type, value = meaning
    return len(indent), int(offset, 16), name, end - found.start(3) - 2, text, shape, type, value


def _number(found: re.Match[str]) -> Meaning:
    return _HEX_ALONE, "", _new(Hex, found[1].replace("`", ""), 16)


def _pointer(found: re.Match[str]) -> Meaning | None:
    pointee = found[2]
    if pointee in _NO_TYPES:
        return None
    return _HEX_AND_TYPE, f"Ptr {pointee}", _new(Hex, found[1].replace("`", ""), 16)


def _links(found: re.Match[str]) -> Meaning | None:
    first, second = found[10][2:-2].replace("`", "").split(" - ")
    links = (Hex(int(first, 16)), Hex(int(second, 16)))
    return None if found[9] in _NO_TYPES else (("TYPE_NAME", "LINKS"), found[9], links)


def _string(found: re.Match[str]) -> Meaning | None:
    return None if found[9] in _NO_TYPES else (("TYPE_NAME", "STRING"), found[9], found[11][1:-1])


# By the last group of _VALUE that took part: what a value of that form says.
_FORMS: dict[int, Callable[[re.Match[str]], Meaning | None]] = {
    1: _number,
    2: _pointer,
    3: lambda found: (("HEX", "CHARACTER"), "", Hex(int(found[1].replace("`", ""), 16))),
    4: lambda found: (("PLAIN",), "", int(found[4])),
    5: lambda found: (("PLAIN", "CHARACTER"), "", int(found[4])),
    6: lambda found: (("PLAIN", "ENUM"), "", int(found[4])),
    7: lambda found: (("SIGNED",), "", int(found[7][2:])),
    8: lambda found: (("NULL",), "", Hex(0)),
    9: lambda found: None if found[9] in _NO_TYPES else (("TYPE_NAME",), found[9], None),
    10: _links,
    11: _string,
    12: lambda found: (("BITS",), found[12], None),
    14: lambda found: None if found[14] in _NO_TYPES else (("POINTER", "TYPE_NAME"), f"{found[13]} {found[14]}", None),
    15: lambda found: (("BINARY",), "", int(found[15][2:], 2)),
}
