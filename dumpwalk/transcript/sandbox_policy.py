"""Rules of a sandbox's policy, as scripts for Chromium's policy buffers disassemble them: ``OP_STRING_MATCH<...>``."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind

_TEXT = r"(?:\"[^\"]*\"|\([^()]*\)|[^,\"()])+"
_OPCODE = re.compile(rf"[ ]*(!?)(OP_[A-Z0-9_]+)<((?:{_TEXT}(?:,{_TEXT})*)?)>\Z")
_PARAMETER = re.compile(_TEXT)
_EXPRESSION = re.compile(r"[ ]*(@\$\w+\(.*\))\Z")


@record
class PolicyOpcode:
    """A condition or an action: negated or not, its name, and its parameters as printed."""

    negated: bool
    name: str
    parameters: tuple[str, ...]


@record
class PolicyListing:
    """Rules, each of the opcodes that end with its action; *expression* is the call that printed them."""

    rules: tuple[tuple[PolicyOpcode, ...], ...]
    expression: str


@kind("policy", opens=r"[ ]*!?OP_[A-Z0-9_]+<", rank=90)
class PolicyReader(Reader):
    """Takes opcodes."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rules: list[list[PolicyOpcode]] = []
        self._expression = ""

    def take(self, line: str, number: int) -> bool:
        if found := _OPCODE.match(line):
            if not self._rules or self._rules[-1][-1].name == "OP_ACTION":
                self._rules.append([])
            parameters = tuple(p.strip() for p in _PARAMETER.findall(found[3]))
            self._rules[-1].append(PolicyOpcode(bool(found[1]), found[2], parameters))
        elif self._rules and not self._expression and (found := _EXPRESSION.match(line)):
            self._expression = found[1]
        else:
            return False
        return True

    def record(self) -> PolicyListing | None:
        return PolicyListing(tuple(tuple(rule) for rule in self._rules), self._expression) if self._rules else None
