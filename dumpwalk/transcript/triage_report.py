"""What ``dumpwalk triage`` prints in a form of its own: people paste its reports, too.

The bug check, registers, exceptions, processes, threads and stacks in a report are blocks of the kinds that debuggers'
own are; this is the rest: the machine, where registers were found, trap frames, modules, and what a dump does not hold.
"""

from __future__ import annotations

import re

from dumpwalk.kernel.trap_frame import TrapFrame
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.symbols.modules import UnloadedModule
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import UNREADABLE, address, hexadecimal

_VERDICT = re.compile(r"(\S.*): ((?:[A-Z][A-Z0-9_]+|unknown bug check) \([0-9a-f]{1,8}\).*|no bug check\b.*)\Z")
_ROW = re.compile(r"(Machine|Windows|Time|Dump|Types|Found)[ ]{2,5}(\S.*)\Z")
_MORE = re.compile(r"[ ]{9}(\S.*)\Z")
_ITEM = re.compile(r"[ ]{4}(\S.*)\Z")
_HEADING = re.compile(
    r"((?:CONTEXT|EXCEPTION_RECORD|RUNNING|MODULES|UNLOADED MODULES|SECONDARY DATA) \(.*\)"
    r"|NOT IN THIS DUMP|PROBLEMS):\Z"
)
_MISSING = re.compile(r"(PROCESS|THREAD) (\?{4} \(.*\))\Z")
_P = r"[0-9a-f]{8}(?:`[0-9a-f]{8})?"
_TRAP = re.compile(rf"TRAP_FRAME: ({_P}) \((.*)\), from (user mode|the kernel)\Z")
_PLACE = re.compile(rf"pc=({_P}) sp=({_P}|\?{{4}} \(.*\)) ErrCode=0x([0-9a-f]{{1,16}}) efl=([0-9a-f]{{8}})\Z")
_REGISTER = re.compile(r"([a-z0-9]{2,6})=0x([0-9a-f]{1,16})(?:[ ]|\Z)")
_COLUMNS = re.compile(r"start[ ]+end[ ]+name; symbol key\Z")
_RANGE = re.compile(rf"({_P}) ({_P}) (\S.*)\Z")
_RUNNING = re.compile(rf"[ ]*([0-9]{{1,4}}|\?{{4}} \(.*\))[ ]{{2}}thread ({_P})[ ]{{2}}(\S.*)\Z")
_SITE = re.compile(rf"({_P}) (\S.*)\Z")
_BLOB = re.compile(r"([0-9a-f-]{36})[ ]+([0-9a-f]{1,16})(?:[ ](\S.*))?\Z")
_CUT = " (name may be cut)"
# The column of modules' names.
_NAME = 16


@record
class ReportedModule:
    """A module, and where a symbol store keeps it."""

    name: str
    base: Address
    end: Address
    symbol_key: str


@record
class ReportedProcessor:
    """What a processor that was not idle ran."""

    processor: int | Absent
    thread: Address
    instruction: Address | Absent
    site: str | Absent


@record
class ReportedBlob:
    """A blob of secondary data; *owner* is ``""`` where it is printed so."""

    guid: str
    size: Hex
    owner: str | Absent


@record
class TriageReport:
    """Parts of a report that follow one another; the others are empty.

    :param file: the dump, and *verdict*: the first line
    :param rows: the machine, the system, the time: what stands in front and the text behind it
    :param headings: those of lists and of other blocks, as they are printed
    :param missing: what is not in the dump; *problems*: what is wrong in it
    """

    file: str
    verdict: str
    rows: tuple[tuple[str, str], ...]
    headings: tuple[str, ...]
    trap_frame: TrapFrame | None
    running: tuple[ReportedProcessor, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    modules: tuple[ReportedModule, ...]
    unloaded_modules: tuple[UnloadedModule, ...]
    secondary_data: tuple[ReportedBlob, ...]


@kind(
    "triage",
    "triage",
    opens=(
        r"Machine[ ]{2}\w+, |CONTEXT \(|EXCEPTION_RECORD \(|TRAP_FRAME: [0-9a-f`]{8,17} \(|NOT IN THIS DUMP:\Z"
        r"|PROBLEMS:\Z|RUNNING \([0-9]|MODULES \([0-9]|UNLOADED MODULES \([0-9]|SECONDARY DATA \([0-9]"
        r"|PROCESS \?{4} \(|THREAD \?{4} \("
        r"|(?:[A-Za-z]:)?(?:[^:.]{0,200}\.){1,8}(?:dmp|DMP): (?:[A-Z][A-Z0-9_]{3,63} \(|unknown bug check|no bug check)"
    ),
    confirms=lambda line, following: not line[:1].isspace(),
    rank=9,
)
class TriageReader(Reader):
    """Takes the parts of a report that no debugger prints."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._verdict = ("", "")
        self._rows: list[tuple[str, str]] = []
        self._headings: list[str] = []
        self._part = ""
        self._trap: re.Match[str] | None = None
        self._place: re.Match[str] | None = None
        self._registers: dict[str, Hex] = {}
        self._running: list[ReportedProcessor] = []
        self._lists: dict[str, list[str]] = {"NOT IN THIS DUMP": [], "PROBLEMS": []}
        self._modules: list[ReportedModule] = []
        self._unloaded: list[UnloadedModule] = []
        self._blobs: list[ReportedBlob] = []

    def take(self, line: str, number: int) -> bool:
        if found := _HEADING.match(line):
            self._headings.append(found[1])
            self._part = found[1].partition(" (")[0]
        elif found := _ROW.match(line) or _MISSING.match(line):
            self._rows.append((found[1], found[2]))
            self._part = found[1]
        elif (found := _TRAP.match(line)) and self._trap is None:
            self._trap = found
            self._part = "TRAP_FRAME"
        elif not self._part and not self._verdict[1] and (found := _VERDICT.match(line)):
            self._verdict = (found[1], found[2])
        else:
            return self._inside(line)
        return True

    def _inside(self, line: str) -> bool:
        """Take a line of the part that a heading began."""
        part = self._part
        if part == "Found" and (found := _MORE.match(line)):
            self._rows[-1] = (part, f"{self._rows[-1][1]} {found[1]}")
        elif part in self._lists and (found := _ITEM.match(line)):
            self._lists[part].append(found[1])
        elif part == "TRAP_FRAME":
            return self._trap_frame(line)
        elif part == "RUNNING" and (found := _RUNNING.match(line)):
            self._running.append(_processor(*found.groups()))
        elif part == "MODULES" and (found := _RANGE.match(line)):
            self._modules.append(_module(*found.groups()))
        elif part == "MODULES" and not self._modules and _COLUMNS.match(line):
            pass
        elif part == "UNLOADED MODULES" and (found := _RANGE.match(line)):
            start, end = address(found[1]), address(found[2])
            name = found[3].removesuffix(_CUT)
            self._unloaded.append(UnloadedModule(name, start, end, Hex(max(0, end - start)), name != found[3]))
        elif part == "SECONDARY DATA" and (found := _BLOB.match(line)):
            owner = found[3] or ""
            self._blobs.append(
                ReportedBlob(found[1], hexadecimal(found[2]), UNREADABLE if owner[:4] == "????" else owner)
            )
        else:
            return False
        return True

    def _trap_frame(self, line: str) -> bool:
        if self._place is None:
            self._place = _PLACE.match(line)
            return self._place is not None
        found = _REGISTER.findall(line)
        if self._registers or not found or " ".join(f"{name}=0x{value}" for name, value in found) != line:
            return False
        self._registers = {name: hexadecimal(value) for name, value in found}
        return True

    def record(self) -> TriageReport | None:
        trap = None
        if self._trap is not None and self._place is not None:
            pc, sp, error, flags = self._place.groups()
            trap = TrapFrame(
                address(self._trap[1]), self._trap[2], address(pc), UNREADABLE if "?" in sp else address(sp),
                self._trap[3] == "user mode", hexadecimal(error), hexadecimal(flags), self._registers,
            )  # fmt: skip
        found = TriageReport(
            *self._verdict, tuple(self._rows), tuple(self._headings), trap, tuple(self._running),
            tuple(self._lists["NOT IN THIS DUMP"]), tuple(self._lists["PROBLEMS"]), tuple(self._modules),
            tuple(self._unloaded), tuple(self._blobs),
        )  # fmt: skip
        return found if self._rows or self._headings or trap is not None or self._verdict[1] else None


def _module(start: str, end: str, text: str) -> ReportedModule:
    """Return a module; a name that is longer than its column moves what is behind it."""
    name, key = text[:_NAME], text[_NAME + 1 :]
    if text[_NAME : _NAME + 1] not in ("", " "):
        name, _, key = text.partition(" ")
    return ReportedModule(name.rstrip(" "), address(start), address(end), key)


def _processor(number: str, thread: str, rest: str) -> ReportedProcessor:
    found = _SITE.match(rest)
    at: Address | Absent = address(found[1]) if found else UNREADABLE
    site: str | Absent = found[2] if found and found[2][:4] != "????" else UNREADABLE
    return ReportedProcessor(int(number) if number.isdecimal() else UNREADABLE, address(thread), at, site)
