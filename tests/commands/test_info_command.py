"""The ``info`` command, run as the program runs it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from dumpwalk.cli import main


def header_only(path: Path, signature: bytes = b"PAGEDU64", kind: int = 5) -> Path:
    """A 64-bit dump of type *kind* that ends behind its header and one page."""
    data = bytearray(b"PAGE" * 0x800)
    data[:8] = signature
    struct.pack_into("<II4Q3I", data, 8, 0xF, 22621, 0x1AD000, 0, 0, 0, 0x8664, 4, 0xD1)
    struct.pack_into("<4Q", data, 0x40, 0x10, 2, 8, 0xFFFFF80012345678)
    struct.pack_into("<I4xQ2Q", data, 0x88, 1, 0x9E, 1, 0x9E)
    struct.pack_into("<I", data, 0xF98, kind)
    data[0xFB0:0xFC0] = b"a\x1b[31mcomment".ljust(16, b"\0")
    path.write_bytes(bytes(data) + bytes(0x1000))
    return path


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["info", str(header_only(tmp_path / "a.dmp"))])
    out = capsys.readouterr().out

    assert status == 1  # the header promises pages, and none are there
    assert "a.dmp: PAGEDU64, bitmap full, x64, 0x3000 bytes" in out
    assert "  BugCheckCode         0xd1\n" in out
    assert "  MachineImageType     0x8664 (AMD64)\n" in out
    assert "  PhysicalMemoryBlock  0x9e pages in 1 run\n" in out
    assert "BasePage 0x1 PageCount 0x9e" in out
    assert "  SystemTime           (not set)\n" in out
    assert "  Comment              a\\x1b[31mcomment\n" in out
    assert "   0x2000    0x38  bitmap header" in out
    assert "Problem: bitmap header: FirstPage is 0x0, inside the headers: no page can be read" in out


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["info", "--json", str(header_only(tmp_path / "a.dmp"))])
    info = json.loads(capsys.readouterr().out)

    assert status == 1
    assert info["header"]["BugCheckParameters"] == ["0x10", "0x2", "0x8", "0xfffff80012345678"]
    assert info["header"]["SystemTime"] == {"absent": "not set"}
    assert info["header"]["PhysicalMemoryBlock"]["Run"] == [{"BasePage": "0x1", "PageCount": "0x9e"}]
    assert info["sections"][1] == {
        "offset": "0x2000",
        "size": "0x38",
        "what": "bitmap header",
        "address": {"absent": "not a piece of memory"},
    }
    assert "absent" in info["triage_header"]
    assert info["module_count"] == 0


def test_one_bad_file_among_good_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = header_only(tmp_path / "good.dmp")
    missing = tmp_path / "none.dmp"
    status = main(["info", "--jsonl", str(good), str(missing), str(tmp_path), str(good)])
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]

    assert status == 1
    assert [line["file"] for line in lines] == [str(good), str(missing), str(tmp_path), str(good)]
    assert "No such file" in lines[1]["error"]
    assert "directory" in lines[2]["error"]
    assert len(captured.err.splitlines()) == 2


def test_damage_makes_a_partial_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["info", str(header_only(tmp_path / "a.dmp", kind=4))])
    out = capsys.readouterr().out

    assert status == 1
    assert "Problem: " in out


def test_no_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 2
    assert "FILES is missing" in capsys.readouterr().err


@pytest.mark.real
def test_a_real_dump(real_dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["info", str(real_dumps / "triage_arm64.dmp")])
    out = capsys.readouterr().out

    assert status == 0
    assert "  BootId               13\n" in out
    assert "   0xcf50    0xb60  call stack        ffffe00e`0e4bc4a0\n" in out
    assert "nt!GUID_TRIAGEDUMP_DATA" in out
    assert "Modules            245 loaded, 11 unloaded\n" in out


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ("running_machine", "encoded (KiWaitNever, KiWaitAlways)"),
        ("processor_x64", "in clear"),
        ("live_x86", "in clear"),
    ],
)
def test_whether_the_debugger_data_was_encoded(sample: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(Path(__file__).parents[2] / "samples" / f"{sample}.dmp")

    main(["info", path])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  Debugger data "))

    assert line.endswith(said)
    main(["info", path, "--json"])
    assert json.loads(capsys.readouterr().out)["debugger_data"]["encoded"] == said.startswith("encoded")
