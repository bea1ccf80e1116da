"""The shipped store says of every kernel what the files it was made from say."""

from __future__ import annotations

import json
import lzma
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dumpwalk import resources
from dumpwalk.types.model import BASES, Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.store import ProfileInfo, Store, StoredTypes

if TYPE_CHECKING:
    from dumpwalk.types.model import Type

ISF_BASES = {
    "char": "Char",
    "unsigned char": "UChar",
    "short": "Int2B",
    "unsigned short": "Uint2B",
    "wchar": "Wchar",
    "int": "Int4B",
    "long": "Int4B",
    "unsigned int": "Uint4B",
    "unsigned long": "Uint4B",
    "long long": "Int8B",
    "unsigned long long": "Uint8B",
    "f32": "Float",
    "double": "Double",
    "void": "Void",
    "HRESULT": "HRESULT",
}


def spelled(type_: Type) -> str:
    """Write a type down in a form of the test's own."""
    if isinstance(type_, Base):
        return type_.name
    if isinstance(type_, Pointer):
        return f"*{type_.size}({spelled(type_.target)})"
    if isinstance(type_, Array):
        return f"{type_.count}x({spelled(type_.element)})"
    if isinstance(type_, Function):
        return "function"
    if isinstance(type_, Reference):
        return f"{type_.kind} {type_.name}"
    if isinstance(type_, Enum):
        return f"enum{sorted(type_.members)}"
    return f"{type_.kind} {type_.size} {members(type_)}"


def members(struct: Struct) -> list[tuple[int, str, str, tuple[int, int] | None]]:
    return sorted((f.offset, f.name, spelled(f.type), f.bits) for f in struct.fields)


class Isf:
    """A Volatility 3 symbol file in the same form, read without any of dumpwalk's code."""

    def __init__(self, path: Path) -> None:
        with lzma.open(path) as file:
            self.data = json.load(file)

    def spelled(self, type_: dict[str, Any]) -> str:
        kind, name = type_["kind"], type_.get("name", "")
        if kind == "base":
            return ISF_BASES[name]
        if kind == "pointer":
            return f"*8({self.spelled(type_['subtype'])})"
        if kind == "array":
            return f"{type_['count']}x({self.spelled(type_['subtype'])})"
        if kind == "function":
            return "function"
        if not re.match("__(unnamed|anonymous)_", name):
            return f"{kind} {name}"
        if kind == "enum":
            return f"enum{sorted(self.data['enums'][name]['constants'].items())}"
        return f"{kind} {self.data['user_types'][name]['size']} {self.members(name)}"

    def members(self, name: str) -> list[tuple[int, str, str, tuple[int, int] | None]]:
        found = []
        for member, field in self.data["user_types"][name]["fields"].items():
            type_, bits = field["type"], None
            if type_["kind"] == "bitfield":
                type_, bits = type_["type"], (type_["bit_position"], type_["bit_length"])
            found.append((field["offset"], member, self.spelled(type_), bits))
        return sorted(found)

    def check(self, types: StoredTypes) -> int:
        unnamed = re.compile("__(unnamed|anonymous)_")
        structs = {n for n in self.data["user_types"] if not unnamed.match(n)}
        enums = {n for n in self.data["enums"] if not unnamed.match(n)}

        assert list(types.names()) == sorted(structs | enums)
        for name in structs:
            found, theirs = types.find(name), self.data["user_types"][name]
            assert isinstance(found, Struct)
            assert (found.name, found.kind, found.size) == (name, theirs["kind"], theirs["size"])
            assert members(found) == self.members(name), name
        for name in enums:
            listed = types.find(name)
            assert isinstance(listed, Enum)
            assert (listed.size, dict(listed.members)) == (
                self.data["enums"][name]["size"],
                self.data["enums"][name]["constants"],
            )
        return len(structs)

    def check_symbols(self, types: StoredTypes) -> int:
        theirs = {s.get("linkage_name", n): s["address"] for n, s in self.data["symbols"].items()}

        assert dict(types.symbols.items()) == theirs
        for name, offset in types.key_symbols().items():
            assert theirs[name] == offset
        return len(theirs)


def shipped() -> list[ProfileInfo]:
    return list(Store.shipped().profiles())


SAMPLE = ["nt/7601.24540-x64", "nt/9600.20201-x64", "nt/17763.5933-x64", "nt/22000.2538-x64"]


@pytest.mark.real
@pytest.mark.parametrize("name", SAMPLE)
def test_types_and_symbols_are_those_of_the_symbol_file(name: str, real_data: Path) -> None:
    types = Store.shipped().open(name)
    isf = Isf(real_data / "isf" / f"{types.info.guid}.json.xz")

    assert isf.check(types) == types.info.types - sum(isinstance(types.find(n), Enum) for n in types.names())
    assert isf.check_symbols(types) == types.info.symbols > 15_000


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("part", range(8))
def test_all_types_and_symbols_are_those_of_the_symbol_files(part: int, real_data: Path) -> None:
    kernels = [p for p in shipped() if p.guid]

    assert len(kernels) == 213
    for kernel in kernels[part::8]:
        isf = Isf(real_data / "isf" / f"{kernel.guid}.json.xz")
        isf.check(Store.shipped().open(kernel.name))
        isf.check_symbols(Store.shipped().open(kernel.name))


def listed(text: str, sub: dict[str, Any] | None, pointer: int) -> str:
    """Write a type of ``layouts.json`` down in the form of the test."""
    array = re.match(r"\[(-?\d+)\] ?", text)
    if array:
        return f"{array[1]}x({listed(text[array.end() :], sub, pointer)})"
    if text.startswith("Ptr"):
        return f"*{pointer}({listed(text.partition(' ')[2], sub, pointer)})"
    if text == "<unnamed-tag>":
        assert sub is not None
        return f"{sub['kind']} {sub['size']} {sorted(rows(sub, pointer))}"
    return {"Float8": "Double"}.get(text, text)


def rows(struct: dict[str, Any], pointer: int) -> list[tuple[int, str, str, tuple[int, int] | None]]:
    return [
        (
            f["offset"],
            f["name"],
            listed(f["type"], f.get("sub"), pointer),
            (f["bitpos"], f["bitlen"]) if "bitlen" in f else None,
        )
        for f in struct["fields"]
    ]


@pytest.fixture(scope="session")
def simple(real_data: Path) -> dict[str, Any]:
    with lzma.open(real_data / "layouts.json.xz") as file:
        kernels: dict[str, Any] = json.load(file)["kernels"]
    return kernels


def without_kinds(found: list[tuple[int, str, str, tuple[int, int] | None]]) -> list[object]:
    """Leave out what ``layouts.json`` does not say: whether a name is a structure's, a union's or an enumeration's."""
    kind = re.compile(r"\b(struct|union|class|enum) (?=[A-Z_])")
    return [(o, n, kind.sub("", t), b) for o, n, t, b in found if not re.search(r"enum\b", t) or "enum " in t]


@pytest.mark.real
def test_kernels_without_a_symbol_file_are_as_listed(simple: dict[str, Any]) -> None:
    checked = 0
    for name, kernel in simple.items():
        types = Store.shipped().open(name)
        for type_, theirs in kernel["types"].items():
            found = types.find(type_)
            assert isinstance(found, Struct), (name, type_)
            assert found.size == theirs["size"]
            if name.startswith("isf-"):
                continue
            assert [f.name for f in found.fields] == [f["name"] for f in theirs["fields"]], (name, type_)
            expected = [r for r in sorted(rows(theirs, kernel["pointer_size"])) if not r[2].endswith("enum")]
            enums = {f["name"] for f in theirs["fields"] if f["type"].endswith("enum")}
            mine = [r for r in members(found) if r[1] not in enums]
            assert without_kinds(mine) == without_kinds(expected), (name, type_)
            checked += 1

    assert checked > 6000


@pytest.mark.real
def test_known_declaration_orders_are_kept_in_symbol_files_too(simple: dict[str, Any]) -> None:
    """Where the same kernel's members are in known order, ours have it and are not marked as guessed."""
    # Listed there in the order of a later kernel, which has moved SessionId behind the others.
    wrong = ("isf-10.0.14393.6343", "_OBJECT_DIRECTORY")
    checked = 0
    for name, kernel in simple.items():
        types = Store.shipped().open(name)
        for type_, theirs in kernel["types"].items():
            found = types.find(type_)
            if name.startswith("isf-") and "order" not in theirs and (name, type_) != wrong:
                assert isinstance(found, Struct)
                assert [f.name for f in found.fields] == [f["name"] for f in theirs["fields"]], (name, type_)
                assert not any(f.guessed for f in found.fields), (name, type_)
                checked += len(theirs["fields"])

    assert checked > 10_000


def fields(of: Struct | Enum | None) -> tuple[Field, ...]:
    assert isinstance(of, Struct)
    return of.fields


def test_every_reference_to_a_name_is_of_the_right_kind() -> None:
    for name in ("nt/xpsp3-x86", "win7-x86-pae", "nt/19041.3570-x64"):
        types = Store.shipped().open(name)
        for type_ in types.names():
            found = types.find(type_)
            for field in found.fields if isinstance(found, Struct) else ():
                if isinstance(field.type, Reference):
                    target = types.find(field.type.name)
                    kind = target.kind if isinstance(target, Struct) else "enum"
                    assert target is None or kind == field.type.kind, (name, type_, field)


def test_what_every_profile_has() -> None:
    for profile in shipped():
        types = Store.shipped().open(profile.name)
        assert types.pointer_size == (4 if profile.architecture == "x86" else 8)
        for name in ("_EPROCESS", "_ETHREAD", "_FILE_OBJECT", "_CONTROL_AREA", "_SUBSECTION", "_MMPTE"):
            assert fields(types.find(name)), (profile.name, name)
        assert profile.source
        assert types.source("_MMPTE")


def test_profiles_and_their_aliases() -> None:
    profiles = shipped()
    names = [p.name for p in profiles]

    assert len(names) == len(set(names)) == 236
    assert len([p for p in profiles if p.guid]) == len([p for p in profiles if p.symbols]) == 213
    assert sum(p.symbols for p in profiles) == 7_724_702
    assert [p.build for p in profiles] == sorted(p.build for p in profiles)
    for profile in profiles:
        for alias in profile.aliases:
            assert Store.shipped().open(alias).name == profile.name
    for alias, name in {
        "win7-x86-pae": "nt/win7sp1-17514-pae-x86",
        "win7sp1-17514-x86pae": "nt/win7sp1-17514-pae-x86",
        "19041.3570-x64": "nt/19041.3570-x64",
        "10.0.19041.3570-x64": "nt/19041.3570-x64",
        "606ff669409b00f7fc8c61a9c1670129-1": "nt/19041.3570-x64",
        "606FF669409B00F7FC8C61A9C16701291": "nt/19041.3570-x64",
        "win81u1-x64": "nt/win81u1-x64",
    }.items():
        assert Store.shipped().open(alias).name == name


def test_a_function_pointer_says_what_it_returns_where_that_is_published() -> None:
    driver = {f.name: f.type for f in fields(Store.shipped().open("19041.804-x64").find("nt!_DRIVER_OBJECT"))}

    assert driver["DriverUnload"] == Pointer(Function(BASES["Void"]), 8)
    assert driver["MajorFunction"] == Array(Pointer(Function(BASES["Int4B"]), 8), 28)


def test_enumerations_of_kernels_without_any_are_the_nearest_ones() -> None:
    types = Store.shipped().open("win7-x86-pae")
    pool = types.find("_POOL_TYPE")

    assert isinstance(pool, Enum)
    assert ("PagedPool", 1) in pool.members
    assert types.source("_POOL_TYPE") == ("nt/7601.24540-x64, the nearest kernel whose enumerations are known: a guess")


def test_arrays_whose_source_gives_them_a_negative_count() -> None:
    state = {f.name: f for f in fields(Store.shipped().open("nt/win10-14393-x64").find("_MI_HARDWARE_STATE"))}

    assert state["OptimalZeroingAttribute"].type == Array(Array(BASES["Int4B"], 4), 4)
    assert state["OptimalZeroingAttribute"].guessed == "type"


def test_guesses_are_marked() -> None:
    types = Store.shipped().open("nt/19041.3570-x64")
    guessed = {n for n in types.names() for f in getattr(types.find(n), "fields", ()) if f.guessed}

    assert len(guessed) > 100
    assert {"_FILE_OBJECT", "_LIST_ENTRY", "_KAPC_STATE", "_CONTROL_AREA", "_MMPTE"}.isdisjoint(guessed)


@pytest.mark.real
def test_the_debugger_listings_of_windows_7(real_data: Path) -> None:
    """Real WinDbg output of a 32-bit Windows 7 kernel: offsets, names and their order."""
    text = next((real_data / "seed").glob("000_*.txt")).read_text("utf-8").replace("\xa0", " ")
    types = Store.shipped().open("win7-x86-pae")
    checked = {}
    asked = {"??FileObject": "_FILE_OBJECT", "??FileObject->SectionObjectPointer": "_SECTION_OBJECT_POINTERS"}
    for block in re.split(r"\d: kd> ", text):
        command = block.splitlines()[0].strip()
        head = asked.get(command) or "".join(re.findall(r"^dt nt!(_\w+)", command))
        listing = re.findall(r"^ {1,6}\+0x([0-9a-f]+) +(\w+) +: (.*)", block, re.M)
        if head and listing:
            found = fields(types.find(head))
            if head == "_MMPTE":  # asked for with a dot: the members of its only one
                assert isinstance(found[0].type, Struct)
                found = found[0].type.fields
            assert [(f"{f.offset:03x}", f.name) for f in found] == [r[:2] for r in listing], head
            for field, (_, _, shown) in zip(found, listing):
                if field.bits:
                    position, length = field.bits
                    assert re.search(rf"0y[01]{{{length}}}\b|Pos {position}, {length} Bit", shown)
            checked[head] = len(listing)

    assert checked == {
        "_FILE_OBJECT": 30,
        "_SECTION_OBJECT_POINTERS": 3,
        "_CONTROL_AREA": 16,
        "_SUBSECTION": 9,
        "_SEGMENT": 12,
        "_MMPTE": 11,
        "_MMPTE_PROTOTYPE": 8,
    }


def test_files_are_small() -> None:
    assert len(resources.read("dumpwalk.typeinfo", "nt.types")) < 5_000_000
    assert len(resources.read("dumpwalk.typeinfo", "nt.symbols")) < 6_000_000


def test_the_whole_store_is_intact() -> None:
    Store.shipped().check()


def test_types_are_read_out_of_a_zip(tmp_path: Path) -> None:
    import subprocess
    import sys

    root = Path(__file__).parents[2]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (root / "dumpwalk").rglob("*.py"):
            archive.write(path, path.relative_to(root))
        for path in (root / "typeinfo").iterdir():
            if path.is_file():
                archive.write(path, Path("dumpwalk") / "typeinfo" / path.name)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'all.zip')!r})\n"
        "import dumpwalk; assert '.zip' in dumpwalk.__file__\n"
        "from dumpwalk.types.store import Store; types = Store.shipped().open('nt/19041.3570-x64')\n"
        "print(types.find('nt!_FILE_OBJECT').size, types.symbols.find('KeBugCheckEx'))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=tmp_path)

    assert (done.stdout.strip(), done.stderr) == ("216 4183616", "")


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0x3CC052, ("__C_specific_handler", 0xA2)),
        (0x3FE942, ("RtlpExecuteHandlerForException", 0x12)),
        (0x32AB86, ("KiDispatchException", 0x186)),
        (0x4031F5, ("KiSegmentNotPresentFault", 0x335)),
        (0x317E25, ("PspSystemThreadStartup", 0x55)),
        (0x3FD0D8, ("KiStartSystemThread", 0x28)),  # KxStartSystemThread lies there too
        (0x40F4E1, None),  # a funclet without a public symbol; 0x1611 behind a string literal
    ],
)
def test_return_addresses_of_a_real_stack(offset: int, expected: tuple[str, int] | None) -> None:
    """A dump of 19041.804 that rizin's tests have, with the symbols that rizin's tests expect."""
    assert Store.shipped().open("nt/19041.804-x64").symbols.nearest(offset) == expected
