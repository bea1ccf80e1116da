"""``dumpwalk process``: processes and their threads, as WinDbg's ``!process`` prints them."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dumpwalk.kernel.process_details import ProcessDetails
    from dumpwalk.target import Target

# Bits of `!process`'s flags, and what it takes where none are given (Microsoft's page "!process").
_STATISTICS, _WAITS, _THREADS = 1, 2, 4
_DEFAULT, _DEFAULT_OF_ONE = 3, 0xF
# More threads than any machine has had; lists that lead around in each other are damaged.
_MOST_THREADS = 1 << 17
# A name of so many characters may be cut.
_CUT = 14


@record
class Processes:
    """The processes that were asked for.

    :param asked: what was looked for, in ``!process``'s words; empty for one process by its address
    :param flags: what was asked of each: 1 statistics, 2 threads and what they wait for, 4 threads; both of these
        with all fields and stacks
    :param problems: what is damaged in the list of processes; each process has its own
    """

    asked: str
    flags: int
    processes: tuple[ProcessDetails, ...]
    problems: tuple[Problem, ...]


def layout(answer: Processes) -> str:
    """Return the processes as ``!process`` prints them."""
    from dumpwalk.render.process_details import process_lines, unknown
    from dumpwalk.render.remarks import remark_lines
    from dumpwalk.render.thread import SCANNED, is_scanned

    lines = [answer.asked] if answer.asked else []
    for details in answer.processes:
        lines += process_lines(details, answer.flags)
        lines += [""] * bool(lines[-1])
    reasons: dict[str, list[str]] = {}
    if any("????" in line for line in lines):
        for details in answer.processes:
            for reason, names in unknown(details).items():
                reasons.setdefault(reason, names)
    problems = tuple(dict.fromkeys(_problems(answer)))
    if any(is_scanned(thread) for details in answer.processes for thread in details.threads):
        lines.append(SCANNED)
    return "\n".join([*lines, *remark_lines(problems, reasons)]).rstrip("\n")


def _problems(answer: Processes) -> Iterable[Problem]:
    yield from answer.problems
    for details in answer.processes:
        yield from details.problems
        for thread in details.threads:
            yield from thread.problems


def _partial(answer: Processes) -> bool:
    from dumpwalk.render.process_details import unknown
    from dumpwalk.render.thread import lacks_stack

    if not answer.processes or any(True for _ in _problems(answer)):
        return True
    return any(unknown(details) or any(map(lacks_stack, details.threads)) for details in answer.processes)


@command(
    "process",
    argument(
        "words", "[PROCESS [FLAGS [IMAGE]]]: address or identifier, 0 for all, -1 for the current one", many="words"
    ),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def process(target: Target, words: Sequence[str] = ()) -> Processes:
    """Show processes: the current one, one by address or identifier, or (0) all, all of one image.

    FLAGS is a sum: 1 times, sizes and priority; 2 the threads and what they wait for; 4 the threads, a line each,
    and with 2 every field and the stack. Without FLAGS it is 3 for the current process and for all, else F.
    Bits 8 and 10 of !process change nothing: arguments of calls are not shown, and each process's own
    address space is used where it matters.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.processes import UNREAD, find_process, processes
    from dumpwalk.kernel.selection import CURRENT, current_process, is_identifier

    if len(words) > 3:
        raise UsageError(f"one word too many: {words[3]!r}")
    which, names = (words[0] if words else CURRENT), DumpNames(target)
    value = -1 if which == CURRENT else quantity(which, names)
    flags = quantity(words[1], names) if len(words) > 1 else _DEFAULT if value in (-1, 0) else _DEFAULT_OF_ONE
    image = words[2] if len(words) > 2 else ""
    if image and value:
        raise UsageError("an image name belongs to process 0, all of them: process 0 FLAGS IMAGE")
    problems: tuple[Problem, ...] = ()
    asked = ""
    if value == -1:
        found = [current_process(target)]
    elif value and not is_identifier(target, value):
        found = [target.address(value)]
    elif value:
        asked = f"Searching for Process with Cid == {value:x}"
        one = find_process(target, value)
        found = [] if one is None else [one]
        problems = processes(target).problems
        if one is None:
            what = f"not found; {UNREAD}" if problems else "no active process has this identifier"
            problems += (Problem(f"process {value:x}", what),)
    else:
        listed = processes(target)
        found, problems = list(listed.addresses), listed.problems
        asked = "" if image else "**** NT ACTIVE PROCESS DUMP ****"
    described = tuple(_described(target, found, flags, image))
    if image and not described:
        what = f"not found; {UNREAD}" if problems else "no active process has an image of this name"
        problems += (Problem(f"process {image}", what),)
    return Processes(asked, flags, described, problems)


def _is_called(details: ProcessDetails, image: str) -> bool:
    """Say whether the process's image has the name *image*, or as much of it as the process keeps."""
    names = [n.lower() for n in (details.image_name, details.process.ImageFileName) if not isinstance(n, Absent)]
    return image.lower() in names or any(len(n) >= _CUT and image.lower().startswith(n) for n in names)


def _described(target: Target, found: Sequence[int], flags: int, image: str) -> Iterable[ProcessDetails]:
    from dumpwalk.kernel.process_details import process_details
    from dumpwalk.kernel.processes import threads
    from dumpwalk.kernel.thread_details import thread_details
    from dumpwalk.unwind.thread_stack import thread_stack

    left, seen = _MOST_THREADS, set[int]()  # a thread that another process's list has is shown there
    stacks = thread_stack if flags & _WAITS and flags & _THREADS else None
    for address in found:
        details = process_details(target, address, statistics=bool(flags & _STATISTICS))
        if image and not _is_called(details, image):
            continue
        if flags & (_WAITS | _THREADS):
            listed = threads(target, address, min(left, 1 << 16))
            left -= len(listed.addresses)
            new = [thread for thread in listed.addresses if thread not in seen]
            seen.update(new)
            shown = tuple(thread_details(target, thread, stacks) for thread in new)
            problems = details.problems + listed.problems
            if len(new) < len(listed.addresses):
                what = f"{len(listed.addresses) - len(new)} of its threads are in another process's list too"
                problems += (Problem(f"_EPROCESS {details.process.address}", what),)
            details = replace(details, threads=shown, problems=problems)
        yield details
