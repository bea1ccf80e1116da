"""Names and values in the lines of the USB extensions' listings."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript.usb_cells import Token

_MARKS = str.maketrans("", "", "`'")
_BRACKETS = frozenset({"OPEN", "CLOSE"})
# What no name begins or ends with, and no text.
_NO_NAME = _BRACKETS | {"SIGN", "COMMA", "DOTS"}
_NO_TEXT = frozenset({"SIGN", "COMMA"})


@record
class UsbValue:
    """A value: what stands before it, and a number where it is one.

    ``Size 4096``, ``Head(ffffe000020f9668)``, ``Speed: High``. An eight-digit number is text where nothing tells
    whether it is decimal.
    """

    label: str
    value: Hex | int | str


def values(line: str, found: list[Token]) -> tuple[UsbValue, ...]:
    """Return the values among the tokens of a line, in order.

    >>> from dumpwalk.transcript.usb_cells import tokens
    >>> line = "Flags: 00000041 Tag: Int2 Size 4096"
    >>> [(v.label, v.value) for v in values(line, tokens(line) or [])]
    [('Flags', Hex(0x41)), ('Tag', 'Int2'), ('Size', 4096)]
    """
    reader = _Values(line)
    before: Token = ("", "", 0)
    for token in found:
        reader.add(token, before)
        before = token
    reader.end()
    return tuple(reader.found)


class _Values:
    """Words wait until what follows tells whether they are a value, or what one is called."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.found: list[UsbValue] = []
        self.label = ""
        self.waiting: list[Token] = []
        self.again = False

    def add(self, token: Token, before: Token) -> None:
        kind, text, at = token
        if kind == "SEPARATOR":
            if text == "=" and before[0] == "DECIMAL":  # what a number stands for: 0 = not reported
                self.found.pop()
                self.label = before[1]
            else:
                self.label = self._name()
        elif kind in ("HEX", "DECIMAL"):
            self._number(kind, text, before[0] == "OPEN" and self.line[before[2] - 1] == " ")
        elif kind == "IDENTIFIER":
            name, _, digits = text.partition(" ")
            self.waiting.append(("WORD", name, at))
            self.found.append(UsbValue(self._name(), Hex(int(digits, 16))))
        elif kind in ("COMMAND", "KEY") or (kind == "COMMA" and not (self.label and self.waiting)):
            self.end()
            self.waiting += [token] if kind == "KEY" else []
        elif kind == "TRANSFER":
            if not self.label:
                self.waiting = []
            self.waiting.append(token)
            self._say(self.waiting)
            self.waiting, self.label = [], ""
        elif kind != "AT":
            self._wait(token, before)

    def _wait(self, token: Token, before: Token) -> None:
        kind = token[0]
        if kind == "OPEN" and before[0] in ("HEX", "DECIMAL"):  # the same in another base: 0x3c(60)
            self.label, self.again = self.found[-1].label, True
        if self.waiting or kind != "CLOSE":
            self.waiting.append(token)
        if kind == "CLOSE" and self.again:
            self.end()

    def _number(self, kind: str, text: str, is_apart: bool) -> None:
        """Take a number.

        :param is_apart: it stands in brackets, parted from what is before it by a blank
        """
        if kind == "HEX" and text.isdecimal() and len(text) == 8 and text[0] != "0":
            number: Hex | int | str = text
        else:
            digits = text.translate(_MARKS).removeprefix("0x")
            number = int(text) if kind == "DECIMAL" else Hex(int(digits, 16))
        if is_apart and self.label and (kind == "DECIMAL" or text[:2] == "0x"):
            self._say(self.waiting[:-1])  # USBD_STATUS_PENDING (0x40000000)
        self.found.append(UsbValue(self._name(), number))

    def _name(self) -> str:
        """Return what the waiting words call that which follows.

        Behind a label this is the last of them, or those behind the last comma; the others are the label's value.
        """
        words, label, start = self.waiting, self.label, 0
        if label and words:
            commas = [at for at, word in enumerate(words) if word[0] == "COMMA"]
            names = [at for at, word in enumerate(words) if word[0] not in _NO_NAME]
            start = commas[-1] + 1 if commas else names[-1] if names else 0
            self._say(words[:start])
        self.waiting, self.label, self.again = [], "", False
        return self._text(words[start:], _NO_NAME) or label

    def _say(self, words: list[Token]) -> None:
        if any(kind not in _NO_NAME for kind, _, _ in words):
            self.found.append(UsbValue(self.label, self._text(words, _NO_TEXT)))

    def _text(self, words: list[Token], without: frozenset[str]) -> str:
        inside = [at for at, word in enumerate(words) if word[0] not in without]
        if not inside:
            return ""
        first, last = inside[0], inside[-1]
        kinds = [kind for kind, _, _ in words]
        unclosed = kinds[first : last + 1].count("OPEN") - kinds[first : last + 1].count("CLOSE")
        while unclosed > 0 and kinds[last + 1 : last + 2] == ["CLOSE"]:
            last, unclosed = last + 1, unclosed - 1
        while unclosed < 0 and kinds[last] == "CLOSE":
            last, unclosed = last - 1, unclosed + 1
        return self.line[words[first][2] : words[last][2] + len(words[last][1])]

    def end(self) -> None:
        """Take the words that wait behind a label for its value."""
        if self.label:
            self._say(self.waiting)
        self.waiting, self.label, self.again = [], "", False
