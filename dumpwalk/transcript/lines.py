"""The lines of a pasted text, without what pages, mails and consoles did to them."""

from __future__ import annotations

import re

from dumpwalk.errors import FormatError
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Debuggers print no longer lines; what is longer is kept, and not looked into. Python makes no numbers of more than
# 4,300 decimal digits: 3,500 hexadecimal ones are fewer.
LONGEST = 3500
_CHUNK = 1 << 20
# A problem is said of so many lines; then their number.
_MOST_PROBLEMS = 16

_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|nbsp|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
# What may stand before each line of a quoted or commented-out listing.
_WRAPPED = re.compile(r"^[ ]*(?:>|//|[#;*] )", re.M)
_WRAPPER = re.compile(r"[ ]*(?:>(?:[ ]?>)*[ ]?|//+[ ]?|[#;*][ ](?!.*\*[ ]*\Z))")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")
# Those that str.splitlines would break at, but an editor's line numbers do not count.
_BLANKS = {0xA0: " ", 0x202F: " ", 0x2007: " ", 0x200B: None, 0xFEFF: None, 0x0B: " ", 0x0C: " "}


class Lines:
    """Lines of a text in order, cleaned, in lists of some thousand; counts them and notes what is odd.

    :ivar count: how many lines were given out
    :ivar problems: what is wrong with the text, by line
    """

    def __init__(self, pieces: Iterable[str | bytes]) -> None:
        self._pieces = pieces
        self.count = 0
        self.problems: list[Problem] = []
        self._said: dict[str, int] = {}
        self._all: list[str] | None = None

    @classmethod
    def of_text(cls, text: str) -> Lines:
        """Return the lines of a string."""
        return cls([text] if text else [])

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Lines:
        """Return lines that somebody else cut, with or without their ends."""
        return cls(_batches(lines))

    @classmethod
    def of_file(cls, path: str) -> Lines:
        """Return the lines of a file, ``-`` for the standard input; it is read while they are looked at."""
        return cls(_file_pieces(path))

    def __iter__(self) -> Iterator[str]:
        for chunk in self.chunks():
            yield from chunk

    def kept_in(self, kept: list[str]) -> Lines:
        """Return these, and let each that is given out be added to *kept*."""
        self._all = kept
        return self

    def chunks(self) -> Iterator[list[str]]:
        """Yield the cleaned lines in lists."""
        encoding = ""
        left: list[bytes] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                yield self._clean(_ends(piece).removesuffix("\n"))
                continue
            if not encoding:
                encoding = _encoding(piece)
            left.append(piece)
            if b"\n" not in piece:  # joining them each time would cost the square of a line's length
                continue
            data = b"".join(left)
            end = _cut(data, encoding)
            left = [data[end:]]
            if end:
                yield self._clean(_ends(self._decode(data[:end], encoding)).removesuffix("\n"))
        rest = b"".join(left)
        if rest:
            yield self._clean(_ends(self._decode(rest, encoding)).removesuffix("\n"))

    def note(self, what: str, line: int) -> None:
        """Note a problem of a line, unless the same was said of many lines already."""
        self._said[what] = self._said.get(what, 0) + 1
        if self._said[what] <= _MOST_PROBLEMS:
            self.problems.append(Problem(f"line {line}", what))
        elif self._said[what] == _MOST_PROBLEMS + 1:
            self.problems.append(Problem(f"line {line}", f"{what}; so are further lines"))

    def _decode(self, data: bytes, encoding: str) -> str:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            if encoding != "utf-8":
                self.note(f"it is not {encoding} text throughout", self.count + 1)
                return data.decode(encoding, "replace")
        lines = []
        for number, line in enumerate(data.split(b"\n"), self.count + 1):
            try:
                lines.append(line.decode("utf-8"))
            except UnicodeDecodeError:
                self.note("it is not UTF-8; read as Windows-1252", number)
                lines.append(line.decode("cp1252", "replace"))
        return "\n".join(lines)

    def _clean(self, text: str) -> list[str]:
        if not text.isascii():
            text = text.translate(_BLANKS)
        if "\x0b" in text or "\x0c" in text:
            text = text.translate(_BLANKS)
        if "&" in text:
            import html

            text = _ENTITY.sub(lambda m: html.unescape(m[0]).replace("\n", " ").replace("\xa0", " "), text)
        if "\t" in text and len(text) < 64 * _CHUNK:
            text = text.expandtabs()
        lines = text.split("\n")
        if _CONTROLS.search(text):
            self._note_controls(lines)
        if _WRAPPED.search(text):
            _unwrap(lines)
        # Blanks at the end mean nothing; expressions that had to look for them would take the square of their number.
        lines = [line.rstrip(" ") for line in lines]
        if max(map(len, lines)) > LONGEST:
            for number, line in enumerate(lines, self.count + 1):
                if len(line) > LONGEST:
                    self.note(f"it has {len(line):,} characters; it is not looked into", number)
        self.count += len(lines)
        if self._all is not None:
            self._all += lines
        return lines

    def _note_controls(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, self.count + 1):
            if _CONTROLS.search(line):
                self.note("it holds bytes that are no text", number)


def _batches(lines: Iterable[str]) -> Iterator[str]:
    """Yield *lines* joined, some thousand at a time."""
    batch: list[str] = []
    for line in lines:
        batch.append(line if line.endswith("\n") else line + "\n")
        if len(batch) == 4096:
            yield "".join(batch)
            batch.clear()
    if batch:
        yield "".join(batch)


def _ends(text: str) -> str:
    """Return *text* with a line feed at each line's end: consoles and old editors have other ends."""
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
        if "\n" not in text:
            text = text.replace("\r", "\n")
    return text


def _unwrap(lines: list[str]) -> None:
    """Take the quotation or comment sign off lines that stand together and all begin with it.

    A single line with a sign before it is something else: ``!irp`` marks the
    current location with ``>``, headers of stacks begin with ``#``.
    """
    previous = ""
    signs = [line.lstrip(" ")[:1] for line in lines]
    for number, sign in enumerate(signs):
        if sign and sign in ">/#;*":
            after = signs[number + 1] if number + 1 < len(signs) else ""
            line = lines[number]
            if sign in (previous, after) or line.lstrip(" ").startswith("//"):
                found = _WRAPPER.match(line)
                if found:
                    lines[number] = line[found.end() :]
        previous = sign


def _encoding(start: bytes) -> str:
    """Return the encoding of a text that begins with *start*. Debuggers write UTF-16 when asked for Unicode."""
    if start.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if start.startswith(b"\xfe\xff"):
        return "utf-16-be"
    sample = start[:512]
    if len(sample) >= 8 and sample[1::2].count(0) > len(sample) // 3 and not sample[0::2].count(0):
        return "utf-16-le"
    return "utf-8"


def _cut(data: bytes, encoding: str) -> int:
    """Return where the last complete line of *data* ends."""
    if encoding == "utf-8":
        return data.rfind(b"\n") + 1
    mark = b"\n\0" if encoding == "utf-16-le" else b"\0\n"
    end = data.rfind(mark)
    while end > 0 and end % 2:
        end = data.rfind(mark, 0, end)
    return end + 2 if end >= 0 else 0


def _file_pieces(path: str) -> Iterator[bytes]:
    try:
        with open(0, "rb", closefd=False) if path == "-" else open(path, "rb") as source:
            while piece := source.read(_CHUNK):
                yield piece
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
