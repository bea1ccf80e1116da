"""Which registers ``r`` is to print, as ``rm`` says it; and registers of a model as ``rdmsr`` prints them."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import hexadecimal

_HEAD = re.compile(r"[ ]*Register output mask is ([0-9a-f]{1,16}):\Z")
_BIT = re.compile(r"[ ]+([0-9a-f]{1,8}) - (\S.*)\Z")
_MSR = re.compile(r"[ ]*msr\[([0-9a-f]{1,8})\] = ([0-9a-f]{8}`[0-9a-f]{8}|[0-9a-f]{1,16})\Z")


@record
class RegisterMask:
    """The mask, and what each of its bits stands for."""

    mask: Hex
    bits: tuple[tuple[Hex, str], ...]


@kind("register-mask", "rm", opens=r"[ ]*Register output mask is [0-9a-f]+:", rank=34)
class RegisterMaskReader(Reader):
    """Takes a mask and its bits."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._mask: Hex | None = None
        self._bits: list[tuple[Hex, str]] = []

    def take(self, line: str, number: int) -> bool:
        if self._mask is None:
            found = _HEAD.match(line)
            self._mask = hexadecimal(found[1]) if found else None
            return found is not None
        if found := _BIT.match(line):
            self._bits.append((hexadecimal(found[1]), found[2]))
            return True
        return False

    def record(self) -> RegisterMask | None:
        return RegisterMask(self._mask, tuple(self._bits)) if self._mask is not None else None


@record
class ModelRegister:
    """A model-specific register: its number and value."""

    register: Hex
    value: Hex


@kind("msr", "rdmsr", opens=r"[ ]*msr\[[0-9a-f]+\] = ", rank=80)
class ModelRegisterReader(Reader):
    """Takes one register."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._found: ModelRegister | None = None

    def take(self, line: str, number: int) -> bool:
        found = _MSR.match(line)
        if self._found is not None or not found:
            return False
        self._found = ModelRegister(hexadecimal(found[1]), hexadecimal(found[2]))
        return True

    def record(self) -> ModelRegister | None:
        return self._found
