"""How the type of an object was found, as this program's ``object -v`` says it step by step."""

from __future__ import annotations

import re

from dumpwalk.kernel.object_record import OWN_POINTER, TypeSteps
from dumpwalk.transcript.values import hexadecimal, integer, of_text, pointer, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_N = r"0x[0-9a-f]{1,16}|\?{4}"
_TITLE = re.compile(r"[ ]*Type, found by:\Z")
_IN_HEADER = re.compile(rf"[ ]*TypeIndex in the header at ([0-9a-f]{{8,16}}|\?{{8}}): ({_N})\Z")
_BYTE = re.compile(r"[ ]*\^ bits 8 to 15 of the header's address: (0x[0-9a-f]{1,16})\Z")
_COOKIE = re.compile(rf"[ ]*\^ ObHeaderCookie: ({_N})\Z")
_INDEX = re.compile(rf"[ ]*= ({_N}), index into ObTypeIndexTable\Z")
_RESULT = re.compile(r"[ ]*(?:(entry|pointer) at ([0-9a-f]{8,16}|\?{4,8})|type) = ([0-9a-f]{8,16}|\?{4,8})\Z")
_SOURCE = re.compile(r"[ ]+\(([^()]*)\)\Z")
# Of a header that points to the type.
_NO_INDEX: dict[str, None] = dict.fromkeys(("TypeIndex", "address_byte", "ObHeaderCookie", "index"))


class StepLines:
    """Takes the lines that tell how a type was found."""

    def __init__(self) -> None:
        self._titled = False
        self._found: dict[str, Any] = {}

    def take(self, line: str) -> bool:
        if _TITLE.match(line):
            first, self._titled = not self._titled, True
            return first
        if found := _IN_HEADER.match(line):
            return self._once(header=pointer(found[1]), TypeIndex=value(found[2]))
        if found := _BYTE.match(line):
            return self._once(address_byte=hexadecimal(found[1]))
        if found := _COOKIE.match(line):
            return self._once(ObHeaderCookie=value(found[1]))
        if found := _INDEX.match(line):
            return self._once(index=integer(found[1].removeprefix("0x"), 16))
        if found := _RESULT.match(line):
            return self._result(found)
        if self and (found := _SOURCE.match(line)):
            return self._once(source=found[1])
        return False

    def _result(self, found: re.Match[str]) -> bool:
        where = pointer(found[2]) if found[2] else None
        if found[1] == "pointer":
            return self._once(type=pointer(found[3]), entry=where, source=OWN_POINTER, **_NO_INDEX)
        return self._once(type=pointer(found[3]), entry=where)

    def _once(self, **members: object) -> bool:
        if not members.keys().isdisjoint(self._found):
            return False
        self._found |= members
        return True

    def __bool__(self) -> bool:
        return self._titled or bool(self._found)

    def record(self) -> TypeSteps | None:
        """Return the steps; ``None`` where the text shows none."""
        if not self:
            return None
        # What is mixed in stands above the index, where anything is.
        unmixed = dict.fromkeys(("address_byte", "ObHeaderCookie")) if "index" in self._found else {}
        return of_text(TypeSteps, **unmixed | self._found)
