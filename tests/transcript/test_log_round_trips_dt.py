"""What ``dt`` prints of any bytes is read back as the same rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import read_back

from dumpwalk.commands.dt import show
from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.remarks import Absent
from dumpwalk.render.dt import layout
from dumpwalk.render.dt_request import request_of
from dumpwalk.render.text import printable
from dumpwalk.types.model import BASES, VOID, Array, Enum, Field, Function, Pointer, Reference, Struct

AT, TEXT = 0xFFFFC50900001000, 0xFFFFC50900002000
KIND = Enum("_KIND", 4, (("NonPagedPool", 0), ("PagedPool", 1)))
PAIR = Struct("_PAIR", "struct", 8, (Field("First", 0, BASES["Uint4B"]), Field("Second", 4, BASES["Int4B"])))
LINK = Pointer(Reference("struct", "_LIST_ENTRY"), 8)
ENTRY = Struct("_LIST_ENTRY", "struct", 16, (Field("Flink", 0, LINK), Field("Blink", 8, LINK)))
STRING = Struct(
    "_UNICODE_STRING", "struct", 16,
    (
        Field("Length", 0, BASES["Uint2B"]), Field("MaximumLength", 2, BASES["Uint2B"]),
        Field("Buffer", 8, Pointer(BASES["Wchar"], 8)),
    ),
)  # fmt: skip
FLAGS = Struct(
    "", "union", 4,
    (
        Field("Long", 0, BASES["Uint4B"]), Field("Five", 0, BASES["Uint4B"], (3, 5)),
        Field("One", 0, BASES["Uint4B"], (0, 1)),
    ),
)  # fmt: skip
MEMBERS: tuple[tuple[Any, int], ...] = (
    (BASES["Int4B"], 4), (BASES["Uint8B"], 8), (BASES["UChar"], 1), (BASES["Char"], 1), (BASES["Uint2B"], 2),
    (Reference("enum", "_KIND"), 4), (Pointer(Reference("struct", "_PAIR"), 8), 8), (Pointer(VOID, 8), 8),
    (Pointer(Function(BASES["Int4B"]), 8), 8), (Reference("struct", "_LIST_ENTRY"), 16), (FLAGS, 4),
    (Reference("struct", "_UNICODE_STRING"), 16), (Array(BASES["UChar"], 15), 15), (Array(BASES["Uint2B"], 3), 6),
    (Reference("struct", "_PAIR"), 8), (Array(Pointer(Reference("struct", "_PAIR"), 8), 2), 16),
)  # fmt: skip


class Types:
    """The database of a structure and of those that its members can be."""

    def __init__(self, *types: Any) -> None:
        self.name, self.pointer_size = "nt/19041-x64", 8
        self._types = {type.name: type for type in types}

    def find(self, name: str) -> Any:
        return self._types.get(name)

    def names(self) -> list[str]:
        return sorted(self._types)

    def source(self, name: str) -> str:
        return "the test"


@st.composite
def structures(draw: st.DrawFn) -> tuple[Any, bytes]:
    fields, end = [], 0
    for n, (type, size) in enumerate(draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=8))):
        end += -end % 8
        fields.append(Field(f"{draw(st.sampled_from(['Member', 'u', 'Type', '_x']))}{n}", end, type))
        end += size
    data = draw(st.binary(min_size=end, max_size=end))
    return Struct("_ALL", "struct", end, tuple(fields)), data[: draw(st.sampled_from([end, end, end // 2]))]


def check(made: tuple[Any, bytes], options: str) -> None:
    struct, data = made
    types: Any = Types(struct, PAIR, ENTRY, STRING, KIND)
    text = 'Hé\x1bllo "x"\0'.encode("utf-16-le")
    memory = SegmentedMemory(
        [Segment(Address(AT), memoryview(data or b"\0")), Segment(Address(TEXT), memoryview(text))]
    )
    answer = show(memory, types, request_of(f"nt!_ALL {options} {AT:x}".split()))
    [listing] = answer.listings
    printed = layout(answer).partition("\n\n")[0]
    found = read_back(f"dt nt!_ALL {options} {AT:x}", printed, "dt").listings

    assert [(one.type, one.module, one.address) for one in found] == [("_ALL", "nt", AT)]
    for theirs, ours in zip(listing.rows, found[0].rows, strict=True):
        assert (ours.name, ours.offset, ours.depth) == (theirs.name, theirs.offset, theirs.depth)
        assert ours.text.rstrip() == printable(theirs.text).rstrip()
        if isinstance(theirs.value, int) and not isinstance(ours.value, str) and ours.value is not None:
            assert not isinstance(ours.value, Absent)
            assert ours.value == theirs.value


OPTIONS = st.sampled_from(["", "-r1", "-b", "-r2"])


@given(structures(), OPTIONS)
@settings(max_examples=60)
def test_what_was_printed_is_read_back(made: tuple[Any, bytes], options: str) -> None:
    check(made, options)


@pytest.mark.slow
@given(structures(), OPTIONS)
@settings(max_examples=300)
def test_what_was_printed_of_many_is_read_back(made: tuple[Any, bytes], options: str) -> None:
    check(made, options)
