"""What stopped the target: exceptions and breakpoints as the debugger reports them above a prompt."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.bugchecks.ntstatus import exception_code
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations.conditions import Situation

# (2fa8.1fdc): Break instruction exception - code 80000003 (first chance); some copies lost the bracket
_EXCEPTION = re.compile(r"[ ]*\(?([0-9a-f]{1,8})\.([0-9a-f]{1,8})\): (.{1,120}?) - code ([0-9a-f]{8})(?: \((.*)\))?\Z")
_BREAKPOINT = re.compile(r"[ ]*(Breakpoint ([0-9]{1,4}) hit|Break instruction exception - code ([0-9a-f]{8}).*)\Z")
_FIELD = re.compile(
    r"[ ]*(Time Travel Position|Last event|debugger time|First chance exceptions are reported.*"
    r"|This exception may be expected.*|STATUS_[A-Z_]+ encountered)(?:: (.*))?\Z"
)


@record
class Event:
    """What stopped the target.

    :param process_id: of the process and thread, where the line says it
    :param text: the event in the debugger's words
    :param code: of the exception; ``None`` for a breakpoint
    :param chance: ``first chance``, ``!!! second chance !!!``
    :param fields: the lines below it, name and text
    """

    process_id: int | None
    thread_id: int | None
    text: str
    code: Hex | None
    chance: str
    fields: tuple[tuple[str, str], ...]


@kind(
    "event",
    "lastevent",
    opens=r"[ ]*(?:\(?[0-9a-f]{1,8}\.[0-9a-f]{1,8}\): .{1,120} - code [0-9a-f]{8}|Breakpoint [0-9]+ hit|Last event: "
    r"|Break instruction exception - code|Time Travel Position: "
    r"|STATUS_[A-Z_]+ encountered\Z)",
    rank=20,
)
class EventReader(Reader):
    """Takes an event and the lines right below it."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._ids: tuple[int | None, int | None] = (None, None)
        self._text = self._chance = ""
        self._code: Hex | None = None
        self._fields: list[tuple[str, str]] = []

    def take(self, line: str, number: int) -> bool:
        if not self._text and (found := _EXCEPTION.match(line)):
            self._ids = int(found[1], 16), int(found[2], 16)
            self._text, self._code, self._chance = found[3], Hex(found[4], 16), found[5] or ""
            return True
        if not self._text and (found := _BREAKPOINT.match(line)):
            self._text = found[1]
            self._code = Hex(found[3], 16) if found[3] else None
            return True
        if found := _FIELD.match(line):
            self._fields.append((found[1], found[2] or ""))
            return True
        return False

    def record(self) -> Event | None:
        if not self._text and not self._fields:
            return None
        return Event(*self._ids, self._text, self._code, self._chance, tuple(self._fields))

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        said = exception_code(self._code) if self._code is not None else None
        return (Annotation("status", f"{self._code:08x}", said, ""),) if said else ()
