"""Exceptions of .NET with their stacks, as its run time prints them."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_HEAD = re.compile(r"[ ]*(Unhandled Exception:|Unhandled exception\.|--->)[ ]+((?:[A-Za-z_]\w*\.)+\w+)(?:: (\S.*))?\Z")
_FRAME = re.compile(r"[ ]+at ([\w.`<>+$|\[\],-]+)(\([^()]*\))(?: in (\S.*):line ([0-9]{1,9}))?\Z")


@record
class ManagedFrame:
    """A frame: the method with its class and namespace, its parameters, source file and line."""

    method: str
    parameters: str
    source: str
    line: int | None


@record
class ManagedException:
    """An exception.

    :param type: its class
    :param inner: those it was caused by: class and message
    """

    type: str
    message: str
    inner: tuple[tuple[str, str], ...]
    frames: tuple[ManagedFrame, ...]


@kind("managed-exception", opens=r"[ ]*Unhandled (?:Exception:|exception\.) (?:[A-Za-z_]\w*\.)+\w+", rank=88)
class ManagedExceptionReader(Reader):
    """Takes an exception and its frames."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._heads: list[tuple[str, str]] = []
        self._frames: list[ManagedFrame] = []

    def take(self, line: str, number: int) -> bool:
        if len(line) > 2048:
            return False
        if (found := _HEAD.match(line)) and (found[1] == "--->") == bool(self._heads):
            self._heads.append((found[2], found[3] or ""))
        elif self._heads and (found := _FRAME.match(line)):
            number_of_line = int(found[4]) if found[4] else None
            self._frames.append(ManagedFrame(found[1], found[2], found[3] or "", number_of_line))
        else:
            return False
        return True

    def record(self) -> ManagedException | None:
        if not self._heads:
            return None
        return ManagedException(*self._heads[0], tuple(self._heads[1:]), tuple(self._frames))
