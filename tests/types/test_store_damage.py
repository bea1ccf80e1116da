"""Whatever is wrong with a store or a file of symbols, the answer is the right one or an error that says so."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.model import BASES, Array, Enum, Field, Pointer, Reference, Struct
from dumpwalk.types.store import Store
from dumpwalk.types.store_format import HEADER, PAGE, SECTION, SECTIONS
from dumpwalk.types.store_writer import ProfileContent, StoreWriter
from dumpwalk.types.symbols_table import Symbols, SymbolsFile
from dumpwalk.types.symbols_writer import symbols_content

INNER = Struct("", "union", 8, (Field("a", 0, BASES["Uint4B"]), Field("b", 0, Pointer(Reference("struct", "_X"), 8))))
TYPES = {
    "_E": Enum("_E", 4, (("One", 1), ("Two", 2))),
    "_X": Struct("_X", "struct", 24, (Field("u", 0, INNER), Field("v", 8, Array(INNER, 2)))),
}


def store() -> bytes:
    writer = StoreWriter()
    writer.add(
        ProfileContent(
            *("nt/1-x64", ("one",), 1, 0, "x64", 8, "", 0, 0, "made up", TYPES, {"Sym": 4}, {"_E": "x"}),
            typedefs={"PX": Pointer(Reference("struct", "_X"), 8), "U": INNER},
        )
    )
    return writer.content()


def everything(data: bytes) -> list[object]:
    """Ask a store for all it has."""
    opened = Store(data)
    found: list[object] = list(opened.profiles())
    types = opened.open("nt/1-x64")
    found += [types.typedefs(), types.typedef("PX"), types.typedef("U"), types.typedef("_X")]
    found += [types.names(), types.key_symbols(), types.pointer_size]
    return found + [(types.find(name), types.source(name)) for name in ("_E", "_X")]


GOOD = store()
ALL = everything(GOOD)


def resealed(data: bytes) -> bytes:
    """Return *data* with the checksums that somebody who forges a store would put there."""
    out = bytearray(data)
    start, pages = struct.unpack_from("<II", data, 24)
    head = HEADER.size + SECTION.size * len(SECTIONS)
    if head + 4 + 4 * pages > len(data) or start + PAGE * pages > len(data):
        return data
    checks = b"".join(
        struct.pack("<I", zlib.crc32(data[start + i * PAGE : start + (i + 1) * PAGE])) for i in range(pages)
    )
    out[head + 4 : head + 4 + len(checks)] = checks
    struct.pack_into("<I", out, 32, zlib.crc32(checks))
    struct.pack_into("<I", out, head, zlib.crc32(out[:head]))
    return bytes(out)


def test_resealing_a_good_store_changes_nothing() -> None:
    assert resealed(GOOD) == GOOD


@given(st.integers(0, len(GOOD) - 1))
def test_a_truncated_store_is_refused(length: int) -> None:
    with pytest.raises(TypeInfoError):
        everything(GOOD[:length])


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_a_flipped_bit_is_found_or_does_not_matter(bit: int) -> None:
    data = bytearray(GOOD)
    data[bit // 8] ^= 1 << bit % 8
    try:
        found = everything(bytes(data))
    except TypeInfoError:
        return

    assert found == ALL  # the bit is in no page that was asked for


@given(st.integers(0, len(GOOD) - 1))
def test_checking_the_whole_store_finds_any_damage(at: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= 0x10
    start = HEADER.unpack_from(GOOD)[4]
    checked = HEADER.size + SECTION.size * len(SECTIONS) + 4 + 4 * ((len(GOOD) - start) // PAGE)
    if checked <= at < start:
        return  # filling bytes between the checksums and the pages

    with pytest.raises(TypeInfoError):
        Store(bytes(data)).check()


@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD) // 4 - 1), st.integers(0, 0xFFFFFFFF) | st.integers(0, 40)),
        min_size=1,
        max_size=4,
    )
)
def test_a_forged_store_never_hangs_or_crashes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        struct.pack_into("<I", data, 4 * at, value)
    found: list[object] = []
    with contextlib.suppress(TypeInfoError):
        found = everything(resealed(bytes(data)))

    assert len(repr(found)) < 1_000_000


def section(name: str) -> int:
    offset: int = SECTION.unpack_from(GOOD, HEADER.size + SECTION.size * SECTIONS.index(name))[0]
    return offset


def test_a_type_that_contains_itself_is_refused() -> None:
    data = bytearray(GOOD)
    count = SECTION.unpack_from(GOOD, HEADER.size + SECTION.size * SECTIONS.index("TYPES"))[1]
    for i in range(count):  # every type is a pointer to itself
        struct.pack_into("<BBHII", data, section("TYPES") + 12 * i, 1, 0, 0, i, 8)

    with pytest.raises(TypeInfoError, match="contains itself"):
        Store(resealed(bytes(data))).open("one").find("_X")


def test_an_unnamed_structure_doubled_many_times_is_refused() -> None:
    """2 to the power of 40 fields, in a few hundred bytes."""
    inner = Struct("", "struct", 1, (Field("a", 0, BASES["Char"]), Field("b", 0, BASES["Char"])))
    for _ in range(24):
        inner = Struct("", "struct", 1, (Field("a", 0, inner), Field("b", 0, inner)))
    writer = StoreWriter()
    types = {"_X": Struct("_X", "struct", 1, (Field("a", 0, inner),))}
    writer.add(ProfileContent("nt/1-x64", ("one",), 1, 0, "x64", 8, "", 0, 0, "made up", types))

    with pytest.raises(TypeInfoError, match="damaged"):
        Store(writer.content()).open("one").find("_X")


def test_another_version_is_said_to_be_one() -> None:
    data = bytearray(GOOD)
    data[8] = 9

    with pytest.raises(TypeInfoError, match="another version of dumpwalk \\(9, not 1\\)"):
        Store(bytes(data))


TABLES = ({"A": 0x10, "AB": 0x20, "??_C@x": 0x30}, {"A": 0x18, "C": 0x40})
SYMBOLS = symbols_content([list(TABLES)])


def all_symbols(data: bytes) -> list[object]:
    """Ask a file of symbols for all it has."""
    file = SymbolsFile(data, "symbols")
    found: list[object] = []
    for i in range(min(file.tables, 4)):
        symbols = Symbols(file, i)
        found += [list(symbols.items()), symbols.find("A"), symbols.nearest(0x100), symbols.nearest(0x25)]
    return found


ALL_SYMBOLS = all_symbols(SYMBOLS)


@given(st.integers(0, len(SYMBOLS) - 1))
def test_truncated_symbols_are_refused(length: int) -> None:
    with pytest.raises(TypeInfoError):
        all_symbols(SYMBOLS[:length])


@given(st.integers(0, 8 * len(SYMBOLS) - 1))
def test_a_flipped_bit_in_symbols_is_found(bit: int) -> None:
    data = bytearray(SYMBOLS)
    data[bit // 8] ^= 1 << bit % 8

    with pytest.raises(TypeInfoError):
        all_symbols(bytes(data))


@given(
    st.lists(
        st.tuples(st.integers(2, len(SYMBOLS) // 4 - 1), st.integers(0, 0xFFFFFFFF) | st.integers(0, 300)),
        min_size=1,
        max_size=3,
    )
)
def test_forged_symbols_never_hang_or_crash(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SYMBOLS)
    for at, value in changes:
        struct.pack_into("<I", data, 4 * at, value)
    blocks = 1 + 1 + 1 + 2
    end = 32 + 4 + 16 * blocks + 8 * 2 - 4
    struct.pack_into("<I", data, 28, zlib.crc32(data[8:28] + data[32:end]))
    found: list[object] = []
    with contextlib.suppress(TypeInfoError):
        found = all_symbols(bytes(data))

    assert len(repr(found)) < 100_000


def test_a_block_that_unpacks_to_more_than_it_says_is_refused() -> None:
    data = bytearray(SYMBOLS)
    bomb = zlib.compress(bytes(100_000))
    struct.pack_into("<IIII", data, 32 + 16 * 3, len(data), len(bomb), 11, zlib.crc32(bomb))
    struct.pack_into("<I", data, 28, zlib.crc32(data[8:28] + data[32 : 32 + 16 * 5 + 16]))

    with pytest.raises(TypeInfoError, match="another size"):
        Symbols(SymbolsFile(bytes(data) + bomb, "symbols"), 0).find("A")


def test_a_store_without_typedefs_has_no_section_for_them() -> None:
    """The files that were written before there were any are read as they are."""
    writer = StoreWriter()
    writer.add(ProfileContent("nt/1-x64", (), 1, 0, "x64", 8, "", 0, 0, "made up", TYPES))
    data = writer.content()

    assert HEADER.unpack_from(data)[2] == len(SECTIONS) - 1
    assert Store(data).open("nt/1-x64").typedefs() == {}
    assert Store(data).open("nt/1-x64").typedef("_X") is None


def test_typedefs_are_a_profiles_own() -> None:
    writer = StoreWriter()
    for n, meant in enumerate(({"A": BASES["Uint4B"], "B": BASES["Char"]}, {}, {"A": BASES["Int4B"]})):
        writer.add(
            ProfileContent(f"m/{n}", (), 1, 0, "x64", 8, "", 0, 0, "made up", TYPES, typedefs=meant)  # type: ignore[arg-type]
        )
    opened = [Store(writer.content()).open(f"m/{n}") for n in range(3)]

    assert [types.typedef("A") for types in opened] == [BASES["Uint4B"], None, BASES["Int4B"]]
    assert [sorted(types.typedefs()) for types in opened] == [["A", "B"], [], ["A"]]
