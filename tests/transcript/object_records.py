"""Objects and handles as ``object`` and ``handle`` print them: records of any kind, and what is read of their text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, as_read, replaced, set_and_there

from dumpwalk.kernel.handle_listing import Handle, Handles, Owner
from dumpwalk.kernel.handle_table import HandleTable
from dumpwalk.kernel.object_directory import DirectoryEntry
from dumpwalk.kernel.object_optional import header_type
from dumpwalk.kernel.object_record import OWN_POINTER, ObjectInfo, TypeSteps
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.remarks import Absent, Problem
from dumpwalk.transcript.values import of_text

TYPES = st.sampled_from(
    ["Event", "File", "ALPC Port", "Directory", "SymbolicLink", "FilterConnectionPort", "WindowStation"]
)
COUNT = st.one_of(st.integers(0, 1 << 20), ABSENT)
KINDS = st.sampled_from(["NameInfo", "CreatorInfo", "HandleInfo", "QuotaInfo", "ProcessInfo"])


def objects(wide: bool, path: str = "") -> Strategy:
    entry = record_of(
        DirectoryEntry,
        wide,
        {
            "hash": st.integers(0, 36),
            "object": places(wide),
            "type": st.one_of(TYPES, ABSENT),
            "name": st.one_of(names("\\"), ABSENT),
        },
    )
    count = st.one_of(st.none(), ABSENT, st.integers(0, 1 << 31))
    given = {
        "address": places(wide), "header": places(wide), "type": st.one_of(places(wide), ABSENT),
        "type_name": st.one_of(TYPES, TYPES, TYPES, ABSENT),
        "HandleCount": count, "PointerCount": st.one_of(ABSENT, st.integers(-5, 1 << 63)),
        "name": st.one_of(st.none(), ABSENT, st.just(""), names("{}"), paths("{}")),
        "device": st.one_of(st.none(), names("{}")),
        "path": st.one_of(st.none(), paths()), "LinkTarget": st.one_of(st.none(), names(), ABSENT),
        "DosDeviceDriveIndex": st.one_of(st.none(), ABSENT, st.integers(0, 30)),
        "contents": st.one_of(st.none(), st.lists(entry, max_size=4).map(tuple)),
        "steps": st.one_of(st.none(), steps(wide)),
        "optional_headers[].kind": KINDS, "optional_headers[].address": places(wide),
    }  # fmt: skip
    return record_of(ObjectInfo, wide, given).map(_object)


def _object(info: ObjectInfo) -> Any:
    """Return an object with what its type has, and members that the walk reads together."""
    contents = info.contents if info.type_name == "Directory" else None
    if contents is not None:
        contents = tuple(sorted(contents, key=lambda entry: entry.hash))
    headers = info.optional_headers
    if isinstance(headers, tuple):
        headers = tuple(replaced(one, type=header_type(one.kind)) for one in headers)
    return replaced(
        info, contents=contents, device=info.device if info.name is not None else None, optional_headers=headers,
        PointerCount=None if info.HandleCount is None else info.PointerCount,
        Directory=None if info.name is None else Address(0) if info.Directory is None else info.Directory,
    )  # fmt: skip


def steps(wide: bool) -> Strategy:
    small = st.integers(0, 0xFF).map(Hex)
    given = {
        "header": places(wide), "TypeIndex": st.one_of(st.none(), ABSENT, small),
        "address_byte": small,
        "ObHeaderCookie": st.one_of(st.none(), ABSENT, small), "index": st.one_of(ABSENT, st.integers(0, 0xFF)),
        "entry": st.one_of(st.none(), places(wide), ABSENT), "type": st.one_of(ABSENT, places(wide)),
        "source": st.sampled_from(["symbols", "types found in pool, by their names"]),
    }  # fmt: skip
    return record_of(TypeSteps, wide, given).map(lambda found: _steps(found, wide))


def _steps(found: TypeSteps, wide: bool) -> Any:
    """Return steps as the walk makes them, with a TypeIndex and without."""
    if found.TypeIndex is not None:
        return replaced(found, address_byte=None if found.ObHeaderCookie is None else found.address_byte)
    entry = found.entry if isinstance(found.entry, int) else (Address if wide else Address32)(0x80001000)
    return TypeSteps(found.header, None, None, None, None, entry, found.type, OWN_POINTER)


# What of an object its text does not show, where: each with the reason, and when that is so.
NO_PLACE: dict[str, tuple[str, Callable[[ObjectInfo], bool]]] = {
    "new_version": ("nothing is printed of an old header", lambda info: info.new_version is not True),
    "DosDeviceDriveIndex": (
        "printed of a link that is a drive", lambda info: set_and_there(info.DosDeviceDriveIndex) is None,
    ),
    "optional_headers": ("nothing is printed where there are none", lambda info: info.optional_headers == ()),
    "steps.header": (
        "a header that points to the type stands in no step",
        lambda info: info.steps is not None and info.steps.TypeIndex is None,
    ),
}  # fmt: skip
# Of these the text says that there is none: the columns in which they would stand are there.
SAID_NONE = ("device", "steps.TypeIndex", "steps.ObHeaderCookie", "steps.index", "steps.entry")
NO_OBJECT = Absent("Not a valid object (ObjectType invalid)")


def object_as_read(info: Any) -> Any:
    """Return an object as its text says it: equal, but for what it has no place for.

    Of what was not asked for, or does not apply, there is no line. What is wrong with it stands at the foot.
    """
    hidden = [path for path, (_, is_so) in NO_PLACE.items() if is_so(info)]
    info = replaced(info, contents=info.contents or None, problems=())
    if isinstance(info.type_name, Absent):  # nothing but its address is printed, and that it is no object
        steps = as_read(info.steps, [path.removeprefix("steps.") for path in hidden])
        return of_text(ObjectInfo, address=info.address, type_name=NO_OBJECT, steps=steps)
    return as_read(info, hidden, none=SAID_NONE if info.name is not None else SAID_NONE[1:])


# Handles.


def tables(wide: bool, owned: bool = False) -> Strategy:
    """Return the handles of a table.

    :param owned: of a process, which stands above them
    """
    number = st.one_of(st.integers(0, 0xFFFFF).map(Hex), ABSENT)
    owner = {
        "address": places(wide), "SessionId": st.one_of(st.none(), COUNT), "UniqueProcessId": number,
        "InheritedFromUniqueProcessId": number, "DirectoryTableBase": st.one_of(numbers(wide), ABSENT),
        "ImageFileName": st.one_of(names(), ABSENT),
    }  # fmt: skip
    given = {
        "owner": record_of(Owner, wide, owner) if owned else st.none(), "table": st.one_of(ABSENT, table_of(wide)),
        "kind": st.sampled_from(["handle table", "kernel handle table", *([] if owned else ["PspCidTable"])]),
        "handle": st.none(), "handles": st.lists(handles(wide), max_size=4).map(tuple),
    }  # fmt: skip
    return st.one_of(record_of(Handles, wide, given), missing(wide, given))


def table_of(wide: bool) -> Strategy:
    return record_of(HandleTable, wide, {"address": places(wide), "HandleCount": COUNT})


def missing(wide: bool, given: Any) -> Strategy:
    """Return the answer where there is no such handle as was asked for."""
    asked = st.integers(1, 0xFFFFFF).map(Hex)
    nothing = {"handles": st.just(()), "handle": asked, "table": table_of(wide), "problems": st.just(())}
    found = record_of(Handles, wide, given | nothing)
    return found.map(lambda one: replaced(one, problems=(Problem(f"handle {one.handle:x}", "it is free"),)))


def handles(wide: bool) -> Strategy:
    info = objects(wide).map(lambda found: replaced(found, steps=None, problems=()))
    given = {
        "entry.handle": st.integers(0, 0xFFFFFF).map(Hex), "entry.entry": places(wide),
        "object": st.one_of(st.none(), info),
        "entry.object": st.one_of(st.none(), places(wide)), "entry.GrantedAccess": st.one_of(ABSENT, numbers(False)),
        "entry.Attributes": st.integers(0, 7), "entry.next_free": st.one_of(ABSENT, numbers(False)),
    }  # fmt: skip
    return record_of(Handle, wide, given).map(_handle)


def _handle(found: Handle) -> Any:
    if found.entry.object is None:  # a free entry
        return Handle(replaced(found.entry, GrantedAccess=None, Attributes=0))
    return replaced(found, entry=replaced(found.entry, next_free=None))


# What of a table its text has no place for.
TABLE_NO_PLACE = dict.fromkeys(
    ("TableCode", "levels", "NextHandleNeedingPool", "UniqueProcessId", "QuotaProcess", "entries_per_page"), NOT_PRINTED
)
HANDLES_NO_PLACE = {
    "owner": "it is the block above; PspCidTable has none",
    "handle": "the one asked for is in the command alone, but where there is no such handle",
    "table": "of one that is not there no line is printed",
    "problems": AT_FOOT,
}
# Of these an entry says that there is none: it is free, or in use.
SAID_NONE_OF_ENTRIES = ("GrantedAccess", "next_free")


def handles_as_read(found: Handles) -> Any:
    """Return the handles of a table as their text says them: equal, but for what it has no place for."""
    hidden = {*HANDLES_NO_PLACE, *(f"table.{name}" for name in TABLE_NO_PLACE)}
    hidden -= {"handle"} if found.handle and not found.handles else set()
    if not isinstance(found.table, Absent):
        hidden -= {"table", "owner"} if found.kind == "PspCidTable" else {"table"}
    whole = as_read(replaced(found, handles=(), problems=()), hidden, none=["owner"])
    kind = "" if isinstance(found.table, Absent) else found.kind
    return replaced(whole, kind=kind, handles=tuple(map(_handle_as_read, found.handles)))


def _handle_as_read(one: Handle) -> Handle:
    entry = as_read(one.entry, (), none=SAID_NONE_OF_ENTRIES)
    return Handle(entry, one.object and object_as_read(one.object))
