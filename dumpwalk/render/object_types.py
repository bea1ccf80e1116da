"""The types of objects as a table; WinDbg has no such command."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_type_list import ObjectType, ObjectTypeList


def layout(found: ObjectTypeList) -> str:
    """Return the types as a table; WinDbg has no such command."""
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

    index = "????" if isinstance(type.index, Absent) else f"{type.index:x}"
    counts = (
        *(type.TotalNumberOfObjects, type.TotalNumberOfHandles),
        *(type.HighWaterNumberOfObjects, type.HighWaterNumberOfHandles),
    )
    shown = " ".join(f"{'????' if isinstance(count, Absent) else count:>8}" for count in counts)
    tag, name = ("????" if isinstance(text, Absent) else printable(text) for text in (type.Key, type.Name))
    return f"{index:>5} {plain(type.address):<{width}} {tag:<4} {shown}  {name}"
