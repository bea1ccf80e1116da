"""Modules of .NET as netext's ``!wmodule`` lists them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address

_HEADER = re.compile(r"[ ]*Address[ ]+Module Version Company Name[ ]+Debug Mode Type Module Binary\Z")
_ROW = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]{2,}([0-9]{1,9}(?:\.[0-9]{1,9})*)[ ]((?:(?!(?:Yes|No) )[^ ]+ )*)"
    r"[ ]*(Yes|No) [ ]*(\w{3,6}) (\S.*)\Z"
)
_COUNT = re.compile(r"[ ]*([0-9]{1,9}) module\(s\) listed, ([0-9]{1,9}) skipped by the filters\Z")


@record
class ManagedModule:
    """A module.

    :param address: 0 for one without an image
    :param debug: it was compiled for debugging
    :param file: its file, or the full name of an assembly that has none
    """

    address: Address
    version: str
    company: str
    debug: bool
    type: str
    file: str


@record
class ManagedModules:
    """Modules; how many are listed and how many were skipped, where the last line says it."""

    modules: tuple[ManagedModule, ...]
    listed: int | None
    skipped: int | None


@kind("managed-modules", "wmodule", opens=r"[ ]*Address[ ]+Module Version Company Name ", rank=40)
class ManagedModulesReader(Reader):
    """Takes a header, modules and their count."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._headed = False
        self._modules: list[ManagedModule] = []
        self._count: re.Match[str] | None = None

    def take(self, line: str, number: int) -> bool:
        if not self._headed:
            self._headed = _HEADER.match(line) is not None
            return self._headed
        if self._count is None and len(line) <= 1024 and (found := _ROW.match(line)):
            at, version, company, debug, form, file = found.groups()
            self._modules.append(ManagedModule(address(at), version, company.strip(), debug == "Yes", form, file))
        elif self._count is None and (found := _COUNT.match(line)):
            self._count = found
        else:
            return False
        return True

    def record(self) -> ManagedModules | None:
        counts = (int(self._count[1]), int(self._count[2])) if self._count else (None, None)
        return ManagedModules(tuple(self._modules), *counts) if self._modules else None
