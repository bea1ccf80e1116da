"""VADs as ``!vad`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, cells, pointer, remark, value

_PROTECTION = r"[A-Z][A-Z_]{5,}(?: (?:NOCACHE|GUARD|WRITECOMBINE))?"
_COLUMNS = re.compile(r"[ ]*VAD[ ]+level[ ]+start[ ]+end[ ]+commit\Z", re.I)
_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]+\([ ]*([0-9]+)\)[ ]*([0-9a-f]+|\?+)[ ]+([0-9a-f]+|\?+)[ ]+(-?[0-9]+|\?+)"
    rf"[ ]+(Private|Mapped|\?{{4}})[ ]+(?:([A-Z][a-z]\w*|AWE)[ ]+)?({_PROTECTION}|\?{{4}})(?:[ ]+(\S.*))?\Z"
)
_SUM = re.compile(
    r"[ ]*(Total VADs:[ ]+([0-9]+),?[ ]+average level:[ ]+([0-9]+),?[ ]+maximum depth:[ ]+([0-9]+)"
    r"|Total private commit: 0x([0-9a-f]+) pages.*|Total VADs:.*|Total (?:private|shared) commit:.*)\Z"
)
_SHARED = re.compile(r"Pagefile section, shared commit (0x[0-9a-f]+|0|\?{4})\Z")
_HEAD = re.compile(r"[ ]*VAD @ ?([0-9a-f]{8,16})\Z")
_CELL = re.compile(
    r"[ ]*(Start VPN|End VPN|Control Area|First ProtoPte|Last PTE|Commit Charge|Secured\.Flink|Blink|Banked/Extend"
    r"|File Offset|Offset):?[ ]*(?<=[ :])(-?[0-9a-f]+|\?+)(?: \(-?[0-9]+\.\))?(?:[ ]+|\Z)"
)
# The names of the kernel's members.
_NAMES = {
    "Start VPN": "StartingVpn",
    "End VPN": "EndingVpn",
    "Control Area": "ControlArea",
    "First ProtoPte": "FirstPrototypePte",
    "Last PTE": "LastContiguousPte",
    "Commit Charge": "CommitCharge",
    "Blink": "Secured.Blink",
    "File Offset": "FileOffset",
    "Offset": "FileOffset",
}
_WORDS = re.compile(rf"[ ]*((?:[A-Z][a-z]\w*(?:[ ]|\Z))*?)({_PROTECTION}|\?{{4}})?\Z")
_FILE = re.compile(r"[ ]+(?:File: )?(\\\S.*?|\?{4}|Pagefile section, .*)\Z")


@record
class ListedVad:
    """A VAD in a row.

    :param kind: what stands behind ``Private`` or ``Mapped``
    :param file: and what stands behind the protection
    :param shared_commit: of a section that the page file backs, where that is printed
    """

    address: Address
    level: int
    StartingVpn: Hex | Absent
    EndingVpn: Hex | Absent
    CommitCharge: int | Absent
    private: bool | Absent
    kind: str
    protection: str
    file: str
    shared_commit: Hex | Absent | None = None


@record
class ListedVadDetail:
    """All of one VAD: the members that are printed, the names of its flags, its protection, its file.

    :param flags2: names of flags in a line of their own below
    """

    address: Address
    values: dict[str, Hex | Absent]
    flags: tuple[str, ...]
    protection: str
    file: str
    shared_commit: Hex | Absent | None = None
    flags2: tuple[str, ...] = ()


@record
class VadListing:
    """VADs of a tree, or one in detail.

    :param count: of the VADs, as it is printed below them; *private_commit* is in pages
    """

    vads: tuple[ListedVad, ...]
    detail: ListedVadDetail | None
    remarks: tuple[str, ...]
    count: int | None = None
    average_level: int | None = None
    maximum_depth: int | None = None
    private_commit: int | None = None


@kind("vad", "vad", opens=r"[ ]*(?:VAD[ ]+level[ ]+start|VAD @ ?[0-9a-f]{8})", rank=12)
class VadReader(Reader):
    """Takes rows, or one VAD."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._vads: list[ListedVad] = []
        self._detail = ""
        self._values: dict[str, Hex | Absent] = {}
        self._flags: tuple[str, ...] = ()
        self._flags2: tuple[str, ...] = ()
        self._totals: dict[str, int] = {}
        self._protection = ""
        self._file = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            self._vads.append(_row(found))
        elif not self._detail and (found := _HEAD.match(line)):
            self._detail = found[1]
        elif self._detail and (numbers := cells(_CELL, line)):
            for name, text in numbers:
                self._values[_NAMES.get(name, name)] = pointer(text) if len(text) >= 8 else value(text)
        elif self._detail and (found := _WORDS.match(line)) and line:
            if self._protection:
                self._flags2 += tuple(found[0].split())
            else:
                self._flags += tuple(found[1].split())
                self._protection = found[2] or ""
        elif self._detail and not self._file and (found := _FILE.match(line)):
            self._file = found[1]
        elif found := _SUM.match(line):
            self._remarks.append(found[1].strip())
            totals = zip(("count", "average_level", "maximum_depth", "private_commit"), found.groups()[1:])
            self._totals |= {name: int(n, 16 if name == "private_commit" else 10) for name, n in totals if n}
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return _COLUMNS.match(line) is not None
        return True

    def record(self) -> VadListing | None:
        if not (self._vads or self._detail or self._totals or self._remarks):
            return None
        detail = None
        if self._detail:
            at = address(self._detail)
            shared = _shared_commit(self._file)
            detail = ListedVadDetail(at, self._values, self._flags, self._protection, self._file, shared, self._flags2)
        return VadListing(tuple(self._vads), detail, tuple(self._remarks), **self._totals)


def _row(found: re.Match[str]) -> ListedVad:
    at, level, start, end, commit, private, kind, protection, file = found.groups()
    return ListedVad(
        address(at), int(level), value(start), value(end), UNREADABLE if "?" in commit else int(commit),
        UNREADABLE if "?" in private else private == "Private", kind or "", protection, file or "",
        _shared_commit(file or ""),
    )  # fmt: skip


def _shared_commit(file: str) -> Hex | Absent | None:
    """Return how many pages the section has committed that stands in place of a file."""
    found = _SHARED.match(file)
    return value(found[1].removeprefix("0x")) if found else None
