"""``dumpwalk apc``: asynchronous procedure calls, as WinDbg's ``!apc`` lists them."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.apc_state import Apc, ProcessApcs, ThreadApcs
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_PROCESS, _THREAD = "proc", ("thre", "thread", "thr")
_MOST_THREADS = 1 << 17


@record
class Apcs:
    """What was asked for: processes, a thread, or one APC.

    :param all: all processes were asked for
    """

    all: bool
    processes: tuple[ProcessApcs, ...]
    thread: ThreadApcs | None
    apc: Apc | None
    problems: tuple[Problem, ...]


def layout(answer: Apcs) -> str:
    """Return the APCs as ``!apc`` prints them."""
    from dumpwalk.render.apc import apc_lines, thread_lines
    from dumpwalk.render.remarks import remark_lines
    from dumpwalk.render.text import plain, printable

    lines = ["*** Enumerating APCs in all processes"] if answer.all else []
    for process in answer.processes:
        name = process.ImageFileName
        lines.append(f"Process {plain(process.address)} {'????' if isinstance(name, Absent) else printable(name)}")
        for thread in process.threads:
            lines += thread_lines(thread, "    ", state=False)
    reasons: dict[str, list[str]] = {}
    if answer.thread is not None:
        lines += thread_lines(answer.thread)
        for name in ("KernelApcDisable", "SpecialApcDisable"):
            value = getattr(answer.thread, name)
            if isinstance(value, Absent):
                reasons.setdefault(value.reason, []).append(name)
    if answer.apc is not None:
        lines += apc_lines(answer.apc)
    return "\n".join([*lines, *remark_lines(answer.problems, reasons)])


@command(
    "apc",
    argument("words", "[proc PROCESS | thre THREAD | APC]", many="words"),
    text=layout,
    needs_dump=True,
)
def apc(target: Target, words: Sequence[str] = ()) -> Apcs:
    """Show APCs that wait to be delivered: of all processes, of one, of a thread; or one _KAPC.

    `apc proc -1` and `apc thre -1` mean the current process and thread. Of a thread its APC states are
    shown too: what is disabled, which process it is attached to, what is pending.
    """
    from dumpwalk.kernel.apc_state import APC_OBJECT, apc, thread_apcs
    from dumpwalk.kernel.names import resolve
    from dumpwalk.kernel.processes import processes
    from dumpwalk.kernel.selection import chosen_process, chosen_thread

    if len(words) > 2 or (len(words) == 2 and words[0] not in (_PROCESS, *_THREAD)):
        raise UsageError("apc takes nothing, proc PROCESS, thre THREAD, or the address of a _KAPC")
    if len(words) == 1 and words[0] not in (_PROCESS, *_THREAD):
        one = apc(target, resolve(target, words[0]))
        problems: tuple[Problem, ...] = ()
        if isinstance(one.Type, Absent) or one.Type != APC_OBJECT:
            said = one.Type.reason if isinstance(one.Type, Absent) else f"its type is {one.Type}, not {APC_OBJECT:#x}"
            problems = (Problem(f"_KAPC {one.address}", f"{said}: this is no APC"),)
        return Apcs(False, (), None, one, problems)
    if words and words[0] in _THREAD:
        thread = thread_apcs(target, chosen_thread(target, words[1] if len(words) > 1 else None))
        return Apcs(False, (), thread, None, thread.problems)
    if words:
        found: tuple[Address, ...] = (chosen_process(target, words[1] if len(words) > 1 else None),)
        problems = ()
    else:
        listed = processes(target)
        found, problems = listed.addresses, listed.problems
    shown, more = _of_processes(target, found)
    return Apcs(not words, shown, None, None, problems + more)


def _of_processes(target: Target, addresses: Sequence[Address]) -> tuple[tuple[ProcessApcs, ...], tuple[Problem, ...]]:
    from dumpwalk.kernel.apc_state import ProcessApcs, has_apcs, thread_apcs
    from dumpwalk.kernel.process import process
    from dumpwalk.kernel.processes import threads
    from dumpwalk.kernel.views import view_of

    left = _MOST_THREADS
    out: list[ProcessApcs] = []
    problems: list[Problem] = []
    for address in addresses:
        listed = threads(target, address, min(left, 1 << 16))
        left -= len(listed.addresses)
        problems += listed.problems
        busy = []
        for thread in listed.addresses:
            view = view_of(target, "_ETHREAD", thread)
            # Only a thread that is attached has APCs in its saved state.
            if has_apcs(view) or view.int("Tcb.ApcStateIndex"):
                found = thread_apcs(target, thread, view)
                problems += found.problems
                busy += [found] * any(listed.apcs for state in found.states for listed in state.lists)
        out.append(ProcessApcs(address, process(target, address).ImageFileName, tuple(busy)))
    return tuple(out), tuple(problems)
