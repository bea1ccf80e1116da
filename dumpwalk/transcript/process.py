"""Processes as ``!process`` lists them; their threads are blocks of their own."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import remark

# SessionId: 1  Cid: 0b48    Peb: 74b5500000  ParentCid: 247c, on the same line or below
_NAME = r"(?:SessionId|Cid|Peb|ParentCid|DirBase|ObjectTable|HandleCount|TableSize|Image):"
_VALUE = r"(?:<[^>]*>|(?![^ ]*:)[^\s:<][^\s:]*)"
_LABELS = re.compile(rf"({_NAME})[ ]*({_VALUE})")
_PROCESS = re.compile(rf"[ ]*PROCESS(?:[ ]+([0-9a-f]{{8,16}}))?(?:[ ]+((?:{_NAME}[ ]*(?:{_VALUE}[ ]*)?)+))?\Z")
_LABELED = re.compile(rf"[ ]*(?=(?:SessionId|Cid|DirBase): )(?:{_NAME}[ ]*(?:{_VALUE}[ ]*)?)+\Z")
# The lines of this program's reports: values that are not there stand with their reasons.
_IMAGED = re.compile(r"[ ]*PROCESS ([0-9a-f]{8,16})  Image: (\S.*)\Z")
_REPORTED = (("Cid", "Peb", "ParentCid"), ("DirBase", "ObjectTable", "ActiveThreads"))
_IMAGE = re.compile(r"[ ]*Image:(?: |\Z)(.*)\Z")
_DETAIL = re.compile(
    r"[ ]*(VadRoot|DeviceMap|Token|ElapsedTime|UserTime|KernelTime|QuotaPoolUsage\[\w+\]"
    r"|Working Set Sizes \(now,min,max\)"
    r"|PeakWorkingSetSize|VirtualSize|PeakVirtualSize|PageFaultCount|MemoryPriority|BasePriority|CommitCharge|Job|DebugPort"
    r"|DeepFreezeStartTime|WakeChannel|Process Lock Owned by Thread|Setting context)[ ]+(\S.*)\Z"
)
_TITLE = re.compile(r"[ ]*(\*{4} NT ACTIVE PROCESS DUMP \*{4}|Searching for Process with Cid == [0-9a-f]+)\Z")
_FAILURE = re.compile(
    r"[ ]*(TYPE mismatch for process object at [0-9a-f]+|No active threads|(?![ ]).*: Unable to .*)\Z"
)


@record
class ListedProcess:
    """A process as text shows it.

    :param address: of the EPROCESS; ``None`` where the author left it out
    :param image: the name of its image, of which the kernel keeps 15 characters
    :param fields: everything else that is printed, name and text, in order
    """

    address: Address | None
    image: str
    fields: tuple[tuple[str, str], ...]

    def field(self, name: str) -> str:
        """Return the text of a field, ``""`` when it is not printed."""
        return next((text for key, text in self.fields if key == name), "")


@record
class ProcessList:
    """Processes in the order of the text, below the *title* that some forms print."""

    title: str
    processes: tuple[ListedProcess, ...]
    remarks: tuple[str, ...]


@kind(
    "process",
    "process",
    opens=r"[ ]*(?:PROCESS [0-9a-f]{8,16}\b|\*{4} NT ACTIVE PROCESS|Searching for Process with)",
    rank=10,
)
class ProcessReader(Reader):
    """Takes processes one after another."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._title = ""
        self._processes: list[tuple[str, list[tuple[str, str]]]] = []
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if line.lstrip().startswith("PROCESS") and (found := _PROCESS.match(line)):
            self._processes.append((found[1] or "", _pairs(found[2] or "")))
            return True
        if found := _IMAGED.match(line):
            self._processes.append((found[1], [("Image", found[2])]))
            return True
        if found := _TITLE.match(line):
            if self._title or self._processes:
                return False
            self._title = found[1]
            return True
        if found := _FAILURE.match(line):
            self._remarks.append(found[1])
            return True
        if said := remark(line):
            self._remarks.append(said)
            return True
        if not self._processes:
            return False
        fields = self._processes[-1][1]
        if found := _IMAGE.match(line):
            fields.append(("Image", found[1]))
            return True
        if _LABELED.match(line):
            fields += _pairs(line)
            return True
        if found := _DETAIL.match(line):
            fields.append((found[1], found[2]))
            return True
        more = next(filter(None, (_reported(line, names) for names in _REPORTED)), [])
        fields += more
        return bool(more)

    def record(self) -> ProcessList | None:
        if not (self._processes or self._title or self._remarks):
            return None
        return ProcessList(self._title, tuple(_process(a, f) for a, f in self._processes), tuple(self._remarks))


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name[:-1], value) for name, value in _LABELS.findall(text)]


def _reported(line: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the values behind *names* on a line of a report; none where it is no such line."""
    text = line.lstrip(" ")
    out: list[tuple[str, str]] = []
    for name, following in zip(names, (*names[1:], "Protection")):
        if not text.startswith(f"{name}: "):
            return []
        value, mark, text = text.removeprefix(f"{name}: ").partition(f"  {following}: ")
        out.append((name, value))
        text = f"{following}: {text}" if mark else ""
    return [*out, *([("Protection", text.removeprefix("Protection: "))] if text else [])]


def _process(address: str, fields: list[tuple[str, str]]) -> ListedProcess:
    image = next((text for key, text in fields if key == "Image"), "")
    at = (Address if len(address) > 8 else Address32)(int(address, 16)) if address else None
    return ListedProcess(at, image, tuple((key, text) for key, text in fields if key != "Image"))
