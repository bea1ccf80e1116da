"""Object types and the cookie: by symbols, by the kernel's code, by objects; and what is wrong is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import opened
from object_worlds import PROFILES, TYPES, machine

import dumpwalk
from dumpwalk.kernel.handle_table import process_by_id, thread_by_id
from dumpwalk.kernel.object_header import type_name, type_of
from dumpwalk.kernel.object_type_search import search
from dumpwalk.kernel.object_types import object_types
from dumpwalk.remarks import Absent
from dumpwalk.target import Target

SAMPLES = Path(__file__).parents[2] / "samples"
INDEXED = [profile for profile in PROFILES if not profile.startswith(("nt/xp", "nt/2003", "nt/vista"))]
OF_10 = [profile for profile in INDEXED if profile.startswith(("nt/win10", "nt/19", "nt/22"))]


def names(target: Target) -> dict[int, str | Absent]:
    types = object_types(target)
    return {index: types.name_at(index) for index, _ in types.all()}


@pytest.mark.parametrize("profile", INDEXED)
@pytest.mark.parametrize("exports", ["kernel-exports", ""])
def test_every_generation(profile: str, exports: str) -> None:
    target = machine(profile, exports)
    table = object_types(target).table
    has_symbols = profile[3].isdigit()

    assert table is not None
    assert names(target) == dict(enumerate(TYPES, 2))
    assert table.ObHeaderCookie == (0xB7 if profile in OF_10 else None)
    assert table.problems == ()
    assert isinstance(table.ObTypeIndexTable, Absent) == (not exports and not has_symbols)
    assert ("symbols" in table.source, "ObGetObjectType" in table.source) == (
        has_symbols,
        not has_symbols and bool(exports),
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_process_and_thread(profile: str) -> None:
    target = machine(profile)
    process, thread = process_by_id(target, 0x344), thread_by_id(target, 0x348)

    assert not isinstance(process, Absent)
    assert not isinstance(thread, Absent)
    assert type_name(target, process) == "Process"
    assert type_name(target, thread) == "Thread"


@pytest.mark.parametrize("profile", ["nt/19041.3570-x64", "nt/win10-10240-x86"])
def test_all_ways_agree(profile: str) -> None:
    target = machine(profile, "kernel-exports")
    found = search(target)
    table = object_types(target).table

    assert not isinstance(found, Absent)
    assert table is not None
    assert found.cookie == table.ObHeaderCookie == 0xB7
    assert {index: address for index, (address, _) in found.by_index.items()} == dict(object_types(target).all())


def test_symbols_and_code_agree() -> None:
    from dumpwalk.kernel.object_type_code import type_code

    target = machine("nt/19041.3570-x64", "kernel-exports")
    code = type_code(target)

    assert not isinstance(code, Absent)
    assert code.function == target.address_of("ObGetObjectType")
    assert code.table == target.address_of("ObTypeIndexTable")
    assert code.cookie == target.address_of("ObHeaderCookie")


@pytest.mark.parametrize("profile", ["nt/19041.3570-x64", "nt/win10-15063-x64"])
def test_a_wrong_cookie(profile: str) -> None:
    """The variable says something else than what the headers were mixed with: the headers are right."""
    target = machine(profile, "kernel-exports\nsymbol ObHeaderCookie 55 size 4")
    table = object_types(target).table
    process = target.dump.process

    assert table is not None
    assert table.ObHeaderCookie == 0xB7
    assert "the cookie from the header of the Process" in table.source
    assert "cookie 0x55" in table.problems[0].what
    assert not isinstance(process, Absent)
    assert type_name(target, process) == "Process"


def test_a_cookie_that_is_not_in_the_dump() -> None:
    """The page that holds it is gone, and the table with it: the objects in the pool know."""
    target = machine("nt/19041.3570-x64")
    page = int(target.address_of("ObHeaderCookie") or 0) & -0x1000
    gone = machine("nt/19041.3570-x64", f"pte {page:x} 0\npte {page + 0x1000:x} 0\npte {page - 0x1000:x} 0")
    table = object_types(gone).table

    assert table is not None
    assert table.ObHeaderCookie == 0xB7
    assert names(gone) == dict(enumerate(TYPES, 2))


def test_a_wrong_table() -> None:
    """Zeros where the table should be."""
    target = machine("nt/19041.3570-x64")
    place = target.address_of("ObTypeIndexTable")
    wiped = machine("nt/19041.3570-x64", f"block {place:x} zeros 90".replace("`", ""))
    table = object_types(wiped).table

    assert table is not None
    assert isinstance(table.ObTypeIndexTable, Absent)
    assert names(wiped) == dict(enumerate(TYPES, 2))


def header(target: Target, label: int, stored: int, cookie: int = 0xB7) -> str:
    """Return the statement that gives the object at *label* the type with the index *stored*."""
    at = label - 0x30
    return f"block {at + 0x18:x} bytes {stored ^ cookie ^ at >> 8 & 0xFF:02x}"


@pytest.mark.parametrize(
    ("index", "reason"),
    [(0, "no type has"), (1, "was deleted"), (0x40, "is empty"), (0xFF, "is empty"), (5, "whose Index is 0x9")],
)
def test_an_index_that_is_none(index: int, reason: str) -> None:
    target = machine("nt/19041.3570-x64")
    ready = next(a for i, a in object_types(target).all() if i == 9)
    place = int(target.address_of("ObTypeIndexTable") or 0)
    other = f"\nblock {place + 5 * 8:x} pointers {int(ready):x}" if index == 5 else ""
    event = 0xFFFFB80F45670040
    spec = f'object "" Event at {event:x}\n{header(target, event, index)}{other}'
    broken = machine("nt/19041.3570-x64", spec)
    found = type_of(broken, event)

    assert isinstance(found, Absent)
    assert reason in found.reason


def test_a_hole_in_the_table() -> None:
    """What comes behind an entry that is null, or leads nowhere, is a type all the same."""
    target = machine("nt/19041.3570-x64")
    place = int(target.address_of("ObTypeIndexTable") or 0)
    broken = machine("nt/19041.3570-x64", f"block {place + 9 * 8:x} pointers 0 ffff800000000000")
    found = dict(object_types(broken).all())

    assert [index for index, type in found.items() if isinstance(type, Absent)] == [9, 10]
    assert list(found) == list(range(2, 18))


def test_a_cookie_without_a_table() -> None:
    """A small dump that happens to hold the cookie: the first types are the same in every kernel."""
    target = machine("nt/19041.3570-x64")
    cookie = int(target.address_of("ObHeaderCookie") or 0)
    thread = 0xFFFFB80F45670080
    head = thread - 0x30
    raw = 8 ^ 0xB7 ^ head >> 8 & 0xFF
    text = f"dump triage x64\nprofile nt/19041.3570-x64\ncookie b7\nthread 4.8 at {thread:x} State=Running\n"
    text += f"block {cookie:x} bytes b7\nblock {head:x} pointers 1 0 0 {raw:x} 0 0\n"
    small = opened(text)
    table = object_types(small).table

    assert table is not None
    assert table.ObHeaderCookie == 0xB7
    assert isinstance(table.ObTypeIndexTable, Absent)
    assert type_name(small, thread) == "Thread"


def test_a_type_whose_name_is_none() -> None:
    target = machine("nt/19041.3570-x64")
    event = next(int(a) for i, a in object_types(target).all() if i == 9 and not isinstance(a, Absent))
    broken = machine("nt/19041.3570-x64", f"struct _OBJECT_TYPE at {event:x} Name.Length=2 Name.Buffer=7")
    found = object_types(broken).at(9)

    assert isinstance(found, Absent)
    assert "no object type" in found.reason


def test_vista_pointers_are_tried_too() -> None:
    target = machine("nt/vistasp2-x64")
    process = target.dump.process
    assert not isinstance(process, Absent)
    found = type_of(target, process + 0x40)

    assert isinstance(found, Absent)


def test_a_sample_without_symbols() -> None:
    """Windows 7 x86: its object types are found by their pool blocks, and no cookie is made up."""
    target = dumpwalk.open(str(SAMPLES / "file_mapping_x86.dmp"))
    table = object_types(target).table

    assert table is not None
    assert table.ObHeaderCookie is None
    assert "worked out from" in table.source
    assert type_name(target, 0x8750EF80) == "File"


def test_nothing_to_go_by() -> None:
    """A small dump without a header in it says so, once for all objects."""
    target = dumpwalk.open(str(SAMPLES / "apc_index_mismatch.dmp"))
    table = object_types(target).table

    assert table is not None
    assert isinstance(table.ObHeaderCookie, Absent)
    assert "no object that says so" in table.ObHeaderCookie.reason
    assert object_types(target) is object_types(target)


REAL = {
    "triage_x64": ("", 0xC2, {4: "SymbolicLink", 8: "Thread", 0x10: "Event", 0x2A: "Section"}),
    "triage_arm64": ("nt/22000.318-x64", 0x50, {2: "Type", 0x24: "Driver", 0x2E: "Session"}),
}


@pytest.mark.parametrize("name", REAL)
def test_real_small_dumps(name: str, real_dumps: Path) -> None:
    """Both were decoded by hand; neither holds the cookie, or the header of its process or thread."""
    import json

    types, cookie, known = REAL[name]
    target = dumpwalk.open(str(real_dumps / f"{name}.dmp"), types=types)
    table = object_types(target).table
    decoded = json.loads((real_dumps / "expected" / f"{name}.json").read_text("utf-8"))["object_headers"]

    assert table is not None
    assert table.ObHeaderCookie == cookie == int(decoded["ObHeaderCookie"], 16)
    assert {index: object_types(target).name_at(index) for index in known} == known
    for row in decoded["headers"]:
        found = type_name(target, int(row["body"], 16))
        if row["type"] in known.values():
            assert found == row["type"]


def test_a_deleted_object_in_a_real_dump(real_dumps: Path) -> None:
    import json

    target = dumpwalk.open(str(real_dumps / "triage_x64.dmp"))
    decoded = json.loads((real_dumps / "expected/triage_x64.json").read_text("utf-8"))["object_headers"]
    found = type_of(target, int(decoded["deleted_thread"]["header"], 16) + 0x30)

    assert isinstance(found, Absent)
    assert "was deleted" in found.reason


def test_real_dumps_of_8_1(real_dumps: Path) -> None:
    """Neither symbols nor code, but the headers of process and thread: plain indexes, no cookie."""
    target = dumpwalk.open(str(real_dumps / "win81/111317-52015-01.dmp"))
    process, thread = target.dump.process, target.dump.thread
    table = object_types(target).table

    assert table is not None
    assert table.ObHeaderCookie is None
    assert not isinstance(process, Absent)
    assert not isinstance(thread, Absent)
    assert (type_name(target, process), type_name(target, thread)) == ("Process", "Thread")
