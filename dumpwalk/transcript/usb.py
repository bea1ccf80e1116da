"""Controllers, hubs, devices and transfers as the debugger extensions of the USB drivers print them (usbkd, usb3kd)."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.prompt import prompted
from dumpwalk.transcript.usb_cells import Token, UsbLink, are_anchored, links, tokens
from dumpwalk.transcript.usb_values import UsbValue, values

_COLUMNS = re.compile(r"(?:##[ ]+)?EVENT,?[ ]+STATE,?[ ]+NEXT(?: \(latest at bottom\))?\Z")
# What stands alone between dots is left out: `## ...`.
_TITLE = re.compile(r"##(?![ ]*\.{3}\Z)[ ]+")
_STARRED = re.compile(r"\*\*([A-Z][A-Za-z ]*)(?:\*\*|-+)\Z|\*-+([A-Z]+)-+\*\Z")
_EVENT = re.compile(
    r"((?:\([0-9]{1,3}\))?[A-Za-z][A-Za-z0-9]*_\w+)(?:,[ ]|[ ]{2,})((?:\([0-9]{1,3}\))?[A-Za-z]\w+)(?:,[ ]|[ ]{2,})"
    r"((?:\([0-9]{1,3}\))?[A-Za-z]\w+)(?:[ ]+dt:([0-9]{1,15}) ms)?\Z"
)
_NUMBER = re.compile(r"\[[ ]*([0-9]{1,4})\]|([0-9]{1,4})(?:\.?\)|\.(?=[ ]|\Z)|\Z)")
# >Overcurrent:, *LIST -- Root Hub List, but not the heads of the ring logs
_MARK = re.compile(r">(?!LOG\b)|\*(?=LIST\b|flink\b)")
_LABEL = re.compile(r"[A-Za-z>][\w'./()@-]*(?: [\w'./()@-]+){0,5}[ ]*\Z")
_LABEL_END = re.compile(r":(?![\\:])-?|=")


@record
class UsbRow:
    """A line.

    :param indent: blanks in front of it: what it belongs to
    :param number: in a list; ``""`` outside of one
    :param label: what stands before a colon or an equals sign; ``""`` for none
    :param text: the rest, with its labels, numbers and commands as printed
    :param links: the commands in the line
    :param values: its values, that behind *label* among them
    """

    indent: int
    number: str
    label: str
    text: str
    links: tuple[UsbLink, ...]
    values: tuple[UsbValue, ...]


@record
class UsbEvent:
    """A step of a state machine: what happened, the state before, and the one after.

    :param milliseconds: since the step before; ``None`` where it is not said
    """

    number: str
    event: str
    state: str
    next: str
    milliseconds: int | None


@record
class UsbSection:
    """What stands below one heading, ``""`` for the lines above the first.

    :param links: the commands in the heading
    :param values: the values in it
    """

    title: str
    links: tuple[UsbLink, ...]
    values: tuple[UsbValue, ...]
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
        self._sections: list[_Section] = []

    def take(self, line: str, number: int) -> bool:
        if not line or not self.command or prompted(line) is not None:
            return False
        text = line.lstrip(" ")
        return bool(_COLUMNS.match(text)) or self._heading(text) or self._row(text, len(line) - len(text))

    def _heading(self, text: str) -> bool:
        if found := _STARRED.match(text):
            self._sections.append(_Section((found[1] or found[2]).strip(), []))
            return True
        found = _TITLE.match(text)
        parts = tokens(text[found.end() :]) if found else None
        if not found or not parts or are_anchored(parts) is None:
            return False
        self._sections.append(_Section(text[found.end() :], parts))
        return True

    def _row(self, text: str, indent: int) -> bool:
        number = ""
        mark = _NUMBER.match(text)
        if mark:
            number, text = mark[1] or mark[2], text[mark.end() :].lstrip(" ")
        if found := _EVENT.match(text):
            elapsed = int(found[4]) if found[4] else None
            self._section().events.append(UsbEvent(number, found[1], found[2], found[3], elapsed))
            return True
        first = None if mark else _MARK.match(text)
        said = text[first.end() :] if first else text
        parts = tokens(said) if text[:2] != "##" else None
        if parts is None or not _is_row(parts, mark):
            return False
        label, rest = _label(text)
        self._section().rows.append(UsbRow(indent, number, label, rest, links(parts), values(said, parts)))
        return True

    def _section(self) -> _Section:
        if not self._sections:
            self._sections.append(_Section("", []))
        return self._sections[-1]

    def record(self) -> UsbListing | None:
        found = tuple(
            UsbSection(s.title, links(s.parts), values(s.title, s.parts), tuple(s.rows), tuple(s.events))
            for s in self._sections
            if s.title or s.rows or s.events
        )
        return UsbListing(found) if found else None


class _Section:
    def __init__(self, title: str, parts: list[Token]) -> None:
        self.title = title
        self.parts = parts
        self.rows: list[UsbRow] = []
        self.events: list[UsbEvent] = []


def _is_row(parts: list[Token], mark: re.Match[str] | None) -> bool:
    """Say whether tokens are those of a row.

    :param mark: its number in a list; below one in square brackets stand mere words, too
    """
    if not parts:
        return mark is not None
    if [kind for kind, _, _ in parts] == ["PHRASE"] and mark is None:
        return True
    anchored = are_anchored(parts)
    return anchored is not None and (anchored or bool(mark and mark[1]))


def _label(text: str) -> tuple[str, str]:
    """Return what stands before the first colon or equals sign, and the rest."""
    if (found := _LABEL_END.search(text)) and _LABEL.match(text[: found.start()]):
        return text[: found.start()].rstrip(), text[found.end() :].lstrip()
    return "", text
