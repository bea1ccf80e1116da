"""``dumpwalk types``: list, show, diff, export and import, in a cache directory of the test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.cli import main
from dumpwalk.types import cache

HEADER = """
typedef enum _COLOR { Red, Green = 5 } COLOR;
typedef struct _THING {
    LIST_ENTRY Link; ULONG Count : 4; COLOR Color; union { PVOID Object; ULONG_PTR Value; } u;
} THING;
"""
LATER = HEADER.replace("ULONG Count : 4;", "PVOID New; ULONG Count : 6;").replace("Green = 5", "Blue, Green = 5")
THING = """\
struct _THING, 4 elements, 0x20 bytes
   +0x000 Link             : _LIST_ENTRY
   +0x010 Count            : Pos 0, 4 Bits
   +0x014 Color            : _COLOR
   +0x018 u                : <unnamed-tag>
      +0x000 Object           : Ptr64 Void
      +0x000 Value            : Uint8B
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two headers, where the cache is as well."""
    monkeypatch.setenv("DUMPWALK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.h").write_text(HEADER)
    (tmp_path / "b.h").write_text(LATER)
    return tmp_path


@pytest.fixture
def run(world: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs ``dumpwalk types`` and returns status, output and complaints."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main(["types", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_shipped_profiles_are_listed(run: Any) -> None:
    status, text, _ = run("list", "win7-x86-pae", "--json")

    (found,) = json.loads(text)["profiles"]
    assert status == 0
    assert "win7-x86-pae" in (found["name"], *found["aliases"])
    assert (found["architecture"], found["build"], found["file"]) == ("x86", 7601, "")
    assert set(found) == {
        *("name", "aliases", "build", "revision", "architecture", "guid", "timestamp", "size"),
        *("types", "symbols", "source", "file"),
    }


def test_a_shipped_type_is_shown(run: Any) -> None:
    status, text, _ = run("show", "win7-x86-pae", "nt!_LIST_ENTRY")

    assert status == 0
    assert text.startswith(
        "struct _LIST_ENTRY, 2 elements, 0x8 bytes\n"
        "   +0x000 Flink            : Ptr32 _LIST_ENTRY\n"
        "   +0x004 Blink            : Ptr32 _LIST_ENTRY\n"
    )


def test_what_is_a_guess_is_said(run: Any) -> None:
    run("export", "a.h", "--as", "isf", "-o", "a.json")

    said = "dumpwalk: the order of 2 members that share bits is a guess (Object, Value)\n"

    assert run("show", "a.json", "_THING") == (0, THING + "(a.json: a.json)\n", said)
    assert [run("export", "a.json", "--as", spelling)[2] for spelling in ("dt", "c", "isf")] == [said] * 3
    assert run("export", "a.json", "--as", "json")[2] == ""  # it says so member by member
    assert run("export", "a.h", "--as", "c")[2] == ""  # C keeps the order


def test_a_file_is_as_good_as_a_profile(run: Any) -> None:
    status, text, _ = run("show", "a.h", "_THING")

    assert (status, text) == (0, THING + "(a.h: a.h)\n")
    assert run("show", "a.h")[1].splitlines() == ["a.h: 3 types", "_COLOR", "_LIST_ENTRY", "_THING"]
    assert run("show", "a.h", "_COLOR")[1] == "Enum _COLOR,  2 total enums\n   Red = 0n0\n   Green = 0n5\n(a.h: a.h)\n"


def test_a_type_in_json(run: Any) -> None:
    _, text, _ = run("show", "a.h", "_THING", "--x86", "--json")

    found = json.loads(text)
    assert (found["profile"], found["name"], found["kind"], found["size"]) == ("a.h", "_THING", "struct", "0x14")
    assert found["members"][1] == {
        "name": "Count",
        "offset": "0x8",
        "type": "Uint4B",
        "bits": [0, 4],
        "value": None,
        "guessed": "",
        "members": [],
    }
    assert [m["name"] for m in found["members"][3]["members"]] == ["Object", "Value"]


def test_what_changed_is_marked(run: Any) -> None:
    status, text, _ = run("diff", "a.h", "b.h", "_THING", "--changed")

    assert status == 0
    assert text.splitlines() == [
        "_THING: a.h (0x20 bytes) -> b.h (0x28 bytes)",
        "+             +0x010      New      : Ptr64 Void",
        "~ +0x010[0:4] +0x018[0:6] Count    : Uint4B",
        "> +0x014      +0x01c      Color    : _COLOR",
        "> +0x018      +0x020      u        : <unnamed-tag>",
        "> +0x018      +0x020      u.Object : Ptr64 Void",
        "> +0x018      +0x020      u.Value  : Uint8B",
    ]
    assert run("diff", "a.h", "b.h", "_LIST_ENTRY")[1].splitlines()[-1] == "  the same in both"


def test_an_enumeration_changes_too(run: Any) -> None:
    _, text, _ = run("diff", "a.h", "b.h", "_COLOR", "--json")

    members = json.loads(text)["difference"]["members"]
    assert [(m["name"], m["what"]) for m in members] == [("Red", []), ("Blue", ["added"]), ("Green", [])]


@pytest.mark.parametrize("spelling", ["c", "isf"])
def test_what_is_exported_can_be_read_again(run: Any, spelling: str) -> None:
    status, said, _ = run("export", "a.h", "--as", spelling, "-o", f"out.{spelling}")
    _, changed, _ = run("diff", "a.h", f"out.{spelling}", "_THING", "--changed")

    assert (status, said.split(":")[0]) == (0, f"out.{spelling}")
    assert changed.splitlines()[1:] == ["  the same in both"]


def test_json_is_exported(run: Any) -> None:
    status, text, _ = run("export", "a.h", "_COLOR", "--as", "json")

    assert status == 0
    assert json.loads(text)["types"]["_COLOR"]["members"] == [
        {"name": "Red", "value": 0},
        {"name": "Green", "value": 5},
    ]


def test_what_is_imported_is_a_profile(run: Any, world: Path) -> None:
    status, said, _ = run("import", "a.h", "--as", "My/Driver")

    assert (status, said.split(" in ")[0]) == (0, "My/Driver: 3 types and 0 symbols of a.h,")
    (found,) = json.loads(run("list", "my/driver", "--json")[1])["profiles"]
    assert (found["name"], found["types"], found["source"]) == ("My/Driver", 3, "a.h")
    assert Path(found["file"]).parent == world / "cache" / "types"
    assert run("show", "my/driver", "_THING")[1] == THING + "(My/Driver: a.h)\n"
    assert run("diff", "a.h", "My/Driver", "_THING")[1].splitlines()[-1] == "  the same in both"


def test_an_import_takes_the_place_of_the_one_before(run: Any) -> None:
    run("import", "a.h", "--as", "x")
    run("import", "b.h", "--as", "x")

    assert len(json.loads(run("list", "x", "--json")[1])["profiles"]) == sum(
        "x" in p["name"] or any("x" in a.lower() for a in p["aliases"])
        for p in json.loads(run("list", "--json")[1])["profiles"]
    )
    assert run("diff", "b.h", "x", "_THING")[1].splitlines()[-1] == "  the same in both"


def test_isf_is_imported_with_its_symbols(run: Any, world: Path) -> None:
    isf = {
        "metadata": {
            "format": "6.1.0",
            "windows": {"pdb": {"GUID": "AB" * 16, "age": 10, "database": "drv.pdb", "machine_type": 0x14C}},
        },
        "base_types": {"pointer": {"kind": "int", "size": 4, "signed": False, "endian": "little"}},
        "user_types": {"_P": {"kind": "struct", "size": 4, "fields": {}}, "_BAD": {"kind": "x"}},
        "enums": {},
        "symbols": {"Global": {"address": 4096}},
    }
    (world / "drv").write_text(json.dumps(isf))

    status, said, _ = run("import", "drv")

    assert status == 1
    assert said.startswith(f"drv/{'AB' * 16}-A: 1 types and 1 symbols of drv, in ")
    assert "Problem: _BAD: drv: user_types/_BAD: its kind is 'x'" in said
    (found,) = json.loads(run("list", f"{'AB' * 16}-A", "--json")[1])["profiles"]
    assert (found["guid"], found["architecture"], found["symbols"]) == (f"{'AB' * 16}-A", "x86", 1)
    exported = json.loads(run("export", "AB" * 16 + "-A", "--as", "isf")[1])
    assert exported["symbols"] == {"Global": {"address": 4096}}
    assert exported["metadata"]["windows"]["pdb"] == isf["metadata"]["windows"]["pdb"]


def test_a_size_that_no_store_holds_is_refused(run: Any, world: Path) -> None:
    isf = {
        "metadata": {"format": "6.1.0"},
        "base_types": {},
        "user_types": {"_P": {"kind": "struct", "size": 1 << 39, "fields": {}}},
        "enums": {},
        "symbols": {},
    }
    (world / "big").write_text(json.dumps(isf))

    status, _, said = run("import", "big")

    assert status == 4
    assert "does not fit into a type store" in said
    assert not (world / "cache").exists()


def test_pasted_listings_are_imported(run: Any, world: Path) -> None:
    (world / "pasted.txt").write_text(
        "0: kd> dt nt!_X\n   +0x000 A                : Ptr64 Void\n   +0x008 B    : Uint4B\n"
    )

    assert run("import", "pasted.txt")[0] == 0
    assert "   +0x008 B                : Uint4B\n" in run("show", "pasted", "_X")[1]


def test_several_sources_are_put_together(run: Any, world: Path) -> None:
    (world / "c.h").write_text("struct _MINE { ULONG a; KEVENT Event; PFILE_OBJECT File; THING Thing; };")

    status, text, _ = run("show", "c.h, a.h, win7-x86-pae", "_MINE")

    assert status == 0
    assert text.splitlines() == [
        "struct _MINE, 4 elements, 0x2c bytes",
        "   +0x000 a                : Uint4B",
        "   +0x004 Event            : _KEVENT",
        "   +0x014 File             : Ptr32 _FILE_OBJECT",
        "   +0x018 Thing            : _THING",
        "(c.h, a.h, win7-x86-pae: c.h)",
    ]
    assert "   +0x000 Flink            : Ptr32 _LIST_ENTRY\n" in run("show", "a.h,win7-x86-pae", "_LIST_ENTRY")[1]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("lst",), 2, "types lst: one of list, show, import, export, diff"),
        (("show",), 2, "which profile or file"),
        (("show", "nt/19041.3570-x64,win7-x86-pae"), 2, "types of different machines can't be put together"),
        (("show", "nowhere"), 4, "no types of nowhere"),
        (("show", "a.h", "_THIN"), 4, "a.h has no type _THIN; did you mean _THING?"),
        (("show", "bad.h", "_X"), 3, "bad.h: line 1: "),
        (("show", ".", "_X"), 3, ".: "),
        (("show", "binary", "_X"), 3, "neither a PDB, an ISF file, dt listings nor C declarations"),
        (("import", "empty.h"), 3, "there are no types in it"),
        (("import", "a.h", "--as", "a,b"), 2, "has no comma"),
        (("export", "a.h", "--as", "pdf"), 2, "one of dt, c, json, isf"),
        (("export", "a.h", "_NO", "--as", "c"), 4, "a.h has no type _NO"),
        (("export", "a.h", "-o", "no/such/place"), 2, "no/such/place: "),
        (("diff", "a.h", "b.h"), 2, "two profiles or files, and a type"),
        (("diff", "a.h", "b.h", "_NO"), 4, "a.h has no type _NO"),
    ],
)
def test_what_is_wrong_is_said(run: Any, world: Path, words: tuple[str, ...], status: int, said: str) -> None:
    (world / "bad.h").write_text("this is no C;")
    (world / "empty.h").write_text("int a;")
    (world / "binary").write_bytes(bytes(100))

    code, _, complaint = run(*words)

    assert code == status
    assert said in complaint


def test_a_damaged_profile_is_reported_and_the_others_are_listed(run: Any, world: Path) -> None:
    run("import", "a.h", "--as", "good")
    (world / "cache" / "types" / "bad.types").write_bytes(b"not a store")

    status, text, _ = run("list", "good")

    assert status == 1
    assert "good " in text
    assert f"Problem: {world / 'cache' / 'types' / 'bad.types'}: " in text


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/dumpwalk"),
        ("linux", {}, "/h/u/.cache/dumpwalk"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "/h/u/Library/Caches/dumpwalk"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/dumpwalk"),
        ("win32", {}, "/h/u/AppData/Local/dumpwalk"),
        ("linux", {"DUMPWALK_CACHE": "/own"}, "/own"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_such(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DUMPWALK_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/h/u", "USERPROFILE": "/h/u", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)

    assert cache.directory().replace("\\", "/") == expected


def test_a_pdb_is_imported(run: Any, real_data: Path) -> None:
    status, said, _ = run("import", str(real_data / "pdb" / "ntdll-x64.pdb"), "--as", "ntdll/test")

    assert status == 0
    assert said.startswith("ntdll/test: 608 types and ")
    assert "   +0x002 BeingDebugged    : UChar\n" in run("show", "ntdll/test", "_PEB")[1]
    (found,) = json.loads(run("list", "ntdll/test", "--json")[1])["profiles"]
    assert found["guid"] == "CCC0E36120F424BE044DE630C3BD80C4-1"


def test_an_imported_module_goes_by_its_name_alone_while_that_names_one(run: Any) -> None:
    run("import", "a.h", "--as", "driver/1")
    once = run("show", "driver")
    run("import", "b.h", "--as", "driver/2")
    twice = run("show", "Driver")

    assert once[0] == 0
    assert twice[0] == 4
    assert "which Driver? driver/1, driver/2" in twice[2]


def test_typedefs_are_imported_found_and_exported(run: Any, capsys: pytest.CaptureFixture[str], world: Path) -> None:
    (world / "driver.h").write_text(
        "typedef void *HANDLE; typedef struct _X { long a; } X, *PX; typedef enum { One = 1 } KIND;\n"
        "typedef struct { HANDLE h; PX next[2]; } UNNAMED;\n"
    )

    def dt(*words: str) -> str:
        main(["dt", *words])
        return capsys.readouterr().out

    run("import", "driver.h", "--as", "driver/1")
    for source in ("driver.h", "driver/1"):
        assert dt("--types", source, "PX") == "Ptr64 _X\n"
        assert dt("--types", source, "driver!X") == "   +0x000 a                : Int4B\n"
        assert dt("--types", source, "driver!P*") == "          driver!PX\n"
        assert run("show", source, "PX")[1].startswith("Ptr64 _X\n")
        assert json.loads(run("export", source, "--as", "json")[1])["typedefs"]["PX"] == {"type": "Ptr64 _X"}
        _, text, _ = run("export", source, "--as", "c")
        (world / "again.h").write_text(text)
        assert dt("--types", "again.h", "PX[3]") == "[3] Ptr64 _X\n"
        assert "typedefs are left out: isf has no place for them" in run("export", source, "--as", "isf")[2]
    main(["sizeof", "--types", "driver/1", "PX"])
    assert capsys.readouterr().out == "unsigned int64 8\n"


def test_typedefs_of_a_real_pdb(run: Any, capsys: pytest.CaptureFixture[str], real_data: Path) -> None:
    """The names are the SDK's: what they stand for is documented by Microsoft ("Windows Data Types")."""
    run("import", str(real_data / "pdb" / "r_cons.pdb"), "--as", "r_cons/1")

    for name, spelled in {"HANDLE": "Ptr64 Void", "LPBYTE": "Ptr64 UChar", "BOOL": "Int4B", "DWORD": "Uint4B"}.items():
        assert main(["dt", "--types", "r_cons/1", name]) == 0
        assert capsys.readouterr().out == f"{spelled}\n"
