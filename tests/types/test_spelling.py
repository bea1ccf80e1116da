"""A type's spelling is dt's, is read back, and is C."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import FormatError
from dumpwalk.types.model import BASES, Array, Base, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.spelling import c_declaration, c_name, dt_spelling, from_dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type

EPROCESS = Reference("struct", "_EPROCESS")
UNNAMED = Struct("", "struct", 0, ())

# What debuggers print, and the type that it is.
PRINTED: list[tuple[str, Type]] = [
    ("Uint4B", BASES["Uint4B"]),
    ("Void", BASES["Void"]),
    ("HRESULT", Base("HRESULT", 4)),
    ("Ptr64     HRESULT", Pointer(Function(Base("HRESULT", 4)), 8)),
    ("Ptr64 _EPROCESS", Pointer(EPROCESS, 8)),
    ("Ptr32 Ptr32 Void", Pointer(Pointer(BASES["Void"], 4), 4)),
    ("[4] Ptr64 Void", Array(Pointer(BASES["Void"], 8), 4)),
    ("[2] [3] Char", Array(Array(BASES["Char"], 3), 2)),
    ("[28] Ptr64     long", Array(Pointer(Function(BASES["Int4B"]), 8), 28)),
    ("Ptr64     void", Pointer(Function(BASES["Void"]), 8)),
    ("Ptr64     void*", Pointer(Function(Pointer(BASES["Void"], 8)), 8)),
    ("Ptr64     unsigned int64", Pointer(Function(BASES["Uint8B"]), 8)),
    ("Ptr64     _EPROCESS**", Pointer(Function(Pointer(Pointer(EPROCESS, 8), 8)), 8)),
    ("Ptr64", Pointer(Function(None), 8)),
    ("<unnamed-tag>", UNNAMED),
    ("Ptr64 <unnamed-tag>", Pointer(UNNAMED, 8)),
    ("std::pair<int, char *>", Reference("struct", "std::pair<int, char *>")),
]


@pytest.mark.parametrize(("text", "type"), PRINTED)
def test_what_dt_prints(text: str, type: Type) -> None:
    assert dt_spelling(type) == text
    assert from_dt(text) == type


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("Ptr     unsigned char ", Pointer(Function(BASES["UChar"]), 4)),
        ("[1] <anonymous-tag>", Array(UNNAMED, 1)),
        ("Ptr32     unsigned __int64", Pointer(Function(BASES["Uint8B"]), 4)),
    ],
)
def test_other_debuggers_spell_it_differently(text: str, type: Type) -> None:
    assert from_dt(text, pointer_size=4) == type


def test_what_a_name_stands_for_is_asked() -> None:
    assert from_dt("Ptr64 _POOL_TYPE", kind=lambda name: "enum") == Pointer(Reference("enum", "_POOL_TYPE"), 8)


def test_an_unnamed_structure_or_enumeration_is_unnamed() -> None:
    assert dt_spelling(Enum("", 4, ())) == dt_spelling(Struct("", "union", 8, ())) == "<unnamed-tag>"


@pytest.mark.parametrize(
    "text", ["", "[x] Char", "[1]", "[3", "a b", "[99999999999] Char", "Ptr64 ;", "\x1b[2J", "[1] " * 99]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        from_dt(text)


types = st.recursive(
    st.sampled_from([*BASES.values(), EPROCESS, UNNAMED]),
    lambda inner: (
        st.builds(Pointer, inner, st.sampled_from([4, 8]))
        | st.builds(Array, inner, st.integers(0, 1 << 31))
        | st.sampled_from([Pointer(Function(BASES["Int2B"]), 8), Pointer(Function(None), 4)])
    ),
)


@given(types)
def test_every_spelling_is_read_back(type: Type) -> None:
    assert from_dt(dt_spelling(type)) == type


@given(st.text("[]Ptr6432 _EPROCESS<>*:", max_size=40))
def test_any_text_is_a_type_or_refused(text: str) -> None:
    try:
        found = from_dt(text)
    except FormatError:
        return

    assert from_dt(dt_spelling(found)) == found


@pytest.mark.parametrize(
    ("type", "declared"),
    [
        (BASES["Uint4B"], "unsigned long x"),
        (Pointer(EPROCESS, 8), "struct _EPROCESS *x"),
        (Array(Pointer(BASES["Void"], 8), 4), "void *x[4]"),
        (Pointer(Array(BASES["Char"], 4), 8), "char (*x)[4]"),
        (Array(Array(BASES["Char"], 4), 2), "char x[2][4]"),
        (Pointer(Function(Pointer(BASES["Wchar"], 8)), 8), "wchar_t *(*x)(void)"),
        (Array(Pointer(Function(None), 8), 28), "void (*x[28])(void)"),
        (Reference("class", "_X"), "struct _X x"),
        (Enum("_E", 4, ()), "enum _E x"),
    ],
)
def test_c_is_declared_inside_out(type: Type, declared: str) -> None:
    assert c_declaration(type, "x") == declared


def test_a_word_that_c_lacks_is_said() -> None:
    assert c_name(Base("Float10", 10)) == "/* Float10 */ unsigned char"
