"""What the words behind the colon of a row of ``dt`` mean, by the terminals of ``grammars/dt.lark``."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lark import Token


def meaning(tokens: list[Token]) -> tuple[str, Any]:
    """Return the type that a row shows, and its value."""
    front = ""
    while tokens and tokens[0].type == "COUNT":
        front += f"{tokens.pop(0)} "
    kinds = [t.type for t in tokens]
    if not kinds:
        return "", None
    first, last = kinds[0], kinds[-1]
    if first in ("POINTER", "FUNCTION"):
        spelled = " ".join(str(t).removesuffix(" to") for t in tokens if t.type != "SIZED")
        return front + spelled + "".join(f" {_sized_name(t)}" for t in tokens if t.type == "SIZED"), None
    if first == "BITS":
        return front + str(tokens[0]).removeprefix("Bitfield "), None
    if first in ("SIZED", "SIZED_ENUM"):
        return front + _sized_name(tokens[0]), _value(tokens[1]) if len(tokens) > 1 else None
    if first == "TYPE_NAME":
        return front + str(tokens[0]), _value(tokens[1]) if len(tokens) > 1 else None
    value = _value(tokens[0])
    if first == "HEX" and "TYPE_NAME" in kinds:
        return f"{front}Ptr {tokens[kinds.index('TYPE_NAME')]}", value
    if first == "HEX" and "SIZED" in kinds:
        return f"{front}Ptr {_sized_name(tokens[kinds.index('SIZED')])}", value
    if last == "CALL" and str(tokens[-1]).startswith("    "):
        return f"{front}Ptr     {str(tokens[-1]).strip().partition('  ')[0]}", value
    return "", value


def _sized_name(token: Token) -> str:
    return str(token).partition(",")[0].partition(" ")[2]


def _value(token: Token) -> Any:
    text = str(token)
    if token.type in ("PLAIN", "SIGNED", "BINARY", "HEX", "NULL"):
        return integer(text)
    if token.type == "REAL":
        return float(text) if text[-1] != "f" and text[-1] != "n" else text
    if token.type == "STRING":
        return text[1:-1]
    if token.type == "LINKS":
        return tuple(integer(word) for word in text.strip("[] ").split(" - "))
    if token.type == "UNREADABLE":
        reason = text.lstrip("?").strip()
        return Absent(reason[1:-1] if reason[:1] == "(" and reason[-1:] == ")" else reason or "unreadable")
    return text


def integer(text: str) -> int:
    """Return the number that *text* is, as ``dt`` prints numbers."""
    digits = text.replace("`", "").replace("'", "")
    if digits == "(null)":
        return Hex(0)
    if digits.startswith("0n"):
        return int(digits[2:])
    if digits.startswith("0y"):
        return int(digits[2:], 2)
    if "x" in digits.lower():  # a copy may hold the prefix twice
        sign = -1 if digits.startswith("-") else 1
        return Hex(sign * int(digits.lower().rpartition("x")[2] or "0", 16))
    try:
        return int(digits)
    except ValueError:  # without the prefix, as between the brackets of some copies
        return Hex(int(digits, 16))
