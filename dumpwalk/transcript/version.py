"""What ``vertarget`` and the start of a session say of the machine."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_WINDOWS = re.compile(r"[ ]*(Windows [^:]*?(?:Kernel )?Version [0-9].*)\Z")
_FIELD = re.compile(
    r"[ ]*(Product|Built by|Edition build lab|Machine Name|Debug session time|System Uptime|Process Uptime|Kernel base"
    r"|Primary image base|Kernel time|User time|Computer Name|User Name"
    r"|PID(?=: 0x[0-9A-Fa-f]+ = 0n)|SystemManufacturer|SystemProductName"
    r"|Processor|Bugcheck|(?:Kernel|User)[mM]ode (?:\w+ )*Dump Path|Share Path)(?:: ?| : | = )[ ]*(.*)\Z"
)


@record
class Version:
    """The system and the moment that the debugger looked at.

    :param system: the line that names Windows
    :param fields: the lines below it, name and text
    """

    system: str
    fields: tuple[tuple[str, str], ...]


@kind(
    "version",
    *("vertarget", "version", "di"),
    opens=r"[ ]*(?:Computer Name: |Windows [^:]*Version [0-9]|Built by: |Debug session time: |System Uptime: )",
    rank=20,
)
class VersionReader(Reader):
    """Takes the line of the system and those below it."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._system = ""
        self._fields: list[tuple[str, str]] = []

    def take(self, line: str, number: int) -> bool:
        if found := _FIELD.match(line):
            self._fields.append((found[1], found[2]))
            return True
        if not self._system and (found := _WINDOWS.match(line)):
            self._system = found[1]
            return True
        return False

    def record(self) -> Version | None:
        return Version(self._system, tuple(self._fields)) if self._system or self._fields else None
