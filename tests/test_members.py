"""Members that builds call otherwise, and fast references."""

from __future__ import annotations

from typing import Any

import pytest

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects import object_
from dumpwalk.objects.members import (
    boolean,
    fast_reference,
    has,
    hexadecimal,
    integer,
    lacking,
    member,
    optional,
    pointer,
)
from dumpwalk.remarks import Absent
from dumpwalk.types.model import BASES, Field, Pointer, Reference, Struct


class Known:
    """A database of what the test states."""

    name = "stated"

    def __init__(self, pointer_size: int) -> None:
        self.pointer_size = size = pointer_size
        number = BASES[f"Uint{size}B"]
        bits = (0, 3 if size == 4 else 4)
        signed = (Field("Low", 0, BASES[f"Uint{size // 2}B"]), Field("High", size // 2, BASES[f"Int{size // 2}B"]))
        fast = (Field("Value", 0, number), Field("RefCnt", 0, number, bits))
        own = (
            Field("Count", 0, number),
            Field("Signed", 0, BASES[f"Int{size}B"]),
            Field("Halves", 0, Reference("struct", "_HALVES")),
            Field("File", size, Reference("struct", "_EX_FAST_REF")),
            Field("Next", 2 * size, Pointer(Reference("struct", "_X"), size)),
        )
        self._known = {
            "_X": Struct("_X", "struct", 3 * size, own),
            "_HALVES": Struct("_HALVES", "struct", size, signed),
            "_EX_FAST_REF": Struct("_EX_FAST_REF", "struct", size, fast),
        }

    def find(self, name: str) -> Struct | None:
        return self._known.get(name)


def stated(pointer_size: int, *words: int) -> Any:
    data = b"".join(word.to_bytes(pointer_size, "little") for word in words)
    types: Any = Known(pointer_size)
    return object_(SegmentedMemory([Segment(0x1000, memoryview(data))]), types, "_X", 0x1000)


@pytest.mark.parametrize("pointer_size", [4, 8])
def test_the_first_name_that_the_type_has_counts(pointer_size: int) -> None:
    x = stated(pointer_size, 7, 0, 0x2000)

    assert integer(x, "Number", "Count") == 7
    assert hexadecimal(x, "Count") == 7
    assert pointer(x, "Next") == 0x2000
    assert not has(x, "Number")
    assert has(x, "Count")


def test_without_any_of_the_names_the_reason_says_so() -> None:
    found = member(stated(8, 7, 0, 0), "Core.Number", "Number")

    assert found == Absent("_X of this build has no Core.Number")
    assert integer(found, "Anything") == found


@pytest.mark.parametrize(
    ("pointer_size", "value", "means"), [(4, 0x8750EF85, 0x8750EF80), (8, 0xFFFFE0018F, 0xFFFFE00180)]
)
def test_a_fast_reference_is_cut_by_the_width_of_its_count(pointer_size: int, value: int, means: int) -> None:
    x = stated(pointer_size, 7, value, 0x1234)

    assert fast_reference(x, "File") == means
    assert fast_reference(x, "Next") == 0x1234  # a plain pointer stays what it is


def test_what_can_not_be_read_is_absent() -> None:
    x = stated(8, 7)

    assert isinstance(pointer(x, "Next"), Absent)
    assert isinstance(fast_reference(x, "File"), Absent)


@pytest.mark.parametrize("pointer_size", [4, 8])
def test_what_is_read_in_hexadecimal_has_no_sign(pointer_size: int) -> None:
    x = stated(pointer_size, (1 << 8 * pointer_size) - 2, 0, 0)

    assert integer(x, "Signed") == -2
    assert hexadecimal(x, "Other", "Signed") == (1 << 8 * pointer_size) - 2
    assert hexadecimal(x, "Halves.High") == (1 << 4 * pointer_size) - 1


def test_a_number_is_true_or_false() -> None:
    assert boolean(stated(8, 7), "Count") is True
    assert boolean(stated(8, 0), "Count") is False
    assert isinstance(boolean(stated(8), "Count"), Absent)


def test_a_member_that_a_build_does_not_have_is_none() -> None:
    x, gone = stated(8, 7), Absent("gone")

    assert optional(integer, x, "Other", "Count") == 7
    assert optional(hexadecimal, x, "Other") is None
    assert isinstance(optional(pointer, x, "Next"), Absent)
    assert optional(integer, gone, "Count") == gone


def test_what_types_lack_is_said_of_the_types() -> None:
    thing = object_(SegmentedMemory([Segment(0x1000, memoryview(bytes(64)))]), Known(4), "_X", 0x1000)

    def said(ask: Any) -> str:
        with pytest.raises(AttributeError) as error:
            ask()
        return str(lacking(error.value))

    assert said(lambda: thing.Nothing) == "_X has no member Nothing in stated; --types NAME brings other types"
    assert said(lambda: thing.Count.deref_()).startswith("the types in use have a number where other kernels have a ")
    assert said(lambda: Absent("").str_()).startswith("the types in use have a number where other kernels have a ")
    assert isinstance(lacking(AttributeError(name="str_", obj=1)), TypeInfoError)
    with pytest.raises(AttributeError):  # a fault of ours, not of the types
        said(lambda: [].nothing)  # type: ignore[attr-defined]
