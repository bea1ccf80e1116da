"""``log``: pasted debugger text becomes structure, and is held against a dump."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, option
from dumpwalk.commands import command
from dumpwalk.errors import Error, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dumpwalk.target import Target


def _layout(log: Any) -> str:
    from dumpwalk.render.log import layout

    return layout(log)


def _partial(log: Any) -> bool:
    """Say whether there is more than an unreserved yes: what differs or is missing makes a comparison partial."""
    against = getattr(log, "against", None)
    return bool(log.problems) or (against is not None and bool(against.different or against.absent))


@command(
    "log",
    argument("files", "pasted text; - reads the standard input", many="+"),
    flag("--markdown", help="print Markdown, for a bug tracker"),
    option("--against", value="DUMP", help="hold what the text says against a dump: equal, different, not in it"),
    option("--types", value="NAME", help="whose types to read that dump by: a profile, or a file that holds types"),
    text=_layout,
    partial=_partial,
    many=True,
    opens=True,
)
def log(
    files: tuple[str, ...],
    markdown: bool,
    against: str | None = None,
    types: str | None = None,
    raw: bool = False,
    dtb: int | None = None,
    registers: str = "",
) -> Iterator[Any]:
    """Read text that somebody pasted from a debugger.

    Splits it into what each command printed, says what every block shows and
    what its stacks mean, and names the lines that were not understood. With
    --against, compares each value with what a dump holds.
    """
    if against is None and (types is not None or raw or dtb is not None or registers):
        raise UsageError("log reads text; --types, --raw, --dtb and --registers are of the dump that --against names")
    target = None
    if against is not None:
        from dumpwalk.opening import open

        target = open(against, raw=raw, dtb=dtb, types=types or "", registers=registers)
    return _logs(files, markdown, target)


def _logs(files: tuple[str, ...], markdown: bool, target: Target | None) -> Iterator[Any]:
    from dumpwalk.record import fields
    from dumpwalk.render.log import MarkdownComparedLog, MarkdownLog
    from dumpwalk.transcript import parse_file

    for path in files:
        try:
            if target is None:
                found: Any = parse_file(path)
            else:
                from dumpwalk.transcript.against.whole import compare_file

                found = compare_file(target, path)
        except Error as error:
            error.file = path
            yield error
            continue
        if markdown:
            kind: Any = MarkdownLog if target is None else MarkdownComparedLog
            found = kind(*[getattr(found, name) for name in fields(found)])
        yield found
