"""Exception records as ``.exr`` prints them."""

from __future__ import annotations

import re

from dumpwalk.annotations import Annotation
from dumpwalk.bugchecks.ntstatus import exception_code
from dumpwalk.kernel.exception import ExceptionRecord
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations.conditions import Situation

_FIELD = re.compile(
    r"[ ]*(ExceptionAddress|ExceptionCode|ExceptionFlags|NumberParameters|Parameter\[[0-9]{1,2}\]|Chained Record)"
    r": ([0-9a-fA-F`]{1,17})(?:[ ]\((.*)\)|[ ](STATUS_\w.*)|, (not a known code))?\Z"
)
_REMARK = re.compile(
    r"[ ]*(Attempt to (?:read from|write to|execute|access kind)\b[^\n]*|Subcode: 0x.*|Inpage operation failed.*"
    r"|Exception Record @ [0-9A-Fa-f`]+:|Cannot read Exception record.*|This is usually the result.*)\Z"
)


@record
class ListedException:
    """An exception as text shows it.

    :param record: the EXCEPTION_RECORD
    :param place: the code that raised it
    :param description: what the debugger calls the code
    :param remarks: what it says of the parameters
    """

    record: ExceptionRecord
    place: Site | None
    description: str
    remarks: tuple[str, ...]


@kind("exception", "exr", "crash", opens=r"[ ]*(?:ExceptionAddress: [0-9a-f]|Exception Record @ [0-9A-F])", rank=15)
class ExceptionReader(Reader):
    """Takes the fields of one exception record."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._values: dict[str, int] = {}
        self._digits = 8
        self._place: Site | None = None
        self._description = ""
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if found := _FIELD.match(line):
            name, value, *asides = found.groups()
            aside = next(filter(None, asides), None)
            if name in self._values:
                return False
            self._values[name] = int(value.replace("`", "") or "0", 16)
            if name == "ExceptionAddress":
                self._digits = len(value.replace("`", ""))
                self._place = site(aside) if aside else None
            elif aside:
                self._description = aside
            return True
        if found := _REMARK.match(line):
            self._remarks.append(found[1].rstrip())
            return True
        return False

    def record(self) -> ListedException | None:
        if not self._values:
            return None
        get = self._values.get
        address = Address if self._digits > 8 else Address32
        count = get("NumberParameters", 0)
        given = [get(f"Parameter[{n}]") for n in range(min(count, 15))]
        return ListedException(
            ExceptionRecord(
                "text",
                Hex(get("ExceptionCode", 0)),
                Hex(get("ExceptionFlags", 0)),
                address(get("Chained Record", 0)),
                address(get("ExceptionAddress", 0)),
                count,
                tuple(Hex(v) for v in given if v is not None),
            ),
            self._place,
            self._description,
            tuple(self._remarks),
        )

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        code = self._values.get("ExceptionCode")
        said = exception_code(code) if code else None
        return (Annotation("status", f"{code:08x}", said, ""),) if said and code else ()
