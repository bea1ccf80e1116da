"""``dumpwalk objtypes``: the types of objects that the kernel has."""

from __future__ import annotations

from dumpwalk.commands import command
from dumpwalk.render.remarks import is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_type_list import ObjectTypeList
    from dumpwalk.target import Target


def layout(found: ObjectTypeList) -> str:
    """Return the types as a table."""
    from dumpwalk.render.object_types import layout

    return layout(found)


@command("objtypes", text=layout, partial=is_partial, needs_dump=True)
def objtypes(target: Target | None = None) -> ObjectTypeList:
    """List the types of objects, with the objects and handles there are of each.

    Since Windows 7 these are the entries of ObTypeIndexTable; the first line
    says where that is, what the cookie in object headers is, and who says so.
    """
    from dumpwalk.kernel.object_type_list import object_type_list

    assert target is not None
    return object_type_list(target)
