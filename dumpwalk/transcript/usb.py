"""Controllers, hubs, devices and transfers as the debugger extensions of the USB drivers print them (usbkd, usb3kd)."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.prompt import prompted
from dumpwalk.transcript.values import address

_TITLE = re.compile(r"[ ]*(?:##[ ]+|\*{2}|\*-+)([A-Z\[].*?)(?<!-)-*\*{0,2}\Z")
_COLUMNS = re.compile(r"(?:##[ ]+)?EVENT,?[ ]+STATE,?[ ]+NEXT(?: \(latest at bottom\))?\Z")
_EVENT = re.compile(
    r"[ ]*(?:(?:\[([0-9]+)\]|([0-9]+)\.)[ ]+)?((?:\([0-9]+\))?[A-Za-z]\w*_\w+)"
    r"(?:,[ ]|[ ]{2,})((?:\([0-9]+\))?[A-Za-z]\w+)(?:,[ ]|[ ]{2,})((?:\([0-9]+\))?[A-Za-z]\w+)\Z"
)
_NUMBER = re.compile(r"[ ]*(?:\[[ ]*([0-9]+)\]|([0-9]+)(?:\.?\)|\.(?=[ ]|\Z)|\Z))[ ]*")
_LABEL = re.compile(r"[A-Za-z>][\w'./()@-]*(?: [\w'./()@-]+){0,5}[ ]*\Z")
_LABEL_END = re.compile(r":(?![\\:])-?|=")
_LINK = re.compile(r"(![A-Za-z]\w*|dt [\w!]+)[ ]+((?:0x)?[0-9a-f]{8,16})\b")
_ADDRESS = re.compile(r"\b(?:0x)?[0-9a-f]{8,16}\b")
# What is of another kind, or of none.
_OTHER = re.compile(
    r"[ ]*(?:[*>]LOG\b|\*\(\w+\)HC_|Minidump |\[[ ]*[0-9]+\][ ]+[0-9a-f]{8,16} .{4} [0-9a-f]{8}"
    r"|//|(?:## )?\.{3}\Z|WARNING|ERROR|\*\*\*)"
)
# A `dt` at the beginning of a line is a command that somebody typed, unless the type is of a USB driver.
_TYPED = re.compile(r"(?:dt (?!(?:[uU][sS][bB]\w*!)?_)|\+0x)")
_MOST_WORDS = 12
# A heading of so few words may stand apart.
_HEADING = re.compile(r"[ ]*[A-Z*][\w.]*(?: [\w()']+){0,4}\Z|args '\w*'\Z")
_FARTHEST = 3


@record
class UsbLink:
    """A command that the listing offers for more of an object: ``!usbep``, ``dt USBPORT!_HCD_ENDPOINT``."""

    command: str
    address: Address


@record
class UsbRow:
    """A line.

    :param indent: blanks in front of it: what it belongs to
    :param number: in a list; ``""`` outside of one
    :param label: what stands before a colon or an equals sign; ``""`` for none
    :param text: the rest, with its labels, numbers and commands as printed
    :param links: the commands in it
    """

    indent: int
    number: str
    label: str
    text: str
    links: tuple[UsbLink, ...]


@record
class UsbEvent:
    """A step of a state machine: what happened, the state before, and the one after."""

    number: str
    event: str
    state: str
    next: str


@record
class UsbSection:
    """What stands below one heading, ``""`` for the lines above the first."""

    title: str
    rows: tuple[UsbRow, ...]
    events: tuple[UsbEvent, ...]


@record
class UsbListing:
    """What one command printed."""

    sections: tuple[UsbSection, ...]


@kind(
    "usb",
    *("usbkd", "usb", "usb_tree", "usblist", "usbhubs", "usbdevh", "usbhcdext", "usbhubext", "usbep", "usbtx"),
    *("usbhcdlist", "ehci_info", "ehci_info_from_fdo", "hub2_info", "port2_info", "device_info", "hub_info"),
    *("xhci_info", "xhci_deviceslots", "port_info", "device_info_from_pdo", "usbhcdpnp", "usbhcdpow", "ucx_device"),
)
class UsbReader(Reader):
    """Takes the rows of one command, and those of its lists."""

    patience = 2

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._sections: list[tuple[str, list[UsbRow], list[UsbEvent]]] = []
        self._last = 0

    def take(self, line: str, number: int) -> bool:
        taken = bool(line) and bool(self.command) and len(line) <= 512 and self._take(line, number)
        if taken:
            self._last = number
        return taken

    def _take(self, line: str, number: int) -> bool:
        if _OTHER.match(line) or _TYPED.match(line) or prompted(line) is not None:
            return False
        if _COLUMNS.match(line):
            return True
        if (found := _TITLE.match(line)) and (line.lstrip()[:1] != "*" or line.rstrip("*-") != line):
            self._sections.append((found[1].strip(), [], []))
            return True
        if not self._sections:
            self._sections.append(("", [], []))
        _, rows, events = self._sections[-1]
        if found := _EVENT.match(line):
            events.append(UsbEvent(found[1] or found[2] or "", found[3], found[4], found[5]))
            return True
        row = _row(line)
        if row.links or row.number or row.label or _ADDRESS.search(line) or self._near(line, number):
            rows.append(row)
            return row.text != "" or row.number != "" or row.label != ""
        return False

    def _near(self, line: str, number: int) -> bool:
        """Say whether mere words stand where only this command's can: below a line of it, or indented."""
        if number <= (self._last or number) + _FARTHEST and _HEADING.match(line):
            return True
        near = (self._last and number == self._last + 1) or line[0] == " "
        return (
            near and any(c.isalpha() for c in line) and line.count(" ") <= len(line) - len(line.lstrip()) + _MOST_WORDS
        )

    def record(self) -> UsbListing | None:
        found = tuple(UsbSection(t, tuple(r), tuple(e)) for t, r, e in self._sections if t or r or e)
        return UsbListing(found) if found else None


def _row(line: str) -> UsbRow:
    text = line.lstrip()
    indent = len(line) - len(text)
    number = label = ""
    if found := _NUMBER.match(text):
        number, text = found[1] or found[2], text[found.end() :]
    if (found := _LABEL_END.search(text)) and _LABEL.match(text[: found.start()]):
        label, text = text[: found.start()].rstrip(), text[found.end() :].lstrip()
    links = tuple(UsbLink(m[1], address(m[2])) for m in _LINK.finditer(text))
    return UsbRow(indent, number, label, text, links)
