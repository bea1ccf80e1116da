"""The types of objects as this program's ``objtypes`` lists them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.object_type_list import ObjectType, ObjectTypeList
from dumpwalk.kernel.object_types import TypeTable
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import integer, pointer, remark, text_or_absent, value

_TABLE = re.compile(
    r"[ ]*ObTypeIndexTable: ([0-9a-f]{8,16}|\?{4})(?:[ ]{2}ObHeaderCookie: ([0-9a-f]+|\?{4}))?[ ]{2}\((.*)\)\Z"
)
_HEAD = re.compile(r"[ ]*Index Address[ ]+Tag[ ]+Objects[ ]+Handles[ ]+Peak Peak H\.[ ]+Name\Z")
_PLACE = re.compile(r"[ ]*([0-9a-f]{1,5}|\?{4}) ([0-9a-f]{8,16}|\?{4})[ ]*\Z")
_N = r"[ ]+([0-9]+|\?{4})"
# Four characters, of which those that are not to be printed take up to ten.
_REST = re.compile(rf"(.{{4,40}}?){_N}{_N}{_N}{_N}(?:[ ]{{2}}(\S.*))?\Z")


@record
class ListedTypes:
    """The types, and remarks in brackets."""

    list: ObjectTypeList
    remarks: tuple[str, ...]


@kind("object-types", "objtypes", opens=r"[ ]*ObTypeIndexTable: [0-9a-f?]{4,16} ", rank=12)
class ObjectTypesReader(Reader):
    """Takes one list."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._table: TypeTable | None = None
        self._tags_at = 0
        self._types: list[ObjectType] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if (found := _TABLE.match(line)) and self._table is None and not self._tags_at:
            cookie = value(found[2]) if found[2] else None
            self._table = TypeTable(pointer(found[1]), cookie, found[3])
        elif not self._tags_at and _HEAD.match(line):
            self._tags_at = line.index("Tag")
        elif self._tags_at and (one := _type(line, self._tags_at)) is not None:
            self._types.append(one)
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def record(self) -> ListedTypes | None:
        if not self._tags_at and self._table is None:
            return None
        return ListedTypes(ObjectTypeList(self._table, tuple(self._types)), tuple(self._remarks))


def _type(line: str, tags_at: int) -> ObjectType | None:
    place, rest = _PLACE.match(line[:tags_at]), _REST.match(line[tags_at:])
    if place is None or rest is None:
        return None
    tag, *counts, name = rest.groups()
    return ObjectType(
        integer(place[1], 16), pointer(place[2]), text_or_absent(name or ""),
        text_or_absent(tag), *map(integer, counts),
    )  # fmt: skip
