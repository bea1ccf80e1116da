"""``triage``: what crashed, and why."""

from __future__ import annotations

from dumpwalk.arguments import argument, option
from dumpwalk.commands import command
from dumpwalk.errors import Error, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.triage import Report


def layout(report: Report) -> str:
    """Return the report as text."""
    from dumpwalk.render import report as text

    return text.layout(report)


def _is_partial(report: Report) -> bool:
    return bool(report.problems or not report.modules)  # no modules: only the header was read


@command(
    "triage",
    argument("files", "crash dumps", many="*"),
    option("--types", value="NAME", help="whose types to use: a profile, or a file that holds types"),
    text=layout,
    partial=_is_partial,
    many=True,
    opens=True,
)
def triage(
    files: tuple[str, ...], types: str | None = None, raw: bool = False, dtb: int | None = None, registers: str = ""
) -> Iterator[Report | Error]:
    """Say what crashed, and why: the main job.

    Prints a verdict line, the bug check with every parameter decoded, the
    machine, the thread and process, the stack, and the drivers.
    """
    from dumpwalk.opening import open
    from dumpwalk.triage import triage as report

    if not files:
        raise UsageError("FILES is missing: which dump?")
    for path in files:
        try:
            yield report(open(path, raw=raw, dtb=dtb, types=types or "", registers=registers))
        except Error as error:
            error.file = path
            yield error
