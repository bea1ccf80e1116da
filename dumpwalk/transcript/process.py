"""Processes as ``!process`` lists them: the command's own records, without their threads, which are other blocks."""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.process_members import Members
from dumpwalk.transcript.values import remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.process_details import ProcessDetails

# SessionId: 1  Cid: 0b48    Peb: 74b5500000  ParentCid: 247c, on the same line or below
_NAME = r"(?:SessionId|Cid|Peb|ParentCid|DirBase|ObjectTable|HandleCount|TableSize|Image):"
_VALUE = r"(?:<[^>]*>|(?![^ ]*:)[^\s:<][^\s:]*)"
_LABELS_ALONE = frozenset(
    "SessionId: Cid: Peb: ParentCid: DirBase: ObjectTable: HandleCount: TableSize: Image:".split()
)
_FIRST = frozenset(("SessionId:", "Cid:", "DirBase:"))
_LABELS = re.compile(rf"({_NAME})[ ]*({_VALUE})")
_PROCESS = re.compile(rf"[ ]*PROCESS(?:[ ]+([0-9a-f]{{8,16}}))?(?:[ ]+((?:{_NAME}[ ]*(?:{_VALUE}[ ]*)?)+))?\Z")
_LABELED = re.compile(rf"[ ]*(?=(?:SessionId|Cid|DirBase): )(?:{_NAME}[ ]*(?:{_VALUE}[ ]*)?)+\Z")
# The lines of this program's reports: values that are not there stand with their reasons.
_IMAGED = re.compile(r"[ ]*PROCESS ([0-9a-f]{8,16})  Image: (\S.*)\Z")
_REPORTED = (("Cid", "Peb", "ParentCid"), ("DirBase", "ObjectTable", "ActiveThreads"))
_IMAGE = re.compile(r"[ ]*Image:(?: |\Z)(.*)\Z")
# Labels without a colon: those of one word, and others.
_DETAILS = frozenset(
    "VadRoot DeviceMap Token ElapsedTime UserTime KernelTime PeakWorkingSetSize VirtualSize PeakVirtualSize "
    "PageFaultCount MemoryPriority BasePriority CommitCharge Job DebugPort DeepFreezeStartTime WakeChannel "
    "QuotaPoolUsage[PagedPool] QuotaPoolUsage[NonPagedPool]".split()
)
_DETAIL = re.compile(
    r"[ ]*(QuotaPoolUsage\[\w+\]|Working Set Sizes \(now,min,max\)|Process Lock Owned by Thread|Setting context)"
    r"[ ]+(\S.*)\Z"
)
_TITLE = re.compile(r"[ ]*(\*{4} NT ACTIVE PROCESS DUMP \*{4}|Searching for Process with Cid == [0-9a-f]+)\Z")
_FAILURE = re.compile(
    r"[ ]*(TYPE mismatch for process object at [0-9a-f]+|No active threads|(?![ ]).*: Unable to .*)\Z"
)


@record
class ListedProcess:
    """A process, with what of it is printed.

    :param details: the process without its threads, times to the millisecond. This program's reports show its
        ``process.ImageFileName``, debuggers its ``image_name``
    :param fields: what the kernel's record has no member for, or not as it is printed, name and text: sizes rounded to
        megabytes, the size of the handle table of old debuggers, what an author put behind a value
    """

    details: ProcessDetails
    fields: tuple[tuple[str, str], ...]

    @property
    def image(self) -> str | Absent:
        """The name of its image: the whole one, or what the kernel keeps of it, whichever is shown."""
        return self.details.image_name or self.details.process.ImageFileName


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
        self._processes: list[ListedProcess] = []
        self._last: Members | None = None
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        text = line.lstrip()
        label, _, value = text.partition(" ")
        if label in _DETAILS and value and self._last is not None:
            self._last.add(label, value.lstrip())
            return True
        if not text:
            return False
        if label == "PROCESS":
            if found := _PROCESS.match(line):
                self._next(found[1] or "", _pairs(found[2] or ""))
            elif found := _IMAGED.match(line):
                self._next(found[1], [("Image", found[2])])
            return found is not None
        if self._last is not None and self._more(self._last, line, text, label):
            return True
        if found := _TITLE.match(line):
            if self._title or self._last is not None:
                return False
            self._title = found[1]
        elif found := _FAILURE.match(line):
            self._remarks.append(found[1])
        elif said := remark(line):
            self._remarks.append(said)
        else:
            return False
        return True

    def _next(self, at: str, pairs: list[tuple[str, str]]) -> None:
        self._end()
        self._last = Members(at)
        if pairs and pairs[0][0] == "Image":
            pairs[0] = ("ImageFileName", pairs[0][1])
        for label, text in pairs:
            self._last.add(label, text)

    def _more(self, last: Members, line: str, text: str, label: str) -> bool:
        """Take another line of a process."""
        if label in _FIRST:
            pairs = _plain_pairs(text) or (_pairs(text) if _LABELED.match(line) else [])
        elif found := _IMAGE.match(line):
            pairs = [("Image", found[1])]
        else:
            found = _DETAIL.match(line)
            pairs = [(found[1], found[2])] if found else []
        pairs = pairs or next(filter(None, (_reported(text, names) for names in _REPORTED)), [])
        for name, value in pairs:
            last.add(name, value)
        return bool(pairs)

    def _end(self) -> None:
        if self._last is not None:
            self._processes.append(_listed(self._last))

    def record(self) -> ProcessList | None:
        if self._last is None and not (self._title or self._remarks):
            return None
        last = () if self._last is None else (_listed(self._last),)
        return ProcessList(self._title, (*self._processes, *last), tuple(self._remarks))


def _listed(found: Members) -> ListedProcess:
    return ListedProcess(found.details(), tuple(found.fields))


def _plain_pairs(text: str) -> list[tuple[str, str]]:
    """Return the labels and values of a line of nothing else; none where a value has blanks, or there is none."""
    words = text.split()
    labels, values = words[::2], words[1::2]
    if len(labels) != len(values) or not _LABELS_ALONE.issuperset(labels):
        return []
    joined = " ".join(values)
    return [] if ":" in joined or "<" in joined else [(name[:-1], value) for name, value in zip(labels, values)]


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name[:-1], value) for name, value in _LABELS.findall(text)]


def _reported(text: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the values behind *names* on a line of a report; none where it is no such line."""
    out: list[tuple[str, str]] = []
    for name, following in zip(names, (*names[1:], "Protection")):
        if not text.startswith(f"{name}: "):
            return []
        value, mark, text = text.removeprefix(f"{name}: ").partition(f"  {following}: ")
        out.append((name, value))
        text = f"{following}: {text}" if mark else ""
    return [*out, *([("Protection", text.removeprefix("Protection: "))] if text else [])]
