"""An IRP as ``!irp`` lays it out.

The layout is that of the debugger since Windows 10, which names function codes; older ones printed the same columns on
one line, ``>[  3,34]  40 e1 ...``. What stands behind two blanks in the detailed part (names of flags, of a status, of
a function) is ours, and so are the remarks in brackets at the foot.
"""

from __future__ import annotations

from dumpwalk.bugchecks.ntstatus import nt_status
from dumpwalk.kernel.io_stack import CANCEL, ERROR, MINORS_FROM_0, PENDING, SUCCESS, UNLOAD_SAFE
from dumpwalk.kernel.irp_completion import results_told
from dumpwalk.remarks import Absent
from dumpwalk.render.io_numbers import name, pointer, word
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.io_stack import StackLocation
    from dumpwalk.kernel.irp import Irp
    from dumpwalk.kernel.routine import Routine

# Requests whose third parameter is a control code, which the debugger marks with 0x.
_CONTROL_CODES = ("IRP_MJ_FILE_SYSTEM_CONTROL", "IRP_MJ_DEVICE_CONTROL", "IRP_MJ_INTERNAL_DEVICE_CONTROL")
_STATES = {"not sent": "no driver has it: it was not sent yet, or came back", "completed": "it was completed"}


def layout(found: Irp, detail: bool = False) -> str:
    """Return an IRP as text.

    :param detail: with all of its fields
    """
    if found.signature is False and not found.locations:
        lines = ["IRP signature does not match, probably not an IRP"]
        return "\n".join([*lines, *(_details(found) if detail else ()), *remark_lines(found.problems)])
    current = "0x" + pointer(found.CurrentStackLocation)
    stacks, at = (_decimal(number) for number in (found.StackCount, found.CurrentLocation))
    lines = [f"Irp is active with {stacks} stacks {at} is current (= {current})", _summary(found)]
    if detail:
        lines += _details(found)
    if found.locations:
        lines.append("     cmd  flg cl Device   File     Completion-Context")
    for location in found.locations:
        lines += _location(location, detail)
    if found.IrpExtension:
        lines += ["", f"Irp Extension present at 0x{pointer(found.IrpExtension)}:"]
    return "\n".join([*lines, *(f"({note})" for note in notes(found)), *remark_lines(found)])


def _decimal(value: int | Absent) -> str:
    return "??" if isinstance(value, Absent) else str(int(value))


def _summary(found: Irp) -> str:
    """Return the line with MDL, buffer and thread."""
    mdl = f"Mdl={pointer(found.MdlAddress)}" if _set(found.MdlAddress) else "No Mdl"
    if found.MasterIrp is not None:
        buffer = f"Master Irp={pointer(found.MasterIrp)}"
    elif _set(found.SystemBuffer):
        buffer = f"System buffer={pointer(found.SystemBuffer)}"
    else:
        buffer = "No System Buffer"
    return f" {mdl}: {buffer}: Thread {pointer(found.Thread)}:  Irp stack trace.  "


def _set(value: int | Absent | None) -> bool:
    return isinstance(value, Absent) or bool(value)


def notes(found: Irp) -> list[str]:
    """Return what there is to say of an IRP that its fields do not: where it is, and what becomes of its results."""
    lines = [_STATES[found.state]] if found.state in _STATES else []
    results, status, information = found.completion, found.IoStatus.Status, found.IoStatus.Information
    if results is None or isinstance(status, Absent):
        return lines
    called = nt_status(status) or f"{status:08x}"
    some = "" if isinstance(information, Absent) or not information else f"{information:x}"
    return [*lines, *results_told(results, called, some, "IRP_BUFFERED_IO" in found.flag_names)]


def _location(location: StackLocation, detail: bool) -> list[str]:
    """Return the lines of one stack location."""
    empty = location.DeviceObject == 0 and not location.MajorFunction and not location.MinorFunction
    major = "" if empty else location.major
    minor = "" if empty or (location.MinorFunction == 0 and major not in MINORS_FROM_0) else location.minor
    codes = f"[{_function(major, location.MajorFunction)}, {_function(minor, location.MinorFunction)}]"
    routine = location.CompletionRoutine
    completion = pointer(routine if isinstance(routine, Absent) else routine.address)
    lines = [
        f"{'>' if location.current else ' '}{codes}",
        f"{_code(location.Flags):>13} {_code(location.Control):>2} {pointer(location.DeviceObject)} "
        f"{pointer(location.FileObject)} {completion}-{pointer(location.Context)} {_control(location.Control)}",
    ]
    called = "" if isinstance(routine, Absent) else _called(routine)
    driver = name(location.driver)
    lines.append(f"\t       {driver}{f'{chr(9)}{called}' if called else ''}" if driver or called else "")
    lines.append("\t\t\tArgs: " + " ".join(_argument(location, at) for at in range(len(location.arguments))))
    if detail and location.flag_names:
        lines.append(f"\t\t\tFlags: {', '.join(location.flag_names)}")
    return lines


def _function(name: str, code: int | Absent) -> str:
    """Return a function code with its name."""
    return "????" if isinstance(code, Absent) else f"{name or 'N/A'}({code:x})"


def _called(routine: Routine) -> str:
    if routine.name == UNLOAD_SAFE:
        return f"({UNLOAD_SAFE[3:]})"
    return printable(routine.name)


def _code(value: int | Absent) -> str:
    return "??" if isinstance(value, Absent) else f"{value:x}"


def _control(value: int | Absent) -> str:
    """Return when the completion routine is called; a blank stands for each case in which it is not."""
    if isinstance(value, Absent):
        return ""
    cases = ((SUCCESS, "Success "), (ERROR, "Error "), (CANCEL, "Cancel "))
    return "".join(word if value & bit else " " for bit, word in cases) + ("pending" if value & PENDING else "")


def _argument(location: StackLocation, at: int) -> str:
    value = location.arguments[at]
    if at == 2 and location.major in _CONTROL_CODES and not isinstance(value, Absent) and value:
        return f"0x{value:x}"
    return word(value)


def _details(found: Irp) -> list[str]:
    """Return the fields of the IRP, in the order in which ``!irp ADDRESS 1`` has them."""
    apc = "Overlay.AsynchronousParameters"
    size = found.AllocationSize
    high, low = (size, size) if isinstance(size, Absent) else (size >> 32 & 0xFFFFFFFF, size & 0xFFFFFFFF)
    cancel = found.CancelRoutine
    status = found.IoStatus
    first, last = found.ThreadListEntry
    queued, after = found.ListEntry
    rows: list[tuple[str, str, str]] = [
        ("Flags", word(found.Flags), ", ".join(found.flag_names)),
        ("ThreadListEntry.Flink", pointer(first), ""),
        ("ThreadListEntry.Blink", pointer(last), ""),
        ("IoStatus.Status", word(status.Status), _status(status.Status)),
        ("IoStatus.Information", word(status.Information), ""),
        ("RequestorMode", word(_byte(found.RequestorMode)), ""),
        ("Cancel", word(_number(found.Cancel), 2), ""),
        ("CancelIrql", _code(found.CancelIrql), ""),
        ("ApcEnvironment", word(_byte(found.ApcEnvironment), 2), ""),
        ("UserIosb", pointer(found.UserIosb), ""),
        ("UserEvent", pointer(found.UserEvent), ""),
        (f"{apc}.UserApcRoutine", pointer(found.UserApcRoutine), ""),
        (f"{apc}.UserApcContext", pointer(found.UserApcContext), ""),
        ("Overlay.AllocationSize", f"{word(high)} - {word(low)}", ""),
        (
            "CancelRoutine",
            pointer(cancel if isinstance(cancel, Absent) else cancel.address),
            "" if isinstance(cancel, Absent) else printable(cancel.name),
        ),
        ("UserBuffer", pointer(found.UserBuffer), ""),
        ("&Tail.Overlay.DeviceQueueEntry", pointer(found.DeviceQueueEntry), ""),
        ("Tail.Overlay.Thread", pointer(found.Thread), ""),
        ("Tail.Overlay.AuxiliaryBuffer", pointer(found.AuxiliaryBuffer), ""),
        ("Tail.Overlay.ListEntry.Flink", pointer(queued), ""),
        ("Tail.Overlay.ListEntry.Blink", pointer(after), ""),
        ("Tail.Overlay.CurrentStackLocation", pointer(found.CurrentStackLocation), ""),
        ("Tail.Overlay.OriginalFileObject", pointer(found.OriginalFileObject), ""),
        ("Tail.Apc", pointer(found.CompletionKey), ""),
        ("Tail.CompletionKey", pointer(found.CompletionKey), ""),
    ]
    return [f"{field} = {value}{f'  {more}' if more else ''}" for field, value, more in rows]


def _number(value: bool | Absent) -> int | Absent:
    return value if isinstance(value, Absent) else int(value)


def _byte(value: int | Absent) -> int | Absent:
    return value if isinstance(value, Absent) else value & 0xFF


def _status(value: int | Absent) -> str:
    """Return the name of a status, without its number."""
    return "" if isinstance(value, Absent) else (nt_status(value) or "").partition(" ")[2]
