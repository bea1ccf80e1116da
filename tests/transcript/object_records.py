"""Objects and handles as ``object`` and ``handle`` print them: records of any kind, and what is read of their text."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, replaced
from shown import Shown

from dumpwalk.kernel.handle_listing import Handle, Handles, Owner
from dumpwalk.kernel.handle_table import HandleTable
from dumpwalk.kernel.object_directory import DirectoryEntry
from dumpwalk.kernel.object_record import ObjectInfo, TypeSteps
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent, Problem

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
    """Return an object with what its type has: a directory what is in it, a symbolic link a target."""
    contents = info.contents if info.type_name == "Directory" else None
    if contents is not None:
        contents = tuple(sorted(contents, key=lambda entry: entry.hash))
    return replaced(info, contents=contents, device=info.device if info.name is not None else None)


def steps(wide: bool) -> Strategy:
    small = st.integers(0, 0xFF).map(Hex)
    given = {
        "header": places(wide), "TypeIndex": st.one_of(st.none(), ABSENT, small),
        "address_byte": st.one_of(st.none(), small),
        "ObHeaderCookie": st.one_of(ABSENT, small), "index": st.one_of(ABSENT, st.integers(0, 0xFF)),
        "entry": st.one_of(st.none(), places(wide)), "type": st.one_of(ABSENT, places(wide)),
        "source": st.sampled_from(["symbols", "types found in pool, by their names"]),
    }  # fmt: skip
    return record_of(TypeSteps, wide, given)


def object_as_printed(info: Any) -> Any:
    """Return an object without what no line is printed of."""
    if info.HandleCount is None:
        info = replaced(info, PointerCount=None)
    if info.name is None:
        info = replaced(info, Directory=None)
    elif info.Directory is None:
        info = replaced(info, Directory=0)
    index = info.DosDeviceDriveIndex
    if isinstance(info.type_name, Absent):  # nothing but its address is printed, and that it is no object
        return ObjectInfo(info.address, None, None, "", None, steps=info.steps)  # type: ignore[arg-type]
    return replaced(info, DosDeviceDriveIndex=None if isinstance(index, Absent) else index or None)


def object_view(found: Any) -> dict[str, Any]:
    out = {name: getattr(found, name) for name in found._fields_}
    headers = found.optional_headers
    if not isinstance(headers, Absent):
        out["optional_headers"] = tuple({"kind": kind, "address": at} for kind, at in headers)
    return out


def object_shown(path: str) -> dict[str, str]:
    return {
        f"{path}problems": AT_FOOT, f"{path}optional_headers[].type": NOT_PRINTED,
        f"{path}steps": "lines that are kept as printed",
    }  # fmt: skip


def said_of_steps(found: Any, info: ObjectInfo) -> tuple[Any, Any]:
    """Return the lines that tell how the type was found, read and printed."""
    from dumpwalk.render.object import _steps

    return found.steps, tuple(line.strip() for line in _steps(info.steps))


# What is read besides: how the type was found as it is printed, and why something is no object.
OBJECT_BESIDE = {"steps": "as they are printed", "failure": "that it is no object"}

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
        "entry.object": st.one_of(st.none(), places(wide)), "entry.GrantedAccess": st.one_of(st.none(), numbers(False)),
        "entry.Attributes": st.integers(0, 7), "entry.next_free": st.one_of(st.none(), numbers(False)),
    }  # fmt: skip
    return record_of(Handle, wide, given).map(_handle)


def _handle(found: Handle) -> Any:
    if found.entry.object is None:  # a free entry
        return Handle(replaced(found.entry, GrantedAccess=None, Attributes=0))
    return replaced(found, entry=replaced(found.entry, next_free=None))


ATTRIBUTES = ("Protected", "Inherit", "Audit")


def handles_as_printed(found: Any) -> Any:
    own = tuple(replaced(h, object=h.object and object_as_printed(h.object)) for h in found.handles)
    invalid = bool(found.handle) and not found.handles
    return replaced(
        found, owner=None, handles=own, table=None if isinstance(found.table, Absent) else found.table,
        handle=found.handle if invalid else None, kind=None if isinstance(found.table, Absent) else found.kind,
    )  # fmt: skip


def handles_view(found: Any) -> dict[str, Any]:
    kinds = {"Handle table": "handle table", "Kernel handle table": "kernel handle table"}
    invalid = next((text for text in found.remarks if text.startswith("Invalid Handle: 0x")), "")
    out = tuple(
        {
            "entry": {
                **{name: getattr(h, name) for name in ("handle", "entry", "object", "GrantedAccess", "next_free")},
                "Attributes": sum(1 << ATTRIBUTES.index(word) for word in h.attributes),
            },
            "object": h.info and object_view(h.info),
        }
        for h in found.handles
    )
    table = {"address": found.address, "HandleCount": found.entries} if found.address is not None else None
    return {
        "kind": kinds.get(found.table, found.table) or None, "table": table, "handles": out, "remarks": found.remarks,
        "handle": int(invalid.rpartition("0x")[2], 16) if invalid else None,
    }  # fmt: skip


HANDLES_SHOWN = Shown(
    hidden={
        **{f"table.{name}": NOT_PRINTED for name in (
            "TableCode", "levels", "NextHandleNeedingPool", "UniqueProcessId", "QuotaProcess", "entries_per_page")},
        "problems": AT_FOOT, **object_shown("handles[].object."),
    },
    forms={"handles[].object.new_version": lambda new: new or None},
    beside={f"handles[].object.{name}": why for name, why in OBJECT_BESIDE.items()},
)  # fmt: skip
