"""Threads and processes as the extension WinDE lists them, with its headings."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import address, hexadecimal

# \\\ above and /// below the heading
_ART = re.compile(r"(?:\\\\\\|///)\Z")
_TITLE = re.compile(r" >>>  (\S.*)\Z")
_TIME = r"[ ]+([0-9:.]+)"
_THREAD = re.compile(
    r"[ ]*(?:([0-9A-F]{4,5}) (.{1,16}?)[ ]+)?([0-9]+)[ ]+!t ([0-9a-f]{8}`[0-9a-f]{8})[ ]+([0-9a-f]{4,5})"
    rf"[ ]+([0-9]+)[ ]+([0-9]+)[ ]+([0-9]+){_TIME}{_TIME}{_TIME}[ ]+([-A-Za-z]{{7}})[ ]*(.*)\Z"
)
_PROCESS = re.compile(
    r"[ ]*([0-9]+)[ ]+([0-9]+)[ ]+!lp ([0-9a-f]{8}`[0-9a-f]{8})[ ]+(\S+)[ ]+([0-9a-f]{4,5})[ ]+([0-9a-f]{4,5})"
    rf"[ ]+([0-9]+)[ ]+([0-9]+){_TIME}{_TIME}{_TIME}[ ]+([-A-Za-z]{{7}})((?:[ ]+(?:\.|[0-9]+)){{7}})"
    r"((?:[ ]+[0-9]+){6})[ ]+(\S.*)\Z"
)
_HEADER = re.compile(
    r"[ ]*(?:Cur  Bas |(?:PROC Image Name[ ]+)?(?:NO|No)\. |Thread[ ]+Ses Own).*\bTime\b.*|[ ]*(?:NO|No|PROC)\b.*ttt.*"
)
#  1  NVRM  !er ffff988d`80d05a90       3       1    !t ffff988d`9a2f0040       2m:00.000s  NVRM  !se ...
_LOCK = re.compile(
    r"[ ]*([0-9]+)[ ]{2}(.{4})[ ]{2}!(\w+) ([0-9a-f]{8}`[0-9a-f]{8})[ ]+([0-9]+)[ ]+([0-9]+)[ *]+!t"
    r" ([0-9a-f]{8}`[0-9a-f]{8})[ ]+(\S+s)[ ]*(.*)\Z"
)
_LOCK_HEADER = re.compile(r"[ ]*No\.[ ]+Tag[ ]+Type Lock Addr .*")
_CPU_HEADER = re.compile(r"[ ]*CPU#  Status  BugChk  Running Thread.*")
_CPU = re.compile(
    r"[ ]*([0-9]{2,4})[ ]+(ACTIVE|idle)[ ]+(BUGCHK)?[ ]*((?:!t [0-9a-f]{8}`[0-9a-f]{8}[ ]+)*)([0-9]+)"
    r"(?: Ready)?[ ]+([0-9]+)\Z"
)
# What stands above threads, and the sums below them.
_GROUP = re.compile(
    r"[ ]*((?:\*\*|[+>])[ ]+[0-9]+ .*|\|\|.*|Active Threads on each processor:|Processor [0-9]+:[ ]+[0-9]+ DPCs .*"
    r"|CPU [0-9]+: ?.*|[0-9]+ (?:Exclusive|Shared) (?:Waiter|Owner)s? ?:|NOTE: .*|Invalid Thread\([0-9]+\) .*"
    r"|[ ]*[0-9]* ?\"[A-Z_]{3,64}\"|[0-9]+ .*(?:found|flagged|in total|Queued).*|No .* found.*|ERROR: .*"
    r"|!\w+ [0-9a-f`]{17}.*"
    r"|[0-9a-f]{8}`[0-9a-f]{8} \w+!\w+.*Work Items Queued)\Z"
)
_COLUMNS = ("Notes", "Waiting On", "Function")


@record
class WindeThread:
    """A thread in a row.

    :param process_id: of its process, with the *image*; ``None`` where the row stands below its process
    :param number: in the list
    :param elapsed: since it began to wait or run
    :param queues: letters for the lists that it is in, under the heading ``RrBLsrl``
    :param state: its state and reason to wait, as printed
    :param notes: what else stands there, ``waiting_on`` and ``function`` by the columns of the header
    """

    process_id: Hex | None
    image: str
    number: int
    address: Address
    thread_id: Hex
    Priority: int
    BasePriority: int
    ContextSwitches: int
    kernel_time: str
    user_time: str
    elapsed: str
    queues: str
    state: str
    notes: str
    waiting_on: str
    function: str


@record
class WindeProcess:
    """A process in a row.

    :param threads: how many it has; by state, in the columns ``1-Rn`` to ``7-Ls``, in *states*
    :param numbers: handles, virtual size (MB), commit (KB), working set (KB), paged and nonpaged pool
    """

    number: int
    threads: int
    address: Address
    SessionId: str
    process_id: Hex
    parent_id: Hex
    BasePriority: int
    ContextSwitches: int
    kernel_time: str
    user_time: str
    elapsed: str
    queues: str
    states: tuple[int, ...]
    numbers: tuple[int, ...]
    image: str


@record
class WindeLock:
    """A lock that blocks threads.

    :param tag: of the pool it is in
    :param type: the command that shows it: ``er``, ``pl``
    :param wait: how long its owner waits; *waiting_on* says for what, with the function
    """

    number: int
    tag: str
    type: str
    address: Address
    waiters: int
    owners: int
    owner: Address
    wait: str
    waiting_on: str


@record
class WindeProcessor:
    """A processor.

    :param threads: the running, idle and standby threads that are printed, in that order
    """

    number: int
    status: str
    bugcheck: bool
    threads: tuple[Address, ...]
    ready: int
    dpcs: int


@record
class WindeListing:
    """What stands below one heading of WinDE.

    :param remarks: lines that part the threads or count them
    """

    title: str
    threads: tuple[WindeThread, ...]
    processes: tuple[WindeProcess, ...]
    locks: tuple[WindeLock, ...]
    processors: tuple[WindeProcessor, ...]
    remarks: tuple[str, ...]


@kind(
    "winde",
    "winde",
    opens=(
        r"(?:[ ]*CPU#  Status  BugChk|\\\\\\\Z| >>>  \S|[ ]*Cur  Bas   zContext|[ ]*PROC Image Name  "
        r"|[ ]*Thread[ ]+Ses Own  From)"
    ),
    rank=8,
)
class WindeReader(Reader):
    """Takes what stands below one heading."""

    patience = 4

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._threads: list[WindeThread] = []
        self._processes: list[WindeProcess] = []
        self._locks: list[WindeLock] = []
        self._processors: list[WindeProcessor] = []
        self._remarks: list[str] = []
        self._columns: tuple[int, ...] = ()
        self._seen = False

    def take(self, line: str, number: int) -> bool:
        taken = self._take(line)
        self._seen = self._seen or taken
        return taken

    def _take(self, line: str) -> bool:
        if found := _THREAD.match(line):
            self._threads.append(self._thread(line, found))
        elif found := _PROCESS.match(line):
            self._processes.append(_process(found))
        elif found := _TITLE.match(line):
            if self._title or self._threads or self._processes:
                return False  # the next heading is a block of its own
            self._title = found[1]
        elif _ART.match(line):
            return line[0] == "/" or not self._title
        elif _HEADER.match(line):
            at = tuple(line.find(name) for name in _COLUMNS)
            self._columns = at if 0 < at[0] < at[1] < at[2] else self._columns
        elif found := _LOCK.match(line):
            self._locks.append(_lock(found))
        elif found := _CPU.match(line):
            self._processors.append(_processor(found))
        elif _LOCK_HEADER.match(line) or _CPU_HEADER.match(line):
            pass
        elif self._seen and (found := _GROUP.match(line)):
            self._remarks.append(found[1].strip())
        else:
            return False
        return True

    def _thread(self, line: str, found: re.Match[str]) -> WindeThread:
        rest = found.start(13)
        ends = (*self._columns, len(line)) if self._columns and self._columns[0] > rest else (len(line),) * 4
        state, notes, waiting, function = (line[a:b].strip() for a, b in zip((rest, *ends), ends))
        return WindeThread(
            hexadecimal(found[1]) if found[1] else None, (found[2] or "").strip(), int(found[3]), address(found[4]),
            hexadecimal(found[5]), int(found[6]), int(found[7]), int(found[8]), found[9], found[10], found[11],
            found[12], " ".join(state.split()), notes, waiting, function,
        )  # fmt: skip

    def record(self) -> WindeListing | None:
        if not self._seen:
            return None
        return WindeListing(
            self._title, tuple(self._threads), tuple(self._processes), tuple(self._locks), tuple(self._processors),
            tuple(self._remarks),
        )  # fmt: skip


def _processor(found: re.Match[str]) -> WindeProcessor:
    threads = tuple(address(word) for word in found[4].split() if word != "!t")
    return WindeProcessor(int(found[1]), found[2], bool(found[3]), threads, int(found[5]), int(found[6]))


def _lock(found: re.Match[str]) -> WindeLock:
    return WindeLock(
        int(found[1]), found[2].strip(), found[3], address(found[4]), int(found[5]), int(found[6]), address(found[7]),
        found[8], " ".join(found[9].split()),
    )  # fmt: skip


def _process(found: re.Match[str]) -> WindeProcess:
    states = tuple(0 if n == "." else int(n) for n in found[13].split())
    return WindeProcess(
        int(found[1]), int(found[2]), address(found[3]), found[4], hexadecimal(found[5]), hexadecimal(found[6]),
        int(found[7]), int(found[8]), found[9], found[10], found[11], found[12], states,
        tuple(int(n) for n in found[14].split()), found[15],
    )  # fmt: skip
