"""What is exported is read back as it was; compilers and Volatility 3 are the witnesses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.errors import TypeInfoError
from dumpwalk.types.export import closed, to_isf, to_json
from dumpwalk.types.export_c import to_c
from dumpwalk.types.export_dt import to_dt
from dumpwalk.types.merge import Types
from dumpwalk.types.model import BASES, Array, Base, Enum, Field, Function, Pointer, Reference, Struct
from dumpwalk.types.sources import c_header, isf
from dumpwalk.types.sources.dt_text import database as listed
from dumpwalk.types.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.model import TypeDatabase

ULONG, UCHAR, USHORT, VOID = (BASES[n] for n in ("Uint4B", "UChar", "Uint2B", "Void"))
FLAGS = Struct("", "struct", 4, (Field("One", 0, ULONG, (0, 1)), Field("Rest", 0, ULONG, (3, 29))))
UNION = Struct("", "union", 4, (Field("All", 0, ULONG, None, "order"), Field("Flags", 0, FLAGS, None, "order")))
WORLD: dict[str, Struct | Enum] = {
    "_E": Enum("_E", 4, (("Negative", -1), ("Zero", 0), ("default", 7))),
    "_LINK": Struct(
        "_LINK",
        "struct",
        16,
        tuple(Field(n, o, Pointer(Reference("struct", "_LINK"), 8)) for n, o in (("f", 0), ("b", 8))),
    ),
    "_S": Struct(
        "_S",
        "struct",
        0x50,
        (
            Field("Link", 0, Reference("struct", "_LINK")),
            Field("Sort", 0x10, Reference("enum", "_E")),
            Field("u", 0x14, UNION),
            Field("Call", 0x18, Array(Pointer(Function(None), 8), 2)),
            Field("Text", 0x28, Array(BASES["Wchar"], 3)),
            Field("Byte", 0x2E, UCHAR, (0, 3)),
            Field("Other", 0x30, Pointer(Reference("struct", "_ELSEWHERE"), 8)),
            Field("Many", 0x38, Array(UNION, 2)),
            Field("Far", 0x48, BASES["Int8B"]),
        ),
    ),
    "_PACKED": Struct("_PACKED", "struct", 7, (Field("a", 0, UCHAR), Field("b", 1, ULONG), Field("c", 5, USHORT))),
    "_HOLDER": Struct("_HOLDER", "struct", 12, (Field("x", 0, UCHAR), Field("p", 4, Reference("struct", "_PACKED")))),
}
DATABASE = Types("world", 8, WORLD)


def places(struct: Struct | Enum | None) -> list[tuple[str, int, tuple[int, int] | None]]:
    """Return the members of *struct* but for what was put in as padding, in the order of their places."""
    assert isinstance(struct, Struct)
    shown = [(f.name, f.offset, f.bits) for f in struct.fields if not f.name.startswith("_padding_")]
    return sorted(shown, key=lambda p: (p[1], p[2] or (0, 0), p[0]))


def assert_laid_out_as(exported: TypeDatabase, original: TypeDatabase, names: list[str]) -> None:
    for name in names:
        one, other = original.find(name), exported.find(name)
        assert one is not None
        assert other is not None
        assert one.size == other.size, name
        if isinstance(one, Struct):
            assert places(one) == places(other), name


def test_c_is_read_back_to_the_same_places() -> None:
    text = to_c(DATABASE, DATABASE.names())

    assert_laid_out_as(c_header.database(text), DATABASE, sorted(WORLD))
    assert "/* 0x014 */ union {\n" in text
    assert "unsigned long : 2;" in text
    assert "#pragma pack(push, 1)\nstruct _PACKED {" in text
    assert text.count("#pragma pack(push") == 1
    assert "(*Call[2])(void); /* what it returns is not known */" in text
    assert "default_ = 7, /* default */" in text


def test_unnamed_unions_are_found_again() -> None:
    whole = Struct(
        "_S",
        "struct",
        16,
        (
            Field("Header", 0, Pointer(VOID, 8)),
            Field("All", 8, BASES["Uint8B"]),
            Field("Low", 8, ULONG),
            Field("High", 12, USHORT),
            Field("Bit", 14, USHORT, (0, 1)),
        ),
    )

    text = to_c(Types("x", 8, {"_S": whole}), ["_S"])

    assert c_header.database(text).find("_S") == whole
    assert "#pragma pack" not in text


def test_a_type_brings_what_it_contains_and_no_more() -> None:
    assert list(closed(DATABASE, ["_S"])) == ["_E", "_LINK", "_S"]
    assert "struct _PACKED" not in to_c(DATABASE, ["_S"])
    assert list(json.loads(to_json(DATABASE, ["_HOLDER"]))["types"]) == ["_HOLDER", "_PACKED"]


def test_isf_is_read_back_as_it_was() -> None:
    text = to_isf(DATABASE, DATABASE.names(), [("Sym", 0x1234)], guid="AB" * 16, age=3, pdb="a.pdb", machine="x64")

    found = isf.database(text.encode())
    assert {name: found.find(name) for name in found.names()} == WORLD
    assert (found.guid, found.age, found.pdb, found.machine) == ("AB" * 16, 3, "a.pdb", "x64")
    assert dict(found.symbols()) == {"Sym": 0x1234}
    assert to_isf(found, found.names(), found.symbols(), guid="AB" * 16, age=3, pdb="a.pdb", machine="x64") == text


def test_json_says_what_is_guessed_and_where_types_come_from() -> None:
    whole = json.loads(to_json(Types("w", 8, WORLD, {"_S": "driver.h"}), ["_S"], [("Sym", 0x1234)]))

    assert (whole["profile"], whole["pointer_size"], whole["symbols"]) == ("w", 8, {"Sym": "0x1234"})
    assert whole["types"]["_S"]["source"] == "driver.h"
    assert whole["types"]["_S"]["fields"][2] == {
        "name": "u",
        "offset": 0x14,
        "type": "<unnamed-tag>",
        "kind": "union",
        "size": 4,
        "fields": [
            {"name": "All", "offset": 0, "type": "Uint4B", "guessed": "order"},
            {
                "name": "Flags",
                "offset": 0,
                "type": "<unnamed-tag>",
                "guessed": "order",
                "kind": "struct",
                "size": 4,
                "fields": [
                    {"name": "One", "offset": 0, "type": "Uint4B", "bits": [0, 1]},
                    {"name": "Rest", "offset": 0, "type": "Uint4B", "bits": [3, 29]},
                ],
            },
        ],
    }
    assert whole["types"]["_E"] == {
        "kind": "enum",
        "size": 4,
        "source": "w",
        "members": [{"name": "Negative", "value": -1}, {"name": "Zero", "value": 0}, {"name": "default", "value": 7}],
    }


def test_a_listing_is_read_back() -> None:
    text = to_dt(DATABASE, DATABASE.names())

    assert "struct _S, 9 elements, 0x50 bytes\n   +0x000 Link             : _LINK\n" in text
    assert "\n   +0x014 u                : <unnamed-tag>\n      +0x000 All              : Uint4B\n" in text
    assert "\nEnum _E,  3 total enums\n   Negative = 0n-1\n" in f"\n{text}"
    assert_laid_out_as(listed(text), DATABASE, ["_LINK", "_S", "_PACKED", "_HOLDER"])


def test_a_listing_has_the_lines_it_should() -> None:
    strange = Struct("_S", "struct", 4, (Field("a\n   +0x000 b : Void", 0, Reference("struct", "_T\x1b[2J")),))

    assert to_dt(Types("x", 8, {"_S": strange}), ["_S"]).splitlines() == [
        "struct _S, 1 elements, 0x4 bytes",
        "   +0x000 a\\n   +0x000 b : Void : _T\\x1b[2J",
    ]


@pytest.mark.parametrize("export", [to_c, to_isf, to_json, to_dt])
def test_a_type_that_is_not_there_is_an_error(export: object) -> None:
    assert callable(export)
    with pytest.raises(TypeInfoError, match="world has no type _NONE"):
        export(DATABASE, ["_NONE"])


def test_a_type_that_contains_itself_is_an_error() -> None:
    loop = Struct("_A", "struct", 8, (Field("b", 0, Reference("struct", "_B")),))
    back = Struct("_B", "struct", 8, (Field("a", 0, Reference("struct", "_A")),))

    with pytest.raises(TypeInfoError, match="contains itself"):
        to_c(Types("x", 8, {"_A": loop, "_B": back}), ["_A"])


def test_hostile_names_do_not_get_out_of_comments_and_words() -> None:
    strange = Struct(
        "a*/ int b; /*",
        "struct",
        12,
        (
            Field("x; int y", 0, Reference("struct", "*/ evil")),
            Field("int", 0, ULONG),
            Field("int", 4, Base("*/", 4)),
            Field("\n#error", 8, ULONG),
        ),
    )

    text = to_c(Types("*/ evil \n#error", 8, {strange.name: strange}), [strange.name])

    found = c_header.database(text)
    assert [places(found.find(name)) for name in found.names()] == [
        [("int_", 0, None), ("int_2", 4, None), ("__error", 8, None)]
    ]


sizes = st.sampled_from([UCHAR, USHORT, ULONG, BASES["Uint8B"], Pointer(VOID, 8)])


@st.composite
def structures(draw: st.DrawFn) -> Struct:
    """A structure of members anywhere, overlapping as they like, as no compiler may have made it."""
    fields = []
    for number in range(draw(st.integers(0, 8))):
        type = draw(sizes)
        bits = None
        if isinstance(type, Base) and draw(st.booleans()):
            position = draw(st.integers(0, 8 * type.size - 1))
            bits = position, draw(st.integers(1, 8 * type.size - position))
        guessed = draw(st.sampled_from(["", "order"]))
        fields.append(Field(f"m{number}", draw(st.integers(0, 20)), type, bits, guessed))
    return Struct("_S", draw(st.sampled_from(["struct", "union"])), 32, tuple(fields))


@given(structures())
def test_whatever_overlaps_is_declared_at_its_place(struct: Struct) -> None:
    database = Types("x", 8, {"_S": struct})

    assert_laid_out_as(c_header.database(to_c(database, ["_S"])), database, ["_S"])


def kernel(real_data: Path, number: int) -> isf.IsfDatabase:
    path = sorted((real_data / "isf").glob("*.json.xz"))[number]
    return isf.database(path.read_bytes(), path.name)


def assert_compilers_agree(found: TypeDatabase, directory: Path) -> None:
    """Compile *found* as C with an assertion for each member that is no bit field; the export asserts the sizes."""
    text = to_c(found, found.names())
    path = directory / "kernel.c"
    checks = [
        f'_Static_assert(__builtin_offsetof({type.kind} {name}, {f.name}) == {f.offset}, "{name}.{f.name}");'
        for name in found.names()
        if isinstance(type := found.find(name), Struct)
        for f in type.fields
        if not f.bits
    ]
    path.write_text(text + "\n".join(checks), "utf-8")
    machine = "x86_64" if found.pointer_size == 8 else "i686"

    assert len(checks) > 1500
    words = [n for n in found.names() if n.isidentifier()]  # what is no word of C has another name there
    assert_laid_out_as(c_header.database(text, pointer_size=found.pointer_size), found, words)
    for command in (["clang", f"--target={machine}-pc-windows-msvc"], [f"{machine}-w64-mingw32-gcc"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "-w", "-fsyntax-only", str(path)], capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 14, 150])
def test_a_kernel_exported_as_c_is_laid_out_so_by_compilers(real_data: Path, number: int, tmp_path: Path) -> None:
    assert_compilers_agree(kernel(real_data, number), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["win7-x86-pae", "nt/xpsp3-x86", "nt/19041.3570-x64"])
def test_a_shipped_profile_exported_as_c_is_laid_out_so_by_compilers(name: str, tmp_path: Path) -> None:
    assert_compilers_agree(Store.shipped().open(name), tmp_path)


def test_a_dozen_kernel_structures_written_in_c_lie_as_in_the_kernel(real_data: Path) -> None:
    """They are written from their public declarations (wdm.h, ntifs.h), not from offsets."""
    text = """
    typedef struct _DISPATCHER_HEADER {
        union {
            union { volatile LONG Lock; LONG LockNV; };
            struct { UCHAR Type; UCHAR Signalling; UCHAR Size; UCHAR Reserved1; };
        };
        LONG SignalState;
        LIST_ENTRY WaitListHead;
    } DISPATCHER_HEADER;
    typedef struct _KEVENT { DISPATCHER_HEADER Header; } KEVENT, *PKEVENT, *PRKEVENT;
    typedef struct _KSEMAPHORE { DISPATCHER_HEADER Header; LONG Limit; } KSEMAPHORE;
    typedef struct _MDL {
        struct _MDL *Next; CSHORT Size; CSHORT MdlFlags; USHORT AllocationProcessorNumber; USHORT Reserved;
        struct _EPROCESS *Process; PVOID MappedSystemVa; PVOID StartVa; ULONG ByteCount; ULONG ByteOffset;
    } MDL, *PMDL;
    typedef struct _IO_STATUS_BLOCK {
        union { NTSTATUS Status; PVOID Pointer; } DUMMYUNIONNAME;
        ULONG_PTR Information;
    } IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;
    typedef struct _KDEVICE_QUEUE_ENTRY { LIST_ENTRY DeviceListEntry; ULONG SortKey; BOOLEAN Inserted; } KD_ENTRY;
    typedef struct _KAPC {
        UCHAR Type; UCHAR AllFlags; UCHAR Size; UCHAR SpareByte1; ULONG SpareLong0;
        struct _KTHREAD *Thread; LIST_ENTRY ApcListEntry; PVOID Reserved[3]; PVOID NormalContext;
        PVOID SystemArgument1; PVOID SystemArgument2; CCHAR ApcStateIndex; KPROCESSOR_MODE ApcMode; BOOLEAN Inserted;
    } KAPC;
    typedef struct _SECTION_OBJECT_POINTERS {
        PVOID DataSectionObject; PVOID SharedCacheMap; PVOID ImageSectionObject;
    } SECTION_OBJECT_POINTERS, *PSECTION_OBJECT_POINTERS;
    typedef struct _FILE_OBJECT {
        CSHORT Type; CSHORT Size; struct _DEVICE_OBJECT *DeviceObject; struct _VPB *Vpb; PVOID FsContext;
        PVOID FsContext2;
        PSECTION_OBJECT_POINTERS SectionObjectPointer; PVOID PrivateCacheMap; NTSTATUS FinalStatus;
        struct _FILE_OBJECT *RelatedFileObject;
        BOOLEAN LockOperation, DeletePending, ReadAccess, WriteAccess, DeleteAccess;
        BOOLEAN SharedRead, SharedWrite, SharedDelete;
        ULONG Flags; UNICODE_STRING FileName; LARGE_INTEGER CurrentByteOffset; ULONG Waiters; ULONG Busy;
        PVOID LastLock;
        KEVENT Lock; KEVENT Event; struct _IO_COMPLETION_CONTEXT *CompletionContext; KSPIN_LOCK IrpListLock;
        LIST_ENTRY IrpList; PVOID FileObjectExtension;
    } FILE_OBJECT, *PFILE_OBJECT;
    typedef struct _LARGE { LARGE_INTEGER Offset; } LARGE;
    typedef struct _MMPTE_PROTOTYPE {
        ULONGLONG Valid : 1; ULONGLONG DemandFillProto : 1; ULONGLONG HiberVerifyConverted : 1; ULONGLONG ReadOnly : 1;
        ULONGLONG SwizzleBit : 1; ULONGLONG Protection : 5; ULONGLONG Prototype : 1; ULONGLONG Combined : 1;
        ULONGLONG Unused1 : 4; LONGLONG ProtoAddress : 48;
    } MMPTE_PROTOTYPE;
    typedef struct _MMSUBSECTION_FLAGS {
        struct { USHORT SubsectionAccessed : 1; USHORT Protection : 5; USHORT StartingSector4132 : 10; };
        struct { USHORT SubsectionStatic : 1; USHORT GlobalMemory : 1; USHORT Spare : 1; USHORT OnDereferenceList : 1;
                 USHORT SectorEndOffset : 12; };
    } MMSUBSECTION_FLAGS;
    """
    path = real_data / "isf" / "606FF669409B00F7FC8C61A9C1670129-1.json.xz"  # 19041.3570
    there, ours = isf.database(path.read_bytes()), c_header.database(text)
    shared = [n for n in ours.names() if n in set(there.names())]

    assert len(shared) >= 14
    for name in shared:
        one, other = ours.find(name), there.find(name)
        assert isinstance(one, Struct)
        assert isinstance(other, Struct)
        assert one.size == other.size, name
        at = {f.name: (f.offset, f.bits) for f in other.fields}
        compared = {f.name: (f.offset, f.bits) for f in one.fields if f.name in at}
        assert compared == {n: at[n] for n in compared}, name
        assert len(compared) >= len(one.fields) * 2 // 3, name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own
def test_volatility_takes_our_isf(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("volatility3")
    from volatility3 import schemas  # type: ignore[import-not-found]
    from volatility3.framework import contexts  # type: ignore[import-not-found]
    from volatility3.framework.symbols import intermed  # type: ignore[import-not-found]

    found = kernel(real_data, 0)
    path = tmp_path / "kernel.json"
    text = to_isf(found, found.names(), found.symbols(), guid=found.guid, age=found.age, pdb=found.pdb, machine="x64")
    path.write_text(text)
    table = intermed.IntermediateSymbolTable(contexts.Context(), "config", "nt", path.as_uri())

    # The schema of some, since its check takes half a minute for all.
    some = to_isf(found, sorted(found.names())[::20], tuple(found.symbols())[::50], machine="x64")
    assert schemas.validate(json.loads(some), False)
    assert table.get_symbol("PsLoadedModuleList").address == dict(found.symbols())["PsLoadedModuleList"]
    for name in found.names():
        type = found.find(name)
        if isinstance(type, Struct):
            template = table.get_type(name)
            assert template.size == type.size
            members = {n: offset for n, (offset, _) in template.vol.members.items()}
            assert members == {f.name: f.offset for f in type.fields}
    assert re.search(r'"format": "6\.1\.0"', text)
