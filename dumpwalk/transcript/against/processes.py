"""``!process``: processes with their counts and times."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.durations import lasted, measured
from dumpwalk.transcript.against.fields_of_text import numbers_in
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import statement, values
from dumpwalk.transcript.against.threads import TIMES, image_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.process import Process
    from dumpwalk.kernel.process_details import Statistics
    from dumpwalk.target import Target
    from dumpwalk.transcript.process import ListedProcess, ProcessList

_COMPARED_OTHERWISE = ("address", "ImageFileName", "elapsed", "times")
_MB = 1 << 20


@compares("process")
def processes(target: Target, said: ProcessList, command: str) -> Iterator[Statement | None]:
    """Compare processes."""
    for listed in said.processes:
        yield from _process(target, listed)


def _process(target: Target, said: ListedProcess) -> Iterator[Statement | None]:
    from dumpwalk.kernel.process_details import process_details

    width = target.machine.pointer_size
    details, own = said.details, said.details.process
    place = _place(target, own)
    if isinstance(place, Absent):
        yield statement("process", said.image, place)
        return
    held = process_details(target, place, statistics=True)
    what = f"process {held.process.address}"
    image = "" if isinstance(said.image, Absent) else said.image
    yield image_name(f"{what} Image", image, held.image_name)
    yield from values(what, own, held.process, skip=_COMPARED_OTHERWISE, pointer_size=width)
    yield statement(f"{what} HandleCount", details.HandleCount, held.HandleCount)
    session, there = details.SessionId, held.SessionId
    # It stands beside the process's identifier: that there is none has no place of its own in the record.
    none = like("none", own.UniqueProcessId) if session is None else session
    yield statement(f"{what} SessionId", none, "none" if there is None else there)
    if details.statistics is not None and held.statistics is not None:
        yield from _statistics(what, details.statistics, held.statistics, width)
        yield from _megabytes(what, said, held.statistics)


def _place(target: Target, said: Process) -> int | Absent:
    """Return where a process is, which its author may have left out."""
    from dumpwalk.kernel.processes import find_process

    number = said.UniqueProcessId
    place: int | Absent | None = said.address
    if isinstance(place, Absent) and not isinstance(number, Absent):
        place = find_process(target, number)
    return Absent("the text does not say where it is") if place is None else place


def _statistics(what: str, said: Statistics, held: Statistics, width: int) -> Iterator[Statement | None]:
    yield from values(what, said, held, skip=_COMPARED_OTHERWISE, pointer_size=width)
    yield lasted(f"{what} ElapsedTime", said.elapsed, held.elapsed)
    for name in TIMES:
        yield lasted(f"{what} {name}", getattr(said.times, name), getattr(held.times, name))


def _megabytes(what: str, said: ListedProcess, held: Statistics) -> Iterator[Statement | None]:
    for label, text in said.fields:
        if label in ("VirtualSize", "PeakVirtualSize"):
            count = dict(numbers_in(text, 10)).get("") if text.endswith("Mb") else None
            size = None if count is None else (count * _MB, _MB)
            yield measured(f"{what} {label}", text, size, getattr(held, label), lambda found: f"{found // _MB} Mb")
