"""A process in the lines and columns of WinDbg's ``!process``, as listings from Windows Vista on have them."""

from __future__ import annotations

from dumpwalk.record import fields
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, elapsed_time
from dumpwalk.render.text import plain, printable
from dumpwalk.render.thread import WAITS, thread_lines
from dumpwalk.render.thread import unknown as why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.process_details import ProcessDetails, Statistics

_PAGE_KB = 4
_MB = 1 << 20
_SHOWN = (
    *("SessionId", "HandleCount", "UniqueProcessId", "Peb", "InheritedFromUniqueProcessId", "DirectoryTableBase"),
    *("ObjectTable", "ImageFileName", "Token", "VadRoot", "Vads", "CloneRoot", "NumberOfPrivatePages"),
    *("ModifiedPageCount", "NumberOfLockedPages", "DeviceMap", "elapsed", "UserTime", "KernelTime", "PagedPoolQuota"),
    *("NonPagedPoolQuota", "WorkingSetSize", "MinimumWorkingSetSize", "MaximumWorkingSetSize", "PeakWorkingSetSize"),
    *("VirtualSize", "PeakVirtualSize", "PageFaultCount", "MemoryPriority", "BasePriority", "CommitCharge"),
)


def process_lines(details: ProcessDetails, flags: int) -> list[str]:
    """Return the lines of *details* with its threads.

    :param flags: as :func:`dumpwalk.render.thread.thread_lines` takes them
    """
    found = details.process
    address = plain(found.address)
    session = "none" if details.SessionId is None else _number(details.SessionId, "d")
    ids = (
        f"SessionId: {session}  Cid: {_number(found.UniqueProcessId, '04x')}    Peb: {_short(found.Peb)}"
        f"  ParentCid: {_number(found.InheritedFromUniqueProcessId, '04x')}"
    )
    # A 64-bit address takes a line of its own.
    lines = [f"PROCESS {address}", f"    {ids}"] if len(address) > 8 else [f"PROCESS {address}  {ids}"]
    count = details.HandleCount
    handles = "<Data Not Accessible>" if isinstance(count, Absent) else f"{count:3d}."
    lines += [
        f"    DirBase: {_number(found.DirectoryTableBase, '08x')}  ObjectTable: {_short(found.ObjectTable)}"
        f"  HandleCount: {handles}",
        f"    Image: {'????' if isinstance(details.image_name, Absent) else printable(details.image_name)}",
    ]
    if details.statistics is not None:
        lines += _statistics(details.statistics, found.Token)
    if details.threads:
        lines.append("")
    for thread in details.threads:
        lines += ["        " + line if line else line for line in thread_lines(thread, flags)]
        if flags & WAITS:
            lines.append("")
    return lines


def unknown(details: ProcessDetails) -> dict[str, list[str]]:
    """Return why columns of *details* show ``????``, those of its threads included: fields by the reason."""
    out: dict[str, list[str]] = {}
    for source in (details, details.process, details.statistics, details.statistics and details.statistics.times):
        for name in fields(source):
            value = getattr(source, name)
            shown = name in _SHOWN and (name != "Token" or details.statistics is not None)
            if isinstance(value, Absent) and shown:
                out.setdefault(value.reason, []).append(name)
    for thread in details.threads:
        for reason, names in why_unknown(thread).items():
            known = out.setdefault(reason, [])
            known += [name for name in names if name not in known]
    return out


def _number(value: int | Absent, form: str) -> str:
    return "????" if isinstance(value, Absent) else format(int(value), form)


def _short(value: int | Absent) -> str:
    """Return an address in as many digits as it needs, eight at least."""
    return _number(value, "08x")


def _statistics(found: Statistics, token: int | Absent) -> list[str]:
    sizes = (found.WorkingSetSize, found.MinimumWorkingSetSize, found.MaximumWorkingSetSize)
    pages = ", ".join(_number(n, "d") for n in sizes)
    kilobytes = ", ".join("????" if isinstance(n, Absent) else f"{n * _PAGE_KB}KB" for n in sizes)
    rows: list[tuple[str, str]] = [
        ("Token", plain(token)),
        ("ElapsedTime", elapsed_time(found.elapsed)),
        ("UserTime", clock_time(found.times.UserTime)),
        ("KernelTime", clock_time(found.times.KernelTime)),
        ("QuotaPoolUsage[PagedPool]", _number(found.PagedPoolQuota, "d")),
        ("QuotaPoolUsage[NonPagedPool]", _number(found.NonPagedPoolQuota, "d")),
        ("Working Set Sizes (now,min,max)", f"({pages}) ({kilobytes})"),
        ("PeakWorkingSetSize", _number(found.PeakWorkingSetSize, "d")),
        ("VirtualSize", _megabytes(found.VirtualSize)),
        ("PeakVirtualSize", _megabytes(found.PeakVirtualSize)),
        ("PageFaultCount", _number(found.PageFaultCount, "d")),
        ("MemoryPriority", "????" if isinstance(found.MemoryPriority, Absent) else found.MemoryPriority),
        ("BasePriority", _number(found.BasePriority, "d")),
        ("CommitCharge", _number(found.CommitCharge, "d")),
    ]
    for name, pointer in (("Job", found.Job), ("DebugPort", found.DebugPort)):
        if not isinstance(pointer, Absent) and pointer:
            rows.append((name, plain(pointer)))
    return [
        f"    VadRoot {plain(found.VadRoot)} Vads {_number(found.Vads, 'd')} Clone {_number(found.CloneRoot, 'x')}"
        f" Private {_number(found.NumberOfPrivatePages, 'd')}. Modified {_number(found.ModifiedPageCount, 'd')}."
        f" Locked {_number(found.NumberOfLockedPages, 'd')}.",
        f"    DeviceMap {plain(found.DeviceMap)}",
        *(f"    {name:33} {value}" if len(name) < 31 else f"    {name}  {value}" for name, value in rows),
    ]


def _megabytes(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else f"{value // _MB} Mb"
