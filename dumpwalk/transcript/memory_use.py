"""How memory is used: ``!vm`` and ``!memusage``."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

# Modified Pages:    9900 (   39600 Kb)
_PAGES = re.compile(r"[ ]*([A-Z][\w/ ]{1,40}?):[ ]+([0-9]+)[ ]+\([ ]*([0-9]+) [KkM]b\)\Z")
_SIZE = re.compile(r"[ ]*([A-Z][\w/ ]{1,40}?):[ ]+([0-9]+) ?[Kk]b\Z")
_PAGE_FILE = re.compile(r"[ ]*(?:Page File: (\S.*?)|(No Name for Paging File))\Z")
_EXTENT = re.compile(r"[ ]*(Current|Minimum):[ ]+([0-9]+) ?Kb[ ]+(Free Space|Maximum):[ ]+([0-9]+) ?Kb\Z")
_SESSION = re.compile(r"[ ]*Session ID ([0-9]+) @ ([0-9a-f]{8,16}):\Z")
_TITLE = re.compile(
    r"[ ]*(\*{3} Virtual Memory Usage \*{3}|\*{7} [0-9]+ .* have failed \*{6,7}"
    r"|Terminal Server Memory Usage By Session:|loading PFN database|loading \([0-9]+% complete\)"
    r"|(?:Building|Finished building) kernel map|Usage Summary \(in Kb\):"
    r"|Scanning PFN database - \([0-9]+% complete\)"
    r"|Compiling memory usage data \([0-9.]+% Complete\)\.)\Z"
)
_COLUMNS = re.compile(r"[ ]*Control[ ]+Valid Standby Dirty Shared Locked PageTables  name\Z")
_USE = re.compile(r"[ ]*([0-9a-f]{8,16}|-{8})((?:[ ]+[0-9]+){6})[ ]+(\S.*)\Z")


# Newer debuggers list the processes by what they commit, the names of images in a column of their own.
_PROCESSES = re.compile(r"[ ]*Pid ImageName[ ]+Commit[ ]+SharedCommit[ ]+Debt\Z")
_PROCESS = re.compile(
    r"[ ]*([0-9a-f]{1,6})[ ]([^ ](?:[^ ]|[ ](?![ ])){0,63})[ ]{2,}"
    r"([0-9]{1,12}) Kb[ ]+([0-9]{1,12}) Kb[ ]+([0-9]{1,12}) Kb\Z"
)


@record
class ProcessCommit:
    """What a process commits, in KB."""

    process_id: Hex
    image: str
    commit: int
    shared_commit: int
    debt: int


@record
class PageFile:
    """A page file; sizes in KB, by what the debugger calls them. *name* is ``""`` where it prints that it has none."""

    name: str
    sizes: dict[str, int]


@record
class MemoryCount:
    """A line of a count.

    :param session: the session that it is of, ``None`` for all
    :param pages: how many pages, ``None`` where only the size is printed
    :param kilobytes: as printed
    """

    name: str
    session: int | None
    pages: int | None
    kilobytes: int


@record
class ControlAreaUse:
    """How many KB of a control area are in memory, in the columns Valid to PageTables."""

    address: Address | None
    kilobytes: tuple[int, ...]
    name: str


@record
class MemoryUse:
    """How memory is used.

    :param sessions: number and address of each session
    """

    page_files: tuple[PageFile, ...]
    counts: tuple[MemoryCount, ...]
    sessions: tuple[tuple[int, Address], ...]
    control_areas: tuple[ControlAreaUse, ...]
    remarks: tuple[str, ...]
    processes: tuple[ProcessCommit, ...] = ()


@kind(
    "memory-use",
    *("vm", "memusage"),
    opens=r"[ ]*(?:\*\*\* Virtual Memory Usage|Page File: \\|loading PFN database|Control[ ]+Valid Standby Dirty)",
    rank=15,
)
class MemoryUseReader(Reader):
    """Takes counts, page files and what control areas use."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._files: list[PageFile] = []
        self._counts: list[MemoryCount] = []
        self._sessions: list[tuple[int, Address]] = []
        self._areas: list[ControlAreaUse] = []
        self._processes: list[ProcessCommit] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        session = self._sessions[-1][0] if self._sessions else None
        if found := _PAGES.match(line):
            self._counts.append(MemoryCount(found[1], session, int(found[2]), int(found[3])))
        elif found := _USE.match(line):
            at = address(found[1]) if found[1][0] != "-" else None
            self._areas.append(ControlAreaUse(at, tuple(int(n) for n in found[2].split()), found[3]))
        elif found := _PAGE_FILE.match(line):
            self._files.append(PageFile(found[1] or "", {}))
        elif self._files and (found := _EXTENT.match(line)):
            self._files[-1].sizes.update({found[1]: int(found[2]), found[3]: int(found[4])})
        elif found := _SIZE.match(line):
            self._counts.append(MemoryCount(found[1], session, None, int(found[2])))
        elif found := _SESSION.match(line):
            self._sessions.append((int(found[1]), address(found[2])))
        elif found := _TITLE.match(line):
            self._remarks.append(found[1])
        elif found := _PROCESS.match(line):
            numbers = (int(found[n]) for n in (3, 4, 5))
            self._processes.append(ProcessCommit(hexadecimal(found[1]), found[2], *numbers))
        else:
            return _COLUMNS.match(line) is not None or _PROCESSES.match(line) is not None
        return True

    def record(self) -> MemoryUse | None:
        if not (self._files or self._counts or self._areas or self._processes):
            return None
        return MemoryUse(
            tuple(self._files), tuple(self._counts), tuple(self._sessions), tuple(self._areas), tuple(self._remarks),
            tuple(self._processes),
        )  # fmt: skip
