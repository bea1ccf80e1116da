"""Addresses print as WinDbg prints them, and stay numbers."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.arguments import number
from dumpwalk.memory.address import Address, Address32, Hex, address_class


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        (Hex(0), "0x0", "Hex(0x0)"),
        (Hex(2**64 - 1), "0xffffffffffffffff", "Hex(0xffffffffffffffff)"),
        (Hex(-1), "-0x1", "Hex(-0x1)"),
        (Address(0), "00000000`00000000", "Address(0x0)"),
        (Address(0xFFFFF80002A5C000), "fffff800`02a5c000", "Address(0xfffff80002a5c000)"),
        (Address32(0x1000), "00001000", "Address32(0x1000)"),
        (Address32(0xFFFFFFFF8750EF80), "8750ef80", "Address32(0x8750ef80)"),
        (Address32(-1), "ffffffff", "Address32(0xffffffff)"),
    ],
    ids=repr,
)
def test_text(value: Hex, text: str, shown: str) -> None:
    assert str(value) == f"{value}" == text
    assert repr(value) == shown


def test_format_with_a_specification_is_a_numbers() -> None:
    address = Address(0x1234)

    assert f"{address:x}" == "1234"
    assert f"{address:#010x}" == "0x00001234"
    assert f"{address!s:>20}" == "   00000000`00001234"


def test_it_is_a_number() -> None:
    assert Address(0x1000) == 0x1000
    assert {Address(1): "a"}[1] == "a"
    assert Address(0x1000) + 8 == 0x1008


@pytest.mark.parametrize("value", [Hex(7), Address(7), Address32(7)], ids=repr)
def test_copies_keep_the_class(value: Hex) -> None:
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (type(copied), copied) == (type(value), value)


def test_class_of_a_pointer_size() -> None:
    assert (address_class(4), address_class(8)) == (Address32, Address)


@given(st.integers(0, 2**64 - 1))
def test_what_is_printed_can_be_typed(value: int) -> None:
    assert number(str(Address(value))) == number(str(Hex(value))) == value
    assert number(str(Address32(value))) == value & 0xFFFFFFFF


@given(st.integers(0, 2**64 - 1))
def test_repr_is_python(value: int) -> None:
    for address in (Hex(value), Address(value), Address32(value)):
        assert eval(repr(address)) == address
