"""Command lines at the prompt of a shell: how somebody started what crashed."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_LINE = re.compile(r"[ ]*([A-Za-z]:\\[^<>|\"?*:]{0,200})>[ ]?([^<>| ]+\.(?:exe|com|bat|cmd|ps1|py|EXE)(?: .*)?)\Z")


@record
class ShellCommand:
    """A command line, and the directory it was typed in."""

    directory: str
    command: str


@kind("shell", opens=r"[ ]*[A-Za-z]:\\[^<>|\"?*:]{0,200}>[ ]?[^<>| ]+\.(?:exe|com|bat|cmd|ps1|py|EXE)(?: |\Z)", rank=92)
class ShellReader(Reader):
    """Takes one command line."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._found: ShellCommand | None = None

    def take(self, line: str, number: int) -> bool:
        found = _LINE.match(line)
        if self._found is not None or not found:
            return False
        self._found = ShellCommand(found[1], found[2])
        return True

    def record(self) -> ShellCommand | None:
        return self._found
