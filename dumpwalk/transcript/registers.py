"""Registers as ``r``, ``.trap``, ``.cxr`` and ``.ecxr`` print them, and the JTAG listings of OpenOCD."""

from __future__ import annotations

import re

from dumpwalk.annotations.pitfalls import at_place
from dumpwalk.memory.address import Hex
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.instructions import Instruction, instruction, label
from dumpwalk.transcript.memory import UNREADABLE
from dumpwalk.transcript.prompt import word
from dumpwalk.transcript.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation

# Commands that print the registers of an interrupted place, and make it the debugger's own.
_SWITCHES = ("trap", "cxr", "ecxr")
_ASSIGNMENT = re.compile(r"\b([a-z]{1,4}[0-9]{0,2}[a-z]?)=[ ]?([0-9a-fA-F`]+(?![0-9a-fA-F`x])|\?+)")
_LINE = re.compile(
    r"[ ]*(?:[er]?[a-z]{1,3}[0-9]{0,2}[a-z]?=[ ]?[0-9a-f`]{2,17}(?:[ ]+|\Z)|(?=iopl=[0-9]))"
    r"(?:(?!iopl)[a-z]{1,4}[0-9]{0,2}[a-z]?=[ ]?(?:[0-9a-f`]{2,17}|\?+)(?:[ ]+|\Z))*"
    r"(?:iopl=[0-9][ ]+(?:vi[fp][ ])*(?:[a-z]{2}(?:[ ]|\Z)){4,}[ ]*|[N-][Z-][C-][V-](?:[ ]EL[0-3])?[ ]*)?"
    r"(?:(?:<|-->|//|;).*)?\Z"
)
# Behind the status register of ARM processors: its flags, and of 64-bit ones the exception level.
_NZCV = re.compile(r"\bpsr=[0-9a-f]{8}[ ]+([N-][Z-][C-][V-](?:[ ]EL[0-3])?)(?![\w-])")
_FLAGS = re.compile(r"iopl=([0-9])[ ]+((?:vi[fp][ ])*(?:[a-z]{2}(?:[ ]|\Z)){4,})")
# The rest of them, where a mail program broke the line.
_MORE_FLAGS = re.compile(r"[ ]*((?:ov|nv|up|dn|ei|di|pl|ng|zr|nz|na|ac|pe|po|cy|nc)(?: (?:ac|na|pe|po|cy|nc))*)\Z")
_VIP = re.compile(r"[ ]*vip=([01])[ ]+vif=([01])\Z")
_ERROR = re.compile(r"[ ]*(?:ErrCode = ([0-9a-f]+)|CtxFlags: ([0-9a-f]+))\Z")
# (32) cr0 (/32): 0x8005003B
_JTAG = re.compile(r"[ ]*\(([0-9]+)\) (\w+) \(/([0-9]+)\)(?:: (0x[0-9A-Fa-f]+))?[ ]*(?:\(dirty\))?\Z")
# Vectors and floating point, as they are printed
_PRINTED = re.compile(r"[ ]*((?:[xyz]?mm[0-9]{1,2}|st[0-7])=[ ]*\S.*)\Z")
_PRINTED_ONE = re.compile(
    r"([xyz]?mm[0-9]{1,2}|st[0-7])=[ ]*(?![ ])((?:(?!(?<![ ])[ ]+(?:[xyz]?mm[0-9]{1,2}|st[0-7])=).)*)"
)
_SINGLE = re.compile(r"[ ]*(@?\$?[a-z]{1,5}[0-9]{0,2}[a-z]?)=([0-9a-f`]{1,17})\Z")


@record
class Registers:
    """The registers of a processor as text shows them.

    :param registers: by name, in the order of the text
    :param flags: what the flags stand for, as ``nv up ei pl nz na pe nc``
    :param iopl: the I/O privilege level
    :param error_code: what the processor pushed with the trap; of ``.trap``
    :param place: where execution is
    :param instruction: what stands there
    :param widths: of registers, in bits, where they are printed
    :param printed: registers of vectors and of floating point, as text
    :param remarks: what an author wrote behind values
    """

    registers: dict[str, Hex | Absent]
    flags: str = ""
    iopl: int | None = None
    error_code: Hex | None = None
    place: Site | None = None
    instruction: Instruction | None = None
    widths: dict[str, int] | None = None
    remarks: tuple[str, ...] = ()
    printed: dict[str, str] | None = None


@kind(
    "registers",
    *("r", "trap", "cxr", "ecxr", "rm", "reg"),
    opens=(
        r"[ ]*(?:eax=[0-9a-f]{8}|rax=[0-9a-f]{16}|eip=[0-9a-f]{8}|rip=[0-9a-f]{16}|x0=[0-9a-f]{16}|r0=[0-9a-f]{8}"
        r"|ErrCode = [0-9a-f]|\([0-9]+\) \w+ \(/[0-9]+\))"
    ),
    rank=35,
)
class RegistersReader(Reader):
    """Takes lines of registers, and the place and instruction below them."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self.registers: dict[str, Hex | Absent] = {}
        self._flags = ""
        self._iopl: int | None = None
        self._error: Hex | None = None
        self._place: Site | None = None
        self._instruction: Instruction | None = None
        self._widths: dict[str, int] = {}
        self._remarks: list[str] = []
        self._printed: dict[str, str] = {}

    def take(self, line: str, number: int) -> bool:
        if self._instruction is None and self._place is None and self._registers(line):
            return True
        if not self.registers and self._error is None:
            return False
        if self._place is None and self._instruction is None and (place := label(line)) is not None:
            self._place = place
            return True
        if self._instruction is None and (found := instruction(line)) is not None:
            self._instruction = found
            return True
        return False

    def _registers(self, line: str) -> bool:
        if _LINE.match(line):
            pairs = _ASSIGNMENT.findall(line)
            known = [name for name, _ in pairs if name in self.registers and name not in ("iopl", "vip", "vif")]
            if known:
                return False  # another processor's, or another moment's
            flags = _FLAGS.search(line) if "iopl=" in line else None
            if flags is not None:
                self._iopl, self._flags = int(flags[1]), flags[2].strip()
            elif "psr=" in line and (status := _NZCV.search(line)) is not None:
                self._flags = status[1]
                line = line[: status.start(1)].rstrip(" ") + line[status.end(1) :]
            for name, value in pairs:
                if name != "iopl":
                    self.registers[name] = UNREADABLE if "?" in value else Hex(int(value.replace("`", "") or "0", 16))
            if pairs and not line.endswith(pairs[-1][1]):
                last = line.rfind("=")
                behind = flags is not None and flags.end(2) > last
                said = line[flags.end(2) :] if flags and behind else line[last + 1 :].lstrip().partition(" ")[2]
                self._remarks += [said.strip()] * bool(said.strip())
            return bool(pairs)
        if self._flags and len(self._flags.split()) < 8 and (more := _MORE_FLAGS.match(line)):
            self._flags += f" {more[1]}"
            return True
        if found := _ERROR.match(line):
            if found[1]:
                self._error = Hex(int(found[1], 16))
            else:
                self.registers["CtxFlags"] = Hex(int(found[2], 16))
            return True
        if found := _JTAG.match(line):
            self.registers[found[2]] = Hex(int(found[4], 16)) if found[4] else UNREADABLE
            self._widths[found[2]] = int(found[3])
            return True
        if (self.command or self.registers) and (found := _SINGLE.match(line)) and found[1] not in self.registers:
            self.registers[found[1]] = Hex(int(found[2].replace("`", "") or "0", 16))
            return True
        if self.command and _PRINTED.match(line):
            self._printed.update((name, text.rstrip()) for name, text in _PRINTED_ONE.findall(line))
            return True
        if found := _VIP.match(line):
            self.registers["vip"], self.registers["vif"] = Hex(found[1]), Hex(found[2])
        return found is not None

    @property
    def place(self) -> Site | None:
        """Where execution is, if the text says it."""
        return self._place

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        return at_place(self._place.module, self._place.symbol) if self._place is not None else ()

    def situation(self, before: Situation) -> Situation:
        """What a trap frame or context returns to was interrupted; the next stack begins there."""
        if self._place is None or self.command[:1] != "." or word(self.command) not in _SWITCHES:
            return before
        place = f"{self._place.module}!{self._place.symbol}"
        return replace(before, interrupted=place)

    def record(self) -> Registers | None:
        if not self.registers and self._error is None and not self._flags and not self._printed:
            return None
        return Registers(
            self.registers, self._flags, self._iopl, self._error, self._place, self._instruction,
            self._widths or None, tuple(self._remarks), self._printed or None,
        )  # fmt: skip
