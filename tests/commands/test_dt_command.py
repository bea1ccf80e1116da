"""``dumpwalk dt`` and ``dumpwalk sizeof``."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from dumpwalk.cli import main
from dumpwalk.commands.dt import Request, request_of, show
from dumpwalk.errors import UsageError
from dumpwalk.memory.address import Address
from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.render.as_json import document
from dumpwalk.render.dt import UNLIMITED, Options, Selected
from dumpwalk.types.sources.dt_text import database

SAMPLES = Path(__file__).parents[2] / "samples"

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "samples" / "chrysanthemum.dmp")
LISTING = """0: kd> dt -v nt!_PAIR
struct _PAIR, 2 elements, 0x8 bytes
   +0x000 First            : Uint4B
   +0x004 Second           : Ptr32 _PAIR
"""


@pytest.fixture
def listing(tmp_path: Path) -> str:
    path = tmp_path / "pasted.txt"
    path.write_text(LISTING, "utf-8")
    return str(path)


def request(name: str, address: str = "", **options: object) -> Request:
    own = {k: options.pop(k) for k in ("prefix", "link", "size", "many", "physical") if k in options}
    return Request(name, address, Options(**options), **own)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nt!_X", request("nt!_X")),
        ("nt!_X 0x8750ef80", request("nt!_X", "0x8750ef80")),
        ("8750ef80 nt!_X", request("nt!_X", "8750ef80")),
        ("nt!_X 0x863c1758+0x50", request("nt!_X", "0x863c1758+0x50")),
        ("nt!_X 863c1758 + 50 + 8", request("nt!_X", "863c1758 + 50 + 8")),
        ("nt!_X ffffc509`bf28b080-30", request("nt!_X", "ffffc509`bf28b080-30")),
        ("nt!_X (fffff800`15e50000 + d8)", request("nt!_X", "(fffff800`15e50000 + d8)")),
        ("-r2 nt!_X", request("nt!_X", depth=2)),
        ("nt!_X -r", request("nt!_X", depth=UNLIMITED)),
        (
            "-b -v -o -i -c nt!_X",
            request("nt!_X", blocks=True, verbose=True, offsets=False, indented=False, compact=True),
        ),
        ("-bv nt!_X", request("nt!_X", blocks=True, verbose=True)),
        ("-ca10 ULONG 01002be0", request("ULONG", "01002be0", compact=True, elements=10)),
        ("mt1 -a gn 1000", request("mt1", "1000", fields=(Selected(("gn",), elements=0, words="gn"),))),
        ("nt!_X Run[0]. 10", request("nt!_X", "10", fields=(Selected(("Run", ""), index=0, words="Run[0]."),))),
        ("nt!_X .", request("nt!_X", fields=(Selected(("", ""), words="."),))),
        ("nt!_X a..c.", request("nt!_X", fields=(Selected(("a", "", "c", ""), words="a..c."),))),
        ("-y ALLEN", request("ALLEN", prefix=True)),
        ("-ny A", request("A", prefix=True)),
        ("-n dead", request("dead")),
        ("nt!_X -y Pri 1000", request("nt!_X", "1000", fields=(Selected(("Pri",), True, words="Pri"),))),
        (
            "nt!_X -yoi Uni 10",
            request("nt!_X", "10", offsets=False, indented=False, fields=(Selected(("Uni",), True, words="Uni"),)),
        ),
        ("nt!_X -l Links.Flink 1000", request("nt!_X", "1000", link="Links.Flink")),
        ("nt!_LIST_ENTRY nt!PsLoadedModuleList+8", request("nt!_LIST_ENTRY", "nt!PsLoadedModuleList+8")),
        ("nt!_X poi( @rsp + 8 ) -r1", request("nt!_X", "poi( @rsp + 8 )", depth=1)),
        ("@$thread nt!_X Tcb", request("nt!_X", "@$thread", fields=(Selected(("Tcb",), words="Tcb"),))),
        ("nt!_X $proc", request("nt!_X", "$proc")),
        ("-s 2 -v nt!*", request("nt!*", verbose=True, size=2, many=True)),
        ("-t nt!*", request("nt!*", many=True)),
        ("-p nt!_X 1000", request("nt!_X", "1000", physical=True)),
    ],
)
def test_words(words: str, expected: Request) -> None:
    assert request_of(words.split()) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "needs the name of a type"),
        ("1000", "needs the name of a type"),
        ("A", "A is an address, -n A makes it a name"),
        ("-x nt!_X", "no option -x"),
        ("-b2 nt!_X", "no option -b2"),
        ("nt!_X -l", "-l needs a value"),
        ("-s zz nt!_X", "zz is no number"),
        (". 1000", "name the type"),
    ],
)
def test_words_that_make_no_sense(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        request_of(words.split())

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nt!_PAIR @rax", "there is no register rax"),
        ("nt!_PAIR (@rax)", "there is no register rax"),
        ("nt!_PAIR 1000+zz", "zz is no number and no name that is known"),
        ("nt!_PAIR nt!PsLoadedModuleList", "no number and no name that is known"),
        ("nt!_PAIR poi(1000", "( is never closed"),
        ("nt!_PAIR poi(1000)", "takes a dump"),
    ],
)
def test_addresses_that_make_no_sense(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        show(SegmentedMemory([]), database(LISTING), request_of(words.split()))

    assert said in str(caught.value)


def test_a_shipped_profile(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["dt", "--types", "win7-x86-pae", "nt!_SECTION_OBJECT_POINTERS"])

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "   +0x000 DataSectionObject : Ptr32 Void",
        "   +0x004 SharedCacheMap   : Ptr32 Void",
        "   +0x008 ImageSectionObject : Ptr32 Void",
    ]


def test_pasted_listings_are_types(listing: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["dt", "--types", listing, "_pair"])

    assert status == 0
    assert capsys.readouterr().out.splitlines() == ["nt!_PAIR", *LISTING.splitlines()[2:]]


def test_options_are_the_debuggers(listing: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["dt", "--types", listing, "-r1", "-o", "nt!_PAIR"])

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "   First            : Uint4B",
        "   Second           : Ptr32 _PAIR",
        "      First            : Uint4B",
        "      Second           : Ptr32 _PAIR",
    ]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", SAMPLE, "dt", "--types", "win7-x86-pae", "nt!_SUBSECTION", "863c17a8", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert status == 0
    (one,) = answer["listings"]
    assert (one["type"], one["address"], one["size"]) == ("_SUBSECTION", "0x863c17a8", "0x20")
    assert one["rows"][1] == {
        "name": "SubsectionBase",
        "offset": "0x4",
        "text": "0xa8e9b008 _MMPTE",
        "depth": 0,
        "kind": "field",
        "type": "Ptr32 _MMPTE",
        "value": "0xa8e9b008",
        "guessed": "",
    }


def test_a_guess_is_called_one() -> None:
    types = database("kd> dt nt!_X 1000\n   +0x000 Flag : 0 ''\n   +0x004 Next : 0x00002000 _X\n")

    (one,) = show(SegmentedMemory([]), types, request_of(["nt!_X"])).listings

    assert [(r.name, r.guessed) for r in one.rows] == [("Flag", "sign"), ("Next", "")]
    assert one.source == "a dt listing; its size is a guess"


def test_a_guess_is_said_beside_the_text(listing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text itself stays WinDbg's, and the answer is a full one."""
    path = tmp_path / "values.txt"
    path.write_text("kd> dt nt!_X 1000\n   +0x000 Flag : 0 ''\n   +0x004 Next : 0x00002000 _X\n", "utf-8")

    status = main(["dt", "--types", str(path), "nt!_X"])
    said = capsys.readouterr()
    assert status == 0
    assert said.out == "   +0x000 Flag             : UChar\n   +0x004 Next             : Ptr32 _X\n"
    assert said.err == "dumpwalk: whether 1 member can be negative is a guess (Flag)\n"

    assert main(["dt", "--types", str(path), "nt!_X", "Next"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["dt", "--types", str(path), "nt!_X", "--json"]) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["remarks"], said.err) == (["whether 1 member can be negative is a guess (Flag)"], "")
    assert main(["sizeof", "--types", str(path), "nt!_X"]) == 0
    assert capsys.readouterr().err == "dumpwalk: _X is from a dt listing; its size is a guess\n"
    assert main(["sizeof", "--types", listing, "nt!_PAIR"]) == 0
    assert capsys.readouterr().err == ""


def test_a_number_that_json_has_no_word_for() -> None:
    types = database("kd> dt nt!_X\n   +0x000 Ratio : Double\n")
    memory = SegmentedMemory([Segment(Address(0x1000), memoryview(struct.pack("<d", float("nan"))))])

    answer = show(memory, types, request_of(["nt!_X", "1000"]))

    assert json.loads(document(answer))["listings"][0]["rows"][0]["value"] == "nan"


def test_a_value_that_is_not_there_is_half_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", SAMPLE, "dt", "--types", "win7-x86-pae", "nt!_SUBSECTION", "12345678"])

    assert status == 1
    assert "ControlArea      : ???? (12345678: not in the dump)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["dt", "nt!_X"], 2, "--types NAME"),
        (["dt", "--types", "win7-x86-pae", "nt!_X", "1000"], 2, "-z FILE"),
        (["dt", "--types", "no-such-profile", "nt!_X"], 4, "no-such-profile"),
        (["dt", "--types", "win7-x86-pae", "nt!_FILE_OBJEKT"], 4, "did you mean _FILE_OBJECT?"),
        (["dt", "--types", "win7-x86-pae", "nt!_NO*"], 4, "no type matches"),
        (["dt", "--types", "win7-x86-pae", "-p", "nt!_X", "10"], 2, "-z FILE"),
        (
            ["-z", SAMPLE, "dt", "--types", "win7-x86-pae", "-p", "nt!_X", "10"],
            3,
            "-p: this dump holds pieces of virtual",
        ),
        (["-z", SAMPLE + ".missing", "dt", "--types", "win7-x86-pae", "nt!_X", "1000"], 3, "missing"),
        (["sizeof", "nt!_X"], 2, "--types NAME"),
        (["sizeof", "--types", "win7-x86-pae", "nt!_NOTHING_OF_THE_KIND"], 4, "no type"),
    ],
)
def test_errors_are_one_line(words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == status
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_file_without_listings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prose.txt").write_text("no listing here\n", "utf-8")

    assert main(["dt", "--types", str(tmp_path / "prose.txt"), "nt!_X"]) in (3, 4)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (["win7-x86-pae", "nt!_CONTROL_AREA"], "unsigned int 0x50"),
        (["win7-x86-pae", "sizeof(nt!_CONTROL_AREA)"], "unsigned int 0x50"),
        (["win7-x86-pae", "nt!_MMPTE"], "unsigned int 8"),
        (["win7-x86-pae", "_LIST_ENTRY[4]"], "unsigned int 0x20"),
    ],
)
def test_sizeof(words: list[str], size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sizeof", "--types", *words]) == 0
    assert capsys.readouterr().out == size + "\n"


def test_a_type_is_shown_without_importing_much() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from dumpwalk.cli import main; "
        "main(['dt', '--types', 'win7-x86-pae', 'nt!_FILE_OBJECT']); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.splitlines()[-1].split())

    assert "dumpwalk.types.store" in loaded
    assert loaded.isdisjoint({"re", "json", "lark", "typing", "dataclasses", "argparse", "numpy"})


def test_a_kernel_that_is_not_known_exactly_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Offsets of a neighbouring build look like knowledge unless the answer says whose they are."""
    status = main(["-z", str(SAMPLES / "apc_index_mismatch.dmp"), "dt", "nt!_ETHREAD", "ffffc5006e6da080", "Cid."])
    out = capsys.readouterr().out

    assert status == 1
    assert "UniqueThread : 0x00000000`000005ec Void" in out
    assert "types: this kernel is not known; these are of nt/win10-14393-x64: nearest (win10-14393)" in out


def test_types_of_another_architecture_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", str(SAMPLES / "arm64.dmp"), "dt", "nt!_ETHREAD", "ffffbb8eb1719180"])
    err = capsys.readouterr().err

    assert status == 4
    assert err.startswith("dumpwalk: no types of ARM64 kernels are known, and those of x64 lie elsewhere")


@pytest.mark.parametrize(
    ("words", "status", "most"),
    [
        ("nt!_LIST_ENTRY[2147483648] 863c1758", 1, 7_000),
        ("-a ULONG[2147483648] 863c1758", 1, 101_000),
        ("nt!_LIST_ENTRY[2147483648]", 0, 2),
        ("-r9 nt!_CONTROL_AREA 863c1758", 1, 2_000),
    ],
)
def test_sizes_that_lie_end(words: str, status: int, most: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", SAMPLE, "dt", "--types", "win7-x86-pae", *words.split()]) == status
    assert 0 < capsys.readouterr().out.count("\n") <= most
