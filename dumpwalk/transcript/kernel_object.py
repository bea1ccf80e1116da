"""Objects of the object manager as ``!object`` prints them, alone and below handles: the command's own records."""

from __future__ import annotations

import re

from dumpwalk.kernel.object_directory import DirectoryEntry
from dumpwalk.kernel.object_optional import OptionalHeader, header_type
from dumpwalk.kernel.object_record import ObjectInfo
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.type_steps import StepLines
from dumpwalk.transcript.values import UNREADABLE, address, integer, of_text, pointer, remark, text_or_absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEAD = re.compile(r"[ ]*Object: ([0-9a-f]{8,16})[ ]+Type: \(([0-9a-f]{8,16}|\?{4,8})\) (\S.*)\Z")
_HEADER = re.compile(r"[ ]*ObjectHeader: ([0-9a-f]{8,16})(?: \((new|old) version\))?\Z")
_COUNTS = re.compile(r"[ ]*HandleCount: ([0-9]+|\?+)[ ]+PointerCount: (-?[0-9]+|\?+)\Z")
_NAME = re.compile(r"[ ]*Directory Object: ([0-9a-f]{8,16}|\?{4,8})[ ]+Name:(?: |\Z)(.*?)(?: \{([^{}]*)\})?\Z")
_PATH = re.compile(r"[ ]*Full Path:(?: |\Z)(.*)\Z")
_TARGET = re.compile(r"[ ]*Target String is '(.*)'\Z")
_DRIVE = re.compile(r"[ ]*Drive Letter Index is ([0-9]+)(?: \([A-Z]:\))?\Z")
_COLUMNS = re.compile(r"[ ]*(?:Hash[ ]+Address[ ]+Type[ ]+Name|----[ ]+-+[ ]+----[ ]+----)\Z")
# Types have a column of 13 characters; those that are longer move what is behind them.
_ENTRY = re.compile(r"[ ]+(?:([0-9]{2})[ ]+)?([0-9a-f]{8,16}) (\S.{12}) (\S.*)\Z")
_LONG_ENTRY = re.compile(r"[ ]+(?:([0-9]{2})[ ]+)?([0-9a-f]{8,16})[ ]+([A-Z]\w*|\?{4})[ ]+(\S.*)\Z")
_OPTIONAL = re.compile(r"[ ]*(?:Optional Headers: ?(\?{4})?|([A-Z]\w+Info)\(([0-9a-f]{8,16})\))\Z")
_FAILURE = re.compile(r"[ ]*([0-9a-f]{8,16}): (Not a valid object \(.*\))\Z")
_LISTED = re.compile(
    r"[ ]*(Scanning [0-9]+ objects of type .*|Total of [0-9]+ objects of type .*|no object of that type was found)\Z"
)


class ObjectLines:
    """Takes the lines of one object, of which *head* matched the first."""

    def __init__(self, head: re.Match[str]) -> None:
        self._found: dict[str, Any] = {"address": address(head[1])}
        if head.re is _HEAD:
            self._found |= {"type": pointer(head[2]), "type_name": text_or_absent(head[3])}
        else:
            self._found["type_name"] = Absent(head[2])
        self._contents: list[DirectoryEntry] = []
        self._optional: list[OptionalHeader] | Absent | None = None
        self._steps = StepLines()

    def take(self, line: str) -> bool:
        if found := _HEADER.match(line):
            version = {"new_version": found[2] == "new"} if found[2] else {}
            return self._once(header=address(found[1]), **version)
        if found := _COUNTS.match(line):
            return self._once(HandleCount=integer(found[1]), PointerCount=integer(found[2]))
        if found := _NAME.match(line):
            device = text_or_absent(found[3]) if found[3] is not None else None
            return self._once(Directory=pointer(found[1]), name=text_or_absent(found[2]), device=device)
        if found := _TARGET.match(line):
            return self._once(LinkTarget=text_or_absent(found[1]))
        if found := _PATH.match(line):
            return self._once(path=text_or_absent(found[1]))
        if found := _DRIVE.match(line):
            return self._once(DosDeviceDriveIndex=int(found[1]))
        if found := _OPTIONAL.match(line):
            return self._optional_header(found)
        if self._steps.take(line) or _COLUMNS.match(line):
            return True
        if (found := _ENTRY.match(line) or _LONG_ENTRY.match(line)) and self._found["type_name"] == "Directory":
            return self._entry(found)
        return False

    def _optional_header(self, found: re.Match[str]) -> bool:
        if not found[2]:
            if self._optional is not None:
                return False
            self._optional = UNREADABLE if found[1] else []
            return True
        if isinstance(self._optional, Absent):
            return False
        one = OptionalHeader(found[2], header_type(found[2]), address(found[3]))
        self._optional = [*(self._optional or ()), one]
        return True

    def _entry(self, found: re.Match[str]) -> bool:
        if not found[1] and not self._contents:
            return False
        number = int(found[1]) if found[1] else self._contents[-1].hash
        kind = text_or_absent(found[3].rstrip())
        name = text_or_absent(found[4])
        self._contents.append(DirectoryEntry(number, address(found[2]), kind, name))
        return True

    def _once(self, **fields: object) -> bool:
        if next(iter(fields)) in self._found:
            return False
        self._found |= fields
        return True

    def record(self) -> ObjectInfo:
        shown = dict(self._found)
        if self._optional is not None:
            shown["optional_headers"] = self._optional if isinstance(self._optional, Absent) else tuple(self._optional)
        contents = tuple(self._contents) or None
        return of_text(ObjectInfo, contents=contents, steps=self._steps.record(), **shown)


def object_head(line: str) -> ObjectLines | None:
    """Return what takes the lines of the object that *line* is the first of; ``None`` when it begins none."""
    form = _HEAD if "Object: " in line else _FAILURE if "Not a valid object" in line else None
    found = form.match(line) if form else None
    return ObjectLines(found) if found else None


@record
class ObjectList:
    """Objects in the order of the text.

    :param objects: of what is none, the debugger's words for that are why it has no type's name
    """

    objects: tuple[ObjectInfo, ...]
    remarks: tuple[str, ...]


@kind("object", "object", opens=r"[ ]*Object: [0-9a-f]{8,16}[ ]+Type: \(", rank=12)
class ObjectReader(Reader):
    """Takes objects one after another."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._objects: list[ObjectLines] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if (begun := object_head(line)) is not None:
            self._objects.append(begun)
        elif self._objects and self._objects[-1].take(line):
            pass
        elif found := _LISTED.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ObjectList | None:
        if not self._objects and not self._remarks:
            return None
        return ObjectList(tuple(found.record() for found in self._objects), tuple(self._remarks))
