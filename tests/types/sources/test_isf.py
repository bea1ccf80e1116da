"""ISF files: what they say is what comes out, what they don't say is marked, and damage is said with its place."""

from __future__ import annotations

import bz2
import copy
import gzip
import json
import lzma
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.sources.isf import IsfDatabase, database, unpacked

ULONG = {"kind": "base", "name": "unsigned long"}


def base(kind: str, size: int, signed: bool = False) -> dict[str, Any]:
    return {"kind": kind, "size": size, "signed": signed, "endian": "little"}


def fields(**described: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    return {name: {"offset": offset, "type": type} for name, (offset, type) in described.items()}


def bits(position: int, length: int) -> dict[str, Any]:
    return {"kind": "bitfield", "bit_position": position, "bit_length": length, "type": ULONG}


WORLD: dict[str, Any] = {
    "metadata": {
        "format": "6.1.0",
        "windows": {
            "pdb": {"GUID": "0123456789ABCDEF0123456789ABCDEF", "age": 2, "database": "a.pdb", "machine_type": 0x8664}
        },
    },
    "base_types": {
        "pointer": base("int", 8),
        "unsigned long": base("int", 4),
        "long": base("int", 4, True),
        "char": base("char", 1, True),
        "unsigned char": base("char", 1),
        "wchar": base("int", 2, True),
        "double": base("float", 8, True),
        "HRESULT": base("int", 4),
        "void": base("void", 0),
    },
    "user_types": {
        "_S": {
            "kind": "struct",
            "size": 0x60,
            "fields": fields(
                z=(0, ULONG),
                text=(0x10, {"kind": "array", "count": 4, "subtype": {"kind": "base", "name": "wchar"}}),
                next=(0x18, {"kind": "pointer", "subtype": {"kind": "struct", "name": "_S"}}),
                call=(0x20, {"kind": "pointer", "subtype": {"kind": "function"}}),
                u=(0x28, {"kind": "union", "name": "__unnamed_12ab"}),
                sort=(0x30, {"kind": "enum", "name": "_E"}),
                status=(0x34, {"kind": "base", "name": "HRESULT"}),
                here=(0x38, {"kind": "pointer", "subtype": {"kind": "base", "name": "void"}}),
            ),
        },
        "__unnamed_12ab": {
            "kind": "union",
            "size": 8,
            "fields": fields(
                Two=(0, bits(1, 31)), One=(0, bits(0, 1)), All=(0, ULONG), Wide=(0, {"kind": "base", "name": "double"})
            ),
        },
        "_FLAGS": {"kind": "struct", "size": 4, "fields": fields(b=(0, bits(3, 2)), a=(0, bits(0, 3)))},
    },
    "enums": {"_E": {"size": 4, "base": "long", "constants": {"B": 2, "A": 2, "Low": -1}}},
    "symbols": {"KdVersionBlock": {"address": 0x1234}},
}


def world(**changes: Any) -> bytes:
    """Return the file with each part named in *changes* (``user_types___S__size``) replaced."""
    whole = copy.deepcopy(WORLD)
    for path, value in changes.items():
        *outer, last = path.split("__0__")
        place = whole
        for part in outer:
            place = place[part]
        place[last] = value
    return json.dumps(whole).encode()


def test_a_file_says_what_it_is_of() -> None:
    found = database(world(), "a.json")

    assert (found.name, found.guid, found.age, found.machine, found.pdb, found.pointer_size) == (
        "a.json",
        "0123456789ABCDEF0123456789ABCDEF",
        2,
        "x64",
        "a.pdb",
        8,
    )
    assert list(found.names()) == ["_E", "_FLAGS", "_S"]
    assert dict(found.symbols()) == {"KdVersionBlock": 0x1234}
    assert (found.source("_S"), found.find("_T")) == ("a.json", None)


def test_a_structure_is_what_the_file_says_in_the_order_of_offsets() -> None:
    union = Struct(
        "",
        "union",
        8,
        (
            Field("Wide", 0, BASES["Double"], None, "order"),
            Field("All", 0, BASES["Uint4B"], None, "order"),
            Field("One", 0, BASES["Uint4B"], (0, 1), "order"),
            Field("Two", 0, BASES["Uint4B"], (1, 31), "order"),
        ),
    )

    assert database(world()).find("_S") == Struct(
        "_S",
        "struct",
        0x60,
        (
            Field("z", 0, BASES["Uint4B"]),
            Field("text", 0x10, Array(BASES["Wchar"], 4)),
            Field("next", 0x18, Pointer(Reference("struct", "_S"), 8)),
            Field("call", 0x20, Pointer(Function(None), 8)),
            Field("u", 0x28, union),
            Field("sort", 0x30, Reference("enum", "_E")),
            Field("status", 0x34, Base("HRESULT", 4)),
            Field("here", 0x38, Pointer(BASES["Void"], 8)),
        ),
    )


def test_bit_fields_of_one_unit_are_in_their_order() -> None:
    word = BASES["Uint4B"]

    assert database(world()).find("_FLAGS") == Struct(
        "_FLAGS", "struct", 4, (Field("a", 0, word, (0, 3)), Field("b", 0, word, (3, 2)))
    )


def test_enumerators_are_in_the_order_of_their_values() -> None:
    assert database(world()).find("_E") == Enum("_E", 4, (("Low", -1), ("A", 2), ("B", 2)))


@pytest.mark.parametrize("pack", [bytes, lzma.compress, gzip.compress, bz2.compress])
def test_compression_is_seen_by_content(pack: Any) -> None:
    assert database(pack(world())).find("_S") == database(world()).find("_S")


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bz2.compress])
def test_a_bomb_is_not_unpacked(pack: Any) -> None:
    with pytest.raises(FormatError, match="more than 3 MiB when decompressed"):
        unpacked(pack(bytes(1 << 23)), "bomb", limit=3 << 20)


@pytest.mark.parametrize("pack", [lzma.compress, lambda data: gzip.compress(data, mtime=0), bz2.compress])
@given(data=st.data())
def test_damaged_compression_is_an_error(pack: Any, data: st.DataObject) -> None:
    packed = bytearray(pack(world()))
    end = data.draw(st.integers(6, len(packed)))
    place = data.draw(st.integers(6, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    found = None
    try:
        found = unpacked(bytes(packed[:end]), "x", 1 << 20)
    except FormatError as error:
        said = str(error)

    assert found in (world(), None) or place < 24 or pack is bz2.compress
    assert found is not None or said.startswith("x: ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metadata": 3}, "metadata: not a JSON object"),
        ({"metadata__0__format": "7.0.0"}, "'7.0.0' is no ISF version we know"),
        ({"base_types__0__pointer": {"size": 3}}, "pointers of 3 bytes"),
        ({"symbols": []}, "symbols: not a JSON object"),
        ({"user_types__0___S": []}, "user_types/_S: not a JSON object"),
        ({"user_types__0___S__0__size": -1}, "user_types/_S/size: '-1' can't be"),
        ({"user_types__0___S__0__size": 1.5}, "user_types/_S/size: '1.5' can't be"),
        ({"user_types__0___S__0__kind": "interface"}, "its kind is 'interface'"),
        ({"user_types__0___S__0__fields": None}, "user_types/_S/fields: not a JSON object"),
        ({"user_types__0___S__0__fields__0__z__0__offset": 1 << 70}, "user_types/_S/fields/z/offset"),
        ({"user_types__0___S__0__fields__0__z__0__type": {"kind": "base", "name": "x"}}, "has no base type 'x'"),
        ({"user_types__0___S__0__fields__0__z__0__type": {"kind": "thing", "name": "x"}}, "no type is of kind 'thing'"),
        ({"user_types__0___S__0__fields__0__z__0__type": {"kind": "base"}}, "without a name"),
        ({"user_types__0___S__0__fields__0__z__0__type": bits(30, 3)}, "bits 30 to 33 of 4 bytes"),
        ({"user_types__0___S__0__fields__0__z__0__type": {"kind": "union", "name": "__unnamed_1"}}, None),
        ({"base_types__0__unsigned long__0__endian": "big"}, "no big-endian machine"),
        ({"base_types__0__unsigned long__0__size": 3}, "a 'int' of 3 bytes is no C type"),
    ],
)
def test_what_can_not_be_is_said_with_its_place(changes: dict[str, Any], said: str | None) -> None:
    if said is None:  # a structure that the file names but doesn't have
        found = database(world(**changes)).find("_S")
        assert isinstance(found, Struct)
        assert found.fields[0].type == Reference("union", "__unnamed_1")
        return
    with pytest.raises(FormatError, match=said):
        database(world(**changes), "a.json").find("_S")


def test_a_bad_enumerator_or_symbol_is_an_error() -> None:
    with pytest.raises(FormatError, match="enums/_E/constants/A: not a number"):
        database(world(enums__0___E__0__constants={"A": "1"})).find("_E")
    with pytest.raises(FormatError, match="symbols/x/address"):
        list(database(world(symbols={"x": {"address": None}})).symbols())


def test_unnamed_structures_that_contain_themselves_end() -> None:
    loop = {"kind": "struct", "size": 8, "fields": fields(a=(0, {"kind": "struct", "name": "__unnamed_12ab"}))}

    with pytest.raises(FormatError, match="contains itself"):
        database(world(user_types__0____unnamed_12ab=loop)).find("_S")


def test_unnamed_structures_that_multiply_end() -> None:
    whole = copy.deepcopy(WORLD)
    for n in range(40):
        inner = {"kind": "struct", "name": f"__unnamed_{n + 1}"} if n < 39 else ULONG
        whole["user_types"][f"__unnamed_{n}"] = {
            "kind": "struct",
            "size": 8,
            "fields": fields(a=(0, inner), b=(4, inner)),
        }
    whole["user_types"]["_S"]["fields"] = fields(a=(0, {"kind": "struct", "name": "__unnamed_0"}))

    with pytest.raises(FormatError, match="more than 100000 fields"):
        IsfDatabase(whole).find("_S")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{} x", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"1" * 5000]
)
def test_other_text_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError):
        database(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("base"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "name", "size", "fields"]), inner)
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.randoms(use_true_random=False), json_values), max_size=3))
def test_any_value_anywhere_is_read_or_refused(changes: list[tuple[random.Random, Any]]) -> None:
    whole = copy.deepcopy(WORLD)
    for chance, value in changes:
        place: Any = whole
        while True:
            key = chance.choice(list(place))
            if not isinstance(place[key], dict) or not place[key] or chance.random() < 0.15:
                break
            place = place[key]
        place[key] = value
    found = None
    try:
        isf = IsfDatabase(whole, "x")
        found = [isf.find(name) for name in isf.names()]
        list(isf.symbols())
    except FormatError as error:
        said = str(error)

    assert found is not None or said.startswith("x: ")


def _type(type: Any, described: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Say whether *type* is what an ISF file describes; an independent reading of the format."""
    kind = described["kind"]
    if kind == "pointer":
        return isinstance(type, Pointer) and _type(type.target, described["subtype"], whole)
    if kind == "array":
        return (
            isinstance(type, Array)
            and type.count == described["count"]
            and _type(type.element, described["subtype"], whole)
        )
    if kind == "function":
        return bool(type == Function(None))
    if kind == "base":
        return bool(type.size == whole["base_types"][described["name"]]["size"])
    name = described["name"]
    if name.startswith(("__unnamed", "__anonymous", "<unnamed")):
        if kind == "enum":
            return bool(dict(type.members) == whole["enums"][name]["constants"])
        return not type.name and _same(type, whole["user_types"][name], whole)
    return bool(type == Reference(kind, name))


def _same(struct: Struct, described: dict[str, Any], whole: dict[str, Any]) -> bool:
    if (struct.kind, struct.size) != (described["kind"], described["size"]):
        return False
    there = {f.name: f for f in struct.fields}
    if there.keys() != described["fields"].keys() or len(there) != len(struct.fields):
        return False
    for name, field in described["fields"].items():
        form, bits = field["type"], None
        if form["kind"] == "bitfield":
            bits, form = (form["bit_position"], form["bit_length"]), form["type"]
        if (there[name].offset, there[name].bits) != (field["offset"], bits) or not _type(
            there[name].type, form, whole
        ):
            return False
    return True


@pytest.mark.parametrize("number", [0, 60, 140])
def test_every_type_of_a_kernel_is_what_its_file_says(real_data: Path, number: int) -> None:
    path = sorted((real_data / "isf").glob("*.json.xz"))[number]
    whole = json.loads(lzma.decompress(path.read_bytes()))
    found = database(path.read_bytes(), path.name)
    named = [
        n for n in [*whole["user_types"], *whole["enums"]] if not n.startswith(("__unnamed", "__anonymous", "<unnamed"))
    ]

    assert found.guid + f"-{found.age}" == path.name.partition(".")[0]
    assert sorted(named) == list(found.names())
    for name in named:
        type = found.find(name)
        if isinstance(type, Struct):
            assert _same(type, whole["user_types"][name], whole), name
        else:
            assert type is not None
            assert dict(type.members) == whole["enums"][name]["constants"], name
