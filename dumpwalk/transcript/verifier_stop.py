"""Stops of Application Verifier and of the page heap, which print what they found above the exception."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_HEAD = re.compile(r"[ ]*VERIFIER STOP ([0-9A-F]{8,16}): pid (0x[0-9A-F]{1,8}): (\S.*)\Z")
_PARAMETER = re.compile(r"[ #]*([0-9A-F]{8}(?:[0-9A-F]{8})?) :(?: (\S.*))?\Z")
_MORE = re.compile(r"[ ]*(This verifier stop is (?:not )?continuable\.|After debugging it use `?go'? to continue\.)\Z")


@record
class VerifierStop:
    """A stop.

    :param parameters: up to four values, and what each is; ``""`` for one that means nothing
    """

    code: Hex
    process_id: Hex
    text: str
    parameters: tuple[tuple[Hex, str], ...]
    remarks: tuple[str, ...]


@kind("verifier-stop", opens=r"[ ]*VERIFIER STOP [0-9A-F]{8}", rank=45)
class VerifierStopReader(Reader):
    """Takes one stop."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._head: re.Match[str] | None = None
        self._parameters: list[tuple[Hex, str]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if self._head is None:
            self._head = _HEAD.match(line)
            return self._head is not None
        if len(self._parameters) < 4 and (found := _PARAMETER.match(line)):
            self._parameters.append((hexadecimal(found[1]), found[2] or ""))
        elif found := _MORE.match(line):
            self._remarks.append(found[1])
        else:
            return False
        return True

    def record(self) -> VerifierStop | None:
        if self._head is None:
            return None
        code, process, text = hexadecimal(self._head[1]), hexadecimal(self._head[2]), self._head[3]
        return VerifierStop(code, process, text, tuple(self._parameters), tuple(self._remarks))
