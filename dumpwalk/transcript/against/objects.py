"""``!object`` and ``!handle``: objects of the object manager, and the handles that lead to them."""

from __future__ import annotations

from dumpwalk.kernel.handle_listing import ID_TABLE
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, silent, statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.handle_listing import Handle
    from dumpwalk.kernel.handle_table import HandleTable
    from dumpwalk.kernel.object_record import ObjectInfo
    from dumpwalk.target import Target
    from dumpwalk.transcript.handle import HandleList
    from dumpwalk.transcript.kernel_object import ObjectList

# What of an object is compared otherwise.
_OTHERWISE = ("address", "name", "contents", "optional_headers", "steps")


@compares("object")
def objects(target: Target, said: ObjectList, command: str) -> Iterator[Statement | None]:
    """Compare objects."""
    for listed in said.objects:
        yield from one_object(target, listed)


def one_object(target: Target, said: ObjectInfo) -> Iterator[Statement | None]:
    """Yield what a text says of an object."""
    from dumpwalk.kernel.object_record import CONTENTS, DETAILS, FULL_PATH, OPTIONAL_HEADERS, object_info

    if isinstance(said.type_name, Absent):  # it is none
        return
    flags = DETAILS
    for flag, shown in (
        *((CONTENTS, value) for value in (said.contents, said.LinkTarget, said.DosDeviceDriveIndex)),
        (FULL_PATH, said.path),
        (OPTIONAL_HEADERS, said.optional_headers),
    ):
        flags |= 0 if silent(shown) else flag
    held = object_info(target, said.address, flags, steps=said.steps is not None)
    what, width = f"object {said.address}", target.machine.pointer_size
    # Where the header is, and of which kind, types say without the dump.
    unread = ("header", "new_version") if isinstance(held.type, Absent) else ()
    yield from values(what, said, held, skip=(*_OTHERWISE, *unread), pointer_size=width)
    if said.steps is not None and held.steps is not None:
        yield from values(f"{what} steps", said.steps, held.steps, skip=("source",), pointer_size=width)
    yield statement(f"{what} name", said.name, "" if held.name is None else held.name)
    for number, entry in enumerate(said.contents or ()):
        there = nth(held.contents or (), number, held.problems)
        where = f"{what} entry {number + 1}"
        if isinstance(there, (str, Absent)):
            yield statement(where, entry.object, there)
        else:
            yield from values(where, entry, there, pointer_size=width)
    headers = () if isinstance(held.optional_headers, Absent) else held.optional_headers or ()
    for one in () if isinstance(said.optional_headers, Absent) else said.optional_headers or ():
        found = next((header.address for header in headers if header.kind == one.kind), "none")
        yield statement(f"{what} {one.kind}", one.address, found, width)


@compares("handle")
def handles(target: Target, said: HandleList, command: str) -> Iterator[Statement | None]:
    """Compare the handles of a table."""
    from dumpwalk.kernel.handle_table import handle_table

    found = said.table
    if isinstance(found.table, Absent):
        if found.handles:
            why = Absent("the text does not say of which table they are")
            yield statement("handles", found.handles[0].entry.handle, why)
        return
    table = handle_table(target, found.table.address)
    yield statement(f"handle table {table.address} entries in use", found.table.HandleCount, table.HandleCount)
    for handle in found.handles:
        yield from _handle(target, table, handle, objects=found.kind == ID_TABLE)


def _handle(target: Target, table: HandleTable, said: Handle, *, objects: bool) -> Iterator[Statement | None]:
    from dumpwalk.kernel.handle_table import entry_of, kernel_handle

    entry = said.entry
    what, width = f"handle {int(entry.handle):04x}", target.machine.pointer_size
    kernels = kernel_handle(entry.handle)
    held = entry_of(target, table, int(entry.handle) if kernels is None else int(kernels), objects=objects)
    if isinstance(held, Absent):
        yield statement(what, entry.handle if isinstance(entry.entry, Absent) else entry.entry, held)
        return
    skip = ("handle", "object", "Attributes") if entry.object is None else ("handle", "object")
    yield from values(what, entry, held, skip=skip, pointer_size=width)
    leads = like("free", entry.handle) if entry.object is None else entry.object
    yield statement(f"{what} object", leads, "free" if held.object is None else held.object, width)
    if said.object is not None:
        yield from one_object(target, said.object)
