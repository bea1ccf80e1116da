"""``objtypes``: the types of the object manager, with their counts."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.object_types import ListedTypes


@compares("object-types")
def object_types(target: Target, said: ListedTypes, command: str) -> Iterator[Statement | None]:
    """Compare types, each by where it is."""
    from dumpwalk.kernel.object_type_list import object_type_list

    width = target.machine.pointer_size
    held = object_type_list(target)
    if said.list.table is not None:
        table = Absent("this kernel has no such table") if held.table is None else held.table
        yield from values("", said.list.table, table, skip=("source",), pointer_size=width)
    by_address = {int(type.address): type for type in held.types if not isinstance(type.address, Absent)}
    by_name = {type.Name: type for type in held.types if not isinstance(type.Name, Absent)}
    for type in said.list.types:
        there = by_address.get(int(type.address)) if not isinstance(type.address, Absent) else None
        if there is None and not isinstance(type.Name, Absent):
            there = by_name.get(type.Name)
        what = f"type {type.Name if not isinstance(type.Name, Absent) else type.address}"
        if there is None:
            why = str(held.problems[0]) if held.problems else "the object manager has no such type"
            yield statement(what, type.address, Absent(why))
        else:
            yield from values(what, type, there, pointer_size=width)
