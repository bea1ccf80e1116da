"""What the lines of the USB extensions' listings are made of: names and values, in no columns.

A line is a row when something in it is sure to be a listing's (an *anchor*): a command with an address, an address,
what stands before a colon or an equals sign, the identifier of a device. Between such there are few words.
"""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript.values import address

# What words may have in them, and so what ends a number: 0-NotSplit, connect/disconnect, dvh+, IRP's, HubNumber#
_IN_WORD = r"[\w.'/@#&\\+?-]"
_END = f"(?!{_IN_WORD})"
_HEX = rf"(?:0x[0-9a-f]{{1,16}}|[0-9a-f]{{8}}['`][0-9a-f]{{8}}|[0-9a-f]{{8,16}}){_END}"
# The terminals of grammars/usb.lark, those of the highest priority first.
_TOKEN = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in {
            "COMMAND": r"![A-Za-z]\w*(?: \w+ -a)?|dt (?:(?:[uU][sS][bB]|ucx)\w*!)?_\w+",
            "IDENTIFIER": rf"(?:(?:Vendor|Device|Revision)I[dD]|VID|PID|REV) [0-9a-f]{{4}}{_END}",
            "DEVICE": r"(?:USB|PCI)\\[\w.&\\#-]+",
            "KEY": rf"(?:SSP|idx|NumberOf\w+|IRP_M[JN]_\w+){_END}",
            "TRANSFER": rf"(?:Bulk|Interrupt|Isoch|Control)(?: In| Out)?{_END}",
            "PHRASE": (
                r"(?:Topology|Root Hub|ROOT HUBS|Is Root|args '\w*'|(?:No|Ganged|Individual) Power Switching"
                rf"|(?:No|Global|Individual) Overcurrent|No PortIndicators present|DO NOT WakeOnConnect){_END}"
            ),
            "SYMBOL": r"\w+!\w+",
            "HEX": _HEX,
            "DECIMAL": rf"[0-9]{{1,7}}{_END}",
            "NONE": r"<[A-Za-z]+>",
            "SEPARATOR": r":-?(?!:)|=(?!=)",
            "COMMA": r",",
            "STATE": rf"\([0-9]{{1,3}}\)[A-Za-z]\w*{_END}",
            "OPEN": r"[(\[]",
            "CLOSE": r"[)\]]",
            "DOTS": r"\.{3}",
            "SIGN": r"[@#]|--?",
            "WORD": rf"(?!(?:WARNING|ERROR|dt|gdb|lldb)\b|{_HEX})[\w?]{_IN_WORD}*",
        }.items()
    )
)
_AT = re.compile(rf"[ ]+((?:0x)?[0-9a-f]{{8,16}}){_END}")
_ANCHORS = frozenset({"COMMAND", "IDENTIFIER", "DEVICE", "KEY", "HEX", "SEPARATOR"})
_CLOSING = {"(": ")", "[": "]"}
# So many words and the like stand before the first anchor, and behind one.
_MOST = 8


@record
class UsbLink:
    """A command that the listing offers for more of an object: ``!usbep``, ``dt USBPORT!_HCD_ENDPOINT``."""

    command: str
    address: Address


# Its kind, its text, and where that begins.
Token = tuple[str, str, int]


def tokens(text: str) -> list[Token] | None:
    """Return what *text* consists of, by kind, with the address behind each command; ``None`` if it is anything else.

    >>> tokens("!usblist ffffe00001ca23c8, DL")
    [('COMMAND', '!usblist', 0), ('AT', 'ffffe00001ca23c8', 9), ('COMMA', ',', 25), ('WORD', 'DL', 27)]
    """
    found: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        found.append((str(token.lastgroup), token[0], at))
        at = token.end()
        if token.lastgroup == "COMMAND":
            place = _AT.match(text, at)
            if place is None:
                return None
            found.append(("AT", place[1], place.start(1)))
            at = place.end()
        while at < end and text[at] == " ":
            at += 1
    return found


def are_anchored(found: list[Token]) -> bool | None:
    """Say whether tokens have an anchor among them; ``None`` when they are no row's.

    No row begins with an address: those of dumps and logs do.
    """
    if not found or found[0][0] == "HEX":
        return None
    around: list[tuple[str, bool, int]] = []
    closing, anchored, loose, before, are_numbers = "", False, 0, "", False
    for kind, text, _ in found:
        if are_numbers and kind != "CLOSE":  # (0x8086, 0x293c)
            if kind != ("COMMA" if before == "HEX" else "HEX"):
                return None
            before = kind
            continue
        is_anchor = kind in _ANCHORS
        if kind == "OPEN":
            around.append((closing, anchored, loose))
            closing, anchored, loose = _CLOSING[text], False, 0
        elif kind == "CLOSE":
            if text != closing or before == "OPEN" or (are_numbers and before == "COMMA"):
                return None
            is_anchor, are_numbers = anchored, False
            closing, anchored, loose = around.pop()
        if is_anchor:
            are_numbers = kind == "HEX" and before == "OPEN"
            anchored, loose = True, 0
        elif kind not in ("OPEN", "AT"):
            loose += 1
            if loose > _MOST:
                return None
        before = kind
    return None if around else anchored


def links(found: list[Token]) -> tuple[UsbLink, ...]:
    """Return the commands among tokens."""
    return tuple(
        UsbLink(text, address(found[at + 1][1])) for at, (kind, text, _) in enumerate(found) if kind == "COMMAND"
    )
