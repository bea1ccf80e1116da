"""``dumpwalk object``: an object of the object manager, as WinDbg's ``!object`` prints it."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Problem
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_record import ObjectInfo
    from dumpwalk.target import Target


@record
class ObjectAnswer:
    """The objects asked for: one, or each of a type that could be found."""

    objects: tuple[ObjectInfo, ...]
    problems: tuple[Problem, ...] = ()


def layout(answer: ObjectAnswer) -> str:
    """Return the objects as text."""
    from dumpwalk.render.object import layout as one
    from dumpwalk.render.remarks import problem_lines

    blocks = [one(info) for info in answer.objects] or ["no object of that type was found"]
    return "\n".join([*blocks, *problem_lines(answer.problems)])


@command(
    "object",
    argument("object", r"where it is, or its path: \Device\Null; 0 and the name of a type: all of that type"),
    argument("flags", "1 counts and name, 8 contents (with 1), 10 optional headers, 20 path (with 1); 9", many="?"),
    flag("-v", "--explain", help="say step by step how its type was found"),
    text=layout,
    partial=is_partial,
    needs_dump=True,
)
def object(
    object: str | int, flags: str | int | None = None, explain: bool = False, target: Target | None = None
) -> ObjectAnswer:
    r"""Show an object: its type, counts and name, what is in a directory, where a symbolic link leads.

    `object \Path` walks the object directories from the root; case does not
    matter, and symbolic links are not followed. `object 0 TYPE` shows each
    object of a type that can be found: those that have a name, a handle, or
    are in their type's own list. The address may be an expression: @$proc.
    """
    from dumpwalk.expression import quantity
    from dumpwalk.kernel.names import DumpNames, resolve
    from dumpwalk.kernel.object_directory import find_object
    from dumpwalk.kernel.object_record import DEFAULT_FLAGS, object_info
    from dumpwalk.kernel.object_types import type_problems

    assert target is not None
    if str(object) == "0":
        from dumpwalk.kernel.object_instances import instances

        if flags is None:
            raise UsageError("object 0 TYPE: of which type?")
        found, problems = instances(target, str(flags))
        infos = tuple(object_info(target, at, steps=explain) for at in found)
        return ObjectAnswer(infos, (*type_problems(target), *problems))
    level = DEFAULT_FLAGS
    if flags is not None:
        level = flags if isinstance(flags, int) else quantity(flags, DumpNames(target))
    path = isinstance(object, str) and object.startswith("\\")
    address = find_object(target, str(object)) if path else resolve(target, object)
    return ObjectAnswer((object_info(target, address, level, steps=explain),), type_problems(target))
