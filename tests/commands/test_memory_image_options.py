"""``--raw`` and ``--dtb`` on the command line, and what commands say of memory images."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import dumpwalk
from dumpwalk.cli import main
from dumpwalk.errors import TypeInfoError

sys.path.append(str(Path(__file__).parents[1] / "formats"))
import image_world as iw


@pytest.fixture
def image(tmp_path: Path) -> str:
    from dumpwalk.synth.containers import WRITERS
    from dumpwalk.synth.spec import Spec

    path = tmp_path / "memory.bin"
    path.write_bytes(WRITERS.load()["raw"](Spec("raw", "x64", 0), iw.windows(crash=True).done()))
    return str(path)


def test_info_says_how_the_machine_was_found(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--raw", "info", image]) == 0
    out = capsys.readouterr().out

    assert f"{image}: raw, memory image, x64" in out
    assert "  19041\n" in out
    assert "Found: x64 page tables at 0x1ad000, from the table at 0x1ad000, whose entry 0x1ed leads to itself" in out


def test_triage_of_a_machine_that_crashed(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--raw", "--dtb", "1ad000", "triage", image, "--json"])
    report = json.loads(capsys.readouterr().out)

    assert report["verdict"].startswith("DRIVER_IRQL_NOT_LESS_OR_EQUAL (d1)")
    assert report["dump_type"] == "memory image"
    assert "from --dtb (certain" in report["sources"]["found"]
    assert report["sources"]["bugcheck"] == "KiBugCheckData in its memory"
    assert report["pdbs"][0]["module"] == "nt"
    assert report["pdbs"][0]["guid"] == "606ff669-409b-00f7-fc8c-61a9c1670129"


def test_dt_in_a_memory_image(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"{iw.KERNEL[8] + iw.HEAD:x}"

    assert main(["-z", image, "--raw", "dt", "nt!_LIST_ENTRY", address]) == 0
    assert "[ 0xfffff800`4281e090 - 0xfffff800`4281e090 ]" in capsys.readouterr().out


def test_types_say_which_kernel_a_raw_image_is_of(image: str) -> None:
    """By name of a profile, whatever the image itself says; a name that is no profile's fails when types are needed."""
    own = dumpwalk.open(image, raw=True)
    told = dumpwalk.open(image, raw=True, types="19041.804-x64")
    wrong = dumpwalk.open(image, raw=True, types="nt/no-such-x64")

    assert str(own.profile.name) == "nt/19041.3570-x64"
    assert (told.profile.name, told.profile.exact) == ("nt/19041.804-x64", True)
    assert told.types.name == "nt/19041.804-x64"
    assert told.profile.match.text.startswith("exact (as the user says)")
    with pytest.raises(TypeInfoError, match="no-such"):
        wrong.object("_KPCR", 0)


def test_types_go_with_every_command_that_looks_at_memory(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-z", image, "--raw", "--types", "nt/19041.3570-x64", "vtop", f"{iw.KERNEL[8]:x}"]

    assert main(words) == 0
    assert "PXE at 1adf80" in capsys.readouterr().out
    assert main(["--raw", "--types", "19041.804-x64", "triage", image]) <= 1
    assert "nt/19041.804-x64: exact (as the user says)" in capsys.readouterr().out
    assert main(["--types", "nt/19041.3570-x64", "vtop", "0"]) == 2
    assert "vtop needs no types" in capsys.readouterr().err


def test_no_kernel_is_claimed_of_what_is_not_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.raw"
    path.write_bytes(b"x" * 0x4000)

    assert main(["triage", str(path)]) == 1
    out = capsys.readouterr().out
    assert f"{path}: no bug check was found in this memory image" in out
    assert "build unknown" in out
    assert "nothing here says which kernel it is" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dtb", "there", "info", "x"], "--dtb there: an address in hexadecimal is expected"),
        (["--dtb", "10000000000000", "info", "x"], "no machine has physical memory there"),
        (["--raw", "bugcheck", "1"], "bugcheck looks at no memory image; leave out --raw, --dtb and --registers"),
    ],
)
def test_options_that_make_no_sense(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_an_image_has_no_context_and_says_so(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--raw", "triage", image])

    assert "CONTEXT: ???? (the file holds none)" in capsys.readouterr().out


def test_info_of_an_unknown_machine_is_a_partial_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "memory.raw"
    path.write_bytes(b"no Windows".ljust(0x1000, b"."))

    assert main(["info", str(path)]) == 1
    assert "1 physical page (0x1000 bytes) in 1 run" in capsys.readouterr().out


def test_types_for_an_unknown_machine_are_not_called_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "memory.raw"
    path.write_bytes(bytes(0x1000) + b"no Windows".ljust(0x1000, b"."))

    assert main(["-z", str(path), "--types", "nt/19041.3570-x64", "dt", "-p", "nt!_LIST_ENTRY", "1000"]) == 0
    assert not capsys.readouterr().err


def test_a_dump_without_a_time_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    main(["triage", "samples/paging_x64.dmp"])
    out = capsys.readouterr().out

    assert "1601" not in out
    assert "x64, 1 processor\n" in out


def test_info_of_an_image_names_no_kind_of_dump(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--raw", "info", image, "--json"])
    meanings = json.loads(capsys.readouterr().out)["meanings"]

    assert meanings["DumpType"] == meanings["MajorVersion"] == {"absent": "the file has no dump header"}
    assert meanings["MachineImageType"] == "AMD64"


def test_how_an_image_was_read_is_no_line_without_end(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--raw", "triage", image])
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Found    "))

    assert all(len(line) <= 100 for line in lines[start : start + 4])
    assert lines[start + 1].startswith(" " * 9)
