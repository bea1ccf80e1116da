"""PDBs written out by the test: every kind of record, and the ways in which a file can lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.errors import Error, FormatError
from dumpwalk.remarks import Absent
from dumpwalk.types.model import BASES, VOID, Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.naming import find_type
from dumpwalk.types.sources.pdb import PdbDatabase, open_pdb
from dumpwalk.types.sources.pdb.msf import Container
from dumpwalk.types.sources.pdb.omap import Omap
from dumpwalk.types.sources.pdb.tpi import hash_v1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BLOCK = 512
GUID = bytes(range(16))
NONE = 0xFFFF
FIRST = 0x1000
VOLATILE, T_VOID, T_CHAR, T_UCHAR, T_ULONG, T_INT = 2, 0x03, 0x70, 0x20, 0x22, 0x74


def u16(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def name(text: str | bytes) -> bytes:
    return (text.encode() if isinstance(text, str) else text) + b"\0"


def padded(data: bytes) -> bytes:
    """Fill a member up to a multiple of four with LF_PAD3, LF_PAD2, LF_PAD1."""
    return data + bytes(0xF0 + n for n in range(-len(data) % 4, 0, -1))


def record(data: bytes) -> bytes:
    data = data + b"\xf2\xf1"[: -(len(data) + 2) % 4] if len(data) % 2 == 0 else data + b"\xf1" * (-(len(data) + 2) % 4)
    return u16(len(data)) + data


def field(text: str | bytes, type_: int, offset: int, number: bytes | None = None) -> bytes:
    return padded(u16(0x150D, 3) + u32(type_) + (u16(offset) if number is None else number) + name(text))


def fields(*members: bytes) -> bytes:
    return u16(0x1203) + b"".join(members)


def tag(kind: int, listed: int, size: int, text: str, forward: bool = False, unique: str = "") -> bytes:
    properties = (0x80 if forward else 0) | (0x200 if unique else 0)
    middle = b"" if kind == 0x1506 else u32(0, 0)
    end = name(text) + (name(unique) if unique else b"")
    return u16(kind, 1, properties) + u32(listed) + middle + u16(size) + end


def enum(listed: int, underlying: int, text: str) -> bytes:
    return u16(0x1507, 1, 0) + u32(underlying, listed) + name(text)


def pointer(target: int, size: int = 8) -> bytes:
    return u16(0x1002) + u32(target, 0x0C | size << 13)


def tpi(records: Sequence[bytes], hashes: bytes = b"", end: int | None = None) -> bytes:
    body = b"".join(map(record, records))
    last = FIRST + len(records) if end is None else end
    place = (0, len(hashes), len(hashes), 0, 0, 0) if hashes else (0, 0, 0, 0, 0, 0)
    numbers = (20040203, 56, FIRST, last, len(body))
    return u32(*numbers) + u16(5 if hashes else NONE, NONE) + u32(4, 0x1000, *place) + body


def msf(*streams: bytes) -> bytes:
    """Return a container of *streams*, each in blocks in reverse order so that nothing is where it would be by luck."""
    blocks: list[bytes] = []
    listed: list[list[int]] = []
    for data in streams:
        pieces = [data[at : at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, len(data), BLOCK)]
        first = 3 + len(blocks)
        listed.append([first + len(pieces) - 1 - n for n in range(len(pieces))])
        blocks += reversed(pieces)
    directory = u32(len(streams), *map(len, streams)) + b"".join(u32(*n) for n in listed)
    start = 3 + len(blocks)
    count = -(-len(directory) // BLOCK)
    blocks += [directory[n * BLOCK : (n + 1) * BLOCK].ljust(BLOCK, b"\0") for n in range(count)]
    blocks.append(u32(*range(start, start + count)).ljust(BLOCK, b"\0"))
    total = 3 + len(blocks)
    head = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0" + u32(BLOCK, 1, total, len(directory), 0, total - 1)
    return head.ljust(BLOCK, b"\0") + b"\0" * 2 * BLOCK + b"".join(blocks)


INFO = u32(20000404, 0x5E000000, 7) + GUID


def dbi(
    machine: int = 0x8664, optional: Sequence[int] = (), modules: bytes = b"", streams: Sequence[int] = ()
) -> bytes:
    globals_, publics, records = streams or (NONE, NONE, NONE)
    head = struct.pack("<iII6H5i", -1, 19990903, 3, globals_, 0, publics, 0, records, 0, len(modules), 0, 0, 0, 0)
    return head + struct.pack("<I2iHHI", 0, 2 * len(optional), 0, 0, machine, 0) + modules + u16(*optional)


def pdb(*records: bytes, machine: int = 0x8664) -> PdbDatabase:
    return PdbDatabase(msf(b"", INFO, tpi(records), dbi(machine)), "test.pdb")


def only(type_: int, *records: bytes) -> object:
    """Return the type numbered *type_* among *records*, as a field of a structure has it."""
    index = FIRST + len(records)
    database = pdb(*records, fields(field("f", type_, 0)), tag(0x1505, index, 8, "_S"))
    found = database.find("_S")
    assert isinstance(found, Struct)
    return found.fields[0].type


def test_file_is_identified() -> None:
    database = pdb()

    assert (database.guid, database.age) == ("03020100050407060809 0A0B0C0D0E0F".replace(" ", ""), 3)
    assert (database.machine, database.pointer_size) == ("x64", 8)
    assert database.source("_S") == f"test.pdb ({database.guid}3)"
    assert list(database.names()) == []


def test_structure() -> None:
    database = pdb(fields(field("Flink", T_ULONG, 0), field("Blink", T_CHAR, 4)), tag(0x1505, FIRST, 8, "_LIST"))
    expected = Struct("_LIST", "struct", 8, (Field("Flink", 0, BASES["Uint4B"]), Field("Blink", 4, BASES["Char"])))

    assert database.find("_LIST") == expected
    assert list(database.types()) == [expected]
    assert list(database.names()) == ["_LIST"]
    assert database.find("_OTHER") is None


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"\x00\x80\x7f", 127),
        (b"\x01\x80\xff\x7f", 0x7FFF),
        (b"\x02\x80\xff\xff", 0xFFFF),
        (b"\x03\x80\xff\xff\xff\x7f", 0x7FFFFFFF),
        (b"\x04\x80\xff\xff\xff\xff", 0xFFFFFFFF),
        (b"\x09\x80" + b"\xff" * 7 + b"\x7f", (1 << 63) - 1),
        (b"\x0a\x80" + b"\xff" * 8, (1 << 64) - 1),
        (b"\x18\x80" + b"\xff" * 16, (1 << 128) - 1),
    ],
)
def test_numbers_of_every_size(number: bytes, value: int) -> None:
    found = pdb(fields(field("f", T_ULONG, 0, number)), tag(0x1505, FIRST, 8, "_S")).find("_S")

    assert isinstance(found, Struct)
    assert found.fields[0].offset == value


@pytest.mark.parametrize(
    ("index", "type_"),
    [
        (T_VOID, VOID),
        (0x0008, Base("HRESULT", 4)),
        (0x0010, BASES["Char"]),
        (T_UCHAR, BASES["UChar"]),
        (0x0071, BASES["Wchar"]),
        (0x0030, BASES["Bool"]),
        (0x0011, BASES["Int2B"]),
        (0x0073, BASES["Uint2B"]),
        (0x0012, BASES["Int4B"]),
        (0x0075, BASES["Uint4B"]),
        (0x0013, BASES["Int8B"]),
        (0x0077, BASES["Uint8B"]),
        (0x0041, BASES["Double"]),
        (0x0603, Pointer(VOID, 8)),
        (0x0403, Pointer(VOID, 4)),
        (0x0103, Pointer(VOID, 8)),
        (0x00EE, Base("<type 0xee>", 0)),
    ],
)
def test_primitive_types(index: int, type_: object) -> None:
    assert only(index) == type_


def test_derived_types() -> None:
    records = (
        u16(0x1001) + u32(T_ULONG) + u16(VOLATILE),
        pointer(FIRST),
        pointer(FIRST + 1, 4),
        u16(0x1201) + u32(0),
        u16(0x1008) + u32(T_INT) + b"\0\0" + u16(0) + u32(FIRST + 3),
        pointer(FIRST + 4),
        u16(0x1503) + u32(FIRST + 5, 0x23) + u16(40) + name(""),
        u16(0x1503) + u32(FIRST + 6, 0x23) + u16(120) + name(""),
        u16(0x1009) + u32(T_VOID, 0, 0) + b"\0\0" + u16(0) + u32(FIRST + 3, 0),
        u16(0x150A) + u32(FIRST + 1) + name("alias"),
    )
    ulong, function = BASES["Uint4B"], Pointer(Function(BASES["Int4B"]), 8)

    assert only(FIRST, *records) == ulong
    assert only(FIRST + 2, *records) == Pointer(Pointer(ulong, 8), 4)
    assert only(FIRST + 5, *records) == function
    assert only(FIRST + 6, *records) == Array(function, 5)
    assert only(FIRST + 7, *records) == Array(Array(function, 5), 3)
    assert only(FIRST + 8, *records) == Function(VOID)
    assert only(FIRST + 9, *records) == Pointer(ulong, 8)


def test_array_of_what_is_defined_later() -> None:
    records = (
        tag(0x1505, 0, 0, "_LATER", forward=True, unique=".?AU_LATER@@"),
        u16(0x1503) + u32(FIRST, 0x23) + u16(48) + name(""),
        fields(field("f", T_ULONG, 0)),
        tag(0x1505, FIRST + 2, 12, "_LATER", unique=".?AU_LATER@@"),
    )

    assert only(FIRST + 1, *records) == Array(Reference("struct", "_LATER"), 4)
    assert only(FIRST + 1, *records[:2]) == Array(Reference("struct", "_LATER"), 0)


def test_array_of_nothing_known_is_marked() -> None:
    found = pdb(
        tag(0x1505, 0, 0, "_GONE", forward=True),
        u16(0x1503) + u32(FIRST, 0x23) + u16(48) + name(""),
        fields(field("f", FIRST + 1, 0)),
        tag(0x1505, FIRST + 2, 48, "_S"),
    ).find("_S")

    assert isinstance(found, Struct)
    assert found.fields[0].guessed == "type"


def test_bit_fields_and_unnamed_types() -> None:
    database = pdb(
        u16(0x1205) + u32(T_ULONG) + bytes((5, 11)),
        fields(field("Low", FIRST, 0), field("Long", T_ULONG, 0)),
        tag(0x1505, FIRST + 1, 4, "_S::<unnamed-tag>"),
        fields(field("u", FIRST + 2, 0)),
        tag(0x1506, FIRST + 3, 4, "<unnamed-tag>"),
        pointer(FIRST + 4),
        fields(field("v", FIRST + 4, 0), field("p", FIRST + 5, 8)),
        tag(0x1504, FIRST + 6, 16, "_S"),
    )
    ulong = BASES["Uint4B"]
    inner = Struct("", "struct", 4, (Field("Low", 0, ulong, (11, 5)), Field("Long", 0, ulong)))
    union = Struct("", "union", 4, (Field("u", 0, inner),))
    expected = Struct("_S", "class", 16, (Field("v", 0, union), Field("p", 8, Pointer(union, 8))))

    assert database.find("_S") == expected
    assert list(database.types()) == [expected]


def test_enumerations() -> None:
    database = pdb(
        padded(u16(0x1203, 0x1502, 3) + u16(1) + name("One"))
        + padded(u16(0x1502, 3) + b"\x03\x80" + struct.pack("<i", -1) + name("Minus")),
        enum(FIRST, T_UCHAR, "_E"),
        enum(FIRST, T_INT, "<unnamed-tag>"),
        fields(field("e", FIRST + 1, 0), field("u", FIRST + 2, 4)),
        tag(0x1505, FIRST + 3, 8, "_S"),
    )
    members = (("One", 1), ("Minus", -1))
    found = database.find("_S")

    assert database.find("_E") == Enum("_E", 1, members)
    assert isinstance(found, Struct)
    assert [f.type for f in found.fields] == [Reference("enum", "_E"), Enum("", 4, members)]


def test_class_has_what_it_inherits() -> None:
    database = pdb(
        u16(0x000A, 1) + b"\x55",
        pointer(FIRST),
        fields(u16(0x1409, 0) + u32(FIRST + 1), field("a", T_ULONG, 8)),
        tag(0x1504, FIRST + 2, 16, "Base"),
        fields(
            u16(0x1400, 3) + u32(FIRST + 3) + u16(16),
            padded(u16(0x150E, 3) + u32(T_ULONG) + name("shared")),
            padded(u16(0x1510, 0) + u32(FIRST + 3) + name("Nested")),
            padded(u16(0x150F, 2) + u32(FIRST) + name("overloaded")),
            padded(u16(0x1511, 3 | 4 << 2) + u32(FIRST, 24) + name("introduced")),
            padded(u16(0x1511, 3) + u32(FIRST) + name("plain")),
            u16(0x1401, 3) + u32(FIRST + 3, FIRST + 1) + u16(0, 1),
            u16(0x140C, 0) + u32(FIRST + 1, 40),
            u16(0x140A, 0) + u32(FIRST + 3),
            field("b", T_ULONG, 32),
        ),
        tag(0x1504, FIRST + 4, 48, "Derived"),
    )
    table = Pointer(Base("", 0), 8)
    found = database.find("Derived")

    assert isinstance(found, Struct)
    assert [(f.name, f.offset) for f in found.fields] == [
        ("__VFN_table", 16),
        ("a", 24),
        ("__VFN_table", 40),
        ("b", 32),
    ]
    assert found.fields[0].type == table
    assert list(database.types())[1] == found
    assert database.skipped == ()


def test_long_list_is_continued() -> None:
    database = pdb(
        fields(field("b", T_ULONG, 4)),
        fields(field("a", T_ULONG, 0), u16(0x1404, 0) + u32(FIRST)),
        tag(0x1505, FIRST + 1, 8, "_S"),
    )
    found = database.find("_S")

    assert isinstance(found, Struct)
    assert [f.name for f in found.fields] == ["a", "b"]
    assert next(iter(database.types())) == found


def test_names_of_old_compilers() -> None:
    """Visual C++ 7.0 wrote a name's length before it."""
    database = pdb(
        u16(0x1203, 0x1405, 3) + u32(T_ULONG) + u16(4) + b"\x03Old",
        u16(0x1005, 1, 0) + u32(FIRST, 0, 0) + u16(8) + b"\x02_S",
    )

    assert database.find("_S") == Struct("_S", "struct", 8, (Field("Old", 4, BASES["Uint4B"]),))


def test_unknown_kinds_are_reported() -> None:
    database = pdb(
        u16(0x160B) + b"whatever",
        fields(field("a", T_ULONG, 0), field("b", FIRST, 4), u16(0x15EE, 0) + u32(1)),
        tag(0x1505, FIRST + 1, 8, "_S"),
    )
    (found,) = database.types()

    assert isinstance(found, Struct)
    assert [(f.name, f.type, f.guessed) for f in found.fields] == [
        ("a", BASES["Uint4B"], ""),
        ("b", Base("<leaf 0x160b>", 0), "type"),
    ]
    assert [str(p) for p in database.skipped] == [
        "leaf 0x160b: 1 records of a kind that is not known; the first is type 0x1000",
        "leaf 0x15ee: 1 field lists end with a member of a kind that is not known; the first is type 0x1001",
    ]


def test_hostile_names() -> None:
    nasty = b"\x1b[31m\xff<script>"
    database = pdb(fields(field(nasty, T_ULONG, 0)), tag(0x1505, FIRST, 4, "_S"))
    found = database.find("_S")

    assert isinstance(found, Struct)
    assert found.fields[0].name == "\x1b[31m\\xff<script>"
    assert database.find("\ud800") is None


LIES = {
    "it contains itself": (pointer(FIRST), fields(field("f", FIRST, 0)), tag(0x1505, FIRST + 1, 8, "_S")),
    "0x1001: it contains itself": (
        fields(field("f", FIRST + 1, 0)),
        tag(0x1505, FIRST, 8, "<unnamed-tag>"),
        tag(0x1505, FIRST, 8, "_S"),
    ),
    "continued in itself": (fields(u16(0x1404, 0) + u32(FIRST)), tag(0x1505, FIRST, 8, "_S")),
    "its own base": (fields(u16(0x1400, 0) + u32(FIRST + 1) + u16(0)), tag(0x1505, FIRST, 8, "_S")),
    "0x1002: it contains itself": (
        fields(u16(0x1400, 0) + u32(FIRST + 2) + u16(0)),
        tag(0x1505, FIRST, 8, "_S"),
        u16(0x1001) + u32(FIRST + 2) + u16(VOLATILE),
    ),
    "whose values are no numbers": (enum(0, FIRST, "_S"),),
    "there is no type 0x7fffffff": (fields(field("f", 0x7FFFFFFF, 0)), tag(0x1505, FIRST, 8, "_S")),
    "kind 0x1002 where a field list": (pointer(T_VOID), tag(0x1505, FIRST, 8, "_S")),
    "type 0x1000: damaged": (u16(0x1203, 0x150D) + b"\0\0\x22", tag(0x1505, FIRST, 8, "_S")),
    "whose elements have 4": (
        u16(0x1503) + u32(T_ULONG, 0x23) + u16(7) + name(""),
        fields(field("f", FIRST, 0)),
        tag(0x1505, FIRST + 1, 8, "_S"),
    ),
    "types within types": (
        *(pointer(T_VOID if n == 0 else FIRST + n - 1) for n in range(3000)),
        fields(field("f", FIRST + 2999, 0)),
        tag(0x1505, FIRST + 3000, 8, "_S"),
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_lies_are_found(what: str) -> None:
    with pytest.raises(FormatError, match=what):
        pdb(*LIES[what]).find("_S")

    database = pdb(*LIES[what])
    assert list(database.types()) == []
    assert len(database.skipped) == 1


def test_doubling_types_do_not_explode() -> None:
    """Each unnamed structure holds the one before it twice: 2**200 fields in 20 KB."""
    records = [fields(field("f", T_ULONG, 0)), tag(0x1505, FIRST, 4, "<unnamed-tag>")]
    for n in range(200):
        inner = FIRST + 2 * n + 1
        records += [fields(field("a", inner, 0), field("b", inner, 4)), tag(0x1505, inner + 1, 4, "<unnamed-tag>")]
    records += [fields(field("f", FIRST + 401, 0)), tag(0x1505, FIRST + 402, 8, "_S")]

    with pytest.raises(FormatError, match="types within types"):
        pdb(*records).find("_S")


def test_shared_lists_do_not_explode() -> None:
    """A thousand structures that all go on in the same list of a thousand fields."""
    many = fields(*(field("x", T_ULONG, 0) for _ in range(1000)))
    records = [many]
    for n in range(1000):
        listed = FIRST + len(records)
        records += [fields(field("a", T_ULONG, 0), u16(0x1404, 0) + u32(FIRST)), tag(0x1505, listed, 8, f"_S{n}")]
    database = pdb(*records)
    made = sum(len(t.fields) for t in database.types() if isinstance(t, Struct))

    assert made < 200_000
    assert any("many more than the file can hold" in p.what for p in database.skipped)


def test_definition_is_found_by_hash() -> None:
    records = (fields(field("f", T_ULONG, 0)), tag(0x1505, FIRST, 4, "_S"), tag(0x1505, FIRST, 4, "_T"))
    hashes = u32(0xFFF, hash_v1(b"_S") % 0x1000, 0xFFF)
    database = PdbDatabase(msf(b"", INFO, tpi(records, hashes), dbi(), b"", hashes), "test.pdb")

    assert database.find("_S") == Struct("_S", "struct", 4, (Field("f", 0, BASES["Uint4B"]),))
    assert database.find("_T") is not None  # its hash is wrong: then all are gone through


def test_one_type_takes_little_reading(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = Container.read_some

    def counted(self: Container, stream: int, offset: int, size: int) -> bytes:
        read.append(size)
        return original(self, stream, offset, size)

    monkeypatch.setattr(Container, "read_some", counted)
    path = real_data / "pdb" / "ntdll-x64.pdb"
    found = open_pdb(str(path)).find("_RTL_CRITICAL_SECTION")

    assert isinstance(found, Struct)
    assert sum(read) < path.stat().st_size / 20


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({0: b"Microsoft C/C++ program database 2.00\r\n\x1aJG\0\0"}, "an MSF 2.00 PDB"),
        ({0: b"BSJB"}, "a portable PDB"),
        ({0: b"MZ"}, "an image"),
        ({0: b"what"}, "it is not a PDB"),
        ({32: u32(500)}, "blocks of 500 bytes"),
        ({44: u32(0x7FFFFFFF)}, "a stream directory of 2147483647 bytes"),
        ({52: u32(0x10000)}, "the block map lies in block 0x10000, beyond the end of the file"),
        ({40: u32(2)}, "beyond the end of the file"),
    ],
)
def test_other_files_are_refused(change: dict[int, bytes], what: str) -> None:
    data = bytearray(msf(b"", INFO, tpi([]), dbi()))
    for at, new in change.items():
        data[at : at + len(new)] = new

    with pytest.raises(FormatError, match=what):
        PdbDatabase(bytes(data), "test.pdb")


def test_directory_that_ends_within_a_number() -> None:
    data = bytearray(msf(b"", INFO, tpi([]), dbi()))
    data[44:48] = u32(int.from_bytes(data[44:48], "little") - 2)

    with pytest.raises(FormatError, match="stream 3 has 64 bytes more than blocks"):
        PdbDatabase(bytes(data), "test.pdb")


def test_damaged_streams_are_refused() -> None:
    good = tpi([tag(0x1505, 0, 4, "_S")])
    cases = {
        "only 5 bytes": (INFO[:5], good, dbi()),
        "version 19970604 is older": (u32(19970604, 0, 0) + GUID, good, dbi()),
        "there are none": (INFO, b"", dbi()),
        "version 19961031 is older": (INFO, u32(19961031) + good[4:], dbi()),
        "types 0x1000 to 0x80001000": (INFO, tpi([tag(0x1505, 0, 4, "_S")], end=0x80001000), dbi()),
        "its signature is": (INFO, good, b"\0" + dbi()[1:]),
        "its parts have more": (INFO, good, dbi()[:24] + u32(0x7FFFFFFF) + dbi()[28:]),
    }

    for what, (info, types, debug) in cases.items():
        with pytest.raises(FormatError, match=what):
            PdbDatabase(msf(b"", info, types, debug), "test.pdb")


def test_records_must_fill_the_stream() -> None:
    data = bytearray(tpi([tag(0x1505, 0, 4, "_S")]))
    data[56:58] = u16(0xFFF0)
    with pytest.raises(FormatError, match="type 0x1000 has 65520 bytes at 0x0"):
        PdbDatabase(msf(b"", INFO, bytes(data), dbi()), "test.pdb").names()

    with pytest.raises(FormatError, match="1 types; the header says 2"):
        PdbDatabase(msf(b"", INFO, tpi([tag(0x1505, 0, 4, "_S")], end=0x1002), dbi()), "test.pdb").find("_S")


def test_pdb_without_debug_information_says_its_pointers() -> None:
    database = PdbDatabase(msf(b"", INFO, tpi([pointer(T_VOID, 4)])), "test.pdb")

    assert (database.machine, database.pointer_size, database.age) == ("", 4, 7)
    assert list(database.symbols()) == []


SECTIONS = struct.pack("<8s6I2HI", b".text", 0x800, 0x1000, 0, 0, 0, 0, 0, 0, 0) + struct.pack(
    "<8s6I2HI", b".data", 0x800, 0x3000, 0, 0, 0, 0, 0, 0, 0
)


def symbol(kind: int, *parts: bytes) -> bytes:
    data = u16(kind) + b"".join(parts)
    data += b"\0" * (-(len(data) + 2) % 4)
    return u16(len(data)) + data


def hashed(*offsets: int) -> bytes:
    entries = b"".join(u32(n + 1, 1) for n in offsets)
    return u32(0xFFFFFFFF, 0xEFFE0000 + 19990810, len(entries), 0) + entries


def symbols_pdb(omap: bytes = b"") -> bytes:
    records = [
        symbol(0x110E, u32(2, 0x10), u16(1), name("Function")),
        symbol(0x110E, u32(0, 0x20), u16(9), name("Absolute")),
        symbol(0x1009, u32(0, 0x24), u16(2), b"\x03Old"),
        symbol(0x110D, u32(T_ULONG, 0x30), u16(2), name("Global")),
        symbol(0x110C, u32(T_ULONG, 0x34), u16(2), name("Local")),
        symbol(0x1125, u32(0, 4), u16(1), name("Procedure")),
        symbol(0x1125, u32(0, 4), u16(7), name("Nowhere")),
        symbol(0x1108, u32(T_ULONG), name("ULONG")),
        symbol(0x110E, u32(2, 0x40), u16(1), name("Stale")),
        symbol(0x1108, u32(FIRST + 2), name("THING")),
        symbol(0x1108, u32(FIRST + 2), name("_THING")),
        symbol(0x1108, u32(FIRST + 3), name("PTHING")),
        symbol(0x1003, u32(FIRST + 4), b"\x04Anon"),
        symbol(0x1108, u32(FIRST + 9), name("Nowhere")),
    ]
    types = (
        fields(field("a", T_ULONG, 0)),
        tag(0x1505, FIRST, 4, "_THING"),
        tag(0x1505, 0, 0, "_THING", forward=True),
        pointer(FIRST + 2),
        tag(0x1506, FIRST, 4, "<unnamed-tag>"),
    )
    offsets = [sum(map(len, records[:n])) for n in range(len(records))]
    procedure = u32(4) + symbol(0x1110, u32(0, 0, 0, 16, 0, 0, 0, 0x50), u16(1), b"\0", name("Procedure"))
    module = u32(0) + b"\0" * 28 + u16(0, 9) + u32(len(procedure)) + b"\0" * 24 + name("a.obj") + name("a.obj")
    module += b"\0" * (-len(module) % 4)
    optional = (NONE, NONE, NONE, NONE, 10 if omap else NONE, 8)
    debug = dbi(optional=optional, modules=module, streams=(5, 6, 7))
    listed = hashed(*offsets[3:8], *offsets[9:])
    streams = (b"", INFO, tpi(types), debug, b"", listed, b"\0" * 28 + hashed(*offsets[:3]))
    return msf(*streams, b"".join(records), SECTIONS, procedure, omap)


def test_symbols() -> None:
    found = {s.name: s for s in PdbDatabase(symbols_pdb(), "test.pdb").symbols()}

    assert list(found) == ["Function", "Absolute", "Old", "Global", "Local", "Procedure"]
    assert {n: (s.rva, s.kind, s.function, s.local) for n, s in found.items() if n != "Absolute"} == {
        "Function": (0x1010, "public", True, False),
        "Old": (0x3024, "public", False, False),
        "Global": (0x3030, "data", False, False),
        "Local": (0x3034, "data", False, True),
        "Procedure": (0x1050, "procedure", True, False),
    }
    assert found["Absolute"].rva == Absent("an absolute value, in no section of the image")


def test_typedefs() -> None:
    database = PdbDatabase(symbols_pdb(), "test.pdb")
    unnamed = Struct("", "union", 4, (Field("a", 0, BASES["Uint4B"]),))

    assert database.typedefs() == {
        "Anon": unnamed,
        "PTHING": Pointer(Reference("struct", "_THING"), 8),
        "THING": Reference("struct", "_THING"),
        "ULONG": BASES["Uint4B"],
    }
    assert [p.where for p in database.skipped] == ["typedef Nowhere"]
    assert (database.typedef("ULONG"), database.typedef("NO")) == (BASES["Uint4B"], None)
    with pytest.raises(FormatError, match="there is no type 0x1009"):
        database.typedef("Nowhere")
    assert find_type(database, "THING") == find_type(database, "_THING") == database.find("_THING")
    assert find_type(database, "Anon") == Struct("Anon", "union", 4, unnamed.fields)
    assert find_type(database, "PTHING[2]") == Array(Pointer(Reference("struct", "_THING"), 8), 2)


def test_symbols_of_a_rearranged_image() -> None:
    omap = u32(0x1000, 0, 0x1040, 0x5000, 0x3000, 0x9000)
    found = {s.name: s.rva for s in PdbDatabase(symbols_pdb(omap), "test.pdb").symbols()}

    assert found["Function"] == Absent("left out when the image was rearranged")
    assert (found["Procedure"], found["Global"]) == (0x5010, 0x9030)


def test_what_one_omap_leaves_out_the_other_may_know() -> None:
    """Syzygy's instrumented images: code that it copied without looking into it is in the second table alone."""
    omap = Omap(u32(0x1000, 0x1000, 0x1100, 0x80000000), u32(0x1000, 0x1000, 0x1120, 0x1100, 0x1190, 0x80000000))

    assert [omap.to_image(rva) for rva in (0x1004, 0x1110, 0x1170)] == [0x1004, 0x1130, None]
    assert [omap.to_source(rva) for rva in (0x1004, 0x1130, 0x1190)] == [0x1004, 0x1110, None]


def test_open_refuses_what_is_no_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdb"
    empty.write_bytes(b"")
    for path, what in (
        (empty, "the file is empty"),
        (tmp_path, "not a regular file"),
        (tmp_path / "no", "No such file"),
    ):
        with pytest.raises(FormatError, match=what):
            open_pdb(str(path))


WHOLE = msf(
    b"",
    INFO,
    tpi(
        [
            u16(0x1205) + u32(T_ULONG) + bytes((5, 11)),
            fields(field("Low", FIRST, 0), field("Long", T_ULONG, 0)),
            tag(0x1505, FIRST + 1, 4, "<unnamed-tag>", unique=".?AU<unnamed-tag>@@"),
            u16(0x1503) + u32(FIRST + 2, 0x23) + u16(40) + name(""),
            fields(field("u", FIRST + 3, 0), u16(0x1404, 0) + u32(FIRST + 1)),
            tag(0x1505, FIRST + 4, 8, "_S"),
            enum(0, T_INT, "_E"),
            fields(u16(0x1400, 0) + u32(FIRST + 5) + u16(0), field("t", FIRST + 6, 0)),
            tag(0x1504, FIRST + 7, 8, "_T"),
        ],
        u32(*range(9)),
    ),
    dbi(),
    b"",
    u32(*range(9)),
)


def exercise(data: bytes) -> None:
    """Read all there is; only our own errors may come of it."""
    said = ["test.pdb: "]
    try:
        database = PdbDatabase(data, "test.pdb")
        for one in ("_S", "_T", "_E", "_NO"):
            try:
                database.find(one)
            except Error as error:
                said.append(str(error))
        repr(list(database.types()))
        said += [p.what for p in database.skipped if p.where.startswith("type")]
        repr(list(database.symbols()))
        repr(database.typedefs())
    except Error as error:
        said.append(str(error))

    assert all(s.startswith("test.pdb: ") for s in said)
    assert len(said) < 200


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=600)
def test_flipped_bytes(flips: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, value in flips:
        data[at] = value

    exercise(bytes(data))


@given(st.sampled_from([1536, 2048, 2560]), st.integers(0, 511), st.sampled_from([0, 0x7F, 0x80, 0xFF, 0x10, 0x15]))
@settings(max_examples=400)
def test_flipped_bytes_of_records(block: int, at: int, value: int) -> None:
    data = bytearray(WHOLE)
    data[block + at] = value

    exercise(bytes(data))


@given(st.integers(0, 4000), st.integers(0, 255))
@settings(max_examples=300)
def test_flipped_bytes_of_symbols(at: int, value: int) -> None:
    data = bytearray(symbols_pdb(u32(0x1000, 0, 0x1040, 0x5000, 0x3000, 0x9000)))
    data[at % len(data)] = value

    exercise(bytes(data))


@given(st.integers(0, len(WHOLE) - 1))
def test_cut_off_anywhere(length: int) -> None:
    exercise(WHOLE[:length])


def test_flipped_bytes_of_a_real_one(real_data: Path) -> None:
    import random

    whole = (real_data / "user_minidumps" / "sigsegv.pdb").read_bytes()
    chance = random.Random(3)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30, 300))):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))

        exercise(bytes(data))
