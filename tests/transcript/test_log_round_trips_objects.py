"""What the commands about objects and handles print of any record is read back as that record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, Strategy, names, numbers, paths, places, record_of
from round_trips import AT_FOOT, NOT_PRINTED, Case, beside, each, replaced, run
from shown import Shown

from dumpwalk.commands import handle, object, objtypes
from dumpwalk.kernel.handle_listing import Handle, Handles
from dumpwalk.kernel.handle_table import HandleTable
from dumpwalk.kernel.object_directory import DirectoryEntry
from dumpwalk.kernel.object_record import ObjectInfo, TypeSteps
from dumpwalk.kernel.object_type_list import ObjectTypeList
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent

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
        "address": places(wide), "header": places(wide), "type_name": TYPES, "type": st.one_of(places(wide), ABSENT),
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


def object_as_printed(info: ObjectInfo) -> Any:
    """Return an object without what no line is printed of."""
    if info.HandleCount is None:
        info = replaced(info, PointerCount=None)
    if info.name is None:
        info = replaced(info, Directory=None)
    elif info.Directory is None:
        info = replaced(info, Directory=0)
    index = info.DosDeviceDriveIndex
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


OBJECT = Case(
    "!object X 3f", "object", lambda wide: objects(wide).map(lambda info: object.ObjectAnswer((info,))), object.layout,
    Shown(
        hidden=object_shown(""), forms={"new_version": lambda new: new or None},
        beside={"steps": "as they are printed"},
    ),
    of=lambda answer: object_as_printed(answer.objects[0]),
    found=lambda found: object_view(found.objects[0]) | {"remarks": found.remarks},
    same=lambda found, answer: said_of_steps(found.objects[0], answer.objects[0]),
)  # fmt: skip


# Handles.


def tables(wide: bool) -> Strategy:
    given = {
        "owner": st.none(), "kind": st.sampled_from(["handle table", "kernel handle table", "PspCidTable"]),
        "table": record_of(HandleTable, wide, {"address": places(wide), "HandleCount": COUNT}),
        "handle": st.none(), "handles": st.lists(handles(wide), max_size=4).map(tuple),
    }  # fmt: skip
    return record_of(Handles, wide, given).map(lambda found: handle.HandleAnswer("", (found,)))


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


def handles_as_printed(answer: handle.HandleAnswer) -> Any:
    found = answer.tables[0]
    own = tuple(replaced(h, object=h.object and object_as_printed(h.object)) for h in found.handles)
    return replaced(found, handles=own, table=None if isinstance(found.table, Absent) else found.table)


def handles_view(found: Any) -> dict[str, Any]:
    kinds = {"Handle table": "handle table", "Kernel handle table": "kernel handle table"}
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
    return {"kind": kinds.get(found.table, found.table), "table": table, "handles": out, "remarks": found.remarks}


HANDLE = Case(
    "!handle 0 3", "handle", tables, handle.layout,
    Shown(
        hidden={
            **{f"table.{name}": NOT_PRINTED for name in (
                "TableCode", "levels", "NextHandleNeedingPool", "UniqueProcessId", "QuotaProcess", "entries_per_page")},
            "problems": AT_FOOT, "kind": "only where there is a table", **object_shown("handles[].object."),
        },
        forms={"handles[].object.new_version": lambda new: new or None},
        beside={"kind": "compared below"},
    ),
    of=handles_as_printed, found=handles_view, least=0,
    same=lambda found, answer: (
        found.table.replace("H", "h").replace("K", "k") if found.table != "PspCidTable" else found.table,
        "" if isinstance(answer.tables[0].table, Absent) else answer.tables[0].kind,
    ),
)  # fmt: skip


# The types of objects: all of the record is printed.


def type_lists(wide: bool) -> Strategy:
    count = st.one_of(ABSENT, st.integers(0, 1 << 32))
    given = {
        "table.ObHeaderCookie": st.one_of(st.none(), ABSENT, st.integers(0, 0xFF).map(Hex)),
        "table.problems": st.just(()),
        "table.source": st.sampled_from(["symbols", "types found in pool, by their names"]),
        "types[].index": st.one_of(ABSENT, st.integers(0, 0xFF)), "types[].address": st.one_of(ABSENT, places(wide)),
        "types[].Name": st.one_of(ABSENT, names(), st.just("")), "types[].Key": st.one_of(ABSENT, KEYS),
        **{f"types[].{name}": count for name in (
            "TotalNumberOfObjects", "TotalNumberOfHandles", "HighWaterNumberOfObjects", "HighWaterNumberOfHandles")},
    }  # fmt: skip
    return record_of(ObjectTypeList, wide, given)


KEYS = st.one_of(
    # Blanks behind a character that is printed as an escape are cut, as those at the ends of any name.
    st.text(st.characters(max_codepoint=0xFF), min_size=4, max_size=4).filter(
        lambda key: key.isprintable() or key == key.strip(" ")
    ),
    st.sampled_from(["Key ", "    ", " a 1", "1234"]),
)
OBJTYPES = Case(
    "objtypes", "object-types", type_lists, objtypes.layout,
    Shown(hidden={"problems": AT_FOOT, "table.problems": AT_FOOT}), found=beside("list"), least=0,
)  # fmt: skip

CASES = [OBJECT, HANDLE, OBJTYPES]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
