"""All types of a PDB at once: the same as one by one, and made the fast way where that is promised."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pdb_stated import (
    FIRST,
    INFO,
    T_INT,
    T_UCHAR,
    T_ULONG,
    dbi,
    enum,
    field,
    fields,
    msf,
    name,
    padded,
    pdb,
    pointer,
    tag,
    tpi,
    u16,
    u32,
)

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, Field, Pointer, Reference, Struct
from dumpwalk.types.sources.pdb.build import Builder
from dumpwalk.types.sources.pdb.bulk import BulkBuilder
from dumpwalk.types.sources.pdb.msf import Container
from dumpwalk.types.sources.pdb.plain import plain_enumerators, plain_fields
from dumpwalk.types.sources.pdb.tpi import TypeStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dumpwalk.types.model import Enum

LOW, LONG_NAME = field("Low", T_ULONG, 0), field("LongName", T_UCHAR, 0x7FFF)
# What clang writes of a structure in a structure that neither has a name: LF_NESTTYPE, whose name is empty.
NESTED = padded(u16(0x1510, 0) + u32(FIRST) + name(""))
VALUE = padded(u16(0x1502, 3) + u16(5) + name("Five"))


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ((LOW, LONG_NAME), (LOW, LONG_NAME)),
        ((LOW, LONG_NAME, NESTED), (LOW, LONG_NAME)),
        ((NESTED, LOW, NESTED, NESTED, LONG_NAME, NESTED), (LOW, LONG_NAME)),
        ((LOW, padded(u16(0x150E, 3) + u32(T_ULONG) + name("shared"))), (LOW,)),
        ((padded(u16(0x150F, 2) + u32(FIRST) + name("overloaded")), LOW), (LOW,)),
        # A field whose type or name looks like a nested type.
        ((field(b"\x10\x15", 0x1510, 0),), (field(b"\x10\x15", 0x1510, 0),)),
        # Base class, wide offset, cut off in the name, before it, in the type, no field at all, another kind.
        ((u16(0x1400, 3) + u32(FIRST) + u16(0), LOW), ()),
        ((LOW, field("Far", T_ULONG, 0, u16(0x8004) + u32(0x8000))), ()),
        ((LOW, field("Far", T_ULONG, 0, u16(0x8004) + u32(0x8000)), NESTED), ()),
        ((LOW, LONG_NAME[:14]), ()),
        ((LOW, LONG_NAME[:10]), ()),
        ((LOW, NESTED[:6]), ()),
        ((NESTED,), ()),
        ((VALUE,), ()),
        ((LOW, VALUE), ()),
        ((), ()),
    ],
)
def test_plain_fields(members: tuple[bytes, ...], found: tuple[bytes, ...]) -> None:
    assert tuple(plain_fields(fields(*members))) == found


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ((VALUE, VALUE), [(u16(5), b"Five")] * 2),
        ((VALUE, padded(u16(0x1502, 3) + u16(0x8000, 0xFF) + name("Wide"))), []),
        ((VALUE, LOW), []),
        ((VALUE[:8],), []),
        ((), []),
    ],
)
def test_plain_enumerators(members: tuple[bytes, ...], found: list[tuple[bytes, bytes]]) -> None:
    assert list(plain_enumerators(fields(*members))) == found


def test_list_that_ends_with_a_nested_type_without_name_is_decoded_the_fast_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(self: object, index: int) -> None:
        raise AssertionError(f"field list {index:#x} was decoded member by member")

    monkeypatch.setattr(Builder, "_members", slow)
    database = pdb(
        fields(field("Flags", T_ULONG, 0)),
        tag(0x1506, FIRST, 4, "_S::<unnamed-tag>"),
        tag(0x1505, 0, 0, "_S", forward=True),
        pointer(FIRST + 2),
        fields(
            field("Flink", FIRST + 3, 0), field("u", FIRST + 1, 8), padded(u16(0x1510, 0) + u32(FIRST + 1) + name(""))
        ),
        tag(0x1505, FIRST + 4, 16, "_S"),
    )
    union = Struct("", "union", 4, (Field("Flags", 0, BASES["Uint4B"]),))

    assert list(database.types()) == [
        Struct("_S", "struct", 16, (Field("Flink", 0, Pointer(Reference("struct", "_S"), 8)), Field("u", 8, union)))
    ]
    assert database.skipped == ()


def said(make: Callable[[int, str], Struct | Enum], index: int, called: str) -> Struct | Enum | str:
    try:
        return make(index, called)
    except FormatError as error:
        return str(error)


def both_ways(container: Container) -> int:
    """Compare what both builders make of each definition; return how many there are."""
    unknown: tuple[set[tuple[int, int]], set[tuple[int, int]]] = set(), set()
    stream = TypeStream(container)
    one_by_one = Builder(stream, 8, lambda *what: unknown[0].add(what))
    bulk = BulkBuilder(stream, 8, lambda *what: unknown[1].add(what))
    bulk.prepare()
    damaged = False
    for called, index in stream.names().items():
        made, expected = said(bulk.definition, index, called), said(one_by_one.definition, index, called)
        # Of two things that are wrong, each may find the other one first.
        assert made == expected or (isinstance(made, str) and isinstance(expected, str))
        damaged |= isinstance(made, str)
    assert damaged or unknown[0] == unknown[1]
    return len(stream.names())


RECORDS = [
    u16(0x1205) + u32(T_ULONG) + bytes((5, 11)),
    fields(field("Low", FIRST, 0), field("Long", T_ULONG, 0), NESTED),
    tag(0x1505, FIRST + 1, 4, "<unnamed-tag>"),
    tag(0x1505, 0, 0, "_S", forward=True),
    pointer(FIRST + 3),
    pointer(FIRST + 4),
    u16(0x1503) + u32(FIRST + 5, 0x23) + u16(40) + name(""),
    fields(VALUE, padded(u16(0x1502, 3) + u16(7) + name("Seven"))),
    enum(FIRST + 7, T_INT, "_E"),
    enum(FIRST + 7, T_INT, "_S::<unnamed-tag>"),
    fields(field("u", FIRST + 2, 0), field("p", FIRST + 6, 8), field("e", FIRST + 8, 48), field("f", FIRST + 9, 52)),
    tag(0x1505, FIRST + 10, 56, "_S"),
    tag(0x1506, FIRST + 10, 56, "_U"),
    pointer(FIRST + 13),
    fields(field("self", FIRST + 13, 0), field("later", FIRST + 16, 8)),
    tag(0x1504, FIRST + 14, 16, "_T"),
    tag(0x1505, FIRST + 1, 4, "_T::<unnamed-tag>"),
]
BODY = tpi(RECORDS)


def test_both_ways_make_the_same() -> None:
    assert both_ways(Container(msf(b"", INFO, BODY, dbi()), "test.pdb")) == 4


@given(st.lists(st.tuples(st.integers(56, len(BODY) - 1), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=500)
def test_both_ways_make_the_same_of_what_is_damaged(flips: list[tuple[int, int]]) -> None:
    data = bytearray(BODY)
    for at, value in flips:
        data[at] = value

    # The stream as a whole may be refused, which other tests look at.
    with contextlib.suppress(FormatError):
        both_ways(Container(msf(b"", INFO, bytes(data), dbi()), "test.pdb"))


@pytest.mark.parametrize("file", ["ntdll-x64.pdb", "r_cons.pdb", "dump_syms_regtest64.pdb"])
def test_both_ways_make_the_same_of_real_ones(real_data: Path, file: str) -> None:
    data = (real_data / "pdb" / file).read_bytes()

    assert both_ways(Container(data, file)) > 100
