"""Interlocked singly linked lists as ``!slist`` prints them."""

from __future__ import annotations

import re

from dumpwalk.kernel.slist import SEQUENCE_BITS, PopWindow, Slist, SlistEntry, SlistHeader
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, UNREADABLE, address, hexadecimal, of_text, remark, value
from dumpwalk.types.sources.dt_text import DtListing, LineReader

_HEAD = re.compile(r"[ ]*SLIST HEADER:\Z")
_CONTENTS = re.compile(r"[ ]*SLIST CONTENTS:\Z")
_FIELD = re.compile(
    r"[ ]*\+(0x[0-9a-f]{3}) (?:(Header8|Header16|HeaderX64)\.)?(Alignment|Region|Next|NextEntry|Depth|Sequence|CpuId)"
    r"[ ]+: ([0-9a-f]{1,16}|\?{4})\Z"
)
_ENTRY = re.compile(r"[ ]*([0-9a-f]{8,16})(?:[ ]{2}([0-9a-f]{8}(?: [0-9a-f]{8}){0,7}|\?{4}))?\Z")
# Which is said of few bits only.
_REPEATS = re.compile(r"A sequence number of ([1-9]) bits repeats after ([0-9]{1,3}) operations \(ABA\)\.\Z")
_WINDOW = re.compile(
    r"([0-9a-f]{8,16}) \((.+)\) is (within|outside of) the code that pops an entry "
    r"\(([0-9a-f]{8,16}) to ([0-9a-f]{8,16})\)"
    r"(: after an interrupt it begins again(; this instruction reads the link of an entry that may be gone by now)?)?\Z"
)
# How the sentences begin that this program's `slist --explain` prints.
_EXPLAINED = re.compile(
    r"A pop reads the first entry |Should others in between |The sequence number is there to tell: "
    r"|The types of this kernel name no sequence number |[0-9]{1,16} operations of other processors are not many"
    r"|Being interrupted does not hold a pop up: |So nobody goes on with an old link "
)


@record
class ListedSlist:
    """A list, with what of it is printed; where its header is, is in the command alone.

    :param offsets: where each member is said to be, by the name that is printed: ``Next``, ``Header8.NextEntry``
    :param listings: the entries as ``dt`` shows them, where a type was named
    """

    list: Slist
    offsets: dict[str, Hex]
    listings: tuple[DtListing, ...]
    explanation: tuple[str, ...]
    remarks: tuple[str, ...]


@kind("slist", "slist", opens=r"[ ]*SLIST HEADER:\Z", rank=12)
class SlistReader(Reader):
    """Takes one list."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._values: dict[str, Hex | Absent] = {}
        self._offsets: dict[str, Hex] = {}
        self._form = self._sequence = ""
        self._bits: int | None = None
        self._part = ""
        self._entries: list[SlistEntry] = []
        self._type, self._offset = _asked(command)
        self._lines = LineReader()
        self._window: PopWindow | Absent = NOT_SHOWN
        self._explained: list[str] = []
        self._footed = False
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._part:
            self._part = "header" if _HEAD.match(line) else ""
            return bool(self._part)
        if self._part == "header":
            if _CONTENTS.match(line):
                self._part = "contents"
                return True
            return self._field(line)
        return self._content(line) or self._foot(line)

    def _field(self, line: str) -> bool:
        found = _FIELD.match(line)
        if found is None:
            return False
        offset, form, name, text = found.groups()
        if form:
            self._form = "Header8" if form == "Header8" else "HeaderX64"
        elif name not in ("Alignment", "Region"):
            self._form = "x86"
        if name in ("Sequence", "CpuId"):
            self._sequence = name
        member = {"Next": "NextEntry", "CpuId": "Sequence"}.get(name, name)
        if member in self._values:
            return False
        self._values[member] = value(text)
        self._offsets[f"{form}.{name}" if form else name] = hexadecimal(offset)
        return True

    def _content(self, line: str) -> bool:
        if found := _ENTRY.match(line):
            words = found[2]
            at = address(found[1])
            read = tuple(map(hexadecimal, words.split())) if words and "?" not in words else None
            there = NOT_SHOWN if words is None else UNREADABLE if read is None else read
            self._entries.append(SlistEntry(at, there))
            if words is None:
                self._lines.begin(f"dt {self._type}")
                self._lines.draft.address = at.__class__(at - self._offset & (1 << 64) - 1)
            return True
        if not self._entries or self._entries[-1].words is not NOT_SHOWN or self._footed:
            return False
        return (line.lstrip(" ")[:1] in ("+", "[") and self._lines.take_line(line)) or self._lines.take_value(line)

    def _foot(self, line: str) -> bool:
        if (found := _REPEATS.match(line)) and found[2] == str(1 << int(found[1])):
            self._bits = int(found[1])
        elif found := _WINDOW.match(line):
            at, name, where, resume, end, _, faulted = found.groups()
            fault = address(at) if faulted else NOT_SHOWN
            self._window = PopWindow(address(at), name, address(resume), fault, address(end), where == "within")
        elif _EXPLAINED.match(line):
            self._explained.append(line)
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        self._footed = True
        return True

    def record(self) -> ListedSlist | None:
        if not self._part:
            return None
        found = of_text(Slist, header=self._header(), entries=tuple(self._entries), window=self._window)
        listings = tuple(draft.listing() for draft in self._lines.complete())
        return ListedSlist(found, self._offsets, listings, tuple(self._explained), tuple(self._remarks))

    def _header(self) -> SlistHeader:
        narrow = self._form == "x86"
        shown: dict[str, object] = {"Region": None} if narrow else {}
        shown |= self._values
        first, depth = self._values.get("NextEntry"), self._values.get("Depth")
        if isinstance(first, Hex):
            shown["NextEntry"] = (Address32 if narrow else Address)(first)
        if isinstance(depth, Hex):
            shown["Depth"] = int(depth)
        bits = SEQUENCE_BITS.get(self._form, NOT_SHOWN) if self._bits is None else self._bits
        # On 32-bit machines it has had two names.
        name = self._sequence or ("" if narrow or not self._form else "Sequence")
        return of_text(SlistHeader, form=self._form, sequence_name=name, sequence_bits=bits, **shown)


def _asked(command: str) -> tuple[str, int]:
    """Return the type that the entries are shown as, and how far in it the link is."""
    words = [word for word in command.split()[2:] if word[:2] != "--"]
    digits = words[1].removeprefix("0x") if len(words) > 1 else ""
    plain = digits and len(digits) <= 8 and not set(digits.lower()) - set("0123456789abcdef")
    return (words[0] if words else ""), int(digits, 16) if plain else 0
