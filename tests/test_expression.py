"""Expressions in MASM syntax; those with a source are examples on Microsoft's pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import Error, ReadError, TypeInfoError, UsageError
from dumpwalk.expression import evaluate, literal, signed


class World:
    """A machine whose memory holds at each address ten times that address."""

    pointer_size = 8

    def symbol(self, name: str) -> int | None:
        if name == "tcpip!x":
            raise TypeInfoError("of tcpip nothing is known")
        return {"nt!PsLoadedModuleList": 0xFFFFF8047C62A390, "PsLoadedModuleList": 0xFFFFF8047C62A390}.get(name)

    def register(self, name: str) -> int | None:
        return {"rip": 0x7FF96BB40770, "r10": 0, "$teb": 0x8EED57B000, "$ip": 0x7FF96BB40770, "rsp": 0x1000}.get(name)

    def read(self, address: int, size: int) -> int:
        if address == 0xDEAD:
            raise ReadError(address, size, "not in the dump")
        return address * 10 & ((1 << 8 * size) - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 16),
        ("0n10", 10),
        ("0t10", 8),
        ("0y10", 2),
        ("0X4aB3", 0x4AB3),
        ("4aB3H", 0x4AB3),
        ("0x", 0),
        ("@r10 + 0x10 + 0t10 + 0y10", 26),  # MASM Numbers and Operators
        ("@rip + 8", 140709230544760),  # the same
        ("@$teb + 0x108", 613867303176),  # the same
        ("NOT(($ip = .) AND ($ip = @rip) AND (@rip =. ))", 0),  # the same
        ("EEAA1122", 0xFFFFFFFFEEAA1122),  # Sign Extension
        ("00000000EEAA1122", 0xFFFFFFFFEEAA1122),
        ("00000000`EEAA1122", 0xEEAA1122),
        ("0`EEAA1122", 0xEEAA1122),
        ("0x12345678", 0x12345678),
        ("( 0x0`FFFFFFFF & EEAA1122 )", 0xEEAA1122),
        ("nt!PsLoadedModuleList+8", 0xFFFFF8047C62A398),
        ("PsLoadedModuleList - 8", 0xFFFFF8047C62A388),
        ("!PsLoadedModuleList", 0xFFFFF8047C62A390),
        ("2+3*4", 14),
        ("(2+3)*4", 20),
        ("[2+3]*4", 20),
        ("10-4-3", 9),
        ("0n100/7", 14),
        ("0n100 mod 7", 2),
        ("1<<4+1", 32),
        ("-1", 0xFFFFFFFFFFFFFFFF),
        ("-1>>0n60", 15),
        ("-8>>>1", 0xFFFFFFFFFFFFFFFC),
        ("1<<0n64", 0),
        ("5 and 3 or 8 xor 8", 1),
        ("2 > 1 == 1", 1),
        ("hi 12345678", 0x1234),
        ("low 12345678", 0x5678),
        ("poi(100)", 0xA00),
        ("poi 100 + 1", 0xA01),
        ("poi(poi(100)+8)", 0x6450),
        ("by 100", 0),
        ("wo(101)", 0xA0A),
        ("dwo(@rsp)", 0xA000),
        ("rsp", 0x1000),
        ("poi(@rsp+8)*2", 0x140A0),
    ],
)
def test_values(text: str, value: int) -> None:
    assert evaluate(text, World()) == value


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("", "a number or a name is missing", 0),
        ("1 +", "a number or a name is missing", 3),
        ("(1", "( is never closed", 2),
        ("1)", "what is ')' here?", 1),
        ("1 2", "what is '2' here?", 2),
        ("@nothing", "there is no register nothing", 0),
        ("1+mt1", "mt1 is no number and no name that is known", 2),
        ("nt!Nothing", "nt!Nothing is no number", 0),
        ("@@(x)", "C++ expressions", 0),
        ("$ppoi(1)", "physical addresses", 0),
        ("1/0", "division by zero", 3),
        ("1#2", "what is '#' here?", 1),
        ("+" * 200 + "1", "nested more than", None),
        ("(" * 200, "nested more than", None),
        ("poi " * 200, "nested more than", None),
        ("1" * 5000, "too long", None),
    ],
)
def test_what_makes_no_sense_is_shown(text: str, said: str, column: int | None) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(text, World())

    assert said in str(caught.value)
    if column is not None:
        assert caught.value.excerpt == f"{text}\n{' ' * column}^"


def test_what_the_names_say_goes_through() -> None:
    with pytest.raises(ReadError):
        evaluate("poi(dead)", World())
    with pytest.raises(TypeInfoError):
        evaluate("tcpip!x", World())
    with pytest.raises(UsageError, match="takes a dump"):
        evaluate("poi(10)")
    with pytest.raises(UsageError, match="no name that is known"):
        evaluate("nt!KeBugCheckEx")


@given(st.text("0123456789abx`n!@$ ()+-*/<>=.poi&|^%", max_size=40))
def test_any_text_ends(text: str) -> None:
    try:
        value = evaluate(text, World())
    except Error:
        return

    assert 0 <= value < 1 << 64


@given(st.integers(0, (1 << 64) - 1))
def test_a_number_with_a_backtick_is_itself(value: int) -> None:
    assert literal(f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}") == value
    assert signed(value) & (1 << 64) - 1 == value


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1), st.sampled_from(["+", "-", "*", "&", "|", "^"]))
def test_arithmetic_is_pythons_in_64_bits(a: int, b: int, operator: str) -> None:
    result: int = eval(f"{a} {operator} {b}")

    assert evaluate(f"0`{a:x} {operator} 0`{b:x}") == result & (1 << 64) - 1
