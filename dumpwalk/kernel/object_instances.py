"""All objects of one type, as far as something leads to them.

Some types keep a list of their objects, through the creator's optional header (``MaintainTypeList``). Those of others
are found by their names and by the handles to them, so that one may be left out that only a pointer leads to.
"""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.kernel.handle_table import cid_table, entries, handle_table, object_table
from dumpwalk.kernel.object_directory import directory, root_directory
from dumpwalk.kernel.object_header import type_name
from dumpwalk.kernel.object_types import object_types
from dumpwalk.kernel.processes import processes
from dumpwalk.kernel.variables import pointer_in
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import integer
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

_MOST_OBJECTS = 1 << 20


def instances(target: Target, kind: str) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    """Return the objects whose type is called *kind*, ``Event``, and what stood in the way of finding all.

    :raises UsageError: when no object of the dump has such a type
    """
    problems: list[Problem] = []
    out: dict[int, Address] = {}
    kinds: set[str] = {name for _, name in type_names(target)}
    for count, object in enumerate(_reachable(target, kind, problems)):
        name = type_name(target, object)
        kinds.add(str(name) if not isinstance(name, Absent) else "")
        if name == kind:
            out[int(object)] = object
        if count >= _MOST_OBJECTS:
            problems.append(Problem("objects", f"there are more than {_MOST_OBJECTS:,}"))
            break
    if not out and kind not in kinds:
        raise UsageError(f"no object type {kind}; there are {', '.join(sorted(filter(None, kinds))) or 'none'}")
    return tuple(out.values()), tuple(problems)


def type_names(target: Target) -> list[tuple[Address | Absent, str]]:
    """Return address and name of each object type whose name is known."""
    types = object_types(target)
    if types.table is not None:
        found = [(type, types.name_at(index)) for index, type in types.all()]
    else:
        kind = pointer_in(target, "ObpTypeObjectType")
        listed = [] if isinstance(kind, Absent) else list(dict.fromkeys((kind, *listed_objects(target, kind, []))))
        found = [(type, types.name(type)) for type in listed]
    return [(type, name) for type, name in found if isinstance(name, str)]


def listed_objects(target: Target, type: Address, problems: list[Problem]) -> tuple[Address, ...]:
    """Return the objects in the list that the ``_OBJECT_TYPE`` at *type* keeps; none where it keeps none."""
    size = size_of(Reference("struct", "_OBJECT_HEADER_CREATOR_INFO"), target.types) or 0
    found = target.object("_OBJECT_TYPE", type)
    maintained = integer(found, "TypeInfo.MaintainTypeList")
    if isinstance(maintained, Absent) or not maintained or not size:
        return ()
    chain = linked_list(target.memory, target.machine, type + offset_of(target.types, "_OBJECT_TYPE", "TypeList"))
    problems += [Problem(f"TypeList of {type}", text) for text in chain.problems]
    body = size + offset_of(target.types, "_OBJECT_HEADER", "Body")
    return tuple(target.address(link + body) for link in chain.addresses)


def _reachable(target: Target, kind: str, problems: list[Problem]) -> Iterator[Address]:
    """Yield objects, some more than once: those of the type's own list, those with a name, those with a handle."""
    for type, name in type_names(target):
        if name == kind and not isinstance(type, Absent):
            yield from listed_objects(target, type, problems)
        if kind == "Type" and not isinstance(type, Absent):
            yield type
    yield from _named(target, problems)
    active = processes(target)
    problems += active.problems
    yield from active.addresses
    for process in active.addresses:
        table = object_table(target, process)
        if not isinstance(table, Absent) and table:
            for entry in entries(target, handle_table(target, table), problems):
                if entry.object is not None:
                    yield entry.object
    ids = cid_table(target)
    if not isinstance(ids, Absent):
        for entry in entries(target, ids, problems, objects=True):
            if entry.object is not None:
                yield entry.object


def _named(target: Target, problems: list[Problem]) -> Iterator[Address]:
    """Yield every object in the directories below the root; a directory that is its own child is looked at once."""
    root = root_directory(target)
    if isinstance(root, Absent) or not root:
        problems.append(Problem("named objects", root.reason if isinstance(root, Absent) else "there is no root"))
        return
    seen = {int(root)}
    queue = [root]
    yield root
    while queue:
        found = directory(target, queue.pop(0))
        problems += found.problems
        for entry in found.entries:
            yield entry.object
            if entry.type == "Directory" and int(entry.object) not in seen:
                seen.add(int(entry.object))
                queue.append(entry.object)
