"""``dt``: values of every kind, options, fields, arrays and lists, in WinDbg's columns."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.commands.dt import request_of, show
from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.dt import DtAnswer, layout
from dumpwalk.render.dt_values import bits_text, character, hexadecimal, number
from dumpwalk.types.model import BASES, VOID, Array, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.sources.dt_text import parse, read

AT, NAME, SECOND, HEAD = 0xFFFFC509_00001000, 0xFFFFC509_00002000, 0xFFFFC509_00003000, 0xFFFFC509_00004000
LINKS = Reference("struct", "_LIST_ENTRY")
KIND = Enum("_KIND", 4, (("NonPagedPool", 0), ("PagedPool", 1)))


class Types:
    """A database of a few types."""

    def __init__(self, *types: Struct | Enum, name: str = "nt/19041-x64", pointer_size: int = 8) -> None:
        self.name = name
        self.pointer_size = pointer_size
        self._types = {t.name: t for t in types}

    def find(self, name: str) -> Struct | Enum | None:
        return self._types.get(name)

    def names(self) -> list[str]:
        return sorted(self._types)

    def source(self, name: str) -> str:
        return "the test"


def pointer(name: str) -> Pointer:
    return Pointer(Reference("struct", name), 8)


NUMBERS = (Field("LowPart", 0, BASES["Uint4B"]), Field("HighPart", 4, BASES["Int4B"]))
LARGE = Struct("_LARGE_INTEGER", "union", 8, (*NUMBERS, Field("QuadPart", 0, BASES["Int8B"])))
ENTRY = Struct(
    "_LIST_ENTRY", "struct", 16, (Field("Flink", 0, pointer("_LIST_ENTRY")), Field("Blink", 8, pointer("_LIST_ENTRY")))
)
STRING = Struct(
    "_UNICODE_STRING",
    "struct",
    16,
    (
        Field("Length", 0, BASES["Uint2B"]),
        Field("MaximumLength", 2, BASES["Uint2B"]),
        Field("Buffer", 8, Pointer(BASES["Wchar"], 8)),
    ),
)
GUID = Struct("_GUID", "struct", 16, (Field("Data1", 0, BASES["Uint4B"]),))
PAIR = Struct("_PAIR", "struct", 8, (Field("First", 0, BASES["Uint4B"]), Field("Second", 4, BASES["Uint4B"])))
FLAGS = Struct(
    "",
    "union",
    4,
    (
        Field("Long", 0, BASES["Uint4B"]),
        Field("Five", 0, BASES["Uint4B"], (3, 5)),
        Field("One", 0, BASES["Uint4B"], (0, 1)),
    ),
)
ALL: tuple[tuple[str, Any, bytes], ...] = (
    ("Signed", BASES["Int4B"], struct.pack("<i", -6)),
    ("Small", BASES["Uint4B"], struct.pack("<I", 9)),
    ("Large", BASES["Uint8B"], struct.pack("<Q", 0x01DA3683BF03EE04)),
    ("Byte", BASES["UChar"], b"7"),
    ("Letter", BASES["Char"], b"\xf8"),
    ("Wide", BASES["Wchar"], b"A\0"),
    ("Kind", Reference("enum", "_KIND"), struct.pack("<i", 1)),
    ("Stray", Reference("enum", "_KIND"), struct.pack("<i", 77)),
    ("Null", pointer("_PAIR"), bytes(8)),
    ("Pair", pointer("_PAIR"), struct.pack("<Q", SECOND)),
    ("Any", Pointer(VOID, 8), struct.pack("<Q", 7)),
    ("Count", Pointer(BASES["Uint4B"], 8), struct.pack("<Q", SECOND)),
    ("Deep", Pointer(Pointer(VOID, 8), 8), struct.pack("<Q", AT)),
    ("Text", Pointer(BASES["Wchar"], 8), struct.pack("<Q", NAME)),
    ("Routine", Pointer(Function(BASES["Int4B"]), 8), struct.pack("<Q", 0xFFFFF8023FBC1480)),
    ("Other", Reference("struct", "_NOT_LISTED"), bytes(8)),
    ("Links", LINKS, struct.pack("<2Q", HEAD, 0)),
    ("ToLinks", pointer("_LIST_ENTRY"), struct.pack("<Q", HEAD)),
    ("Name", Reference("struct", "_UNICODE_STRING"), struct.pack("<2H4xQ", 10, 12, NAME)),
    ("Lost", Reference("struct", "_UNICODE_STRING"), struct.pack("<2H4xQ", 10, 12, 0x1234)),
    ("Time", Reference("union", "_LARGE_INTEGER"), struct.pack("<q", 0x11000)),
    ("Guid", Reference("struct", "_GUID"), bytes(range(16))),
    ("Image", Array(BASES["UChar"], 15), b"System".ljust(15, b"\0")),
    ("Bytes", Array(BASES["UChar"], 4), b"\xaa\x0a\xcc\0"),
    ("Shorts", Array(BASES["Uint2B"], 3), struct.pack("<3H", 0, 16, 2)),
    ("Pairs", Array(Reference("struct", "_PAIR"), 2), struct.pack("<4I", 1, 2, 3, 4)),
    ("Pointers", Array(pointer("_PAIR"), 2), bytes(16)),
    ("u", FLAGS, struct.pack("<I", 0x29)),
    ("Ratio", BASES["Double"], struct.pack("<d", 0.5)),
    ("Last", BASES["Uint4B"], struct.pack("<I", 0x12)),
)


def _laid() -> tuple[tuple[Field, ...], bytes]:
    fields, data = [], b""
    for name, type, value in ALL:
        data += bytes(-len(data) % 8)
        fields.append(Field(name, len(data), type))
        data += value
    return tuple(fields), data


FIELDS, DATA = _laid()
TYPES = Types(Struct("_ALL", "struct", len(DATA), FIELDS), LARGE, ENTRY, STRING, GUID, PAIR, KIND)
HELD = {
    AT: DATA,
    NAME: "Hello\0".encode("utf-16-le"),
    SECOND: struct.pack("<2I", 0x80, 6),
    HEAD: struct.pack("<2Q", AT, AT),
}


def memory(**cut: int) -> SegmentedMemory:
    return SegmentedMemory(Segment(Address(a), memoryview(b)) for a, b in HELD.items())


def dt(command: str, types: Types = TYPES, held: SegmentedMemory | None = None) -> list[str]:
    return layout(show(held or memory(), types, request_of(command.split()))).split("\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Signed", "0n-6"),
        ("Small", "9"),
        ("Large", "0x01da3683`bf03ee04"),
        ("Byte", "0x37 '7'"),
        ("Letter", "-8 ''"),
        ("Wide", "0x41 'A'"),
        ("Kind", "1 ( PagedPool )"),
        ("Stray", "0x4d (No matching name)"),
        ("Null", "(null) "),
        ("Pair", "0xffffc509`00003000 _PAIR"),
        ("Any", "0x00000000`00000007 Void"),
        ("Count", "0xffffc509`00003000  -> 0x80"),
        ("Deep", "0xffffc509`00001000  -> 0x00000009`fffffffa Void"),
        ("Text", '0xffffc509`00002000  "Hello"'),
        ("Routine", "0xfffff802`3fbc1480     long  +fffff8023fbc1480"),
        ("Other", "_NOT_LISTED"),
        ("Links", "_LIST_ENTRY [ 0xffffc509`00004000 - 0x00000000`00000000 ]"),
        ("ToLinks", "0xffffc509`00004000 _LIST_ENTRY [ 0xffffc509`00001000 - 0xffffc509`00001000 ]"),
        ("Name", '_UNICODE_STRING "Hello"'),
        ("Lost", "_UNICODE_STRING ???? (00000000`00001234: not in the dump)"),
        ("Time", "_LARGE_INTEGER 0x11000"),
        ("Guid", "_GUID {03020100-0504-0706-0809-0a0b0c0d0e0f}"),
        ("Image", '[15]  "System"'),
        ("Bytes", '[4]  "???"'),
        ("Shorts", "[3] 0"),
        ("Pairs", "[2] _PAIR"),
        ("Pointers", "[2] (null) "),
        ("u", "<unnamed-tag>"),
        ("Ratio", "0.5"),
        ("Last", "0x12"),
    ],
)
def test_values(name: str, text: str) -> None:
    rows = {row.name: row.text for row in show(memory(), TYPES, request_of(["nt!_ALL", hex(AT)])).listings[0].rows}

    if name == "Deep":  # what the first eight bytes are is of no matter
        assert rows[name].startswith("0xffffc509`00001000  -> 0x")
    else:
        assert rows[name] == text


def test_names_are_padded_and_the_module_is_said_when_the_user_did_not() -> None:
    assert dt(f"_PAIR {SECOND:x}") == [
        "nt!_PAIR",
        "   +0x000 First            : 0x80",
        "   +0x004 Second           : 6",
    ]


def test_a_structure_that_is_not_in_the_dump() -> None:
    answer = show(memory(), TYPES, request_of(["nt!_PAIR", "5000"]))

    assert layout(answer).splitlines() == [
        "   +0x000 First            : ???? (00000000`00005000: not in the dump)",
        "   +0x004 Second           : ???? (00000000`00005004: not in the dump)",
    ]
    assert answer.listings[0].rows[0].value == Absent("00000000`00005000: not in the dump")


def test_well_known_structures_show_what_they_hold() -> None:
    assert dt(f"nt!_LIST_ENTRY {HEAD:x}")[0] == " [ 0xffffc509`00001000 - 0xffffc509`00001000 ]"
    named = AT + next(f.offset for f in FIELDS if f.name == "Name")
    assert dt(f"nt!_UNICODE_STRING {named:x}")[0] == ' "Hello"'


def test_types_alone() -> None:
    lines = dt("nt!_ALL")

    assert lines[FIELDS.index(next(f for f in FIELDS if f.name == "Routine"))].endswith(": Ptr64     long ")
    assert lines[-1].endswith(" Last             : Uint4B")
    assert dt("nt!_KIND") == ["   NonPagedPool = 0n0", "   PagedPool = 0n1"]


def test_an_enumeration_at_an_address() -> None:
    place = AT + next(f.offset for f in FIELDS if f.name == "Kind")

    assert dt(f"nt!_KIND {place:x}") == ["1 ( PagedPool )"]


def offset(name: str) -> str:
    return f"+0x{next(f.offset for f in FIELDS if f.name == name):03x}"


def test_fields_and_what_is_in_them() -> None:
    """The column is as wide as the longest field asked for, the dot included."""
    assert dt(f"nt!_ALL Last Byte {AT:x}") == [
        f"   {offset('Byte')} Byte : 0x37 '7'",
        f"   {offset('Last')} Last : 0x12",
    ]
    assert dt(f"nt!_ALL u. {AT:x}") == [
        f"   {offset('u')} u  :",
        "      +0x000 Long : 0x29",
        "      +0x000 Five : 0y00101 (0x5)",
        "      +0x000 One : 0y1",
    ]
    assert dt(f"nt!_ALL Time. {AT:x}")[0] == f"   {offset('Time')} Time  :  0x11000"
    assert dt(f"nt!_ALL -y Pa {AT:x}") == [
        f"   {offset('Pair')} Pair : 0xffffc509`00003000 _PAIR",
        f"   {offset('Pairs')} Pairs : [2] _PAIR",
    ]
    assert [line.split()[1] for line in dt(f"nt!_ALL L*e {AT:x}")] == ["Large"]


def test_a_pointer_is_followed_by_a_dot() -> None:
    assert dt(f"nt!_ALL Pair. {AT:x}")[:3] == [
        f"   {offset('Pair')} Pair  : 0xffffc509`00003000 _PAIR",
        "      +0x000 First : 0x80",
        "      +0x004 Second : 6",
    ]


def test_recursion() -> None:
    lines = dt(f"nt!_ALL -r1 {AT:x}")
    at = lines.index(f"   {offset('Pair')} Pair             : 0xffffc509`00003000 _PAIR")

    assert lines[at + 1 : at + 3] == ["      +0x000 First            : 0x80", "      +0x004 Second           : 6"]
    null = lines.index(f"   {offset('Null')} Null             : (null) ")
    assert lines[null + 1] == f"   {offset('Pair')} Pair             : 0xffffc509`00003000 _PAIR"


def test_recursion_ends_by_itself() -> None:
    assert len(dt(f"nt!_ALL -r {AT:x}")) < 200
    assert dt("nt!_LIST_ENTRY -r") == [
        "   +0x000 Flink            : Ptr64 _LIST_ENTRY",
        "   +0x008 Blink            : Ptr64 _LIST_ENTRY",
    ]
    assert len(dt("nt!_LIST_ENTRY -r3")) == 2 + 4 + 8 + 16


def test_blocks() -> None:
    lines = dt(f"nt!_ALL -b {AT:x}")
    links = lines.index(
        f"   {offset('Links')} Links            : _LIST_ENTRY [ 0xffffc509`00004000 - 0x00000000`00000000 ]"
    )
    pairs = lines.index(f"   {offset('Pairs')} Pairs            :")

    assert lines[links + 1 : links + 3] == [
        "      +0x000 Flink            : 0xffffc509`00004000 ",
        "      +0x008 Blink            : (null) ",
    ]
    assert lines[pairs + 1 : pairs + 7] == [
        "    [00]",
        "      +0x000 First            : 1",
        "      +0x004 Second           : 2",
        "    [01]",
        "      +0x000 First            : 3",
        "      +0x004 Second           : 4",
    ]
    assert f"   {offset('Pair')} Pair             : Ptr64 " in dt("nt!_ALL -b")


def test_arrays() -> None:
    assert dt(f"nt!_ALL -a Shorts {AT:x}") == [
        f"   {offset('Shorts')} Shorts :",
        "    [00] 0",
        "    [01] 0x10",
        "    [02] 2",
    ]
    assert dt(f"nt!_ALL -a2 Shorts {AT:x}")[1:] == ["    [00] 0", "    [01] 0x10"]
    assert dt(f"nt!_ALL -a Pairs[1]. {AT:x}") == [
        f"   {offset('Pairs')} Pairs     : [1] ",
        "      +0x000 First     : 3",
        "      +0x004 Second    : 4",
    ]
    assert dt(f"-ca3 ULONG {AT:x}") == ["[0] 0xfffffffa", "[1] 0", "[2] 9"]
    place = AT + next(f.offset for f in FIELDS if f.name == "Image")
    assert dt(f"CHAR[8] {place:x}")[0].startswith("[0] 83 'S'") or dt(f"CHAR[8] {place:x}") == ['[8]  "System"']


def test_an_array_of_structures_is_a_listing_each() -> None:
    place = AT + next(f.offset for f in FIELDS if f.name == "Pairs")

    assert dt(f"nt!_PAIR[2] {place:x}") == [
        f"[0] @ {Address(place)} ",
        "-" * 45,
        "   +0x000 First            : 1",
        "   +0x004 Second           : 2",
        "",
        f"[1] @ {Address(place + 8)} ",
        "-" * 45,
        "   +0x000 First            : 3",
        "   +0x004 Second           : 4",
    ]


def test_sizes() -> None:
    assert dt("nt!_ALL -v")[0] == f"struct _ALL, {len(FIELDS)} elements, {len(DATA):#x} bytes"
    assert dt("nt!_LIST_ENTRY -v") == [
        "struct _LIST_ENTRY, 2 elements, 0x10 bytes",
        "   +0x000 Flink            : Ptr64 to struct _LIST_ENTRY, 2 elements, 0x10 bytes",
        "   +0x008 Blink            : Ptr64 to struct _LIST_ENTRY, 2 elements, 0x10 bytes",
    ]


def test_columns_left_out() -> None:
    assert dt(f"nt!_PAIR -o {SECOND:x}") == ["   First            : 0x80", "   Second           : 6"]
    assert dt(f"nt!_PAIR -yoi Fir {SECOND:x}") == ["First : 0x80"]
    assert dt(f"nt!_PAIR -c {SECOND:x}") == ["   +0x000 First : 0x80 +0x004 Second : 6"]


def test_names_that_match() -> None:
    assert dt("nt!_L*") == ["          nt!_LARGE_INTEGER", "          nt!_LIST_ENTRY"]
    assert dt("_*", Types(PAIR, name="tcpip/1")) == ["          tcpip!_PAIR"]
    assert dt("-s 8 -v nt!*") == [
        "Enumerating symbols matching nt!*, Size = 0x8",
        "Address   Size Symbol",
        "           008 nt!_LARGE_INTEGER",
        "           008 nt!_PAIR",
    ]
    assert dt("-y _PA") == [
        "          nt!_PAIR",
        "",
        "   +0x000 First            : Uint4B",
        "   +0x004 Second           : Uint4B",
    ]


def processes(*links: int) -> tuple[Types, SegmentedMemory]:
    """Return a ring of structures at 0x1000, 0x2000, ... linked at +0x10."""
    fields = (Field("Pid", 0, BASES["Uint4B"]), Field("Link", 0x10, LINKS))
    types = Types(Struct("_PROCESS", "struct", 0x20, fields), ENTRY)
    held = {0x1000 * (n + 1): struct.pack("<I12x2Q", n, link + 0x10 if link else 0, 0) for n, link in enumerate(links)}
    return types, SegmentedMemory(Segment(Address(a), memoryview(b)) for a, b in held.items())


@pytest.mark.parametrize(
    ("links", "seen", "problem"),
    [
        ((0x2000, 0x3000, 0x1000), [0, 1, 2], None),
        ((0x1000,), [0], None),
        ((0x2000, 0x3000, 0x2000), [0, 1, 2], None),
        ((0,), [0], None),
        ((0x2000, 0x7000), [0, 1, None], "00000000`00007010: not in the dump"),
    ],
    ids=["ring", "self", "cycle", "null", "unreadable"],
)
def test_a_list_is_walked_and_ends(links: tuple[int, ...], seen: list[int | None], problem: str | None) -> None:
    types, held = processes(*links)
    answer = show(held, types, request_of("nt!_PROCESS -l Link.Flink -y Pi -oi 1000".split()))
    pids = [one.rows[0].value for one in answer.listings]

    assert [None if isinstance(pid, Absent) else pid for pid in pids] == seen
    assert answer.problems == (() if problem is None else (Problem("Link.Flink at 00000000`00007000", problem),))
    assert layout(answer).split("\n")[:3] == ["Link.Flink at 0x00000000`00001000", "-" * 45, "Pid : 0"]


def test_what_is_printed_parses_to_what_was_printed() -> None:
    for command in (
        f"nt!_ALL {AT:x}",
        f"_ALL -r2 {AT:x}",
        "nt!_ALL",
        f"nt!_ALL -b {AT:x}",
        f"nt!_PAIR -o {SECOND:x}",
        "nt!_KIND",
    ):
        answer = show(memory(), TYPES, request_of(command.split()))
        read_back = parse(f"kd> dt {command}\n{layout(answer)}").listings[0]
        ours = answer.listings[0].rows

        assert [(r.name, r.offset, r.depth, r.kind, r.text) for r in read_back.rows] == [
            (r.name, r.offset, r.depth, r.kind, r.text) for r in ours
        ], command
        # Of characters that are none the text shows that they are there, no more.
        assert [r.value for r in read_back.rows if r.value is not None and r.name != "Bytes"] == [
            r.value for r in ours if r.value is not None and r.name != "Bytes"
        ], command


def test_hostile_names_can_not_reach_the_terminal() -> None:
    bad = Struct(
        "_\x1b[2J", "struct", 4, (Field("a\nb", 0, BASES["Uint4B"]), Field("\u202e", 0, Reference("struct", "\x07")))
    )

    assert layout(show(memory(), Types(bad), request_of(["-n", "nt!_\x1b[2J"]))).isprintable() is False  # two lines
    assert all(line.isprintable() for line in dt("-n nt!_\x1b[2J", Types(bad)))


@pytest.mark.parametrize(
    "type",
    [
        Struct("_X", "struct", 8, (Field("Self", 0, Reference("struct", "_X")),)),
        Struct("_X", "struct", 8, (Field("Many", 0, Array(Reference("struct", "_X"), 1 << 31)),)),
        Struct("_X", "struct", 1 << 60, (Field("Many", 0, Array(BASES["Uint4B"], 1 << 31)),)),
        Struct("_X", "struct", 0, tuple(Field(f"F{n}", n, Reference("struct", "_X")) for n in range(40))),
        Struct("_X", "struct", 8, (Field("Bits", 0, BASES["Uint4B"], (200, 250)), Field("Far", -9, BASES["Uint4B"]))),
        Struct("_X", "struct", 8, (Field("Deep", 0, Array(Array(Array(Pointer(Pointer(VOID, 8), 8), 0), 9), 9)),)),
    ],
    ids=["self", "many selves", "many", "explosion", "bits", "deep"],
)
@pytest.mark.parametrize("options", ["", "-r", "-r9", "-b", "-v", "-a", "-ba", "-rva3"])
def test_types_that_lie_end(type: Struct, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.render.dt.MOST_ROWS", 3000)
    for address in ("", f"{AT:x}"):
        lines = dt(f"nt!_X {options} {address}", Types(type))
        assert 0 < len(lines) <= 10_000


def test_rows_that_are_left_out_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpwalk.render.dt.MOST_ROWS", 3)
    answer = show(memory(), TYPES, request_of(["nt!_ALL"]))

    assert answer.problems == (Problem("dt", "there are more than 3 rows; the rest is left out"),)
    assert layout(answer).endswith("\n\n(dt: there are more than 3 rows; the rest is left out)")


@pytest.mark.real
def test_numbers_look_as_in_real_listings(real_data: Path) -> None:
    """What each value of the logs is, printed again; older debuggers and copies from books did it otherwise."""
    equal, different = 0, set()
    for log in sorted((real_data / "logs" / "dt").glob("*.txt")):
        if "mex" in log.name or log.name.startswith(
            ("edb-14156", "lordnote", "wdd-slist", "wdd-dt-", "wdd-displaying")
        ):
            continue
        for draft in read(log.read_text("utf-8", "replace"))[0]:
            for row, shape in draft.rows:
                text = row.text.strip()
                ours = {
                    ("HEX",): lambda v: number(v),
                    ("PLAIN",): lambda v: number(v),
                    ("SIGNED",): lambda v: f"0n{v}",
                    ("BINARY",): lambda v, t=text: bits_text(v, len(t) - 2),
                    ("BINARY", "AGAIN"): lambda v, t=text: bits_text(v, len(t.split()[0]) - 2),
                    ("HEX", "CHARACTER"): lambda v: character(v, signed=False),
                    ("PLAIN", "CHARACTER"): lambda v: character(v, signed=True),
                    ("TYPE_NAME", "HEX"): lambda v, t=row.type: f"{t} {hexadecimal(v)}",
                }.get(shape)
                if ours is None:
                    continue
                if ours(row.value) == text:
                    equal += 1
                else:
                    different.add((log.name, text))

    assert different == set()
    assert equal > 350


@settings(max_examples=60)
@given(st.binary(min_size=len(DATA), max_size=len(DATA)), st.sampled_from(["", "-r2", "-b", "-v", "-a"]))
def test_any_bytes_are_shown(data: bytes, options: str) -> None:
    held = SegmentedMemory([Segment(Address(AT), memoryview(data))])
    answer: DtAnswer = show(held, TYPES, request_of(f"nt!_ALL {options} {AT:x}".split()))

    assert all(line.isprintable() for line in layout(answer).split("\n"))
