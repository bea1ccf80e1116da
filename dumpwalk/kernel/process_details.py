"""All that ``!process`` shows of a process: the process itself, what it uses, and its threads."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.clock import clock
from dumpwalk.kernel.handle_table import handle_count
from dumpwalk.kernel.process import Process, device_map, full_image_name, process
from dumpwalk.kernel.session_space import session_id
from dumpwalk.kernel.thread_details import ThreadDetails, Times
from dumpwalk.kernel.views import view_of
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target

# MEMORY_PRIORITY_* of the public headers; kernels since Windows 8.1 count further.
_MEMORY_PRIORITIES = ("BACKGROUND", "WASFOREGROUND", "FOREGROUND")


@record
class Statistics:
    """What a process uses: bytes for quotas and virtual sizes, pages for the rest.

    :param Vads: how many VADs it has
    :param elapsed: time since it was created, in units of 100 ns; until it ended for one that has
    :param MemoryPriority: in ``!process``'s words
    """

    VadRoot: Address | Absent
    Vads: int | Absent
    CloneRoot: Address | Absent
    NumberOfPrivatePages: int | Absent
    ModifiedPageCount: int | Absent
    NumberOfLockedPages: int | Absent
    DeviceMap: Address | Absent
    elapsed: int | Absent
    times: Times
    PagedPoolQuota: int | Absent
    NonPagedPoolQuota: int | Absent
    WorkingSetSize: int | Absent
    MinimumWorkingSetSize: int | Absent
    MaximumWorkingSetSize: int | Absent
    PeakWorkingSetSize: int | Absent
    VirtualSize: int | Absent
    PeakVirtualSize: int | Absent
    PageFaultCount: int | Absent
    MemoryPriority: str | Absent
    BasePriority: int | Absent
    CommitCharge: int | Absent
    Job: Address | Absent
    DebugPort: Address | Absent


@record
class ProcessDetails:
    """A process, with all that ``!process`` shows.

    :param image_name: ``ImageFileName``, or the whole name where that is cut
    :param SessionId: ``None`` for a process of no session
    :param HandleCount: handles in its table
    :param statistics: ``None`` when they weren't asked for
    :param threads: its threads; none when they weren't asked for
    """

    process: Process
    image_name: str | Absent
    SessionId: int | Absent | None
    HandleCount: int | Absent
    statistics: Statistics | None
    threads: tuple[ThreadDetails, ...]
    problems: tuple[Problem, ...]


def process_details(target: Target, address: int, *, statistics: bool) -> ProcessDetails:
    """Return the process at *address*, without its threads.

    :param address: of an ``_EPROCESS``; nothing about it is believed
    :param statistics: what it uses, too
    """
    view = view_of(target, "_EPROCESS", address)
    found = process(target, address, view)
    return ProcessDetails(
        process=found,
        image_name=full_image_name(target, found, view),
        SessionId=session_id(target, found),
        HandleCount=_handle_count(target, found.ObjectTable),
        statistics=_statistics(target, view, found) if statistics else None,
        threads=(),
        problems=found.problems,
    )


def _handle_count(target: Target, table: Address | Absent) -> int | Absent:
    if isinstance(table, Absent) or not table:
        return table if isinstance(table, Absent) else 0
    try:
        return handle_count(target, table)
    except TypeInfoError as error:
        return Absent(str(error))


def _statistics(target: Target, view: AnyView, found: Process) -> Statistics:
    ticking = clock(target)
    end = found.ExitTime if found.ExitTime is not None else ticking.time
    elapsed: int | Absent
    if isinstance(end, Absent) or isinstance(found.CreateTime, Absent):
        elapsed = end if isinstance(end, Absent) else found.CreateTime
    else:
        elapsed = max(0, int(end) - int(found.CreateTime))
    working = "Vm.Instance." if view.has("Vm.Instance.WorkingSetSize") else "Vm."
    quota = _quota(target, view)
    user, kernel = view.int("Pcb.UserTime"), view.int("Pcb.KernelTime")
    return Statistics(
        VadRoot=_first(view, "VadRoot.Root", "VadRoot.BalancedRoot.RightChild", "VadRoot"),
        Vads=_number(view, "VadCount", "VadRoot.NumberGenericTableElements", "NumberOfVads"),
        CloneRoot=view.pointer("CloneRoot"),
        NumberOfPrivatePages=view.int("NumberOfPrivatePages"),
        ModifiedPageCount=view.int("ModifiedPageCount"),
        NumberOfLockedPages=view.int("NumberOfLockedPages"),
        DeviceMap=device_map(view),
        elapsed=elapsed,
        times=Times(ticking.duration(user), ticking.duration(kernel)),
        PagedPoolQuota=quota[1],
        NonPagedPoolQuota=quota[0],
        WorkingSetSize=view.int(f"{working}WorkingSetSize"),
        MinimumWorkingSetSize=view.int(f"{working}MinimumWorkingSetSize"),
        MaximumWorkingSetSize=view.int(f"{working}MaximumWorkingSetSize"),
        PeakWorkingSetSize=view.int(f"{working}PeakWorkingSetSize"),
        VirtualSize=view.int("VirtualSize"),
        PeakVirtualSize=view.int("PeakVirtualSize"),
        PageFaultCount=view.int(f"{working}PageFaultCount"),
        MemoryPriority=_memory_priority(view.int(f"{working}Flags.MemoryPriority")),
        BasePriority=view.int("Pcb.BasePriority", signed=True),
        CommitCharge=view.int("CommitCharge"),
        Job=view.pointer("Job"),
        DebugPort=view.pointer("DebugPort"),
    )


def _first(view: AnyView, *paths: str) -> Address | Absent:
    return view.pointer(next((path for path in paths if view.has(path)), paths[-1]))


def _number(view: AnyView, *paths: str) -> int | Absent:
    return view.int(next((path for path in paths if view.has(path)), paths[-1]))


def _quota(target: Target, view: AnyView) -> tuple[int | Absent, int | Absent]:
    """Return the use of nonpaged and of paged pool: the first two of PS_QUOTA_TYPE (public symbols)."""
    data = view.data("ProcessQuotaUsage" if view.has("ProcessQuotaUsage") else "QuotaUsage")
    width = target.machine.pointer_size
    if isinstance(data, Absent):
        return data, data
    return int.from_bytes(data[:width], "little"), int.from_bytes(data[width : 2 * width], "little")


def _memory_priority(value: int | Absent) -> str | Absent:
    if isinstance(value, Absent):
        return value
    return _MEMORY_PRIORITIES[min(value, len(_MEMORY_PRIORITIES) - 1)]
