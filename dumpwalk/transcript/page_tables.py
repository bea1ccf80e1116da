"""Page-table entries side by side as ``!pte`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.pte import NOT_CANONICAL, Entries, Entry, unexplained
from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.modes import LA57, PAE, X86
from dumpwalk.memory.paging.software import Pte
from dumpwalk.memory.paging.translation import LARGE
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.file_page_lines import FilePageLines
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, hexadecimal, of_text, pointer, remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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


_VALID, _NOT_VALID = "valid", "not valid"


@record
class EntryListing:
    """The entries of an address; one alone has a level only where its address is printed.

    :param page: whether an entry is of a large page is known by the ones below it that are none
    :param details: what stands below an entry that is not valid and says nothing that such an entry can say
    """

    page: Entries
    details: tuple[str, ...]
    remarks: tuple[str, ...]


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
        meaning, details = None, tuple(self._details)
        if self._states and self._states[-1][0] == _NOT_VALID:
            value = self._contents[len(self._states) - 1][0] if len(self._states) <= len(self._contents) else ""
            meaning, details = _meaning(hexadecimal(value), self._details) if value else (None, details)
        entries = tuple(self._entry(at, meaning if at == len(self._states) - 1 else None) for at in range(count))
        unreadable = tuple(text for _, text in self._contents if text)
        page = of_text(
            Entries, address=address(self._address) if self._address else None, entries=entries,
            file_page=self._file.record(), **self._width(),
        )  # fmt: skip
        return EntryListing(page, details, (*unreadable, *self._remarks))

    def _width(self) -> dict[str, Any]:
        """Return how wide the entries are, and the mode of paging where that says it."""
        size = next((len(value) // 2 for value, _ in self._contents if value), 0)
        digits = len(self._address) or next((len(at) for _, at in self._places if "?" not in at), 0)
        mode = X86 if size == 4 else PAE if size == 8 and digits == 8 else None
        if any(level == LA57.levels[0].name for level, _ in self._places):
            mode = LA57
        width = size if size in (4, 8) else NOT_SHOWN
        return {"entry_size": width, "mode": mode.name if mode is not None else NOT_SHOWN}

    def _entry(self, at: int, meaning: Pte | None) -> Entry:
        level, where = self._places[at] if at < len(self._places) else ("", "")
        content, unreadable = self._contents[at] if at < len(self._contents) else ("", "")
        # Nothing stands below an entry that could not be read, but it is the last one.
        text, small, flags, large = self._states[at] if at < len(self._states) else ("", "", "", "")
        value = hexadecimal(content) if content else UNREADABLE if unreadable else NOT_SHOWN
        state = ""
        if isinstance(value, Hex) and text:
            if small or large:
                meaning = Pte("valid", value, hexadecimal(small or large))
            elif meaning is None:
                meaning = unexplained(value)
            state = LARGE if large or self._is_large(at) else _VALID if small else meaning.kind
        elif not content and not unreadable and any(map(_WARNING.match, self._remarks)):
            state = NOT_CANONICAL
        place = pointer(where.lower()) if where else NOT_SHOWN
        return of_text(Entry, level=level, address=place, value=value, state=state, flags=flags, meaning=meaning)

    def _is_large(self, at: int) -> bool:
        """Say whether an entry is that of a large page, which the levels below it are said to be in."""
        return at + 1 < len(self._states) and bool(self._states[at + 1][3])


# What each kind of entry says, in front of its protection.
_SAYS = {"Transition": "transition", "PageFile": "page file", "Proto": "prototype", "Subsection": "subsection"}


def _meaning(value: Hex, details: list[str]) -> tuple[Pte | None, tuple[str, ...]]:
    """Return what the lines below ``not valid`` say of the entry *value*, and those that say nothing of it."""
    found = {label: text.strip() for label, _, text in (line.partition(":") for line in details)}
    label = next((label for label in (*_SAYS, "DemandZero", "Page has been freed") if label in found), "")
    if not label:
        return None, tuple(details)
    parts = {label, "Offset"} if label == "PageFile" else {label}
    members: dict[str, Any] = {}
    if label == "Transition":
        members = {"pfn": hexadecimal(found[label])}
    elif label == "PageFile":
        members = {"page_file": int(found[label][:16], 16)}
        members |= {"offset": hexadecimal(found["Offset"])} if "Offset" in found else {}
    elif label in _SAYS and found[label] != "VAD" and "?" not in found[label]:
        members = {"address": hexadecimal(found[label])}
    if "Protect" in found and label != "Page has been freed":
        parts.add("Protect")
        protection, _, name = found["Protect"].partition(" - ")
        members |= {"protection": hexadecimal(protection), "protection_name": name}
    kind = "VAD" if found[label] == "VAD" else {"DemandZero": "demand zero"}.get(label, _SAYS.get(label, "freed"))
    rest = tuple(line for line in details if line.partition(":")[0] not in parts)
    return Pte(kind, value, **members), rest
