"""C declarations are laid out as Microsoft's compilers do; clang, which can stand in for them, is the witness."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import FormatError
from dumpwalk.types.merge import Types
from dumpwalk.types.model import BASES, Array, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.sources.c_header import database

needs_clang = pytest.mark.skipif(not shutil.which("clang"), reason="no clang here")
UINT = BASES["Uint4B"]


def struct(text: str, name: str = "_S", pointer_size: int = 8) -> Struct:
    """Return the structure *name* that *text* declares."""
    found = database(text, pointer_size=pointer_size).find(name)
    assert isinstance(found, Struct)
    return found


def places(found: Struct) -> list[tuple[str, int, tuple[int, int] | None]]:
    return [(f.name, f.offset, f.bits) for f in found.fields]


def test_a_structure_as_drivers_declare_it() -> None:
    found = struct(
        """
        #pragma once
        #include <ntddk.h>
        #define TAGS (1 << 1)            // how many
        typedef struct _S {              /* two
                                            lines */
            LIST_ENTRY Link;
            _Field_size_(Count) PULONG Values;
            USHORT Count, *Last;
            UCHAR Tags[TAGS][3];
            NTSTATUS (NTAPI *Complete[2])(PVOID Context, int (*inner)(void));
            struct _T *Next;
            __declspec(align(16)) ULONG Aligned;
        } S, *PS;
        NTSTATUS DriverEntry(PDRIVER_OBJECT a, PUNICODE_STRING b);
        extern int global;
        static __inline int f(void) { return '}' + 1; }
        """
    )

    assert found == Struct(
        "_S",
        "struct",
        0x60,
        (
            Field("Link", 0, Reference("struct", "_LIST_ENTRY")),
            Field("Values", 0x10, Pointer(UINT, 8)),
            Field("Count", 0x18, BASES["Uint2B"]),
            Field("Last", 0x20, Pointer(BASES["Uint2B"], 8)),
            Field("Tags", 0x28, Array(Array(BASES["UChar"], 3), 2)),
            Field("Complete", 0x30, Array(Pointer(Function(BASES["Int4B"]), 8), 2)),
            Field("Next", 0x40, Pointer(Reference("struct", "_T"), 8)),
            Field("Aligned", 0x50, UINT),
        ),
    )


def test_members_of_an_unnamed_union_are_the_outer_structures() -> None:
    found = struct(
        "struct _S { int a; union { long long b; struct { int c; int : 4, d : 2; }; } ; struct { char e; } f; };"
    )

    assert places(found) == [
        ("a", 0, None),
        ("b", 8, None),
        ("c", 8, None),
        ("d", 12, (4, 2)),
        ("f", 16, None),
    ]
    assert found.fields[-1].type == Struct("", "struct", 1, (Field("e", 0, BASES["Char"]),))


def test_a_bit_field_of_another_size_begins_a_new_unit() -> None:
    found = struct("struct _S { unsigned a:3; int b:4; char c:2; int d:31; int :0; int e:1; };")

    assert places(found) == [("a", 0, (0, 3)), ("b", 0, (3, 4)), ("c", 4, (0, 2)), ("d", 8, (0, 31)), ("e", 12, (0, 1))]


def test_pragma_pack_is_a_stack() -> None:
    text = """
    #pragma pack(push, 1)
    struct _A { char a; int b; };
    #pragma pack(push, x, 2)
    struct _B { char a; int b; };
    #pragma pack(pop)
    struct _C { char a; int b; };
    #pragma pack(pop)
    struct _D { char a; int b; };
    """

    assert [struct(text, name).size for name in ("_A", "_B", "_C", "_D")] == [5, 6, 5, 8]


def test_an_alignment_asked_for_is_not_packed_away() -> None:
    text = """
    struct __declspec(align(4)) _A { double d; };
    struct _B { double d; };
    #pragma pack(push, 2)
    struct _S { char c; struct _A a; struct _B b; __declspec(align(16)) char e; };
    """

    assert places(struct(text)) == [("c", 0, None), ("a", 8, None), ("b", 16, None), ("e", 32, None)]
    assert struct(text).size == 48


def test_enumerations_count_on() -> None:
    found = database(
        "typedef enum { A, B = 1 << 4, C, D = -1, E } X; enum { F = C + sizeof(int) }; struct _S { X x[F]; };"
    )

    assert found.find("X") == Enum("X", 4, (("A", 0), ("B", 16), ("C", 17), ("D", -1), ("E", 0)))
    assert found.find("_S") == Struct("_S", "struct", 84, (Field("x", 0, Array(Reference("enum", "X"), 21)),))


def test_conditions_are_obeyed() -> None:
    text = """
    #define TEN 10
    #if defined(TEN) && TEN > 9
    struct _S { int a; };
    #elif 1
    this is no C
    #else
    #error
    #endif
    #ifdef _WIN64
    struct _W { int wide; };
    #endif
    """

    assert list(database(text).names()) == ["_S", "_W"]
    assert list(database(text, pointer_size=4).names()) == ["_S"]


def test_what_a_kernel_has_need_not_be_declared() -> None:
    kernel = Types(
        "nt/1", 8, {"_FILE_OBJECT": Struct("_FILE_OBJECT", "struct", 0xD8, (Field("a", 0, BASES["Int8B"]),))}
    )

    found = database("struct _S { char c; FILE_OBJECT file; PFILE_OBJECT p; };", known=kernel).find("_S")

    assert isinstance(found, Struct)
    assert places(found) == [("c", 0, None), ("file", 8, None), ("p", 0xE0, None)]
    assert found.fields[2].type == Pointer(Reference("struct", "_FILE_OBJECT"), 8)


def test_only_what_the_text_needs_of_the_windows_headers_is_listed() -> None:
    found = database("struct _S { LARGE_INTEGER When; };")

    assert list(found.names()) == ["_LARGE_INTEGER", "_S"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("struct _S { int a;", "line 1: a type expected, not 'the end of the text'"),
        ("\n\nstruct _S { FOO a; };", "line 3: a type called 'FOO' is not known here"),
        ("struct _S { struct _S a; };", "its size is not known"),
        ("struct _S { int a : 33; };", "a bit field of 33 bits in 4 bytes"),
        ("struct _S { int a[1 / 0]; };", "division by zero"),
        ("struct _S { int a[1 << 99]; };", "a shift by 99 bits"),
        ("struct _S { int a, a; };", "two members called 'a'"),
        ("struct _S { int a; }; struct _S { int b; };", "declared twice, differently"),
        ("struct _S { int a[0x7fffffff][0x7fffffff][0x7fffffff]; };", "an array of"),
        ("#pragma pack(3)\n", "#pragma pack(3)"),
        ("#if 1\nint a;", "an #if is not ended"),
        ("int a @;", "'@' is no C"),
        ("#define A (B+B)\n#define B (A+A)\nint a[A];", "no constant expression"),
        ("struct _S {" * 100, "nested far too deeply"),
        ("int a[" + "(" * 1000 + "1;", "nested far too deeply"),
        ("int " + "(*" * 1000 + "a;", "bracket is not closed"),
        ("int " + "(*" * 1000 + "a" + ")" * 1000 + ";", "nested far too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(FormatError, match=re.escape(said)):
        database(text, "driver.h")


def test_definitions_that_double_each_other_end() -> None:
    text = (
        "\n".join(f"#define A{n} (A{n + 1} + A{n + 1} + A{n + 1} + 0)" for n in range(18))
        + "\n#define A18 1\nint a[A0];"
    )

    with pytest.raises(FormatError):
        database(text)


@pytest.mark.parametrize(
    "line",
    ["typedef struct {{ P{before} a, b; }} *P{n};\n", "struct T{n} {{ struct T{before}; struct T{before}; }};\n"],
)
def test_members_that_double_end(line: str) -> None:
    text = "typedef struct { int a; } *P0; struct T0 { int a; };\n"

    with pytest.raises(FormatError, match="made of far too many members"):
        database(text + "".join(line.format(n=n, before=n - 1) for n in range(1, 40)))


@given(st.text("struct{}[]()*;:,=#\n abcint0123456789<>\"'/\\_unionenumtypedef", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = None
    try:
        found = database("struct _S { int a; };" + text).find("_S")
    except FormatError as error:
        said = str(error)

    assert (
        found == Struct("_S", "struct", 4, (Field("a", 0, BASES["Int4B"]),)) if found else said.startswith("C: line ")
    )


SCALARS = {
    "char": 1,
    "unsigned char": 1,
    "short": 2,
    "unsigned long": 4,
    "int": 4,
    "__int64": 8,
    "float": 4,
    "double": 8,
    "void *": 8,
}
BITS = {"unsigned char": 8, "unsigned short": 16, "long": 32, "unsigned int": 32, "unsigned __int64": 64}


class Writer:
    """Writes random structures, and remembers the names of the members of each, in order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.members: dict[str, list[str]] = {}

    def record(self, tag: str) -> str:
        names: list[str] = []
        lines = [self.member(names) for _ in range(self.random.randint(1, 9))]
        self.members[tag] = names
        align = f"__declspec(align({self.random.choice([1, 4, 8, 16, 32])})) " if self.random.random() < 0.1 else ""
        pack = self.random.choice([1, 2, 4, 8, 16]) if self.random.random() < 0.3 else 0
        text = f"{self.random.choice(['struct', 'struct', 'struct', 'union'])} {align}{tag} {{\n{''.join(lines)}}};\n"
        return f"#pragma pack(push, {pack})\n{text}#pragma pack(pop)\n" if pack else text

    def member(self, names: list[str]) -> str:
        name = f"m{len(names)}"
        sort = self.random.random()
        if sort < 0.45:
            base, width = self.random.choice(list(BITS.items()))
            bits = (
                self.random.randint(0, width) if self.random.random() < 0.15 else self.random.randint(1, min(width, 9))
            )
            named = bits and self.random.random() < 0.9
            names.append(name if named else "")
            return f"  {base} {name if named else ''} : {bits};\n"
        names.append(name)
        align = f"__declspec(align({self.random.choice([2, 8, 16])})) " if sort > 0.97 else ""
        if sort < 0.6 and len(self.members) > 1:
            earlier = self.random.choice(list(self.members))
            return f"  {align}{self.kinds[earlier]} {earlier} {name};\n"
        if sort < 0.7:
            inner = "".join(f"    {self.random.choice(list(SCALARS))} {name}_{i};\n" for i in range(3))
            return (
                f"  {self.random.choice(['struct', 'union'])} {{\n{inner}  }}{self.random.choice(['', ' ' + name])};\n"
            )
        array = f"[{self.random.randint(1, 5)}]" if self.random.random() < 0.2 else ""
        return f"  {align}{self.random.choice(list(SCALARS))} {name}{array};\n"

    def text(self, count: int) -> str:
        self.kinds: dict[str, str] = {}
        parts = []
        for number in range(count):
            parts.append(self.record(f"S{number}"))
            self.kinds[f"S{number}"] = "union" if "union" in parts[-1].split("{")[0] else "struct"
        return "".join(parts)


def clang_layouts(text: str, target: str, directory: Path) -> dict[str, tuple[int, list[int]]]:
    """Return the size in bytes, and the members' offsets in bits, of each named structure in *text*."""
    path = directory / "structs.c"
    uses = "".join(
        f"char use_{n}[sizeof({k} {n})];\n" for k, n in re.findall(r"(struct|union) (?:\S+ )?(S\d+) \{", text)
    )
    path.write_text(text + uses, "utf-8")
    said = subprocess.run(
        ["clang", f"--target={target}", "-fsyntax-only", "-w", "-Xclang", "-fdump-record-layouts-simple", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.findall(r"Type: (?:struct|union) (S\d+)\n.*?\n  Size:(\d+)\n.*?FieldOffsets: \[([\d, ]*)\]", said, re.S)
    return {name: (int(size) // 8, [int(o) for o in offsets.split(",") if o.strip()]) for name, size, offsets in found}


@needs_clang
@pytest.mark.slow
@pytest.mark.parametrize(("target", "pointer_size"), [("x86_64-pc-windows-msvc", 8), ("i686-pc-windows-msvc", 4)])
@pytest.mark.parametrize("seed", range(5))
def test_random_structures_are_laid_out_as_clang_does(
    target: str, pointer_size: int, seed: int, tmp_path: Path
) -> None:
    writer = Writer(seed)
    text = writer.text(200)
    witness = clang_layouts(text, target, tmp_path)
    ours = database(text, pointer_size=pointer_size)

    assert len(witness) == 200
    for tag, (size, offsets) in witness.items():
        found = ours.find(tag)
        assert isinstance(found, Struct)
        assert found.size == size, tag
        at = {f.name: 8 * f.offset + (f.bits[0] if f.bits else 0) for f in found.fields}
        expected = dict(zip(writer.members[tag], offsets))
        expected.pop("", None)
        # The first of an unnamed structure's own members lies where it does.
        assert {n: at.get(n, at.get(f"{n}_0")) for n in expected} == expected, tag
