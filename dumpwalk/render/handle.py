"""Handles as the kernel debugger's ``!handle`` prints them, by Microsoft's documentation and real listings."""

from __future__ import annotations

from dumpwalk.kernel.handle_entry import ATTRIBUTES
from dumpwalk.remarks import Absent
from dumpwalk.render.object import object_lines
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.handle_listing import Handle, Handles, Owner

_HEADS = {"handle table": "Handle table", "kernel handle table": "Kernel handle table"}


def layout(found: Handles) -> str:
    """Return the handles of one table as text, beginning with an empty line as in the debugger."""
    lines = [""]
    if found.owner is not None and not isinstance(found.owner, Absent):
        lines += [*owner_lines(found.owner, _count(found)), ""]
    if not isinstance(found.table, Absent):
        head = _HEADS.get(found.kind, found.kind)
        lines += [f"{head} at {plain(found.table.address)} with {_number(found.table.HandleCount)} entries in use", ""]
    for handle in found.handles:
        lines += _handle(handle)
    asked = None if found.handles or isinstance(found.handle, Absent) else found.handle
    if asked is not None and any(p.where.startswith("handle ") for p in found.problems):
        lines += [f"Invalid Handle: {asked:#x}", ""]
    while lines[-1:] == [""]:
        lines.pop()
    remarks = remark_lines(found)
    return "\n".join([*lines, *([""] if remarks else []), *remarks])


def _count(found: Handles) -> int | Absent:
    """Return how many handles a process has, as its table says; one without a table has none."""
    if not isinstance(found.table, Absent):
        return found.table.HandleCount
    owner = found.owner
    place = found.table if owner is None or isinstance(owner, Absent) else owner.ObjectTable
    return 0 if not isinstance(place, Absent) and not place else found.table


def owner_lines(owner: Owner, handles: int | Absent) -> list[str]:
    """Return the lines that a process is headed by; a 32-bit machine's has the first two in one."""
    session = "none" if owner.SessionId is None else _number(owner.SessionId)
    first = f"PROCESS {plain(owner.address)}"
    ids = (
        f"SessionId: {session}  Cid: {plain(owner.UniqueProcessId, 4)}    Peb: {_short(owner.Peb)}"
        f"  ParentCid: {plain(owner.InheritedFromUniqueProcessId, 4)}"
    )
    narrow = len(plain(owner.address)) == 8
    count = "<Data Not Accessible>" if isinstance(handles, Absent) else f"{handles:3d}."
    image = "????" if isinstance(owner.ImageFileName, Absent) else printable(owner.ImageFileName)
    return [
        *([f"{first}  {ids}"] if narrow else [first, f"    {ids}"]),
        f"    DirBase: {plain(owner.DirectoryTableBase, 8)}  ObjectTable: {_pointer(owner.ObjectTable)}"
        f"  HandleCount: {count}",
        f"    Image: {image}",
    ]


def _handle(handle: Handle) -> list[str]:
    entry = handle.entry
    if entry.object is None:
        following = _digits(entry.next_free)
        free = f"{entry.handle:04x}: free handle, Entry address {plain(entry.entry)}, Next Entry {following}"
        return [free]
    names = "".join(f" ({name})" for name, bit in ATTRIBUTES.items() if entry.Attributes & bit)
    access = _digits(entry.GrantedAccess)
    line = (
        f"{entry.handle:04x}: Object: {plain(entry.object)}  GrantedAccess: {access}{names} Entry: {plain(entry.entry)}"
    )
    if handle.object is None:
        return [line]
    return [line, *object_lines(handle.object, "        "), ""]


def _digits(value: int | Absent | None) -> str:
    return "????" if value is None or isinstance(value, Absent) else f"{value:08x}"


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else f"{value}"


def _short(address: int | Absent) -> str:
    """Return an address without zeros in front, of eight digits at least."""
    return "????" if isinstance(address, Absent) else f"{int(address):08x}"


def _pointer(address: int | Absent) -> str:
    return plain(address) if address or isinstance(address, Absent) else "00000000"
