"""Objects of the object manager as ``!object`` prints them, alone and below handles."""

from __future__ import annotations

import re

from dumpwalk.kernel.object_directory import DirectoryEntry
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, integer, pointer, remark, text_or_absent

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
_STEP = re.compile(
    r"[ ]*(Type, found by:|TypeIndex in the header at .*|\^ (?:bits 8 to 15 of the header's address|ObHeaderCookie): .*"
    r"|= (?:0x[0-9a-f]+|\?{4}), index into ObTypeIndexTable|(?:entry at|pointer at|type) .*= (?:[0-9a-f`]+|\?{4,8})"
    r"|\([^()]*\))\Z"
)
_FAILURE = re.compile(r"[ ]*([0-9a-f]{8,16}): (Not a valid object \(.*\))\Z")
_LISTED = re.compile(
    r"[ ]*(Scanning [0-9]+ objects of type .*|Total of [0-9]+ objects of type .*|no object of that type was found)\Z"
)


@record
class ListedObject:
    """An object as text shows it.

    :param new_version: the debugger says so of its header; ``None`` where it says nothing
    :param device: in braces behind the name of a file
    :param contents: of a directory, in the order of the text
    :param optional_headers: name and address of each
    :param steps: how its type was found, as printed
    :param failure: why it is no object
    """

    address: Address
    type: Address | Absent | None
    type_name: str
    header: Address | None = None
    new_version: bool | None = None
    HandleCount: int | Absent | None = None
    PointerCount: int | Absent | None = None
    Directory: Address | Absent | None = None
    name: str | None = None
    device: str | None = None
    path: str | None = None
    LinkTarget: str | None = None
    DosDeviceDriveIndex: int | None = None
    contents: tuple[DirectoryEntry, ...] = ()
    optional_headers: tuple[tuple[str, Address], ...] | Absent = ()
    steps: tuple[str, ...] = ()
    failure: str = ""


class ObjectLines:
    """Takes the lines of one object, of which *head* matched the first."""

    def __init__(self, head: re.Match[str]) -> None:
        failed = len(head.groups()) == 2
        self._fields: dict[str, object] = {
            "address": address(head[1]),
            "type": None if failed else pointer(head[2]),
            "type_name": "" if failed else head[3],
            "failure": head[2] if failed else "",
        }
        self._contents: list[DirectoryEntry] = []
        self._optional: list[tuple[str, Address]] = []
        self._optional_unread = False
        self._steps: list[str] = []

    def take(self, line: str) -> bool:
        fields = self._fields
        if found := _HEADER.match(line):
            new = {"new": True, "old": False}.get(found[2])
            return self._once(header=address(found[1]), new_version=new)
        if found := _COUNTS.match(line):
            return self._once(HandleCount=integer(found[1]), PointerCount=integer(found[2]))
        if found := _NAME.match(line):
            return self._once(Directory=pointer(found[1]), name=found[2], device=found[3])
        if found := _TARGET.match(line):
            return self._once(LinkTarget=found[1])
        if found := _PATH.match(line):
            return self._once(path=found[1])
        if found := _DRIVE.match(line):
            return self._once(DosDeviceDriveIndex=int(found[1]))
        if found := _OPTIONAL.match(line):
            self._optional_unread = self._optional_unread or bool(found[1])
            if found[2]:
                self._optional.append((found[2], address(found[3])))
            return True
        if found := _STEP.match(line):
            if line[:1] == "(" or (line.lstrip()[:1] == "(" and not self._steps):
                return False
            self._steps.append(found[1])
            return True
        if _COLUMNS.match(line):
            return True
        if (found := _ENTRY.match(line) or _LONG_ENTRY.match(line)) and fields["type_name"] == "Directory":
            return self._entry(found)
        return False

    def _entry(self, found: re.Match[str]) -> bool:
        if not found[1] and not self._contents:
            return False
        number = int(found[1]) if found[1] else self._contents[-1].hash
        kind = text_or_absent(found[3].rstrip())
        name = text_or_absent(found[4])
        self._contents.append(DirectoryEntry(number, address(found[2]), kind, name))
        return True

    def _once(self, **fields: object) -> bool:
        if next(iter(fields)) in self._fields:
            return False
        self._fields |= fields
        return True

    def record(self) -> ListedObject:
        return ListedObject(
            **self._fields,  # type: ignore[arg-type]
            contents=tuple(self._contents),
            optional_headers=UNREADABLE if self._optional_unread else tuple(self._optional),
            steps=tuple(self._steps),
        )


def object_head(line: str) -> ObjectLines | None:
    """Return what takes the lines of the object that *line* is the first of; ``None`` when it begins none."""
    form = _HEAD if "Object: " in line else _FAILURE if "Not a valid object" in line else None
    found = form.match(line) if form else None
    return ObjectLines(found) if found else None


@record
class ObjectList:
    """Objects in the order of the text."""

    objects: tuple[ListedObject, ...]
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
