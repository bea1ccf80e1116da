"""``log``: pasted debugger text becomes structure."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag
from dumpwalk.commands import command
from dumpwalk.errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def _layout(log: Any) -> str:
    from dumpwalk.render.log import layout

    return layout(log)


@command(
    "log",
    argument("files", "pasted text; - reads the standard input", many="+"),
    flag("--markdown", help="print Markdown, for a bug tracker"),
    text=_layout,
    many=True,
)
def log(files: tuple[str, ...], markdown: bool) -> Iterator[Any]:
    """Read text that somebody pasted from a debugger.

    Splits it into what each command printed, says what every block shows and
    what its stacks mean, and names the lines that were not understood.
    """
    from dumpwalk.record import fields
    from dumpwalk.render.log import MarkdownLog
    from dumpwalk.transcript import parse_file

    for path in files:
        try:
            found = parse_file(path)
        except Error as error:
            error.file = path
            yield error
            continue
        yield MarkdownLog(*[getattr(found, name) for name in fields(found)]) if markdown else found
