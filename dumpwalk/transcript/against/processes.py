"""``!process``: processes with their counts and times."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.durations import lasting, measured
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement
from dumpwalk.transcript.against.threads import TIMES, at, image_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.process_details import ProcessDetails
    from dumpwalk.target import Target
    from dumpwalk.transcript.process import ListedProcess, ProcessList

# A kernel before Windows Vista prints the priorities of a process the same way; names are those of the records.
_OF_PROCESS = {
    "Cid": ("process.UniqueProcessId", 16),
    "Peb": ("process.Peb", 16),
    "ParentCid": ("process.InheritedFromUniqueProcessId", 16),
    "DirBase": ("process.DirectoryTableBase", 16),
    "ObjectTable": ("process.ObjectTable", 16),
    "HandleCount": ("HandleCount", 10),
    "SessionId": ("SessionId", 10),
    "DeviceMap": ("statistics.DeviceMap", 16),
    "Token": ("process.Token", 16),
    "QuotaPoolUsage[PagedPool]": ("statistics.PagedPoolQuota", 10),
    "QuotaPoolUsage[NonPagedPool]": ("statistics.NonPagedPoolQuota", 10),
    "PeakWorkingSetSize": ("statistics.PeakWorkingSetSize", 10),
    "PageFaultCount": ("statistics.PageFaultCount", 10),
    "BasePriority": ("statistics.BasePriority", 10),
    "CommitCharge": ("statistics.CommitCharge", 10),
    "Job": ("statistics.Job", 16),
    "DebugPort": ("statistics.DebugPort", 16),
}
_VAD_NUMBERS = {
    "": ("VadRoot", 16),
    "Vads": ("Vads", 10),
    "Clone": ("CloneRoot", 16),
    "Private": ("NumberOfPrivatePages", 10),
    "Modified": ("ModifiedPageCount", 10),
    "Locked": ("NumberOfLockedPages", 10),
}
_WORKING_SET = ("WorkingSetSize", "MinimumWorkingSetSize", "MaximumWorkingSetSize")
_MEGABYTES = ("VirtualSize", "PeakVirtualSize")
_MB = 1 << 20


@compares("process")
def processes(target: Target, said: ProcessList, command: str) -> Iterator[Statement | None]:
    """Compare processes."""
    for listed in said.processes:
        yield from _process(target, listed)


def _process(target: Target, said: ListedProcess) -> Iterator[Statement | None]:
    from dumpwalk.kernel.process_details import process_details
    from dumpwalk.kernel.processes import find_process

    width = target.machine.pointer_size
    place: int | None = said.address
    if place is None:
        number = dict(numbers_in(said.field("Cid"), 16)).get("")
        place = None if number is None else find_process(target, number)
        if place is None:
            yield statement("process", said.image, Absent("the text does not say where it is"))
            return
    held = process_details(target, place, statistics=True)
    what = f"process {held.process.address}"
    yield image_name(f"{what} Image", said.image, held.image_name)
    for label, text in said.fields:
        yield from _field(what, label, text, held, width)


def _field(what: str, label: str, text: str, held: ProcessDetails, width: int) -> Iterator[Statement | None]:
    if label == "SessionId" and text == "none":
        there = held.SessionId
        yield statement(f"{what} SessionId", text, there if isinstance(there, Absent) else str(there).lower())
    elif label == "VadRoot":
        words = numbers_in(text, 16), numbers_in(text, 10)
        for name, (path, base) in _VAD_NUMBERS.items():
            value = dict(words[base == 10]).get(name)
            yield statement(f"{what} {path}", value, getattr(held.statistics, path), width)
    elif label.startswith("Working Set Sizes"):
        inside = text.partition("(")[2].partition(")")[0].split(",")
        for path, digits in zip(_WORKING_SET, inside):
            value = int(digits) if digits.strip().isdecimal() and len(digits) < 20 else None
            yield statement(f"{what} {path}", like(value, text), getattr(held.statistics, path))
    elif label in TIMES:
        yield lasting(f"{what} {label}", text, at(held, f"statistics.times.{label}"))
    elif label == "ElapsedTime":
        yield lasting(f"{what} {label}", text, at(held, "statistics.elapsed"))
    elif label in _MEGABYTES:
        count = dict(numbers_in(text, 10)).get("") if text.rstrip().endswith("Mb") else None
        size = None if count is None else (count * _MB, _MB)
        there = at(held, f"statistics.{label}")
        yield measured(f"{what} {label}", text, size, there, lambda found: f"{found // _MB} Mb")
    elif label == "MemoryPriority":
        yield statement(f"{what} {label}", text, at(held, "statistics.MemoryPriority"))
    elif label in _OF_PROCESS:
        path, base = _OF_PROCESS[label]
        value = dict(numbers_in(text, base)).get("")
        yield statement(f"{what} {path.rpartition('.')[2]}", value, at(held, path), width)
