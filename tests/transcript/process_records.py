"""Processes as ``process`` prints them: records of any kind, what their text shows, what is read of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, addresses, numbers, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, replaced, set_and_there
from shown import Shown
from thread_records import FEW, ID, IMAGES, TIME, number, unless_absent, values

from dumpwalk.kernel.process_details import ProcessDetails
from dumpwalk.render.durations import clock_time, elapsed_time


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


WORKING_SET = ("WorkingSetSize", "MinimumWorkingSetSize", "MaximumWorkingSetSize")
DECIMAL = {
    "QuotaPoolUsage[PagedPool]": "PagedPoolQuota", "QuotaPoolUsage[NonPagedPool]": "NonPagedPoolQuota",
    **{n: n for n in ("PeakWorkingSetSize", "PageFaultCount", "BasePriority", "CommitCharge")},
}  # fmt: skip


def process_view(one: Any) -> dict[str, Any]:
    """Read the texts that a process's record keeps, by the names of the members."""
    texts = dict(one.fields)
    own = {
        "address": one.address,
        "UniqueProcessId": number(texts["Cid"], 16), "InheritedFromUniqueProcessId": number(texts["ParentCid"], 16),
        **{name: number(texts[name], 16) for name in ("Peb", "ObjectTable")},
        "DirectoryTableBase": number(texts["DirBase"], 16),
    }  # fmt: skip
    count = texts["HandleCount"]
    out: dict[str, Any] = {
        "process": own, "image_name": one.image,
        "SessionId": None if texts["SessionId"] == "none" else number(texts["SessionId"]),
        "HandleCount": "????" if count == "<Data Not Accessible>" else int(count.rstrip(".")),
    }  # fmt: skip
    if "VadRoot" not in texts:
        return out
    vads = r"N Vads N Clone N Private N\. Modified N\. Locked N\."
    kinds = (("VadRoot", 16), ("Vads", 10), ("CloneRoot", 16), ("NumberOfPrivatePages", 10), ("ModifiedPageCount", 10))
    sizes = texts["Working Set Sizes (now,min,max)"]
    out["statistics"] = {
        **values(vads, texts["VadRoot"], *kinds, ("NumberOfLockedPages", 10)),
        **values(r"\(N, N, N\) \(.*\)", sizes, *((name, 10) for name in WORKING_SET)),
        **{name: number(texts[key]) for key, name in DECIMAL.items()},
        **{name: texts[name] for name in ("MemoryPriority", "VirtualSize", "PeakVirtualSize")},
        **{name: number(texts[name], 16) for name in ("DeviceMap", "Job", "DebugPort") if name in texts},
        "elapsed": texts["ElapsedTime"], "times": {name: texts[name] for name in ("UserTime", "KernelTime")},
    }  # fmt: skip
    own["Token"] = number(texts["Token"], 16)
    return out


megabytes = unless_absent(lambda size: f"{size // (1 << 20)} Mb")
PROCESS_HIDDEN = {
    **{f"process.{name}": NOT_PRINTED for name in (
        "ImageFileName", "ActiveThreads", "Session", "Wow64Process", "Protection", "CreateTime", "ExitTime", "source",
        "fields", "problems")},
    "threads": "blocks of their own", "problems": AT_FOOT,
}  # fmt: skip
PROCESS_SHOWN = Shown(
    hidden=PROCESS_HIDDEN,
    forms={
        "statistics.elapsed": unless_absent(elapsed_time), "statistics.times.UserTime": unless_absent(clock_time),
        "statistics.times.KernelTime": unless_absent(clock_time), "statistics.VirtualSize": megabytes,
        "statistics.PeakVirtualSize": megabytes,
        "statistics.Job": set_and_there, "statistics.DebugPort": set_and_there,
    },
)  # fmt: skip


def process_as_printed(details: Any) -> Any:
    """Return a process without its token where that is among statistics that were not asked for."""
    own = details.process if details.statistics else replaced(details.process, Token=None)
    return replaced(details, process=own)
