"""A process and a thread in the words of WinDbg's ``!process`` and ``!thread``."""

from __future__ import annotations

from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.process import Process
    from dumpwalk.kernel.thread import Thread


def process_lines(process: Process) -> list[str]:
    """Return what is known of *process*, a fact or two a line."""
    protection = process.Protection
    protected = f"  Protection: {protection}" if not isinstance(protection, Absent) and protection.Level else ""
    return [
        f"PROCESS {_plain(process.address)}  Image: {process.ImageFileName}",
        f"    Cid: {_id(process.UniqueProcessId)}  Peb: {_plain(process.Peb)}"
        f"  ParentCid: {_id(process.InheritedFromUniqueProcessId)}",
        f"    DirBase: {_number(process.DirectoryTableBase)}  ObjectTable: {_plain(process.ObjectTable)}"
        f"  ActiveThreads: {process.ActiveThreads}{protected}",
    ]


def thread_lines(thread: Thread) -> list[str]:
    """Return what is known of *thread*, a fact or two a line."""
    attached = _plain(thread.ApcStateProcess) if thread.attached is True else "N/A"
    if isinstance(thread.attached, Absent):
        attached = str(thread.attached)
    start = thread.Win32StartAddress
    site = str(start) if isinstance(start, Absent) else f"{start.where or 'no module'} ({_plain(start.address)})"
    return [
        f"THREAD {_plain(thread.address)}  Cid {thread.Cid}  Teb: {_plain(thread.Teb)}  {_state(thread)}",
        f"    Owning Process {_plain(thread.Process)}  Attached Process {attached}",
        f"    Win32 Start Address {site}",
        f"    Stack Init {_plain(thread.InitialStack)} Base {_plain(thread.StackBase)}"
        f" Limit {_plain(thread.StackLimit)}",
        f"    Priority {thread.Priority} BasePriority {thread.BasePriority}"
        f"  Context Switch Count {thread.ContextSwitches}",
        f"    KernelApcDisable {thread.KernelApcDisable}  SpecialApcDisable {thread.SpecialApcDisable}"
        f"  ApcStateIndex {thread.ApcStateIndex}",
    ]


def _state(thread: Thread) -> str:
    """Return the state as ``!thread`` words it."""
    state = thread.State
    if isinstance(state, Absent):
        return f"state {state}"
    if state == "Running" and not isinstance(thread.NextProcessor, Absent):
        return f"RUNNING on processor {thread.NextProcessor:x}"
    if state == "Waiting":
        return f"WAIT: ({thread.WaitReason}) {thread.WaitMode}"
    return state.upper()


def _plain(value: int | Absent) -> str:
    """Return an address without the backtick, as ``!thread`` prints it."""
    return str(value).replace("`", "")


def _id(value: int | Absent) -> str:
    return str(value) if isinstance(value, Absent) else f"{value:04x}"


def _number(value: int | Absent) -> str:
    return str(value) if isinstance(value, Absent) else f"{value:08x}"
