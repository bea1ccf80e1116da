"""A store gives back what was put into it, and its bytes are those that docs/typeinfo.md describes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.model import BASES, VOID, Array, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.store import Store
from dumpwalk.types.store_writer import ProfileContent, StoreWriter

ENTRY = Struct(
    "_ENTRY",
    "struct",
    0x30,
    (
        Field("Next", 0, Pointer(Reference("struct", "_ENTRY"), 8)),
        Field("Routine", 8, Pointer(Function(BASES["Int4B"]), 8)),
        Field("Other", 0x10, Array(Pointer(Function(None), 8), 2)),
        Field(
            "u",
            0x20,
            Struct(
                "",
                "union",
                8,
                (
                    Field("Long", 0, BASES["Uint8B"], None, "order"),
                    Field("Valid", 0, BASES["Uint8B"], (0, 1), "order"),
                    Field("s", 0, Struct("", "struct", 8, (Field("Low", 0, BASES["Char"], None, "sign"),))),
                ),
            ),
        ),
        Field("State", 0x28, Reference("enum", "_STATE")),
        Field("Nothing", 0x2C, Pointer(VOID, 4), None, "type"),
    ),
)
STATE = Enum("_STATE", 4, (("Off", 0), ("On", 1), ("Broken", -1), ("Large", 1 << 40)))


def profile(name: str = "nt/1.2-x64", **changes: object) -> ProfileContent:
    content = ProfileContent(
        name,
        ("1.2-x64", "AAAA-1"),
        1,
        2,
        "x64",
        8,
        "AAAA-1",
        0x1234,
        0x5000,
        "made up",
        {"_ENTRY": ENTRY, "_STATE": STATE},
        {"PsList": 0x30, "KeBug": 0x10},
        {"_STATE": "made up elsewhere"},
    )
    return content.__replace__(**changes)  # type: ignore[attr-defined,no-any-return]


def written(*profiles: ProfileContent) -> bytes:
    writer = StoreWriter()
    for each in profiles:
        writer.add(each)
    return writer.content()


def test_types_come_back_as_they_were() -> None:
    types = Store(written(profile())).open("nt/1.2-x64")

    assert types.find("_ENTRY") == ENTRY
    assert types.find("_STATE") == STATE
    assert types.names() == ("_ENTRY", "_STATE")
    assert (types.name, types.pointer_size) == ("nt/1.2-x64", 8)


def test_the_module_may_stand_before_the_name() -> None:
    types = Store(written(profile())).open("nt/1.2-x64")

    assert types.find("nt!_ENTRY") == types.find("NTKRNLMP!_ENTRY") == ENTRY
    assert types.find("win32k!_ENTRY") is None
    assert types.find("_MISSING") is None
    assert types.find("Next") is None  # a string of the store, but no type
    assert types.find("") is None
    assert types.find("x" * 100_000) is None
    assert types.find("\ud800") is None


def test_each_type_says_where_it_comes_from() -> None:
    types = Store(written(profile())).open("nt/1.2-x64")

    assert types.source("_ENTRY") == "made up"
    assert types.source("nt!_STATE") == "made up elsewhere"
    assert types.source("_MISSING") == ""


def test_key_symbols_are_in_the_store() -> None:
    assert Store(written(profile())).open("aaaa-1").key_symbols() == {"KeBug": 0x10, "PsList": 0x30}


def test_a_profile_has_aliases_in_any_case() -> None:
    store = Store(written(profile(), profile("nt/1.3-x64", aliases=("win-x",), build=3)))

    assert store.open("NT/1.2-X64").name == store.open("aaaa-1").name == "nt/1.2-x64"
    assert store.open("Win-X").name == "nt/1.3-x64"
    with pytest.raises(TypeInfoError, match="no types of nt/9: `dumpwalk types list`"):
        store.open("nt/9")


def test_listing_of_profiles() -> None:
    info = Store(written(profile(symbols=3, symbols_count=77))).profiles()[0]

    assert (info.name, info.aliases, info.build, info.revision) == ("nt/1.2-x64", ("1.2-x64", "AAAA-1"), 1, 2)
    assert (info.architecture, info.guid, info.timestamp, info.size) == ("x64", "AAAA-1", 0x1234, 0x5000)
    assert (info.types, info.symbols, info.source) == (2, 77, "made up")


def test_two_profiles_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two profiles are called 1\.2-X64"):
        written(profile(), profile("nt/other", aliases=("1.2-X64",)))


def test_equal_types_are_there_once() -> None:
    again = {"_STATE": Enum("_STATE", 4, STATE.members), "_ENTRY": ENTRY}
    store = Store(written(profile(), profile("nt/b", aliases=(), types=again)))

    assert list(store.open("nt/b").table()) == list(store.open("nt/1.2-x64").table())
    assert len(written(profile(), profile("nt/b", aliases=()))) - len(written(profile())) <= 1024


def test_a_profile_that_has_no_table_of_symbols_has_its_key_symbols() -> None:
    symbols = Store(written(profile())).open("nt/1.2-x64").symbols

    assert list(symbols.items()) == [("KeBug", 0x10), ("PsList", 0x30)]
    assert (len(symbols), symbols.find("nt!KeBug"), symbols.nearest(0x2F)) == (2, 0x10, ("KeBug", 0x1F))
    assert (symbols.find("None"), symbols.find("zz"), symbols.nearest(0xF)) == (None, None, None)


def test_a_profile_without_symbols_has_none() -> None:
    symbols = Store(written(profile(keys={}))).open("nt/1.2-x64").symbols

    assert (len(symbols), symbols.find("KeBug"), symbols.nearest(0x10), list(symbols.names())) == (0, None, None, [])


def test_a_store_is_opened_from_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.types").write_bytes(written(profile()))
    (tmp_path / "empty").write_bytes(b"")

    assert Store.from_path(str(tmp_path / "a.types")).open("1.2-x64").find("_STATE") == STATE
    with pytest.raises(TypeInfoError, match="not a type store"):
        Store.from_path(str(tmp_path / "empty"))
    with pytest.raises(TypeInfoError, match="No such file"):
        Store.from_path(str(tmp_path / "missing"))


def test_bytes_are_those_the_documentation_describes() -> None:
    """A reader that shares nothing with ours finds the second field of the structure."""
    data = written(profile())
    magic, version, count, size, start, pages, crc = struct.unpack_from("<8sIIQIII", data, 0)
    sections = [struct.unpack_from("<II", data, 36 + 8 * i) for i in range(count)]
    strings, heap, index, types, defs, fields, members, table, profiles = (offset for offset, _ in sections[:9])

    def text(number: int) -> bytes:
        begin, end = struct.unpack_from("<II", data, strings + 8 * number)
        return data[heap + begin : heap + end]

    slots = sections[2][1]
    slot = int.from_bytes(b"_ENTRY", "little") % slots
    while text(struct.unpack_from("<I", data, index + 4 * slot)[0]) != b"_ENTRY":
        slot = (slot + 1) % slots
    name = struct.unpack_from("<I", data, index + 4 * slot)[0]
    row = struct.unpack_from("<19I", data, profiles)
    rows = dict(struct.unpack_from("<II", data, table + 8 * (row[11] + i)) for i in range(row[12]))
    def_name, def_size, first, number, kind = struct.unpack_from("<IIIIB", data, defs + 20 * rows[name])
    field, offset, type_, position, length, guess = struct.unpack_from("<IIIBBB", data, fields + 16 * (first + 1))
    pointer = struct.unpack_from("<BBHII", data, types + 12 * type_)
    function = struct.unpack_from("<BBHII", data, types + 12 * pointer[3])
    base = struct.unpack_from("<BBHII", data, types + 12 * function[3])

    assert (magic, version, count, size, start % 1024) == (b"DWTYPES\0", 1, 13, len(data), 0)
    assert struct.unpack_from("<I", data, 36 + 8 * count)[0] == zlib.crc32(data[: 36 + 8 * count])
    checks = data[40 + 8 * count : 40 + 8 * count + 4 * pages]
    assert (zlib.crc32(checks), start + 1024 * pages) == (crc, size)
    assert struct.unpack(f"<{pages}I", checks) == tuple(
        zlib.crc32(data[at : at + 1024]) for at in range(start, size, 1024)
    )
    assert (text(row[0]), text(row[1]), row[4:9]) == (b"nt/1.2-x64", b"x64", (1, 2, 0x1234, 0x5000, 8))
    assert (text(def_name), def_size, number, kind) == (b"_ENTRY", 0x30, 6, 0)
    assert (text(field), offset, position, length, guess) == (b"Routine", 8, 0, 0, 0)
    assert (pointer[0], pointer[4], function[0], base[0], text(base[3]), base[4]) == (1, 8, 3, 0, b"Int4B", 4)
    assert members > fields


NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


def structs(name: st.SearchStrategy[str], types: st.SearchStrategy[object]) -> st.SearchStrategy[Struct]:
    bits = st.none() | st.tuples(st.integers(0, 255), st.integers(1, 255))
    guesses = st.sampled_from(["", "order", "sign", "type"])
    fields = st.builds(Field, NAMES, st.integers(0, 0xFFFFFFFF), types, bits, guesses)
    kinds = st.sampled_from(["struct", "union", "class"])
    return st.builds(Struct, name, kinds, st.integers(0, 0xFFFFFFFF), st.lists(fields, max_size=5).map(tuple))


TYPES = st.recursive(
    st.one_of(
        st.sampled_from(list(BASES.values())),
        st.builds(Reference, st.sampled_from(["struct", "union", "class", "enum"]), NAMES),
        st.just(Function(None)),
    ),
    lambda inner: st.one_of(
        st.builds(Pointer, inner, st.sampled_from([4, 8])),
        st.builds(Array, inner, st.integers(0, 0xFFFFFFFF)),
        st.builds(Function, inner),
        structs(st.just(""), inner),
    ),
    max_leaves=8,
)
ENUMS = st.builds(
    Enum,
    NAMES,
    st.integers(0, 8),
    st.lists(st.tuples(NAMES, st.integers(-(1 << 63), (1 << 63) - 1)), max_size=5).map(tuple),
)


@given(st.dictionaries(NAMES, structs(NAMES, TYPES) | ENUMS, max_size=6))
def test_whatever_is_written_is_read(types: dict[str, Struct | Enum]) -> None:
    found = Store(written(profile(types=types, notes={}))).open("1.2-x64")

    assert found.names() == tuple(sorted(types))
    assert {name: found.find(name) for name in types} == types
