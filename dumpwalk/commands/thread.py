"""``dumpwalk thread``: a thread, as WinDbg's ``!thread`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.process_details import ProcessDetails
    from dumpwalk.kernel.thread_details import ThreadDetails
    from dumpwalk.target import Target

# What `!thread` takes where no flags are given (Microsoft's page "!thread").
_DEFAULT = 6
_WAITS, _STACK = 2, 4


@record
class ThreadAnswer:
    """A thread.

    :param flags: what was asked: 2 wait states, and with 4 everything
    :param process: its process, where that was asked for
    """

    flags: int
    thread: ThreadDetails
    process: ProcessDetails | None


def layout(answer: ThreadAnswer) -> str:
    """Return the thread as ``!thread`` prints it."""
    from dumpwalk.render.process_details import process_lines
    from dumpwalk.render.remarks import remark_lines
    from dumpwalk.render.text import plain
    from dumpwalk.render.thread import SCANNED, is_scanned, thread_lines, unknown
    from dumpwalk.types.dispatcher import THREAD_OBJECT

    lines = [*process_lines(answer.process, 0), ""] if answer.process is not None else []
    if any(f"not {THREAD_OBJECT}: this is no thread" in p.what for p in answer.thread.thread.problems):
        lines.append(f"TYPE mismatch for thread object at {plain(answer.thread.thread.address)}")
    lines += thread_lines(answer.thread, answer.flags)
    reasons = unknown(answer.thread) if answer.flags & _STACK and any("????" in line for line in lines) else {}
    lines += [SCANNED] * is_scanned(answer.thread)
    return "\n".join([*lines, *remark_lines(answer.thread.problems, reasons)])


def _partial(answer: ThreadAnswer) -> bool:
    from dumpwalk.render.thread import lacks_stack, unknown

    return bool(answer.thread.problems or unknown(answer.thread)) or lacks_stack(answer.thread)


@command(
    "thread",
    argument("words", "[THREAD [FLAGS]]: its address, -1 for the current one", many="words"),
    flag("-p", "--process", help="show the process that it belongs to, too"),
    flag("-t", "--tid", help="THREAD is a thread's identifier, not an address"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def thread(target: Target, words: Sequence[str] = (), process: bool = False, tid: bool = False) -> ThreadAnswer:
    """Show a thread: the current one, or one by its address or (-t) its identifier.

    FLAGS is a sum, 6 when it is not given: 2 shows what the thread waits for, and with 4 every field and the
    stack. The address may be an expression. Frames of x64 stacks are candidates: values that can be return
    addresses.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.process_details import process_details
    from dumpwalk.kernel.processes import find_thread, not_found
    from dumpwalk.kernel.selection import chosen_thread
    from dumpwalk.kernel.thread_details import thread_details
    from dumpwalk.unwind.thread_stack import thread_stack

    if len(words) > 2:
        raise UsageError(f"one word too many: {words[2]!r}")
    flags = quantity(words[1], DumpNames(target)) if len(words) > 1 else _DEFAULT
    if tid:
        if not words:
            raise UsageError("-t takes a thread's identifier: thread -t 1e10")
        number = quantity(words[0], DumpNames(target))
        found = find_thread(target, number)
        if found is None:
            raise UsageError(not_found(target, f"thread {number:x}", f"no process has a thread {number:x}"))
    else:
        found = chosen_thread(target, words[0] if words else None)
    details = thread_details(target, found, thread_stack if flags & _WAITS and flags & _STACK else None)
    owner = details.thread.Process
    own = process_details(target, owner, statistics=False) if process and not isinstance(owner, Absent) else None
    return ThreadAnswer(flags, details, own)
