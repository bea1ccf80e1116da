"""``dumpwalk objtypes``: the types of objects that the kernel has."""

from __future__ import annotations

from dumpwalk.commands import command
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_type_list import ObjectType, ObjectTypeList
    from dumpwalk.target import Target


def layout(found: ObjectTypeList) -> str:
    """Return the types as a table; WinDbg has no such command."""
    from dumpwalk.render.remarks import remark_lines
    from dumpwalk.render.text import plain

    lines = []
    if found.table is not None:
        cookie = found.table.ObHeaderCookie
        mixed = "" if cookie is None else f"  ObHeaderCookie: {plain(cookie)}"
        lines.append(f"ObTypeIndexTable: {plain(found.table.ObTypeIndexTable)}{mixed}  ({found.table.source})")
        lines.append("")
    width = max([8, *(len(plain(type.address)) for type in found.types)])
    lines.append(f"Index {'Address':<{width}} Tag   Objects  Handles     Peak Peak H.  Name")
    lines += [_row(type, width) for type in found.types]
    remarks = remark_lines(found)
    return "\n".join([*lines, *([""] if remarks else []), *remarks])


def _row(type: ObjectType, width: int) -> str:
    from dumpwalk.render.text import plain, printable

    index = "????" if isinstance(type.index, Absent) else f"{type.index:x}"
    counts = (
        *(type.TotalNumberOfObjects, type.TotalNumberOfHandles),
        *(type.HighWaterNumberOfObjects, type.HighWaterNumberOfHandles),
    )
    shown = " ".join(f"{'????' if isinstance(count, Absent) else count:>8}" for count in counts)
    tag, name = ("????" if isinstance(text, Absent) else printable(text) for text in (type.Key, type.Name))
    return f"{index:>5} {plain(type.address):<{width}} {tag:<4} {shown}  {name}"


@command("objtypes", text=layout, partial=is_partial, needs_dump=True)
def objtypes(target: Target | None = None) -> ObjectTypeList:
    """List the types of objects, with the objects and handles there are of each.

    Since Windows 7 these are the entries of ObTypeIndexTable; the first line
    says where that is, what the cookie in object headers is, and who says so.
    """
    from dumpwalk.kernel.object_type_list import object_type_list

    assert target is not None
    return object_type_list(target)
