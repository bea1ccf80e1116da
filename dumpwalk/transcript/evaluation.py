"""Numbers that ``?`` worked out."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_VALUE = re.compile(r"[ ]*Evaluate expression: (-?[0-9]{1,20}) = ([0-9a-f`]{8,17})\Z")


@record
class Evaluation:
    """What an expression comes to.

    :param value: as a signed number
    :param bits: the same as the debugger prints it in hexadecimal
    """

    value: int
    bits: Hex


@kind("evaluation", "?", opens=r"[ ]*Evaluate expression: -?[0-9]", rank=30)
class EvaluationReader(Reader):
    """Takes one number."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._value: Evaluation | None = None

    def take(self, line: str, number: int) -> bool:
        found = _VALUE.match(line)
        if found is None or self._value is not None:
            return False
        self._value = Evaluation(int(found[1]), Hex(found[2].replace("`", ""), 16))
        return True

    def record(self) -> Evaluation | None:
        return self._value
