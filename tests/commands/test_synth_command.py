"""``dumpwalk synth``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dumpwalk.cli import main
from dumpwalk.synth import write

SPEC = "dump triage ARM64\nbuild 22000\nbugcheck 1c8 1b58\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "a.spec"
    path.write_text(SPEC)
    return path


def test_it_writes_the_dump_and_says_so_in_one_line(spec, tmp_path, capsys):
    out = tmp_path / "a.dmp"
    status = main(["synth", str(spec), "-o", str(out)])

    assert status == 0
    assert out.read_bytes() == write(SPEC)
    assert capsys.readouterr().out == f"{out}: PAGEDU64, triage dump (type 0x4), {len(write(SPEC)):,} bytes\n"


def test_its_record(spec, tmp_path, capsys):
    out = tmp_path / "a.dmp"
    main(["synth", str(spec), "-o", str(out), "--json"])

    assert json.loads(capsys.readouterr().out) == {
        "path": str(out),
        "size": len(write(SPEC)),
        "format": "PAGEDU64",
        "type": "0x4",
        "kind": "triage",
    }


def test_it_does_not_overwrite_unless_told_to(spec, tmp_path, capsys):
    out = tmp_path / "a.dmp"
    out.write_bytes(b"precious")
    refused = main(["synth", str(spec), "-o", str(out)])
    kept = out.read_bytes()
    forced = main(["synth", str(spec), "-o", str(out), "--force"])

    assert (refused, kept, forced) == (2, b"precious", 0)
    assert "--force overwrites it" in capsys.readouterr().err
    assert out.read_bytes() == write(SPEC)


def test_a_bad_spec_writes_nothing(tmp_path, capsys):
    spec, out = tmp_path / "bad.spec", tmp_path / "a.dmp"
    spec.write_text(SPEC + "bugchek 1\n")
    status = main(["synth", str(spec), "-o", str(out)])

    assert status == 3
    assert not out.exists()
    assert (
        f"{spec}: line 4, column 1: 'bugchek' is not expected here; did you mean bugcheck?" in capsys.readouterr().err
    )


def test_a_spec_that_cannot_be_written(tmp_path, capsys):
    spec, out = tmp_path / "bad.spec", tmp_path / "a.dmp"
    spec.write_text("dump triage x86\nbuild 7601\nbugcheck 1 fffff80000000000")
    status = main(["synth", str(spec), "-o", str(out)])

    assert status == 3
    assert not out.exists()
    assert f"{spec}: the dump header.BugCheckParameter1: " in capsys.readouterr().err


@pytest.mark.parametrize(("content", "what"), [(None, "No such file"), (b"\xff\xfe", "not UTF-8")])
def test_a_spec_that_cannot_be_read(tmp_path, capsys, content, what):
    spec = tmp_path / "no.spec"
    if content is not None:
        spec.write_bytes(content)
    status = main(["synth", str(spec), "-o", str(tmp_path / "a.dmp")])

    assert status == 3
    assert what in capsys.readouterr().err


def test_the_output_is_asked_for(spec, tmp_path, capsys):
    nowhere = main(["synth", str(spec)])
    unwritable = main(["synth", str(spec), "-o", str(tmp_path / "no" / "such" / "dir.dmp")])

    assert (nowhere, unwritable) == (2, 2)
    assert "-o OUT is missing" in capsys.readouterr().err


def test_a_memory_image_that_is_no_crash_dump(tmp_path, capsys):
    spec, out = tmp_path / "a.spec", tmp_path / "a.raw"
    spec.write_text('dump raw x64\npaging x64\nblock ffffa000`00001000 ascii "x"\n')
    status = main(["synth", str(spec), "-o", str(out)])

    assert status == 0
    assert capsys.readouterr().out == f"{out}: raw image, {out.stat().st_size:,} bytes\n"
