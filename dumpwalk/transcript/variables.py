"""Local variables as ``dv`` prints them."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_ROW = re.compile(
    r"[ ]*(?:((?:@?[a-z]{2,4}[0-9]*|[0-9a-f`]{8,17}|<unavailable>|prv \w+)(?:[ ]\S+)*?)[ ]{2,})?"
    r"([A-Za-z_]\w*) =(?: |\Z)(.*)\Z"
)


@record
class Variable:
    """A variable.

    :param place: where it is, as ``dv /v`` prints it: an address, a register
    """

    place: str
    name: str
    value: str


@record
class Variables:
    """The variables of a frame."""

    variables: tuple[Variable, ...]


@kind("variables", *("dv",), rank=70)
class VariablesReader(Reader):
    """Takes variables; only below the command."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._variables: list[Variable] = []

    def take(self, line: str, number: int) -> bool:
        found = _ROW.match(line)
        if found:
            self._variables.append(Variable(found[1] or "", found[2], found[3]))
        return found is not None

    def record(self) -> Variables | None:
        return Variables(tuple(self._variables)) if self._variables else None
