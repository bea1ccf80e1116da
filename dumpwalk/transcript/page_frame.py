"""Entries of the page frame database as ``!pfn`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, cells, hexadecimal, pointer, remark, value

_HEAD = re.compile(r"[ ]*PFN ([0-9A-Fa-f]+) at address ([0-9A-Fa-f]{8,16})\Z")
_CELL = re.compile(
    r"[ ]*(flink|blink / share count|pteaddress|reference count|used entry count|color|Priority|restore pte"
    r"|containing page)[ ]+([0-9A-Fa-f]+|\?+)(?:[ ]+|\Z)"
)
# The names that the records of ``pfn`` have.
_NAMES = {
    "blink / share count": "blink",
    "pteaddress": "PteAddress",
    "reference count": "ReferenceCount",
    "used entry count": "used_entries",
    "restore pte": "OriginalPte",
    "containing page": "PteFrame",
}
# Behind a number: question marks behind a label are that label's.
_CACHE = re.compile(r"(?<=[0-9A-Fa-f?])[ ]+(Cached|NonCached|WriteComb|NotMapped|\?{4})(?=[ ]|\Z)")
_STATE = re.compile(
    r"(.*containing page[ ]+[0-9A-Fa-f?]+)[ ]+(Zeroed|Free|Standby|Modified|ModNoWrite|Bad|Active|Transition|\?{4})"
    r"((?:[ ]+[MPRWEXL]+)*)\Z"
)
_WORDS = re.compile(r"[ ]{2,}([A-Z][a-z][A-Za-z]*(?: [A-Z][a-z][A-Za-z]*)*)\Z")


@record
class ListedPfn:
    """A page.

    :param values: the numbers that are printed
    :param flags: the letters behind the state
    :param words: the same in words
    """

    number: Hex
    address: Address
    values: dict[str, Hex | Absent]
    cache: str
    state: str
    flags: str
    words: tuple[str, ...]
    remarks: tuple[str, ...]


@kind("pfn", "pfn", opens=r"[ ]*PFN [0-9A-Fa-f]+ at address [0-9A-Fa-f]{8}", rank=12)
class PfnReader(Reader):
    """Takes one page."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._values: dict[str, Hex | Absent] = {}
        self._cache = self._state = self._flags = ""
        self._words: tuple[str, ...] = ()
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        rest = line
        if found := _STATE.match(rest):
            rest, self._state, self._flags = found[1], found[2], "".join(found[3].split())
        elif "reference count" in rest and (found := _CACHE.search(rest)):
            rest, self._cache = rest[: found.start()] + rest[found.end() :], found[1]
        if numbers := cells(_CELL, rest):
            for name, text in numbers:
                self._values[_NAMES.get(name, name)] = pointer(text) if name == "pteaddress" else value(text)
        elif found := _WORDS.match(line):
            self._words = tuple(found[1].split())
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedPfn | None:
        if self._head is None:
            return None
        return ListedPfn(
            hexadecimal(self._head[1]), address(self._head[2].lower()), self._values, self._cache, self._state,
            self._flags, self._words, tuple(self._remarks),
        )  # fmt: skip
