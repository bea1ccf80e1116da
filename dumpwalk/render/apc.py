"""APCs in the lines of WinDbg's ``!apc``.

The only published listing ends after the names of processes; the lines below follow those who describe it: of each
list that is not empty the thread, the list's head, and of each APC its routines.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.apc_state import Apc, ThreadApcs
    from dumpwalk.kernel.code_address import CodeAddress

_YES = {True: "1", False: "0"}


def apc_lines(found: Apc, indent: str = "") -> list[str]:
    """Return the lines of one APC."""
    rows = (
        ("Type", f"{_number(found.Type)} ({found.kind if not isinstance(found.kind, Absent) else '????'})"),
        ("Thread", plain(found.Thread)),
        ("KernelRoutine", _routine(found.KernelRoutine)),
        ("RundownRoutine", _routine(found.RundownRoutine)),
        ("NormalRoutine", _routine(found.NormalRoutine)),
        ("NormalContext", plain(found.NormalContext)),
        ("SystemArgument1", plain(found.SystemArgument1)),
        ("SystemArgument2", plain(found.SystemArgument2)),
        ("ApcStateIndex", _number(found.ApcStateIndex)),
        ("ApcMode", _number(found.ApcMode)),
        ("Inserted", "????" if isinstance(found.Inserted, Absent) else _YES[found.Inserted]),
    )
    return [f"{indent}KAPC @ {plain(found.address)}", *(f"{indent}  {name:15} {value}" for name, value in rows)]


def thread_lines(found: ThreadApcs, indent: str = "", *, state: bool = True) -> list[str]:
    """Return the lines of a thread's APC lists that hold something.

    :param state: say of each state what can be delivered, too
    """
    head = f"{indent}Thread {plain(found.thread)} ApcStateIndex {_number(found.ApcStateIndex)}"
    lines = []
    if state:
        kernel, special = (_signed(n) for n in (found.KernelApcDisable, found.SpecialApcDisable))
        lines.append(f"{head} KernelApcDisable {kernel} SpecialApcDisable {special}")
    for one in found.states:
        if state:
            flags = (
                f"KernelApcInProgress {_flag(one.KernelApcInProgress)} KernelApcPending {_flag(one.KernelApcPending)}"
                f" UserApcPending {_flag(one.UserApcPending)}"
            )
            lines.append(f"{indent}    {one.name}: Process {plain(one.Process)} {flags}")
        for listed in one.lists:
            if listed.apcs:
                saved = " SavedApcState" if one.name == "SavedApcState" else ""
                lines.append(f"{head} ApcListHead {plain(listed.head)} [{listed.mode.upper()}]{saved}")
            for apc in listed.apcs:
                lines += apc_lines(apc, indent + "    ")
    return lines


def _flag(value: bool | Absent) -> str:
    return "????" if isinstance(value, Absent) else _YES[value]


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else f"{int(value):x}"


def _signed(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else str(int(value))


def _routine(routine: CodeAddress | Absent | None) -> str:
    if routine is None or isinstance(routine, Absent):
        return "0" if routine is None else "????"
    where = "" if isinstance(routine.where, Absent) else f" {printable(routine.where)}"
    return f"{plain(routine.address)}{where}"
