"""``!object`` and ``!handle``: objects of the object manager, and the handles that lead to them."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.handle import HandleList, ListedHandle
    from dumpwalk.transcript.kernel_object import ListedObject, ObjectList

_ATTRIBUTES = {"Protected": 1, "Inherit": 2, "Audit": 4}
_IDS = "PspCidTable"


@compares("object")
def objects(target: Target, said: ObjectList, command: str) -> Iterator[Statement | None]:
    """Compare objects."""
    for listed in said.objects:
        yield from one_object(target, listed)


def one_object(target: Target, said: ListedObject) -> Iterator[Statement | None]:
    """Yield what a text says of an object."""
    from dumpwalk.kernel.object_record import CONTENTS, DETAILS, FULL_PATH, OPTIONAL_HEADERS, object_info

    if said.failure:  # it is none
        return
    flags = DETAILS | (CONTENTS if said.contents or said.LinkTarget or said.DosDeviceDriveIndex is not None else 0)
    flags |= (FULL_PATH if said.path else 0) | (OPTIONAL_HEADERS if said.optional_headers else 0)
    held = object_info(target, said.address, flags)
    what, width = f"object {said.address}", target.machine.pointer_size
    skip = ("address", "contents", "optional_headers", "steps", "failure", "name", "header", "new_version")
    if not isinstance(held.type, Absent):  # where the header is, and of which kind, types say without the dump
        yield statement(f"{what} header", said.header, held.header, width)
        yield statement(f"{what} new version", said.new_version, held.new_version)
    yield from values(what, said, held, skip=skip, pointer_size=width)
    yield statement(f"{what} name", said.name, "" if held.name is None else held.name)
    contents = held.contents or ()
    for number, entry in enumerate(said.contents):
        there = nth(contents, number, held.problems)
        where = f"{what} entry {number + 1}"
        if isinstance(there, (str, Absent)):
            yield statement(where, entry.object, there)
        else:
            yield from values(where, entry, there, pointer_size=width)
    headers = held.optional_headers if not isinstance(held.optional_headers, Absent) else ()
    for name, address in () if isinstance(said.optional_headers, Absent) else said.optional_headers:
        found = next((h.address for h in headers or () if h.kind == name), "none")
        yield statement(f"{what} {name}", address, found, width)


@compares("handle")
def handles(target: Target, said: HandleList, command: str) -> Iterator[Statement | None]:
    """Compare the handles of a table."""
    from dumpwalk.kernel.handle_table import handle_table

    if said.address is None:
        if said.handles:
            why = Absent("the text does not say of which table they are")
            yield statement("handles", said.handles[0].handle, why)
        return
    table = handle_table(target, said.address)
    where = f"handle table {said.address}"
    yield statement(f"{where} entries in use", said.entries, table.HandleCount)
    for listed in said.handles:
        yield from _handle(target, where, said, listed)


def _handle(target: Target, where: str, table: HandleList, said: ListedHandle) -> Iterator[Statement | None]:
    from dumpwalk.kernel.handle_table import entry_of, handle_table, kernel_handle

    what, width = f"handle {int(said.handle):04x}", target.machine.pointer_size
    assert table.address is not None
    kernels = kernel_handle(said.handle)
    value = int(said.handle) if kernels is None else int(kernels)
    held = entry_of(target, handle_table(target, table.address), value, objects=table.table == _IDS)
    if isinstance(held, Absent):
        yield statement(what, said.entry if said.entry is not None else said.handle, held)
        return
    if said.entry is not None:
        yield statement(f"{what} entry", said.entry, held.entry, width)
    if said.object is None:
        yield statement(f"{what} is free", like(True, said.handle), held.object is None)
        yield statement(f"{what} next free", said.next_free, held.next_free, width)
        return
    yield statement(f"{what} object", said.object, held.object if held.object is not None else "free", width)
    yield statement(f"{what} GrantedAccess", said.GrantedAccess, held.GrantedAccess)
    for name in said.attributes:
        if name in _ATTRIBUTES:
            yield statement(f"{what} {name}", like(True, name), bool(held.Attributes & _ATTRIBUTES[name]))
    if said.info is not None:
        yield from one_object(target, said.info)
