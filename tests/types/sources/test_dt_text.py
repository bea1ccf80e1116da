"""Pasted ``dt`` listings: rows, what nests, the types they show, and nothing that upsets the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.objects import space_of
from dumpwalk.remarks import Absent
from dumpwalk.render.dt import Options, Selected, lines, listing
from dumpwalk.types.model import BASES, Array, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.sources import dt_text
from dumpwalk.types.sources.dt_command import command_target
from dumpwalk.types.sources.dt_text import DtListing, DtRow, database, parse
from dumpwalk.types.store import Store


def only(text: str) -> DtListing:
    pasted = parse(text)
    assert len(pasted.listings) == 1, pasted
    assert not pasted.ignored
    return pasted.listings[0]


def row(text: str) -> DtRow:
    return only(f"   +0x000 Field            : {text}").rows[0]


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("Uint4B", "Uint4B"),
        ("Ptr64 _KPROCESS", "Ptr64 _KPROCESS"),
        ("Ptr64 Ptr64 Void", "Ptr64 Ptr64 Void"),
        ("Ptr32     void ", "Ptr32     void"),
        ("[28] Ptr64     long ", "[28] Ptr64     long"),
        ("[4] [2] Uint8B", "[4] [2] Uint8B"),
        ("Pos 11, 5 Bits", "Pos 11, 5 Bits"),
        ("Bitfield Pos 0, 1 Bit", "Pos 0, 1 Bit"),
        ("<unnamed-tag>", "<unnamed-tag>"),
        ("<anonymous-tag>", "<anonymous-tag>"),
        ("struct _KEVENT, 1 elements, 0x10 bytes", "_KEVENT"),
        ("Ptr64 to struct _PEB_LDR_DATA, 9 elements, 0x58 bytes", "Ptr64 _PEB_LDR_DATA"),
        ("Acx::AfxManager", "Acx::AfxManager"),
        ("wistd::map<int,std::pair<int, int> >", "wistd::map<int,std::pair<int, int> >"),
    ],
)
def test_a_row_of_types(text: str, type: str) -> None:
    read = row(text)

    assert (read.type.strip(), read.value) == (type, None)


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("0n-6", "", -6),
        ("0x80", "", 0x80),
        ("9", "", 9),
        ("0x01da3683`bf03ee04", "", 0x01DA3683BF03EE04),
        ("0xfffffa80'053cf628 _KTHREAD", "Ptr _KTHREAD", 0xFFFFFA80053CF628),
        ("0 ''", "", 0),
        ("0x37 '7'", "", 0x37),
        ("0x1 '", "", 1),
        ("-8 ''", "", -8),
        ("0y101", "", 5),
        ("0y11010000 (0xd0)", "", 0xD0),
        ("5 ( PNP_DRIVER_ENTRY_WATCHDOG )", "", 5),
        ("0x33 (No matching name)", "", 0x33),
        ("(null) ", "", 0),
        ("0x863c1758 _CONTROL_AREA", "Ptr _CONTROL_AREA", 0x863C1758),
        ("0x00000000`00000007 Void", "Ptr Void", 7),
        ('0x8ba06838  "Event"', "", 0x8BA06838),
        ("0x82d45468  -> 0", "", 0x82D45468),
        ("0xfffff802`1134bb10     long  nt!IopInvalidDeviceRequest+0", "Ptr     long", 0xFFFFF8021134BB10),
        ("_LIST_ENTRY [ 0x8750eff4 - 0x0 ]", "_LIST_ENTRY", (0x8750EFF4, 0)),
        ("0xfffff800`01c78bd0 _LIST_ENTRY [ 0x1 - 0x2 ]", "Ptr _LIST_ENTRY", 0xFFFFF80001C78BD0),
        (r'_UNICODE_STRING "\Driver\a "quoted" name"', "_UNICODE_STRING", r'\Driver\a "quoted" name'),
        ("_LARGE_INTEGER 0xffffe86d`079b8000", "_LARGE_INTEGER", 0xFFFFE86D079B8000),
        ("_GUID {d58c126f-b309-11d1-969e-0000f875a5bc}", "_GUID", "{d58c126f-b309-11d1-969e-0000f875a5bc}"),
        ('[15]  "System"', "", "System"),
        ("[6] 0x1", "", 1),
        ("[2] (null) ", "", 0),
        ("????", "", Absent("unreadable")),
        ("???? (8750ef80: not in the dump)", "", Absent("8750ef80: not in the dump")),
    ],
)
def test_a_row_of_values(text: str, type: str, value: Any) -> None:
    read = row(text)

    assert (read.type.strip(), read.value, read.text) == (type, value, text)


@pytest.mark.parametrize(
    "remark",
    [
        " // NonPagedPool",
        " <--- Set the Flag",
        " <=========== & 0xf",
        " -> this one",
        "   [ !ndao dps dc ]",
        " (12/24/2023)",
    ],
)
def test_what_somebody_wrote_behind_a_value_is_left_out(remark: str) -> None:
    assert row(f"0x863c1758 Void{remark}").text == "0x863c1758 Void"


def test_pages_and_mails_change_lines() -> None:
    plain = (
        "0: kd> dt nt!_X\r\n   +0x000 u                : <unnamed-tag>\r\n      +0x000 Long             : Uint4B\r\n"
    )
    changed = [
        plain.replace("   ", " \xa0 "),
        plain.replace("<", "&lt;").replace(">", "&gt;"),
        plain.replace(" ", "&nbsp;"),
        "".join(f"// {line}\n" for line in plain.splitlines()),
        "".join(f"> {line}\n" for line in plain.splitlines()),
        "".join(f"        {line}\n" for line in plain.splitlines()),
        plain.replace("   +", "\t+").replace("   \t", "\t\t"),
    ]

    assert [only(text) for text in changed] == [only(plain)] * len(changed)
    assert [(r.depth, r.name) for r in only(plain).rows] == [(0, "u"), (1, "Long")]


def test_a_cut_line_is_set_aside_and_the_rest_is_read() -> None:
    pasted = parse("kd> dt nt!_X 1000\n   +0x000 A : 1\n   +0x004 Bcd\nsome words: 5\n   +0x008 C : 2\n")

    assert [r.name for r in pasted.listings[0].rows] == ["A", "C"]
    assert pasted.ignored == ("   +0x004 Bcd", "some words: 5")


def test_elements_statics_and_names() -> None:
    text = """kd> dt nt!_ERESOURCE -b 0x8154f040
   =fffff803`8a478ad8 s_Instance     : 0xffffb609`3c3896b0 Void
   +0x018 OwnerThreads     :
    [00]
      +0x000 OwnerThread      : 0
    [01]
      +0x000 OwnerThread      : 0x8167f563
   +0x028 ContentionCount  : 0
kd> dt nt!_OBJECT_HEADER_*
          nt!_OBJECT_HEADER_QUOTA_INFO
          nt!_OBJECT_HEADER_NAME_INFO
"""
    resource, names = parse(text).listings

    assert [(r.kind, r.depth, r.name) for r in resource.rows] == [
        ("static", 0, "s_Instance"),
        ("field", 0, "OwnerThreads"),
        ("element", 0, "[00]"),
        ("field", 1, "OwnerThread"),
        ("element", 0, "[01]"),
        ("field", 1, "OwnerThread"),
        ("field", 0, "ContentionCount"),
    ]
    assert (resource.type, resource.module, resource.address) == ("_ERESOURCE", "nt", 0x8154F040)
    assert names.names == ("nt!_OBJECT_HEADER_QUOTA_INFO", "nt!_OBJECT_HEADER_NAME_INFO")


def test_each_block_of_a_list_or_an_array_is_a_listing() -> None:
    text = """ActiveProcessLinks.Flink at 0x814856f0
---------------------------------------------
UniqueProcessId : 0x00000008 Void
ImageFileName : [16]  "System"

ActiveProcessLinks.Flink at 0x8138a030
---------------------------------------------
UniqueProcessId : 0x00000084 Void
ImageFileName : [16]  "smss.exe"
"""
    first, second = parse(text).listings

    assert (first.address, second.address) == (0x814856F0, 0x8138A030)
    assert [(r.name, r.offset, r.value) for r in second.rows] == [
        ("UniqueProcessId", None, 0x84),
        ("ImageFileName", None, "smss.exe"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dt nt!_SUBSECTION 0x863c1758+0x50", ("_SUBSECTION", "nt", Address(0x863C17A8))),
        ("dt nt!_OBJECT_HEADER 8628afc0 + 8 + 10", ("_OBJECT_HEADER", "nt", Address(0x8628AFD8))),
        ("dt nt!_OBJECT_HEADER ffffc509bf28b080-30", ("_OBJECT_HEADER", "nt", Address(0xFFFFC509BF28B050))),
        (
            "dt _IMAGE_FILE_HEADER (fffff800`15e50000 + 0xd8 + 0x4)",
            ("_IMAGE_FILE_HEADER", "", Address(0xFFFFF80015E500DC)),
        ),
        ("dt_IO_STACK_LOCATION 0xfffffa804d01e230", ("_IO_STACK_LOCATION", "", Address(0xFFFFFA804D01E230))),
        ("!mex.ddt -a6 ffff910142868040+0x6a0 nt!_KLOCK_ENTRY", ("_KLOCK_ENTRY", "nt", Address(0xFFFF9101428686E0))),
        ("dt nt!_irp @esi -r", ("_irp", "nt", None)),
        ("dt nt!_KPRCB CurrentThread ffffb90110b74180 // idle", ("_KPRCB", "nt", Address(0xFFFFB90110B74180))),
        ("dt nt!_EPROCESS -l ActiveProcessLinks.Flink -y Ima 814856f0", ("_EPROCESS", "nt", Address(0x814856F0))),
        ("dd 814856f0", ("", "", None)),
    ],
)
def test_what_a_command_line_asks_for(words: str, expected: tuple[str, str, Address | None]) -> None:
    assert command_target(words) == expected


def fields(text: str, name: str) -> dict[str, tuple[int, object, str]]:
    found = database(text).find(name)
    assert isinstance(found, Struct)
    return {f.name: (f.offset, f.bits or f.type, f.guessed) for f in found.fields}


def test_a_listing_of_types_is_knowledge() -> None:
    text = """0: kd> dt -v nt!_X
struct _X, 5 elements, 0x28 bytes
   +0x000 Next             : Ptr64 _X
   +0x008 Flags            : Pos 0, 4 Bits
   +0x008 Rest             : Pos 4, 28 Bits
   +0x010 Routine          : Ptr64     unsigned char 
   +0x018 Links            : [2] _LIST_ENTRY
"""  # noqa: W291
    types = database(text)
    known = fields(text, "_X")

    assert known["Next"] == (0, Pointer(Reference("struct", "_X"), 8), "")
    assert known["Rest"] == (8, (4, 28), "type")  # whether of a Uint4B or a Uint8B is not said
    assert known["Routine"] == (0x10, Pointer(Function(BASES["UChar"]), 8), "")
    assert known["Links"] == (0x18, Array(Reference("struct", "_LIST_ENTRY"), 2), "")
    assert (types.find("_X").size, types.source("_X")) == (0x28, "a dt listing")  # type: ignore[union-attr]
    assert list(types.names()) == ["_X"]


def test_what_a_listing_of_values_does_not_say_is_guessed() -> None:
    text = """kd> dt nt!_X 8000
   +0x000 Type             : 0n5
   +0x002 Size             : 0n128
   +0x004 Device           : 0x879c9030 _DEVICE_OBJECT
   +0x008 Vpb              : (null) 
   +0x00c Pending          : 0 ''
   +0x00d Read             : 0x1 ''
   +0x010 Offset           : _LARGE_INTEGER 0x11000
   +0x018 Locked           : 0y1
   +0x018 Count            : 0y0000110 (0x6)
   +0x01c Kind             : 1 ( SynchronizationEvent )
   +0x020 Name             : [15]  "System"
"""  # noqa: W291
    known = fields(text, "_X")
    types = database(text)

    assert types.pointer_size == 4
    assert known["Type"] == (0, BASES["Int2B"], "type")
    assert known["Device"] == (4, Pointer(Reference("struct", "_DEVICE_OBJECT"), 4), "")
    assert known["Vpb"] == (8, Pointer(BASES["Void"], 4), "type")
    assert known["Pending"] == (0xC, BASES["UChar"], "sign")
    assert known["Read"] == (0xD, BASES["UChar"], "")
    assert known["Count"] == (0x18, (1, 7), "type")
    assert known["Kind"] == (0x1C, Enum("", 4, (("SynchronizationEvent", 1),)), "type")
    assert known["Name"] == (0x20, Array(BASES["UChar"], 15), "sign") or known["Name"][2] == "type"
    assert types.source("_X") == "a dt listing; its size is a guess"
    assert types.source("_LARGE_INTEGER") == "ntdef.h"


def test_what_is_nested_gets_its_own_type() -> None:
    text = """kd> dt -r nt!_OUTER
   +0x000 u                : <unnamed-tag>
      +0x000 Long             : Uint8B
      +0x000 Pointer          : Ptr64 Void
   +0x008 Inner            : _INNER
      +0x000 A                : Uint4B
      +0x004 B                : Int4B
   +0x010 Last             : Uint2B
"""
    types = database(text)
    outer, inner = types.find("_OUTER"), types.find("_INNER")

    assert isinstance(outer, Struct)
    assert isinstance(inner, Struct)
    unnamed = outer.fields[0].type
    assert isinstance(unnamed, Struct)
    assert (unnamed.kind, unnamed.size, [f.name for f in unnamed.fields]) == ("union", 8, ["Long", "Pointer"])
    assert (inner.size, [f.name for f in inner.fields]) == (8, ["A", "B"])
    assert outer.size == 0x18


def test_an_enumeration() -> None:
    text = "0: kd> dt nt!_EVENT_TYPE\n   NotificationEvent = 0n0\n   SynchronizationEvent = 0n1\n"

    assert database(text).find("_EVENT_TYPE") == Enum(
        "_EVENT_TYPE", 4, (("NotificationEvent", 0), ("SynchronizationEvent", 1))
    )


def test_the_better_of_two_listings_is_kept() -> None:
    values = "kd> dt nt!_X 1000\n   +0x000 A : 1\n   +0x004 B : 2\n   +0x008 C : 3\n"
    types = "kd> dt nt!_X\n   +0x000 A : Uint4B\n   +0x004 B : Uint4B\n"

    assert [f.guessed for f in database(values + types).find("_X").fields] == ["", ""]  # type: ignore[union-attr]
    assert database(values + types).find("_X") == database(types + values).find("_X")


def in_dt(text: str, name: str) -> list[str]:
    """Return the type *name* of the listing *text*, listed again."""
    types = database(text)
    type = types.find(name)
    assert type is not None
    nested = any(r.depth for one in parse(text).listings for r in one.rows)
    options = Options(fields=(Selected(("", ""), words="."),)) if nested else Options()
    return list(lines(listing(space_of(SegmentedMemory([]), types), type, None, options)))


# Lines of the logs in dt/ that are no row of a listing, by the words they begin with.
NO_ROWS = {
    "// ": "an author's remark",
    "*** Fatal System Error": "the debugger, breaking in",
    "HEADER*)": "the second line of a command that a book wrapped",
    "SLIST ": "!slist",
    "002": "!slist: the address of an entry",
}


@pytest.mark.real
def test_every_line_of_every_log_is_understood(real_data: Path) -> None:
    logs = sorted((real_data / "logs" / "dt").glob("*.txt"))
    rows = 0
    unexplained = []
    for log in logs:
        pasted = parse(log.read_text("utf-8", "replace"))
        rows += sum(len(one.rows) for one in pasted.listings)
        unexplained += [line for line in pasted.ignored if not line.strip().startswith(tuple(NO_ROWS))]
        assert any(one.rows or one.names for one in pasted.listings), log.name

    assert unexplained == []
    assert (len(logs), rows) >= (119, 2800)


# Type-only listings that a debugger printed otherwise.
OTHERWISE = {
    "_KOBJECTS": "a book's, of an older debugger: the members' values have no 0n",
}


@pytest.mark.real
def test_a_listing_of_types_comes_out_as_it_went_in(real_data: Path) -> None:
    same, other = 0, []
    for log in sorted((real_data / "logs" / "dt").glob("*.txt")):
        for one in parse(log.read_text("utf-8", "replace")).listings:
            if not one.type or not one.rows or any(r.value is not None for r in one.rows if r.kind == "field"):
                continue
            want = [line.rstrip() for line in lines(one.__replace__(heading=(), width=16))]  # type: ignore[attr-defined]
            text = "\n".join([f"kd> dt nt!{one.type}", *want])
            if [line.rstrip() for line in in_dt(text, one.type)] == want:
                same += 1
            else:
                other.append(one.type)

    assert other == list(OTHERWISE)
    assert same >= 25


@pytest.mark.real
def test_the_rows_are_printed_as_they_were(real_data: Path) -> None:
    """The columns are WinDbg's, and nothing between the colon and an author's remark is lost."""
    for log in sorted((real_data / "logs" / "dt").glob("*.txt")):
        text = log.read_text("utf-8", "replace").replace("\xa0", " ")
        originals = {" ".join(line.split()) for line in text.splitlines()}
        for one in parse(text).listings:
            for r, line in zip(one.rows, lines(one.__replace__(heading=()))):  # type: ignore[attr-defined]
                if r.offset is not None:
                    found = " ".join(line.split())
                    assert any(original.startswith(found) for original in originals), (log.name, line)


@pytest.mark.parametrize("profile", ["win7-x86-pae", pytest.param("nt/22000.2538-x64", marks=pytest.mark.slow)])
def test_every_type_that_ships_comes_out_of_its_own_listing(profile: str) -> None:
    types = Store.shipped().open(profile)
    space = space_of(SegmentedMemory([]), types)
    different = []
    for name in types.names():
        type = types.find(name)
        assert type is not None
        text = list(lines(listing(space, type, None, Options())))
        if text and in_dt("\n".join([f"kd> dt -n nt!{name}", *text]), name) != text:
            different.append(name)

    assert different == []


LISTED = """0: kd> dt nt!_X 8750ef80
struct _X, 3 elements, 0x10 bytes
   +0x000 Type             : 0n5
   +0x008 u                : <unnamed-tag>
      +0x000 Long             : 0x12
    [00] _LIST_ENTRY [ 0x0 - 0x0 ]
      +0x000 Bits             : 0y101 (0x5)
ActiveProcessLinks.Flink at 0x814856f0
   A = 0n5
"""


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    parse(text)
    database(text)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_listing_is_read(data: st.DataObject) -> None:
    text = LISTED
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 8))
        text = text[:at] + data.draw(st.text("+0x[]:\n (){}\"'9fBit", max_size=6)) + text[at + cut :]
    types = database(text)

    for name in types.names():
        type = types.find(name)
        assert type is not None
        assert type.size >= 0


@pytest.mark.parametrize(
    "text",
    [
        "   +0x000 A : " + "[9] " * 5000 + "Uint4B",
        "   +0x000 A : " + "Ptr64 " * 900 + "Void",
        "   +0x000 A : " + "x" * 100_000,
        "\n".join(" " * n + "+0x0 A : _A" for n in range(500)),
        "kd> dt " + "(" * 50_000,
        "kd> dt nt!_X\n   +0x000 A : [4000000000] [4000000000] Uint8B",
        "kd> dt nt!_X\n   +0xffffffffffffffffffff A : 0y" + "1" * 3000,
        "kd> dt nt!_X\n   +0x000 Self : _X\n      +0x000 Self : _X",
    ],
)
def test_hostile_text_is_bounded(text: str) -> None:
    types = database(text)

    assert all(types.find(n) is not None for n in types.names())


def test_the_parser_is_made_once() -> None:
    parse(LISTED)
    first = dt_text._parser()

    assert dt_text._parser() is first
