"""Processes as ``process`` prints them: records of any kind, what their text shows, what is read of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, addresses, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, as_read, replaced, set_and_there
from thread_records import FEW, ID, IMAGES, TIME

from dumpwalk.kernel.process_details import ProcessDetails
from dumpwalk.kernel.thread_details import Times
from dumpwalk.record import fields
from dumpwalk.remarks import Absent


def processes(wide: bool) -> Strategy:
    """Return processes without their threads, with what they use and without."""
    given = {
        "process.address": places(wide), "process.UniqueProcessId": ID, "process.InheritedFromUniqueProcessId": ID,
        "process.DirectoryTableBase": st.one_of(numbers(wide), ABSENT), "process.Protection": ABSENT,
        "process.fields": st.just(()), "process.ExitTime": st.none(), "image_name": IMAGES,
        "SessionId": st.one_of(st.none(), FEW), "threads": st.just(()), "*.MemoryPriority": st.one_of(
            st.sampled_from(["BACKGROUND", "FOREGROUND"]), ABSENT),
        "*.elapsed": TIME, "*.UserTime": TIME, "*.KernelTime": TIME,
        "statistics.Job": st.one_of(ABSENT, addresses(wide)),
        "statistics.BasePriority": st.one_of(st.integers(-1, 31), ABSENT),
    }  # fmt: skip
    return record_of(ProcessDetails, wide, given)


# What the layout has no place for.
NOT_SHOWN_OF_PROCESSES = {
    **{f"process.{name}": NOT_PRINTED for name in (
        "ImageFileName", "ActiveThreads", "Session", "Wow64Process", "Protection", "CreateTime", "ExitTime", "source",
        "fields", "problems")},
    "threads": "blocks of their own", "problems": AT_FOOT,
}  # fmt: skip
WITH_STATISTICS = "process.Token"
ROUNDED = ("VirtualSize", "PeakVirtualSize")  # to megabytes: as text, beside
WHERE_SET = ("Job", "DebugPort")
MILLISECOND, MEGABYTE = 10_000, 1 << 20


def process_as_read(details: Any) -> Any:
    """Return a process as its text says it, without lines for what is not set."""
    uses = details.statistics
    if uses is None:
        return as_read(details, {*NOT_SHOWN_OF_PROCESSES, WITH_STATISTICS})
    silent = {name for name in WHERE_SET if set_and_there(getattr(uses, name)) is None}
    silent |= {name for name in ROUNDED if not isinstance(getattr(uses, name), Absent)}
    return as_read(with_cut_times(details), {*NOT_SHOWN_OF_PROCESSES, *(f"statistics.{name}" for name in silent)})


def with_cut_times(details: Any) -> Any:
    """Return a process with its times cut to milliseconds, as they are printed."""
    uses = details.statistics
    times = Times(cut(uses.times.UserTime), cut(uses.times.KernelTime))
    return replaced(details, statistics=replaced(uses, elapsed=cut(uses.elapsed), times=times))


def cut(time: Any) -> Any:
    return time if isinstance(time, Absent) else time // MILLISECOND * MILLISECOND


def sizes_beside(details: Any) -> tuple[tuple[str, str], ...]:
    """Return the sizes that are printed in megabytes."""
    sizes = [(name, getattr(details.statistics, name)) for name in ROUNDED] if details.statistics else []
    return tuple((name, f"{size // MEGABYTE} Mb") for name, size in sizes if not isinstance(size, Absent))


def assert_process(found: Any, details: Any) -> None:
    """Hold a process that was read against the one that was printed: they are equal, member by member."""
    assert found.details == process_as_read(details)
    assert found.fields == sizes_beside(details)


def process_view(one: Any) -> dict[str, Any]:
    """Return what a process's text shows of it above its handles."""
    own, found = one.details.process, one.details
    members = {name: getattr(own, name) for name in fields(own)}
    names = ("image_name", "SessionId", "HandleCount", "statistics", "threads", "problems")
    return {"process": members, **{name: getattr(found, name) for name in names}}
