"""``dumpwalk sizeof``: how large a type is, as the debugger's ``?? sizeof(...)`` says it."""

from __future__ import annotations

from dumpwalk.arguments import argument, option
from dumpwalk.commands import command
from dumpwalk.commands.dt import types_of
from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Hex
from dumpwalk.objects.sizes import size_of
from dumpwalk.record import record
from dumpwalk.types.naming import find_type
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target


@record
class Size:
    """The size of a type in bytes.

    :param source: where the type comes from
    :param remarks: that the size is a guess, where it is one
    """

    type: str
    size: Hex
    pointer_size: int
    source: str
    remarks: tuple[str, ...] = ()


def layout(answer: Size) -> str:
    """Return the size as ``?? sizeof(type)`` prints it: a ``size_t`` of the machine that is looked at."""
    return (
        f"unsigned int{'64' if answer.pointer_size == 8 else ''} {answer.size if answer.size > 9 else int(answer.size)}"
    )


@command(
    "sizeof",
    argument("type", "its name, as nt!_CONTROL_AREA"),
    option("--types", value="NAME", help="whose types to use: a profile, or a file that holds types"),
    text=layout,
    target=True,
)
def sizeof(type: str, target: Target | None = None, types: str | None = None) -> Size:
    """Say how large a type is."""
    known = types_of(target, types)
    found = find_type(known, type.removeprefix("sizeof(").rstrip(")"))
    size = size_of(found, known)
    if size is None:
        raise TypeInfoError(f"the size of {type} is not known")
    name = dt_spelling(found)
    source = known.source(name)
    # A pasted listing shows members, not where the structure ends.
    remarks = (f"{name} is from {source}",) if source.endswith("is a guess") else ()
    return Size(name, Hex(size), known.pointer_size, source, remarks)
