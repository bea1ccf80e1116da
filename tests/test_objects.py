"""Objects: members, pointers, arrays, bits, text, and what can't be read."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.memory.address import Address, Address32
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects import EnumValue, Object, object_, space_of
from dumpwalk.objects.sizes import offset_of, size_of
from dumpwalk.remarks import Absent
from dumpwalk.target import open as open_target
from dumpwalk.types.model import BASES, VOID, Array, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.store import Store

NODE, NAME, TEXT = 0xFFFF8000_00001000, 0xFFFF8000_00002000, 0xFFFF8000_00003000
KIND = Enum("_KIND", 4, (("Zero", 0), ("One", 1), ("Uno", 1), ("Below", -1)))


class Types:
    """A database of a few types."""

    def __init__(self, pointer_size: int, *types: Struct | Enum) -> None:
        self.name = "nt/test"
        self.pointer_size = pointer_size
        self._types = {t.name: t for t in types}

    def find(self, name: str) -> Struct | Enum | None:
        return self._types.get(name)

    def names(self) -> list[str]:
        return sorted(self._types)

    def source(self, name: str) -> str:
        return "the test"


def types(size: int = 8) -> Types:
    """Return the same types for 32 and 64 bits; only the pointers differ."""
    links = Pointer(Reference("struct", "_LIST_ENTRY"), size)
    text = Pointer(BASES["Wchar"], size)
    union = Struct("", "union", 4, (Field("Long", 0, BASES["Uint4B"]), Field("Short", 0, BASES["Int2B"])))
    at = 0
    fields = []

    def member(name: str, type: Any, width: int, bits: tuple[int, int] | None = None, *, stay: bool = False) -> None:
        nonlocal at
        at = (at + min(width, size) - 1) // min(width, size) * min(width, size)
        fields.append(Field(name, at, type, bits))
        at += 0 if stay else width

    member("Signed", BASES["Int4B"], 4)
    member("Wide", BASES["Uint8B"], 8)
    member("Low", BASES["Uint4B"], 4, (0, 3), stay=True)
    member("High", BASES["Uint4B"], 4, (31, 1))
    member("Kind", Reference("enum", "_KIND"), 4)
    member("u", union, 4)
    member("Letters", Array(BASES["UChar"], 6), 8)
    member("Numbers", Array(BASES["Uint2B"], 3), 8)
    member("Next", Pointer(Reference("struct", "_NODE"), size), size)
    member("Raw", Pointer(VOID, size), size)
    member("Routine", Pointer(Function(None), size), size)
    member("Links", Reference("struct", "_LIST_ENTRY"), 2 * size)
    member("Name", Reference("struct", "_UNICODE_STRING"), 2 * size)
    member("Ratio", BASES["Double"], 8)
    member("Other", Reference("struct", "_NOT_LISTED"), 8)
    member("address_", BASES["UChar"], 1)
    string = (
        Field("Length", 0, BASES["Uint2B"]),
        Field("MaximumLength", 2, BASES["Uint2B"]),
        Field("Buffer", size, text),
    )
    return Types(
        size,
        KIND,
        Struct("_NODE", "struct", (at + 7) // 8 * 8, tuple(fields)),
        Struct("_LIST_ENTRY", "struct", 2 * size, (Field("Flink", 0, links), Field("Blink", size, links))),
        Struct("_UNICODE_STRING", "struct", 2 * size, string),
    )


def bytes_of(size: int) -> bytes:
    database = types(size)
    node = database.find("_NODE")
    assert isinstance(node, Struct)
    word = "Q" if size == 8 else "I"
    mask = (1 << size * 8) - 1
    out = bytearray(node.size)
    values: dict[str, bytes] = {
        "Signed": struct.pack("<i", -5),
        "Wide": struct.pack("<Q", 0x123456789ABCDEF0),
        "Low": struct.pack("<I", 0x80000005),
        "Kind": struct.pack("<i", 1),
        "u": struct.pack("<I", 0xFFFFFFFE),
        "Letters": b"Sys\0\xff\0",
        "Numbers": struct.pack("<3H", 7, 8, 9),
        "Next": struct.pack(f"<{word}", NODE & mask),
        "Raw": struct.pack(f"<{word}", 0),
        "Routine": struct.pack(f"<{word}", TEXT & mask),
        "Links": struct.pack(f"<2{word}", (NODE + offset_of(database, "_NODE", "Links")) & mask, 0),
        "Name": struct.pack("<2H", 8, 10).ljust(size, b"\0") + struct.pack(f"<{word}", NAME & mask),
        "Ratio": struct.pack("<d", 0.5),
        "address_": b"\x2a",
    }
    for name, data in values.items():
        offset = offset_of(database, "_NODE", name)
        out[offset : offset + len(data)] = data
    return bytes(out)


@pytest.fixture(params=[4, 8], ids=["32", "64"])
def size(request: pytest.FixtureRequest) -> int:
    width: int = request.param
    return width


def world(size: int = 8, cut: int | None = None) -> tuple[SegmentedMemory, Types]:
    address = Address32 if size == 4 else Address
    held = {NODE: bytes_of(size)[:cut], NAME: "Näme".encode("utf-16-le")}
    memory = SegmentedMemory(Segment(address(a), memoryview(b)) for a, b in held.items())
    return memory, types(size)


def node(size: int = 8, cut: int | None = None) -> Any:
    return object_(*world(size, cut), "nt!_NODE", NODE)


def test_members(size: int) -> None:
    n = node(size)

    assert (n.Signed, n.Wide, n.Ratio) == (-5, 0x123456789ABCDEF0, 0.5)
    assert (n.Low, n.High) == (5, 1)
    assert (n.u.Long, n.u.Short) == (0xFFFFFFFE, -2)
    assert n.address_ == NODE & ((1 << size * 8) - 1)
    assert n.member_("address_") == 0x2A
    assert n.size_ == size_of(n.type_, types(size))


def test_enumerations() -> None:
    kind = node().Kind

    assert kind == 1
    assert (kind.name, str(kind), isinstance(kind, EnumValue)) == ("One", "One", True)
    assert str(EnumValue(9, KIND)) == "9"
    assert repr(EnumValue(-1, KIND)) == "<_KIND -1 Below>"


def test_pointers(size: int) -> None:
    n = node(size)
    mask = (1 << size * 8) - 1

    assert n.Next == NODE & mask
    assert int(n.Next) == NODE & mask
    assert n.Next.Next.Next.Signed == -5
    assert n.Next.deref_() == n
    assert hash(n.Next) == hash(NODE & mask)
    assert bool(n.Next)
    assert not n.Raw
    assert n.Links.Flink.container_of_("_NODE", "Links") == n
    assert n.Next.cast_("_NODE").Signed == -5
    assert n.Routine == TEXT & mask
    assert n.Next[0].Wide == n.Wide
    assert str(n.Next.pointer_) == str((Address32 if size == 4 else Address)(NODE))


def test_arrays() -> None:
    n = node()

    assert (len(n.Numbers), list(n.Numbers), n.Numbers[-1]) == (3, [7, 8, 9], 9)
    assert n.Numbers.element_(3) == 0  # an array declared with one element goes on behind it
    with pytest.raises(IndexError):
        n.Numbers[3]
    with pytest.raises(TypeError):
        len(n)
    with pytest.raises(TypeInfoError):
        n.element_(0)


def test_text() -> None:
    n = node()

    assert n.Name.str_() == "Näme"
    assert n.Letters.str_() == "Sys"
    assert n.Name.Buffer.str_() == "Näme"
    assert n.Raw.str_() == Absent("null pointer")
    assert n.Numbers.str_() == Absent("[3] Uint2B is no text")


def test_a_member_that_is_not_there() -> None:
    n = node()

    for wrong in (lambda: n.Nothing, lambda: n.Next.Nothing, lambda: n.member_("u.Nothing"), lambda: n.Raw.Nothing):
        with pytest.raises(AttributeError):
            wrong()
    with pytest.raises(TypeInfoError, match="no type _NOTHING in nt/test"):
        n.cast_("_NOTHING")
    with pytest.raises(TypeInfoError):
        object_(*world(), "_NOTHING", NODE)
    with pytest.raises(TypeInfoError, match=r"no member u\.Nothing"):
        n.container_of_("_NODE", "u.Nothing")


def test_absence_is_a_value() -> None:
    memory, database = world()
    away = object_(memory, database, "_NODE", 0x4000)
    null = object_(memory, database, "Ptr64 _NODE", NODE + offset_of(database, "_NODE", "Raw"))

    assert away.Signed == Absent("00000000`00004000: not in the dump")
    assert away.Low == Absent("00000000`00004010: not in the dump")
    assert isinstance(away.Next, Absent)
    assert isinstance(away.member_("Next.Next.Signed"), Absent)
    assert null.Signed == Absent("Signed of a null pointer")
    assert node().Other == Absent("no type _NOT_LISTED in nt/test")
    assert isinstance(away.bytes_(), Absent)
    assert isinstance(away.Name.str_(), Absent)


def test_the_part_that_is_there_can_be_read() -> None:
    half = node(cut=12)

    assert half.Signed == -5
    assert half.Wide == Absent("ffff8000`0000100c: not in the dump")


def test_looks() -> None:
    n = node()

    assert repr(n) == "<_NODE at ffff8000`00001000>"
    assert repr(n.Next) == "<Ptr64 _NODE ffff8000`00001000>"
    assert {"Signed", "Next", "cast_", "str_"} <= set(dir(n.Next))
    html = n._repr_html_()
    assert "<td>+0x000</td><td>Signed</td><td>Int4B</td><td>-5</td>" in html
    assert "&lt;_NODE at" in html


def test_a_hostile_name_is_escaped() -> None:
    bad = Struct("<script>", "struct", 4, (Field("<b>\x1b[2J", 0, BASES["Uint4B"]),))
    memory, _ = world()

    html = object_(memory, Types(8, bad), "<script>", NODE)._repr_html_()

    assert "<script>" not in html
    assert "<b>" not in html
    assert "\x1b" not in html


@pytest.mark.parametrize("name", ["_A B", "\0", "\ud800", "", "class", "_repr_html_", "plan_", "__slots__"])
def test_a_hostile_name_is_a_type_and_a_member(name: str) -> None:
    struct_ = Struct(name, "struct", 4, (Field(name, 0, BASES["Uint2B"]), Field("__mro__", 2, BASES["UChar"])))
    memory, _ = world()
    thing = space_of(memory, Types(8)).plan(struct_).object(NODE)

    assert [thing.member_(name) for _ in range(2)] == [0xFFFB, 0xFFFB]
    assert thing.member_("__mro__") == 0xFF
    assert "<table>" in thing._repr_html_()


@pytest.mark.parametrize("bits", [(0, 1), (15, 1), (3, 7), (0, 16), (70, 2)])
@pytest.mark.parametrize("type", ["Int2B", "Uint2B"])
def test_bits_are_those_of_the_number_without_its_sign(type: str, bits: tuple[int, int]) -> None:
    part = Struct("_PART", "struct", 2, (Field("Bits", 0, BASES[type], bits),))
    memory = SegmentedMemory([Segment(Address(NODE), memoryview(b"\xfb\xa5"))])
    away = space_of(memory, Types(8)).plan(part).object(0)
    thing = space_of(memory, Types(8)).plan(part).object(NODE)

    assert [thing.Bits, thing.Bits] == [0xA5FB >> bits[0] & (1 << bits[1]) - 1] * 2
    assert away.Bits == Absent("00000000`00000000: not in the dump")


def test_an_object_can_be_copied(size: int) -> None:
    n = node(size)

    assert copy.copy(n).Signed == -5
    assert copy.copy(n.Next) == n.Next
    assert copy.copy(n.Next).Next.Signed == -5


@pytest.mark.parametrize("cut", [0, 3, 4, 12, 23, 40, 64, None])
def test_memory_that_gives_views_reads_the_same(cut: int | None, size: int) -> None:
    """Values come out of the memory's own bytes where it hands them out, else out of a copy; one by one otherwise."""

    class Copies:
        def __init__(self, memory: SegmentedMemory) -> None:
            self.read = memory.read

    memory, database = world(size, cut)
    viewed, copied = (object_(m, database, "_NODE", NODE) for m in (memory, Copies(memory)))

    assert isinstance(viewed.load_() or memoryview(b""), memoryview)
    assert isinstance(copied.load_(), bytes)
    for name in viewed.plan_.members:
        a, b = viewed.member_(name), copied.member_(name)
        assert (type(a).__name__, repr(a)) == (type(b).__name__, repr(b))


def test_types_that_contain_themselves_and_lie() -> None:
    memory, _ = world()
    selves = Struct("_SELF", "struct", 8, (Field("Self", 0, Reference("struct", "_SELF")),))
    arrays = Struct("_MANY", "struct", 1 << 40, (Field("All", 0, Array(BASES["Uint8B"], 1 << 40)),))
    outside = Struct(
        "_OUT", "struct", 4, (Field("Far", 1 << 63, BASES["Uint4B"]), Field("Before", -4, BASES["Uint4B"]))
    )
    database = Types(8, selves, arrays, outside)
    out = object_(memory, database, "_OUT", NODE)

    assert object_(memory, database, "_SELF", NODE).Self.Self.Self.address_ == NODE
    assert len(object_(memory, database, "_MANY", NODE).All) == 1 << 40
    assert isinstance(object_(memory, database, "_MANY", NODE).All.bytes_(), Absent)
    assert isinstance(out.Far, Absent)
    assert isinstance(out.Before, Absent)


@given(st.binary(max_size=160))
def test_any_bytes_are_something(data: bytes) -> None:
    memory = SegmentedMemory([Segment(Address(NODE), memoryview(data))])
    n = object_(memory, types(), "_NODE", NODE)

    for name in n.plan_.members:
        value = n.member_(name)
        assert isinstance(value, (int, float, Object, Absent))
    assert isinstance(n.Name.str_(), (str, Absent))


def test_spaces_are_kept_but_not_all() -> None:
    memory, database = world()
    space = space_of(memory, database)

    assert space_of(memory, database) is space
    for _ in range(10):
        space_of(*world())
    assert space_of(memory, database) is not space


def words_of(value: Any) -> Any:
    """Return a value as the hand-decoded dumps have it: numbers are not signed, zeros of an array are one."""
    if isinstance(value, Object) and value.pointer_ is None:
        return value.str_() if value.str_() else [words_of(v) for v in value]
    if isinstance(value, EnumValue) and value.name:
        return f"{int(value)} ({value.name})"
    return int(value)


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, list) and not isinstance(theirs, list):
        return not any(ours) and set(str(theirs)) == {"0"}
    if isinstance(ours, list):
        return all(same(a, b) for a, b in zip(ours, theirs))
    if isinstance(theirs, str) and theirs[:2] == "0x":
        theirs = int(theirs, 16)
    if isinstance(ours, str) and "(" in ours and isinstance(theirs, int):
        ours = int(ours.partition(" ")[0])
    if isinstance(ours, int) and isinstance(theirs, int) and ours < 0:
        return theirs in (ours + 2**bits for bits in (8, 16, 32, 64)) or ours == theirs
    return bool(ours == theirs)


@pytest.mark.real
@pytest.mark.parametrize(("what", "type"), [("thread", "_ETHREAD"), ("process", "_EPROCESS"), ("prcb", "_KPRCB")])
def test_a_real_dump_holds_what_was_decoded_by_hand(what: str, type: str, real_dumps: Path) -> None:
    expected = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))[what]
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    whole = object_(target.memory, Store.shipped().open("nt/19041.804-x64"), type, int(expected["address"], 16))
    different = []
    compared = 0
    for path, decoded in expected["fields"].items():
        if "value" in decoded:
            compared += 1
            ours = words_of(whole.member_(path))
            if not same(ours, decoded["value"]):
                different.append((path, ours, decoded["value"]))

    assert different == []
    assert compared > 380


def test_numbers_are_no_objects() -> None:
    memory, database = world()

    assert object_(memory, database, "Int4B", NODE) == -5
    assert object_(memory, database, "_KIND", NODE + offset_of(database, "_NODE", "Kind")).name == "One"
    with pytest.raises(TypeError):
        int(node())
    with pytest.raises(ReadError):
        memory.read(Address(0), 1)
