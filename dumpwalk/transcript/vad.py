"""VADs as ``!vad`` prints them: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.vad import TYPE_WORDS, TYPES, Vad
from dumpwalk.kernel.vad_detail import VadDetail
from dumpwalk.kernel.vad_tree import VadTree
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import (
    NOT_SHOWN,
    UNREADABLE,
    address,
    cells,
    integer,
    of_text,
    remark,
    text_or_absent,
    value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROTECTION = r"[A-Z][A-Z_]{5,}(?: (?:NOCACHE|GUARD|WRITECOMBINE))?"
_COLUMNS = re.compile(r"[ ]*VAD[ ]+level[ ]+start[ ]+end[ ]+commit\Z", re.I)
_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]+\([ ]*([0-9]+)\)[ ]*([0-9a-f]+|\?+)[ ]+([0-9a-f]+|\?+)[ ]+(-?[0-9]+|\?+)"
    rf"[ ]+(Private|Mapped|\?{{4}})[ ]+(?:(VadType [0-9]+|[A-Z][a-z]\w*|AWE)[ ]+)?({_PROTECTION}|\?{{4}})"
    r"(?:[ ]+(\S.*))?\Z"
)
_SUM = re.compile(
    r"[ ]*(Total VADs:[ ]+([0-9]+),?[ ]+average level:[ ]+([0-9]+),?[ ]+maximum depth:[ ]+([0-9]+)"
    r"|Total private commit: 0x([0-9a-f]+) pages(?: \(([0-9]+) KB\))?.*|Total VADs:.*"
    r"|Total (?:private|shared) commit:.*)\Z"
)
_PAGE_KB = 4
# What no name of a file has: where it stands behind a row, somebody said something of that.
_NOTE = ("<", ">", "/", "|", "*")
_SHARED = re.compile(r"Pagefile section, shared commit (0x[0-9a-f]+|0|\?{4})\Z")
_HEAD = re.compile(r"[ ]*VAD @ ?([0-9a-f]{8,16})\Z")
_CELL = re.compile(
    r"[ ]*(Start VPN|End VPN|Control Area|First ProtoPte|Last PTE|Commit Charge|Secured\.Flink|Blink|Banked/Extend"
    r"|File Offset|Offset):?[ ]*(?<=[ :])(-?[0-9a-f]+|\?+)(?: \(-?[0-9]+\.\))?(?:[ ]+|\Z)"
)
_TYPE_OF = {"": "VadNone", **{word: name for name, word in TYPE_WORDS.items()}}
# Members of the VAD itself, and of all that it says of itself.
_NUMBERS = {"Start VPN": "StartingVpn", "End VPN": "EndingVpn"}
_POINTERS = {"Control Area": "ControlArea", "First ProtoPte": "FirstPrototypePte", "Last PTE": "LastContiguousPte"}
_OFFSETS = {"File Offset": False, "Offset": True}  # the latter is what kernels before Windows 8 have
_WORDS = re.compile(rf"[ ]*((?:[A-Z][a-z]\w*(?:[ ]|\Z))*?)({_PROTECTION}|\?{{4}})?\Z")
_FILE = re.compile(r"[ ]+(?:File: )?(\\\S.*?|\?{4}|Pagefile section, .*)\Z")


@record
class VadListing:
    """VADs of a tree, or one in full; the other is ``None``.

    :param count: of the VADs in the tree, as it is printed below them
    :param notes: what somebody wrote behind rows, with the address of the VAD
    """

    tree: VadTree | None
    detail: VadDetail | None
    remarks: tuple[str, ...]
    count: int | None = None
    notes: tuple[tuple[Address, str], ...] = ()


@kind("vad", "vad", opens=r"[ ]*(?:VAD[ ]+level[ ]+start|VAD @ ?[0-9a-f]{8})", rank=12)
class VadReader(Reader):
    """Takes rows, or one VAD."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._vads: list[Vad] = []
        self._notes: list[tuple[Address, str]] = []
        self._columns = False
        self._totals: dict[str, int] = {}
        self._at: Address | None = None
        self._vad: dict[str, Any] = {}
        self._links = {"Secured.Flink": NOT_SHOWN, "Blink": NOT_SHOWN}
        self._detail: dict[str, Any] = {}
        self._file = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            self._row(found)
        elif self._at is None and (found := _HEAD.match(line)):
            self._at = address(found[1])
        elif self._at is not None and (numbers := cells(_CELL, line)):
            for name, text in numbers:
                self._member(self._at, name, text)
        elif self._at is not None and (found := _WORDS.match(line)) and line:
            self._flags(found)
        elif self._at is not None and not self._file and (found := _FILE.match(line)):
            self._file = found[1]
            self._vad |= _file(found[1])
        elif found := _SUM.match(line):
            self._sum(found)
        elif said := remark(line):
            self._remarks.append(said)
        elif _COLUMNS.match(line):
            self._columns = True
        else:
            return False
        return True

    def _row(self, found: re.Match[str]) -> None:
        at, level, start, end, commit, private, kind, protection, behind = found.groups()
        place, known = address(at), "?" not in private
        rest: dict[str, Any] = {}
        if private == "Private":  # what is no view has nothing of one
            rest = dict.fromkeys(("ControlArea", "FirstPrototypePte", "LastContiguousPte", "file", "shared_commit"))
        if behind and behind.startswith(_NOTE):
            self._notes.append((place, behind))
        elif behind:
            rest |= _file(behind)
        rest |= {
            "CommitCharge": integer(commit),
            "private": private == "Private" if known else UNREADABLE,
            "VadType": _TYPE_OF.get(kind or "", kind) if known else UNREADABLE,
        }
        start_end = {"StartingVpn": value(start), "EndingVpn": value(end)}
        self._vads.append(of_text(Vad, address=place, level=int(level), protection=protection, **start_end, **rest))

    def _member(self, at: Address, name: str, text: str) -> None:
        if name in _NUMBERS:
            self._vad[_NUMBERS[name]] = value(text)
        elif name == "Commit Charge":
            self._vad["CommitCharge"] = integer(text, 16)
        elif name in _OFFSETS:
            self._detail |= {"FileOffset": value(text), "old": _OFFSETS[name]}
        else:
            place: Any = UNREADABLE if "?" in text else type(at)(int(text, 16))
            if name in _POINTERS:
                self._vad[_POINTERS[name]] = place
            elif name in self._links:
                self._links[name] = place
            else:
                self._detail["extended"] = place

    def _flags(self, found: re.Match[str]) -> None:
        if self._vad.get("protection"):
            self._detail["flags2"] = (*self._detail.get("flags2", ()), *found[0].split())
            return
        flags = self._detail["flags"] = (*self._detail.get("flags", ()), *found[1].split())
        self._vad["protection"] = found[2] or ""
        types = [type for type in TYPES if type.removeprefix("Vad") in flags]
        if types:
            self._vad["VadType"] = types[0]

    def _sum(self, found: re.Match[str]) -> None:
        names = ("count", "average_level", "maximum_depth", "private_commit")
        numbers = {
            name: int(n, 16 if name == "private_commit" else 10) for name, n in zip(names, found.groups()[1:]) if n
        }
        self._totals |= numbers
        if not numbers or (found[6] and int(found[6]) != numbers["private_commit"] * _PAGE_KB):
            self._remarks.append(found[1].strip())

    def record(self) -> VadListing | None:
        if self._at is None and not (self._vads or self._totals or self._remarks):
            return None
        tree = detail = None
        if self._at is not None:
            vad = of_text(Vad, address=self._at, **self._vad)
            detail = of_text(VadDetail, vad=vad, secured=tuple(self._links.values()), **self._detail)
        if self._vads or self._columns or self._totals:
            said = {name: number for name, number in self._totals.items() if name != "count"}
            tree = of_text(VadTree, vads=tuple(self._vads), **said)
        return VadListing(tree, detail, tuple(self._remarks), self._totals.get("count"), tuple(self._notes))


def _file(text: str) -> dict[str, Any]:
    """Return the members that say what a view is of."""
    if shared := _SHARED.match(text):
        return {"file": None, "shared_commit": value(shared[1].removeprefix("0x"))}
    return {"file": text_or_absent(text), "shared_commit": None}
