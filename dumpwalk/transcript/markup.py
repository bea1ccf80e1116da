"""Web pages that authors put between listings, as reports of faulty controls have them: no debugger printed them."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_LINE = re.compile(r"[ ]*(?:</?[A-Za-z][^<>]*>|[A-Za-z_][\w.]*[ ]*=|[A-Za-z_]\w*\.\w+(?: \w|\(|\Z)|'[ ]*\S|//|\w+\()")
_END = re.compile(r"[ ]*</html>\Z", re.I)


@record
class Markup:
    """The lines of a page, those of its scripts too."""

    lines: tuple[str, ...]


@kind("markup", opens=r"[ ]*<(?:html|HTML)>\Z", rank=95)
class MarkupReader(Reader):
    """Takes tags and the statements of scripts, until the page ends."""

    patience = 2

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._lines: list[str] = []
        self._ended = False

    def take(self, line: str, number: int) -> bool:
        if self._ended or len(line) > 1024 or not _LINE.match(line):
            return False
        self._lines.append(line)
        self._ended = _END.match(line) is not None
        return True

    def record(self) -> Markup | None:
        return Markup(tuple(self._lines)) if self._lines else None
