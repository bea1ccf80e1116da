"""``dumpwalk fileobj``: a file object, as WinDbg's ``!fileobj`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.file_object import FileObject
    from dumpwalk.target import Target


def layout(file: FileObject) -> str:
    """Return the file object as text."""
    from dumpwalk.render.file_object import layout as lines

    return lines(file)


def _partial(file: FileObject) -> bool:
    from dumpwalk.render.remarks import is_partial

    return is_partial(file)


@command(
    "fileobj",
    argument("address", "of the file object"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def fileobj(address: str | int, target: Target | None = None) -> FileObject:
    """Show a file object: name, device, access, flags, and what the cache manager keeps of the file.

    The address may be an expression. `ca --file ADDRESS` goes on from here to the control area.
    """
    from dumpwalk.kernel.file_object import file_object
    from dumpwalk.kernel.names import resolve

    if target is None:
        raise UsageError("a file object needs a dump: -z FILE")
    return file_object(target, resolve(target, address))
