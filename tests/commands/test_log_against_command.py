"""``dumpwalk log --against DUMP``: text, Markdown, JSON, several files, exit status, what does not go together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from schemas import schema, validator

from dumpwalk.cli import main

ROOT = Path(__file__).parents[2]
PASTED = str(ROOT / "samples" / "pasted_log.txt")
DEVICES = str(ROOT / "samples" / "pasted_devices.txt")
DUMP = str(ROOT / "samples" / "device_stack.dmp")
EQUAL = "0: kd> .bugcheck\nBugcheck code 000000E2\nArguments 0 0 0 0\n"


def held(promised: Any) -> Any:
    """Return the schema with what ``--against`` adds required."""
    promised["required"].append("against")
    promised["$defs"]["block"]["required"].append("against")
    return promised


VALIDATOR = validator(held(schema("log")))


@pytest.fixture
def equal(tmp_path: Path) -> str:
    path = tmp_path / "equal.txt"
    path.write_text(EQUAL, "utf-8")
    return str(path)


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", DEVICES, "--against", DUMP])
    lines = capsys.readouterr().out.splitlines()

    assert status == 1
    assert lines[1] == "the text is of this machine and boot, as far as its modules, build, bug check and times say"
    assert "    line 21: different: device ffffb80f`1200be50 ReferenceCount: 13 in the text, 14 in the dump" in lines
    assert lines[-1] == "8 blocks, 7 compared: 117 values equal, 1 different, 1 not in the dump"
    assert any("not compared (there is no comparison for this kind)" in line for line in lines)


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", "--markdown", DEVICES, "--against", DUMP])
    out = capsys.readouterr().out

    assert status == 1
    assert out.startswith("# ")
    assert "**17 equal, 1 different**\n  * line 21: different: device ffffb80f\\`1200be50 ReferenceCount: 13 in" in out


def test_json_keeps_its_shape_and_has_more(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", "--json", DEVICES])
    before = json.loads(capsys.readouterr().out)
    status = main(["log", "--json", DEVICES, "--against", DUMP])
    document = json.loads(capsys.readouterr().out)

    VALIDATOR.validate(document)
    assert status == 1
    assert {k: v for k, v in document.items() if k not in ("against", "blocks")} == {
        k: v for k, v in before.items() if k != "blocks"
    }
    assert [{k: v for k, v in b.items() if k != "against"} for b in document["blocks"]] == before["blocks"]
    statements = [s for b in document["blocks"] if b["against"] for s in b["against"]["statements"]]
    counts = [sum(s["verdict"] == verdict for s in statements) for verdict in ("equal", "different", "absent")]
    assert counts == [document["against"][name] for name in ("equal", "different", "absent")]
    assert {"absent"} == {key for s in statements if s["verdict"] == "absent" for key in s["held"]}


def test_markdown_and_json_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", "--json", "--markdown", PASTED, "--against", DUMP])

    VALIDATOR.validate(json.loads(capsys.readouterr().out))


def test_several_files(capsys: pytest.CaptureFixture[str], equal: str, tmp_path: Path) -> None:
    status = main(["log", "--jsonl", DEVICES, equal, str(tmp_path / "none.txt"), "--against", DUMP])
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert status == 1
    assert [d.get("against", {}).get("equal") for d in documents] == [117, 5, None]
    assert "error" in documents[2]


def test_all_equal_is_status_0(capsys: pytest.CaptureFixture[str], equal: str) -> None:
    assert main(["log", equal, "--against", DUMP]) == 0
    assert "1 block, 1 compared: 5 values equal, 0 different, 0 not in the dump" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [("000000E2", "000000E3"), ("Arguments", "\n0: kd> dd 7ff612340000 L1\n00007ff6`12340000  00000001\n")],
)
def test_different_or_missing_is_status_1(equal: str, old: str, new: str) -> None:
    Path(equal).write_text(EQUAL.replace(old, new), "utf-8")

    assert main(["log", equal, "--against", DUMP]) == 1


def test_a_kind_without_a_comparison_is_no_doubt(equal: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(equal).write_text(EQUAL + "\n0: kd> bl\n 0 e 8052b5d8     0001 (0001) nt!KeBugCheck\n", "utf-8")

    assert main(["log", equal, "--against", DUMP]) == 0
    assert "breakpoints `bl`, 1 breakpoint: not compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["log", PASTED, "--types", "win7-x86-pae"], "of the dump that --against names"),
        (["--raw", "log", PASTED], "of the dump that --against names"),
        (["--dtb", "1000", "log", PASTED], "of the dump that --against names"),
    ],
)
def test_what_is_of_a_dump_needs_one(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_dump_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", PASTED, "--against", str(ROOT / "setup.cfg")]) == 3
    assert "no listing in it shows memory" in capsys.readouterr().err


def test_a_text_holds_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """Pasted text is a target too: what its blocks say is in it where they are listings of memory."""
    assert main(["log", PASTED, "--against", PASTED]) == 1
    assert "8 values equal, 0 different, 26 not in the dump" in capsys.readouterr().out


def test_types_and_tables_are_of_that_dump(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "dt.txt"
    text.write_text("kd> dt nt!_SUBSECTION 0x863c1758+0x50\n   +0x000 ControlArea      : 0x863c1758 _CONTROL_AREA\n")
    status = main(["--types", "win7-x86-pae", "log", str(text), "--against", str(ROOT / "samples/chrysanthemum.dmp")])

    assert status == 0
    assert "types: read by the types of win7-x86-pae" in capsys.readouterr().out


def test_without_against_nothing_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log", "--json", PASTED])
    document = json.loads(capsys.readouterr().out)

    assert "against" not in document
    assert all("against" not in block for block in document["blocks"])
