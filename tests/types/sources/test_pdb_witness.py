"""The PDB reader against witnesses: llvm-pdbutil on every type, and dump_syms' listings on addresses."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dumpwalk.remarks import Absent
from dumpwalk.types.model import Array, Base, Enum, Function, Pointer, Reference
from dumpwalk.types.sources.pdb import open_pdb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import Type
    from dumpwalk.types.sources.pdb import PdbDatabase

TOOL = shutil.which("llvm-pdbutil") or shutil.which("llvm-pdbutil-14") or ""
needs_tool = pytest.mark.skipif(not TOOL, reason="llvm-pdbutil is not installed (Debian: apt install llvm)")
PDBS = (
    "pdb/amdppm.pdb",
    "pdb/dump_syms_regtest64.pdb",
    "pdb/ntdll-x64.pdb",
    "pdb/omap_stretched_filled.pdb",
    "pdb/r_cons.pdb",
    "pdb/seh-nested_collided-x64.pdb",
    "pdb/seh-xcpt4-x64.pdb",
    "pdb/wntdll-x86.pdb",
    "pdb/basic32.pd_",
    "user_minidumps/crash.pdb",
    "user_minidumps/sigsegv.pdb",
    "user_minidumps/targetapp_test_cv_allreg_amd64/targetapp.pdb",
)
# What llvm-pdbutil calls a primitive type, and dt. Both of C's character types with a sign are "char" to dt.
PRIMITIVES = {
    "void": "Void",
    "HRESULT": "HRESULT",
    "char": "Char",
    "signed char": "Char",
    "unsigned char": "UChar",
    "wchar_t": "Wchar",
    "char16_t": "Char16",
    "char32_t": "Char32",
    "bool": "Bool",
    "short": "Int2B",
    "unsigned short": "Uint2B",
    "int": "Int4B",
    "long": "Int4B",
    "unsigned": "Uint4B",
    "unsigned long": "Uint4B",
    "__int64": "Int8B",
    "unsigned __int64": "Uint8B",
    "float": "Float",
    "double": "Double",
    "long double": "Float10",
}
SIZES = {"Wchar": 2, "Char16": 2, "Char32": 4, "HRESULT": 4, "Float": 4, "Double": 8, "Float10": 10}
UNNAMED = ("<unnamed-tag>", "<anonymous-tag>", "__unnamed")
RECORD = re.compile(r"^ +0x([0-9A-F]+) \| (LF_\w+) \[size = \d+\](?: `(.*)`)?$")


def spell(type_: Type) -> object:
    """Return a type as text, as dt has it; what has no name as its whole content."""
    if isinstance(type_, Base):
        return type_.name
    if isinstance(type_, Pointer):
        return (f"Ptr{8 * type_.size}", spell(type_.target))
    if isinstance(type_, Array):
        return (f"[{type_.count}]", spell(type_.element))
    if isinstance(type_, Function):
        return ("function", spell(type_.returns) if type_.returns else None)
    if isinstance(type_, Reference):
        return f"{type_.kind} {type_.name}"
    if isinstance(type_, Enum):
        return ("enum", type_.size, type_.members)
    return (type_.kind, type_.size, [(f.name, f.offset, f.bits, spell(f.type)) for f in type_.fields])


class Witness:
    """What llvm-pdbutil says of the types in a PDB."""

    def __init__(self, path: Path) -> None:
        said = subprocess.run([TOOL, "dump", "-types", str(path)], capture_output=True, check=True).stdout
        self.records: dict[int, tuple[str, str, str]] = {}
        index, kind, name, lines = 0, "", "", []
        for line in said.decode("utf-8", "backslashreplace").splitlines():
            found = RECORD.match(line)
            if found:
                self.records[index] = (kind, name, "\n".join(lines))
                index, kind, name, lines = int(found[1], 16), found[2], found[3] or "", []
            else:
                lines.append(line.strip())
        self.records[index] = (kind, name, "\n".join(lines))
        self.pointer = 64 if said.count(b"kind = ptr64") > said.count(b"kind = ptr32") else 32

    def type(self, text: str) -> object:
        """Return the type that *text* names, ``0x1234`` or ``0x0022 (unsigned long)``, as :func:`spell` does."""
        number, _, name = text.partition(" (")
        index, name = int(number, 16), name.rstrip(")")
        if index < 0x1000:
            if name == "std::nullptr_t":
                return (f"Ptr{self.pointer}", "Void")
            target = PRIMITIVES[name.rstrip("*")]
            return (f"Ptr{ {4: 32, 6: 64}[index >> 8] }", target) if name.endswith("*") else target
        kind, name, body = self.records[index]
        if kind == "LF_MODIFIER":
            return self.type(_after(body, "referent = "))
        if kind == "LF_POINTER":
            return (f"Ptr{_after(body, 'kind = ptr')}", self.type(_after(body, "referent = ")))
        if kind == "LF_ARRAY":
            element = _after(body, "element type: ")
            size = int(_after(body, "size: "))
            each = self.size(element)
            return (f"[{size // each if each else 0}]", self.type(element))
        if kind in ("LF_PROCEDURE", "LF_MFUNCTION"):
            return ("function", self.type(_after(body, "return type = ")))
        if kind == "LF_VTSHAPE":
            return ""
        if kind in ("LF_STRUCTURE", "LF_CLASS", "LF_UNION", "LF_ENUM"):
            if name.rpartition("::")[2] in UNNAMED:
                return self.definition(self.target(index))
            return f"{_word(kind)} {name}"
        raise AssertionError(f"{kind} in a type")

    def target(self, index: int) -> int:
        """Return the definition that a forward reference means."""
        found = re.search(r"forward ref \((?:->|<-) 0x([0-9A-F]+)\)", self.records[index][2])
        return int(found[1], 16) if found else index

    def size(self, text: str) -> int:
        number, _, name = text.partition(" (")
        index, name = int(number, 16), name.rstrip(")")
        if index < 0x1000:
            if name == "std::nullptr_t":
                return self.pointer // 8
            if name.endswith("*"):
                return {4: 4, 6: 8}[index >> 8]
            word = PRIMITIVES[name]
            digits = re.search(r"(\d)B", word)
            return int(digits[1]) if digits else SIZES.get(word, 1)
        kind, _, body = self.records[self.target(index)]
        if kind == "LF_MODIFIER":
            return self.size(_after(body, "referent = "))
        if kind == "LF_POINTER":
            return int(_after(body, "kind = ptr")) // 8
        if kind == "LF_ARRAY":
            return int(_after(body, "size: "))
        if kind == "LF_ENUM":
            return self.size(_after(body, "underlying type: "))
        return int(_after(body, "sizeof "))

    def definition(self, index: int) -> object:
        """Return a structure or enumeration as :func:`spell` does."""
        kind, _, body = self.records[index]
        listed = _after(body, "field list: ")
        rows = self.records[int(listed, 16)][2] if listed.startswith("0x") else ""
        if kind == "LF_ENUM":
            pairs = re.findall(r"^- LF_ENUMERATE \[(.*) = (-?\d+)\]$", rows, re.MULTILINE)
            return ("enum", self.size(_after(body, "underlying type: ")), tuple((n, int(v)) for n, v in pairs))
        return (_word(kind), int(_after(body, "sizeof ")), self.fields(rows))

    def fields(self, rows: str) -> list[tuple[str, int, tuple[int, int] | None, object]]:
        found: list[tuple[str, int, tuple[int, int] | None, object]] = []
        member = re.compile(r"^- LF_MEMBER \[name = `(.*)`, Type = (.*), offset = (\d+), attrs = [\w ,|]+\]$")
        for row in rows.replace("- LF_BCLASS\n", "- LF_BCLASS ").splitlines():
            if row.startswith("- LF_BCLASS"):
                base, at = self.target(int(_after(row, "type = "), 16)), int(_after(row, "offset = "))
                _, _, inherited = self.definition(base)  # type: ignore[misc]
                found += [(n, o + at, b, t) for n, o, b, t in inherited]
            elif row.startswith("- LF_VFUNCTAB"):
                found.append(("__VFN_table", 0, None, self.type(_after(row, "type = "))))
            elif row.startswith("- LF_MEMBER"):
                parts = member.match(row)
                assert parts, row
                index = int(parts[2].split()[0], 16)
                bits, type_ = None, parts[2]
                if index >= 0x1000 and self.records[index][0] == "LF_BITFIELD":
                    body = self.records[index][2]
                    bits, type_ = (
                        (int(_after(body, "bit offset = ")), int(_after(body, "# bits = "))),
                        _after(body, "type = "),
                    )
                found.append((parts[1], int(parts[3]), bits, self.type(type_)))
        return found


def _after(body: str, label: str) -> str:
    """Return what *body* says behind *label*, up to a comma or the end of the line."""
    return body.split(label, 1)[1].split("\n", 1)[0].split(",", 1)[0]


def _word(kind: str) -> str:
    return {"LF_STRUCTURE": "struct", "LF_CLASS": "class", "LF_UNION": "union", "LF_ENUM": "enum"}[kind]


def _expanded(path: Path, database: PdbDatabase, tmp_path: Path) -> Path:
    """Return where the PDB is as llvm-pdbutil can read it."""
    if path.suffix != ".pd_":
        return path
    from dumpwalk.types.sources.pdb.cab import expand

    expanded = tmp_path / database.name
    expanded.write_bytes(expand(path.read_bytes(), path.name)[0])
    return expanded


@needs_tool
@pytest.mark.parametrize("name", PDBS)
def test_every_field_of_every_type(real_data: Path, tmp_path: Path, name: str) -> None:
    database = open_pdb(str(real_data / name))
    witness = Witness(_expanded(real_data / name, database, tmp_path))
    definitions: dict[str, list[object]] = {}
    for index, (kind, type_name, body) in witness.records.items():
        if kind in ("LF_STRUCTURE", "LF_CLASS", "LF_UNION", "LF_ENUM") and "forward ref" not in body:
            definitions.setdefault(type_name, []).append(witness.definition(index))
    named = {n: found for n, found in definitions.items() if n.rpartition("::")[2] not in UNNAMED}

    assert list(database.names()) == sorted(named)
    for found in database.types():
        assert spell(found) in named[found.name], found.name
    assert database.skipped == ()


@needs_tool
@pytest.mark.parametrize(
    ("name", "count"),
    [("pdb/amdppm.pdb", 0), ("pdb/r_cons.pdb", 741), ("pdb/omap_stretched_filled.pdb", 208), ("pdb/basic32.pd_", 468)],
)
def test_every_typedef(real_data: Path, tmp_path: Path, name: str, count: int) -> None:
    database = open_pdb(str(real_data / name))
    path = _expanded(real_data / name, database, tmp_path)
    witness = Witness(path)
    said = subprocess.run([TOOL, "dump", "-globals", str(path)], capture_output=True, check=True).stdout
    text = said.decode("utf-8", "backslashreplace")
    theirs = re.findall(r"S_UDT \[size = \d+\] `(.*)`\s+original type = (.*)", text)
    meant = database.typedefs()

    for alias, type_ in dict(reversed(theirs)).items():
        if alias in meant:
            assert spell(meant[alias]) == witness.type(type_), alias
        else:  # a class under its own name
            assert database.find(alias) is not None, alias
    assert len(meant) == count


@needs_tool
@pytest.mark.parametrize("name", PDBS)
def test_one_by_one_is_the_same_as_all(real_data: Path, name: str) -> None:
    """By hash and record by record, or all at once: two ways through the file."""
    at_once = {t.name: t for t in open_pdb(str(real_data / name)).types()}
    names = sorted(at_once)[:: max(1, len(at_once) // 25)]

    for one in names:
        database = open_pdb(str(real_data / name))

        assert database.find(one) == at_once[one]


@needs_tool
@pytest.mark.parametrize("name", PDBS)
def test_every_public_symbol(real_data: Path, tmp_path: Path, name: str) -> None:
    database = open_pdb(str(real_data / name))
    path = _expanded(real_data / name, database, tmp_path)
    said = subprocess.run([TOOL, "dump", "-publics", str(path)], capture_output=True, check=True).stdout
    rows = re.findall(
        r"S_PUB32 \[size = \d+\] `(.*)`\n +flags = (.*), addr = (\d+):(\d+)",
        said.decode("utf-8", "backslashreplace"),
    )
    publics = [s for s in database.symbols() if s.kind == "public"]

    assert rows
    assert sorted((s.name, s.function, s.segment, s.offset) for s in publics) == sorted(
        (n, "function" in flags, int(segment), int(offset)) for n, flags, segment, offset in rows
    )


@needs_tool
@pytest.mark.parametrize("name", PDBS)
def test_every_global_symbol(real_data: Path, tmp_path: Path, name: str) -> None:
    database = open_pdb(str(real_data / name))
    path = _expanded(real_data / name, database, tmp_path)
    said = subprocess.run([TOOL, "dump", "-globals", str(path)], capture_output=True, check=True).stdout
    text = said.decode("utf-8", "backslashreplace")
    rows = re.findall(r"S_([GL])DATA32 \[size = \d+\] `(.*)`\n +type = .*, addr = (\d+):(\d+)", text)
    procedures = re.findall(r"S_(L?)PROCREF \[size = \d+\] `(.*)`", text)
    symbols = list(database.symbols())

    assert sorted((s.local, s.name, s.segment, s.offset) for s in symbols if s.kind == "data") == sorted(
        (scope == "L", n, int(segment), int(offset)) for scope, n, segment, offset in rows
    )
    assert sorted((s.local, s.name) for s in symbols if s.kind == "procedure") == sorted(
        (scope == "L", n) for scope, n in procedures
    )


def _undecorated(name: str) -> str:
    """Return a C name without what x86's calling conventions add to it."""
    return re.sub(r"@\d+$", "", name.removeprefix("_").removeprefix("@"))


@pytest.mark.parametrize("name", ["omap_stretched_filled", "dump_syms_regtest64"])
def test_addresses_are_those_that_dump_syms_found(real_data: Path, name: str) -> None:
    """dump_syms asks Microsoft's own reader. One of the images was rearranged after it was linked."""
    database = open_pdb(str(real_data / "pdb" / f"{name}.pdb"))
    said = (real_data / "pdb" / f"{name}.sym").read_text("utf-8", "replace")
    publics = re.findall(r"^PUBLIC (?:m )?([0-9a-f]+) [0-9a-f]+ (.*?)\r?$", said, re.MULTILINE)
    functions = re.findall(r"^FUNC (?:m )?([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (.*?)\r?$", said, re.MULTILINE)
    ours = list(database.symbols())
    addressed = [(s.name, int(s.rva)) for s in ours if not isinstance(s.rva, Absent)]
    named = {*addressed, *((_undecorated(n), rva) for n, rva in addressed)}
    places = {rva for _, rva in named}
    c_functions = {(f, int(rva, 16)) for rva, f in functions if re.fullmatch(r"\w+", f)}

    assert f"{database.guid}{database.age:X}" == said.split()[3]
    assert {(f, int(rva, 16)) for rva, f in publics} <= named
    assert len(c_functions) > 100
    assert {int(rva, 16) for rva, _ in functions} <= places
    assert c_functions <= named


def test_damaged_pdb_says_where(real_data: Path) -> None:
    from dumpwalk.errors import FormatError

    with pytest.raises(FormatError, match="block map lies in block 0x54d, beyond the end of the file"):
        open_pdb(str(real_data / "pdb" / "fuzzed.pdb"))


@pytest.mark.parametrize("name", PDBS)
def test_places_of_symbols_are_those_of_their_records(real_data: Path, name: str) -> None:
    database = open_pdb(str(real_data / name))

    assert list(database.symbol_places()) == [(symbol.name, symbol.rva) for symbol in database.symbols()]
