"""A thread in the lines and columns of WinDbg's ``!thread``, as listings from Windows Vista on have them.

Debuggers differ in the line of priorities: those of Windows 7 to 10 print ``UnusualBoost`` and ``ForegroundBoost``,
later ones ``PriorityDecrement`` for the same byte, or nothing. Here the kernel decides: from the one on that names
threads (Windows 10 14393) the decrement is shown, as in most listings of these, and before Windows 7. It is decimal:
80 in a listing of a thread of priority 13 and base 8 is 0x50, a boost of 5.
"""

from __future__ import annotations

from dumpwalk.kernel.thread_states import state_word
from dumpwalk.remarks import Absent
from dumpwalk.render.durations import clock_time, day_time
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.code_address import CodeAddress
    from dumpwalk.kernel.thread import Thread
    from dumpwalk.kernel.thread_details import ThreadDetails
    from dumpwalk.kernel.thread_waits import WaitObject
    from dumpwalk.memory.address import Address
    from dumpwalk.unwind.frames import Frame

# What Frame.trust calls a candidate.
_SCAN = "scan"
SCANNED = "(frames are candidates: values on the stack that can be return addresses; some are left over)"
_NOT_ASKED = "not asked for"
# Bits of `!thread`'s flags.
WAITS, DETAILS = 2, 4
# What is always shown of the details, and of the thread in them.
_SHOWN = (
    *("Win32Thread", "process_name", "attached_name", "DeviceMap", "impersonation", "IdealProcessor", "KernelStack"),
    *("waited", "waited_time"),
)
_SHOWN_OF_IT = (
    *("State", "Teb", "Process", "attached", "WaitTime", "ContextSwitches", "Win32StartAddress"),
    *("InitialStack", "StackBase", "StackLimit", "Priority", "BasePriority"),
)
_NONE = "N/A            Image:         N/A"


def thread_lines(details: ThreadDetails, flags: int) -> list[str]:
    """Return the lines of *details*, not indented.

    :param flags: bit 1: wait states; bits 1 and 2: everything
    """
    if not flags & WAITS:
        return [f"{_head(details)} {_state(details.thread, details, short=True)}".rstrip()]
    lines = [f"{_head(details)} {_state(details.thread, details)}".rstrip()]
    lines += [f"    {plain(w.address)}  {_wait(w)}" for w in details.waits]
    return lines + _fields(details) + _stack(details) if flags & DETAILS else lines


def unknown(details: ThreadDetails) -> dict[str, list[str]]:
    """Return why columns of *details* show ``????``: the names of the fields by the reason."""
    thread = details.thread
    values = {name: getattr(details, name) for name in _SHOWN} | {name: getattr(thread, name) for name in _SHOWN_OF_IT}
    values |= {"Cid": thread.Cid.UniqueThread, "UserTime": details.times.UserTime}
    if thread.State == "Waiting":
        values |= {"WaitReason": thread.WaitReason, "Alertable": details.Alertable}
    values |= {f"the object at {plain(w.address)}": w.kind for w in details.waits}
    out: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, Absent):
            out.setdefault(value.reason, []).append(name)
    return out


def is_scanned(details: ThreadDetails) -> bool:
    """Say whether frames of the thread's stack are mere candidates."""
    frames = details.stack
    return not isinstance(frames, Absent) and len(frames) > 1 and any(frame.trust == _SCAN for frame in frames)


def lacks_stack(details: ThreadDetails) -> bool:
    """Say whether the thread's stack was asked for in vain."""
    return isinstance(details.stack, Absent) and details.stack.reason != _NOT_ASKED


def _head(details: ThreadDetails) -> str:
    thread = details.thread
    return (
        f"THREAD {plain(thread.address)}  Cid {thread.Cid}  Teb: {plain(thread.Teb)}"
        f" Win32Thread: {plain(details.Win32Thread)}"
    )


def _state(thread: Thread, details: ThreadDetails, *, short: bool = False) -> str:
    state = thread.State
    if isinstance(state, Absent):
        return "????"
    if state == "Waiting":
        if short:
            return state_word(state)
        alertable = "????" if isinstance(details.Alertable, Absent) else "Non-Alertable"
        alertable = "Alertable" if details.Alertable else alertable
        return f"{state_word(state)}: ({_or_unknown(thread.WaitReason)}) {_or_unknown(thread.WaitMode)} {alertable}"
    if state in ("Running", "Ready", "DeferredReady") and not isinstance(thread.NextProcessor, Absent):
        return f"{'RUNNING' if state == 'Running' else 'READY'} on processor {thread.NextProcessor:x}"
    return state_word(state)


def _or_unknown(value: object) -> str:
    return "????" if isinstance(value, Absent) else str(value)


def _wait(wait: WaitObject) -> str:
    if isinstance(wait.kind, Absent):
        return "????"
    if wait.OwnerThread is not None:
        return f"Mutant - owning thread {plain(wait.OwnerThread)}"
    if wait.Limit is not None:
        return f"Semaphore Limit {_or_unknown(wait.Limit) if isinstance(wait.Limit, Absent) else hex(wait.Limit)}"
    # Debuggers read nothing at the address of no object, and take the nothing for the first kind of objects.
    return wait.kind or "NotificationEvent"


def _fields(details: ThreadDetails) -> list[str]:
    thread = details.thread
    lines = []
    if details.irps:
        lines.append("IRP List:")
    for irp in details.irps:
        kind = f"({_number(irp.Type, '04x')},{_number(irp.Size, '04x')})"
        flags = _number(irp.Flags, "08x")
        lines.append(f"    {plain(irp.address)}: {kind} Flags: {flags}  Mdl: {plain(irp.MdlAddress)}")
    token = details.impersonation
    if token is None:
        lines.append("Not impersonating")
    elif isinstance(token, Absent):
        lines.append("Impersonation token:  ????")
    else:
        lines.append(f"Impersonation token:  {plain(token.Token)} (Level {_or_unknown(token.ImpersonationLevel)})")
    lines += [
        f"DeviceMap                 {plain(details.DeviceMap)}",
        f"Owning Process            {_process(thread.Process, details.process_name)}",
        f"Attached Process          {_attached(details)}",
        f"Wait Start TickCount      {_number(thread.WaitTime, 'd'):14} Ticks: {_ticks(details)}",
        f"Context Switch Count      {_number(thread.ContextSwitches, 'd'):14}"
        f" IdealProcessor: {_number(details.IdealProcessor, 'd')}",
        f"UserTime                  {clock_time(details.times.UserTime)}",
        f"KernelTime                {clock_time(details.times.KernelTime)}",
        f"Win32 Start Address {_start(details)}",
        *_stack_bounds(details),
        _priority(details),
    ]
    if details.name:
        lines.append(f"ThreadName                {printable(str(details.name))}")
    return lines


def _number(value: int | Absent, form: str) -> str:
    return "????" if isinstance(value, Absent) else format(int(value), form)


def _process(address: Address | Absent, name: str | Absent | None) -> str:
    image = "????" if isinstance(name, Absent) or name is None else printable(name)
    return f"{plain(address)}       Image:         {image}"


def _attached(details: ThreadDetails) -> str:
    attached = details.thread.attached
    if isinstance(attached, Absent):
        return "????"
    return _process(details.thread.ApcStateProcess, details.attached_name) if attached else _NONE


def _ticks(details: ThreadDetails) -> str:
    if isinstance(details.waited, Absent):
        return "????"
    return f"{details.waited} ({day_time(details.waited_time)})" if details.waited else "0"


def _start(details: ThreadDetails) -> str:
    thread = details.thread
    start: CodeAddress | Absent = thread.Win32StartAddress
    if isinstance(start, Absent) or not start.address:
        start = thread.StartAddress if not isinstance(thread.StartAddress, Absent) else start
    if isinstance(start, Absent):
        return "????"
    number = f"0x{plain(start.address)}"
    return number if isinstance(start.where, Absent) else f"{printable(start.where)} ({number})"


def _stack_bounds(details: ThreadDetails) -> list[str]:
    thread = details.thread
    current = plain(details.KernelStack)
    wide = len(plain(thread.address)) > 8
    init = f"Stack Init {plain(thread.InitialStack)} Current {current}"
    depth = details.CallbackDepth
    named = not isinstance(thread.ThreadName, Absent)
    call = f"{depth:x}" if not isinstance(depth, Absent) else "0" * (16 if wide else 8) if named else "0"
    base = f"Base {plain(thread.StackBase)} Limit {plain(thread.StackLimit)} Call {call}"
    return [init, base] if wide else [f"{init} {base}"]


def _priority(details: ThreadDetails) -> str:
    thread = details.thread
    line = f"Priority {_number(thread.Priority, 'd')} BasePriority {_number(thread.BasePriority, 'd')}"
    if isinstance(details.UnusualBoost, Absent) or not isinstance(thread.ThreadName, Absent):
        line += f" PriorityDecrement {_number(details.PriorityDecrement, 'd')}"
    else:
        line += f" UnusualBoost {details.UnusualBoost} ForegroundBoost {_number(details.ForegroundBoost, 'd')}"
    if not isinstance(details.ThreadIoPriority, Absent):
        line += f" IoPriority {details.ThreadIoPriority} PagePriority {_number(details.ThreadPagePriority, 'd')}"
    return line


def _stack(details: ThreadDetails) -> list[str]:
    lines = [f"({printable(note)})" for note in details.notes]
    if details.KernelStackResident is False and details.thread.State != "Running":
        lines.append("Kernel stack not resident.")
    frames = details.stack
    if isinstance(frames, Absent):
        return [*lines, f"(no stack: {printable(frames.reason)})"] if lacks_stack(details) else lines
    return lines + stack_lines(frames, len(plain(details.thread.address)) > 8)


def stack_lines(frames: tuple[Frame, ...], wide: bool) -> list[str]:
    """Return a call stack: of each frame its place, where it returns to, and where it is."""
    if not frames:
        return []
    returns: list[Address | None] = [*(frame.instruction for frame in frames[1:]), None]
    if wide:
        head = "Child-SP          RetAddr               Call Site"
        return [
            head,
            *(f"{f.child_sp} {r or f'{0:08x}`{0:08x}'}     {frame_site(f)}" for f, r in zip(frames, returns)),
        ]
    return [
        "ChildEBP RetAddr",
        *(f"{f.child_sp} {r or f'{0:08x}'} {frame_site(f)}" for f, r in zip(frames, returns)),
    ]


def frame_site(frame: Frame) -> str:
    """Return where a frame is as debuggers print it: an address in no module has ``0x`` in front."""
    return printable(frame.site if frame.module else f"0x{frame.site}")
