"""The tags of a failure analysis as ``!dumpfa`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_USED = re.compile(r"[ ]*DataUsed ([0-9a-f]{1,16})\Z")
_TAG = re.compile(r"[ ]*Type =[ ]+([A-Z][A-Z_0-9]*) ([0-9a-f]{8}) - Size = ([0-9a-f]{1,16})\Z")


@record
class FailureTag:
    """A DEBUG_FLR_PARAM_TYPE, its number, and how many bytes its data has."""

    name: str
    value: Hex
    size: Hex


@record
class FailureData:
    """The tags of one analysis; *DataUsed* is in bytes."""

    DataUsed: Hex | None
    tags: tuple[FailureTag, ...]


@kind("failure-data", "dumpfa", opens=r"[ ]*Type =[ ]+DEBUG_FLR_\w+ [0-9a-f]{8} - Size", rank=80)
class FailureDataReader(Reader):
    """Takes tags."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._used: Hex | None = None
        self._tags: list[FailureTag] = []

    def take(self, line: str, number: int) -> bool:
        if found := _TAG.match(line):
            self._tags.append(FailureTag(found[1], hexadecimal(found[2]), hexadecimal(found[3])))
        elif self._used is None and (found := _USED.match(line)):
            self._used = hexadecimal(found[1])
        else:
            return False
        return True

    def record(self) -> FailureData | None:
        return FailureData(self._used, tuple(self._tags)) if self._tags else None
