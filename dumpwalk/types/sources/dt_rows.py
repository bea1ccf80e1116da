"""The rows that ``dt`` prints most, read without a parser: nine of ten lines of a listing have one of these forms.

``grammars/dt.lark`` says what a row may be; what is read here is read the same there, forty times slower.
"""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROW = re.compile(r"([ ]*)\+(?:0x)?([0-9a-f]+)[ ]([^\s:]+)[ ]*:(?=[ ]|\Z)")
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
    width = end - found.start(3) - 2
    rest = line[end:]
    text = rest.strip(" ")
    if not text:
        return len(indent), int(offset, 16), name, width, "", (), "", None
    meaning = _meaning(text)
    if meaning is None:
        return None
    return (len(indent), int(offset, 16), name, width, text + " " if rest[-1] == " " else text, *meaning)


def _meaning(text: str) -> tuple[tuple[str, ...], str, Any] | None:
    found = _VALUE.match(text)
    if found is None:
        return None
    (
        number,
        pointee,
        character,
        plain,
        plain_character,
        enum,
        signed,
        null,
        type,
        links,
        string,
        bits,
        pointer,
        to,
        binary,
    ) = found.groups()
    if number:
        value = Hex(int(number.replace("`", ""), 16))
        if pointee:
            return None if pointee in _NO_TYPES else (("HEX", "TYPE_NAME"), f"Ptr {pointee}", value)
        return (("HEX", "CHARACTER") if character else ("HEX",)), "", value
    if plain:
        shape = ("PLAIN", "CHARACTER") if plain_character else ("PLAIN", "ENUM") if enum else ("PLAIN",)
        return shape, "", int(plain)
    if type:
        if type in _NO_TYPES:
            return None
        if links:
            first, second = links[2:-2].split(" - ")
            return (
                ("TYPE_NAME", "LINKS"),
                type,
                (Hex(int(first.replace("`", ""), 16)), Hex(int(second.replace("`", ""), 16))),
            )
        if string:
            return ("TYPE_NAME", "STRING"), type, string[1:-1]
        return ("TYPE_NAME",), type, None
    if null:
        return ("NULL",), "", Hex(0)
    if bits:
        return ("BITS",), bits, None
    if pointer:
        return None if to in _NO_TYPES else (("POINTER", "TYPE_NAME"), f"{pointer} {to}", None)
    if signed:
        return ("SIGNED",), "", int(signed[2:])
    return ("BINARY",), "", int(binary[2:], 2)
