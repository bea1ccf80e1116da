"""Chains of exception handlers as ``!exchain`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address

_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16}): (?:(\S.*?)\+([0-9a-f]+) \(([0-9a-f]{8,16})\)|(\S[^\s!]*!\S+) \(([0-9a-f]{8,16})\)"
    r"|([0-9a-f]{8,16}))\Z"
)
_INVALID = re.compile(r"[ ]*(Invalid exception stack at [0-9a-f]{8,16})\Z")


@record
class ExceptionHandler:
    """A registration: its address, the handler's address, and the handler's name where it has one."""

    address: Address
    handler: Address
    place: Site | None


@record
class ExceptionChain:
    """Registrations in the order of the chain, and where it breaks off."""

    handlers: tuple[ExceptionHandler, ...]
    remark: str


@kind("exception-chain", "exchain", opens=r"[ ]*Invalid exception stack at [0-9a-f]{8}", rank=40)
class ExceptionChainReader(Reader):
    """Takes one chain."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._handlers: list[ExceptionHandler] = []
        self._remark = ""

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            name = f"{found[2]}+0x{found[3]}" if found[2] else found[5]
            handler = address(found[4] or found[6] or found[7])
            self._handlers.append(ExceptionHandler(address(found[1]), handler, site(name) if name else None))
        elif not self._remark and (found := _INVALID.match(line)):
            self._remark = found[1]
        else:
            return False
        return True

    def record(self) -> ExceptionChain | None:
        return ExceptionChain(tuple(self._handlers), self._remark) if self._handlers or self._remark else None
