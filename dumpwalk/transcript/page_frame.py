"""Entries of the page frame database as ``!pfn`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.pfn import Pfn, words_of
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, cells, hexadecimal, of_text, pointer, remark, text_or_absent, value

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
    """A page; what its letters mean is in words as printed, where it is."""

    pfn: Pfn
    remarks: tuple[str, ...]


@kind("pfn", "pfn", opens=r"[ ]*PFN [0-9A-Fa-f]+ at address [0-9A-Fa-f]{8}", rank=12)
class PfnReader(Reader):
    """Takes one page."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._found: dict[str, object] = {}
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        rest = line
        if found := _STATE.match(rest):
            rest = found[1]
            self._found |= {"state": text_or_absent(found[2]), "flags": "".join(found[3].split())}
        elif "reference count" in rest and (found := _CACHE.search(rest)):
            rest = rest[: found.start()] + rest[found.end() :]
            self._found["cache"] = text_or_absent(found[1])
        if numbers := cells(_CELL, rest):
            for name, text in numbers:
                self._found[_NAMES.get(name, name)] = pointer(text) if name == "pteaddress" else value(text)
        elif found := _WORDS.match(line):
            self._found["words"] = tuple(found[1].split())
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedPfn | None:
        if self._head is None:
            return None
        found = {"words": words_of(str(self._found.get("flags", ""))), **self._found}
        frame = of_text(Pfn, number=hexadecimal(self._head[1]), address=address(self._head[2].lower()), **found)
        return ListedPfn(frame, tuple(self._remarks))
