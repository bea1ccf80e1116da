"""Page-table entries side by side as ``!pte`` prints them."""

from __future__ import annotations

import re

from dumpwalk.kernel.file_page import FilePage
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.paging.software import Pte
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.file_page_lines import FilePageLines
from dumpwalk.transcript.values import address, hexadecimal, pointer, remark

_HEAD = re.compile(r"[ ]+VA ([0-9a-f]{8,16})\Z")
# Old debuggers print the address in front of the places.
_IN_FRONT = re.compile(r"[ ]*([0-9A-F]{16}|[0-9A-F]{8})[ ]+-(?=[ ])")
_ALONE = re.compile(r"[ ]*([0-9a-f]{16}|[0-9a-f]{8})\Z")
_PLACE = re.compile(r"[ ]*(P[XPDT]E|PML5E) at[ ]+([0-9A-F]{8,16}|\?{8})")
_PLACES = re.compile(r"(?:[ ]*(?:P[XPDT]E|PML5E) at[ ]+(?:[0-9A-F]{8,16}|\?{8}))+\Z")
_CONTENT = re.compile(r"contains ([0-9A-F]{8,16})|(Unable to get \w+(?: [0-9A-F]+)?)")
_CONTENTS = re.compile(r"(?:[ ]*(?:contains [0-9A-F]{8,16}|Unable to get \w+(?: [0-9A-F]+)?))+\Z")
_STATES = re.compile(r"(?:[ ]*(?:pfn [0-9a-f]+[ ]+[-A-Z]{7,12}|LARGE PAGE pfn [0-9a-f]+|not valid))+\Z")
_STATE_CELL = re.compile(r"(pfn ([0-9a-f]+)[ ]+([-A-Z]{7,12})|LARGE PAGE pfn ([0-9a-f]+)|not valid)")
_DETAIL = re.compile(
    r"[ ]+((?:Page has been freed|DemandZero|Proto: (?:[0-9A-F]+|VAD|\?{4})|Transition: [0-9a-f]+"
    r"|PageFile:[ ]+[0-9a-f]+|Offset:[ ]+[0-9a-f]+|Subsection: [0-9A-F?]+|Protect:[ ]+[0-9a-f]+ - \w+(?: \w+)*))\Z"
)
_WARNING = re.compile(r"[ ]*(WARNING: noncanonical VA, accesses will fault !)\Z")


@record
class ListedEntry:
    """A page-table entry.

    :param level: ``PXE``, ``PPE``, ``PDE``, ``PTE``; ``""`` for one alone
    :param validity: ``valid``, ``large page``, ``not valid``; ``""`` where the line is cut
    :param flags: the letters, ``---DA--KWEV``
    :param meaning: what an entry that is not valid says, where that is printed
    """

    level: str
    address: Address | Absent | None
    value: Hex | None
    validity: str
    flags: str
    pfn: Hex | None
    meaning: Pte | None = None


@record
class EntryListing:
    """The entries of an address.

    :param details: what an entry that is not valid means, as printed
    :param file_page: the page of a file that is behind the address, which this program's ``pte`` names
    """

    address: Address | None
    entries: tuple[ListedEntry, ...]
    details: tuple[str, ...]
    remarks: tuple[str, ...]
    file_page: FilePage | None = None


@kind("pte", "pte", opens=r"[ ]+VA [0-9a-f]{8,16}\Z", rank=15)
class EntriesReader(Reader):
    """Takes the entries of one address."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address = ""
        self._places: list[tuple[str, str]] = []
        self._contents: list[tuple[str, str]] = []
        self._states: list[tuple[str, str, str, str]] = []
        self._details: list[str] = []
        self._file = FilePageLines()
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _HEAD.match(line):
            if self._address:
                return False
            self._address = found[1]
        elif not self._places and _PLACES.match(line):
            self._places = _PLACE.findall(line)
        elif not self._places and (found := _IN_FRONT.match(line)) and _PLACES.match(line, found.end()):
            if self._address:
                return False
            self._address, self._places = found[1].lower(), _PLACE.findall(line)
        elif self.command.startswith("!pte2va") and not self._address and (found := _ALONE.match(line)):
            self._address = found[1]
        elif not self._contents and _CONTENTS.match(line):
            self._contents = _CONTENT.findall(line)
        elif self._contents and not self._states and _STATES.match(line):
            self._states = _STATE_CELL.findall(line)
        elif self._states and (found := _DETAIL.match(line)):
            self._details.append(found[1])
        elif found := _WARNING.match(line):
            self._remarks.append(found[1])
        elif (self._contents or self._address) and self._file.take(line):
            pass
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> EntryListing | None:
        count = max(len(self._places), len(self._contents))
        if not count and not self._address:
            return None
        unreadable = tuple(text for _, text in self._contents if text)
        return EntryListing(
            address(self._address) if self._address else None,
            tuple(self._entry(at) for at in range(count)),
            tuple(self._details),
            (*unreadable, *self._remarks),
            self._file.record(),
        )

    def _entry(self, at: int) -> ListedEntry:
        level, where = self._places[at] if at < len(self._places) else ("", "")
        content = self._contents[at][0] if at < len(self._contents) else ""
        # Nothing stands below an entry that could not be read, but it is the last one.
        text, small, flags, large = self._states[at] if at < len(self._states) else ("", "", "", "")
        validity = "valid" if small else "large page" if large else text
        number = small or large
        return ListedEntry(
            level,
            pointer(where.lower()) if where else None,
            hexadecimal(content) if content else None,
            validity,
            flags,
            hexadecimal(number) if number else None,
            _meaning(hexadecimal(content), self._details) if text == "not valid" and content else None,
        )


def _meaning(value: Hex, details: list[str]) -> Pte | None:
    """Return what the lines below ``not valid`` say of the entry *value*."""
    found = {label: text.strip() for label, _, text in (line.partition(":") for line in details)}
    protection, _, name = found.get("Protect", "").partition(" - ")
    protect = {"protection": hexadecimal(protection), "protection_name": name} if protection else {}
    if "Transition" in found:
        return Pte("transition", value, pfn=hexadecimal(found["Transition"]), **protect)  # type: ignore[arg-type]
    if "PageFile" in found:
        page_file, offset = int(found["PageFile"][:16], 16), hexadecimal(found.get("Offset", "0"))
        return Pte("page file", value, page_file=page_file, offset=offset, **protect)  # type: ignore[arg-type]
    if "Proto" in found or "Subsection" in found:
        at = found.get("Proto") or found["Subsection"]
        where = None if "?" in at or at == "VAD" else hexadecimal(at)
        name = "VAD" if at == "VAD" else "prototype" if "Proto" in found else "subsection"
        return Pte(name, value, address=where, **protect)  # type: ignore[arg-type]
    if "DemandZero" in found:
        return Pte("demand zero", value, **protect)  # type: ignore[arg-type]
    return Pte("freed", value) if "Page has been freed" in found else None
