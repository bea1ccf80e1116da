"""``dumpwalk handle``: the handles of processes, as the kernel debugger's ``!handle`` prints them."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Problem
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.handle_listing import Handles
    from dumpwalk.target import Target


@record
class HandleAnswer:
    """The handles asked for, table by table.

    :param type: of which objects; ``""`` for any
    """

    type: str
    tables: tuple[Handles, ...]
    problems: tuple[Problem, ...] = ()


def layout(answer: HandleAnswer) -> str:
    """Return the handles in ``!handle``'s layout."""
    from dumpwalk.render.handle import layout as table
    from dumpwalk.render.remarks import problem_lines
    from dumpwalk.render.text import printable

    head = [f"Searching for handles of type {printable(answer.type)}"] if answer.type else []
    remarks = problem_lines(answer.problems)
    return "\n".join([*head, *map(table, answer.tables), *([""] if remarks else []), *remarks])


@command(
    "handle",
    argument("words", "[HANDLE [FLAGS [PROCESS [TYPE]]]], as in WinDbg", many="words"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def handle(words: tuple[str | int, ...] = (), target: Target | None = None) -> HandleAnswer:
    """Show the handles of a process, of all processes, or of the kernel.

    HANDLE 0 or -1, or none, means all. FLAGS: 2 shows the objects, 4 free
    entries too, 10 the kernel's table, 20 takes HANDLE for the ID of a process
    or thread; 3 if there are none. PROCESS is an ID or an address, 0 for all
    processes, -1 or none for the current one. TYPE: only handles to objects of
    that type (File, Key, Event); case matters.
    """
    from dumpwalk.kernel import handle_listing as listing
    from dumpwalk.kernel.object_instances import type_names
    from dumpwalk.kernel.object_types import type_problems
    from dumpwalk.memory.address import Hex

    assert target is not None
    if len(words) > 4:
        raise UsageError(f"one word too many: {words[4]!r}; handle [HANDLE [FLAGS [PROCESS [TYPE]]]]")
    value, flags, process = (_number(target, w) for w in (*words[:3], *(-1, listing.DEFAULT_FLAGS, -1)[len(words) :]))
    kind = str(words[3]) if len(words) > 3 else ""
    one = None if value in (0, -1) else Hex(value)
    if flags & listing.IDS:
        return HandleAnswer(kind, (listing.ids(target, one, flags, kind),), type_problems(target))
    processes, wrong = listing.processes_asked(target, process)
    problems = (*type_problems(target), *wrong)
    found = tuple(listing.handles(target, at, one, flags, kind) for at in processes)
    if kind and not any(table.handles for table in found):
        known = {name for _, name in type_names(target)}
        if known and kind not in known:
            raise UsageError(f"no object type {kind}; there are {', '.join(sorted(known))}")
    return HandleAnswer(kind, found, problems)


def _number(target: Target, word: str | int) -> int:
    """Return the number that *word* is; -1 in any width is -1."""
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames

    value = word if isinstance(word, int) else quantity(word, DumpNames(target))
    return -1 if value in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else value
