"""``dumpwalk log``: text, Markdown, JSON and JSON Lines; the standard input; files that can't be read."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from schemas import assert_promised

from dumpwalk.cli import main

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "samples" / "pasted_log.txt")


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", SAMPLE])
    out = capsys.readouterr().out

    assert status == 0
    assert "lines 3-19: thread `!thread 870788e8`, 870788e8 1100.f5c WAIT (DelayExecution), 6 frames" in out
    assert "05 nt!PspExitThread+0x48e" in out
    assert (
        "  * Ending thread waits for its outstanding IRPs to be cancelled (stack rule thread-exit-waits-irps, medium)"
        in out
    )
    assert "APC_INDEX_MISMATCH (1) 7ffeb44461b4 0 ffff ffffc6816b407b80" in out
    assert "nt!_SUBSECTION at 863c17a8 (3 rows)" in out
    assert max(len(line) for line in out.splitlines() if "*" not in line) <= 120


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", "--markdown", SAMPLE])
    out = capsys.readouterr().out

    assert status == 0
    assert out.startswith("# ")
    assert "## Lines 3-19: thread" in out
    assert (
        "* **Ending thread waits for its outstanding IRPs to be cancelled** (stack rule thread-exit-waits-irps)" in out
    )
    assert out.count("```") % 2 == 0


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", "--json", SAMPLE])
    document = json.loads(capsys.readouterr().out)

    assert status == 0
    assert_promised("log", document)
    assert [b["kind"] for b in document["blocks"]] == ["prose", "thread", "prose", "bugcheck", "dt"]
    assert document["blocks"][1]["noise"] == [15]
    assert document["blocks"][1]["record"]["stack"]["frames"][0]["child_sp"] == "0xa86bfa50"
    assert document["blocks"][2]["record"] == {"lines": ["Another machine of ours stops with this:"]}
    assert document["unparsed"] == []


def test_json_lines_of_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["log", "--jsonl", SAMPLE, "nowhere.txt", SAMPLE])
    out = capsys.readouterr()
    documents = [json.loads(line) for line in out.out.splitlines()]

    assert status == 1
    assert [d.get("error", "") for d in documents] == ["", "nowhere.txt: No such file or directory", ""]


def test_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dumpwalk", "log", "-"],
        input="0: kd> .bugcheck\nBugcheck code 0000000A\nArguments 1 2 0 4\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "pasted text: 3 lines, 1 block" in done.stdout
    assert "IRQL_NOT_LESS_OR_EQUAL (a) 1 2 0 4" in done.stdout


def test_problems_make_a_partial_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.txt"
    file.write_bytes(b"00 nt!A\x1b[2J\n01 nt!B\n\xff\n")

    status = main(["log", str(file)])
    out = capsys.readouterr().out

    assert status == 1
    assert "\x1b" not in out
    assert "(line 1: it holds bytes that are no text)" in out
    assert "(line 3: it is not UTF-8; read as Windows-1252)" in out


def test_help_costs_no_parsing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--help"]) == 0
    assert "Markdown" in capsys.readouterr().out


def test_streams_are_not_needed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not this"))

    assert main(["log"]) == 2


def test_markdown_of_what_markdown_would_take_for_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log.txt"
    file.write_text(
        "0: kd> db fffff800`00000000\nfffff800`00000000  00 ```\n\n0: kd> k\n00 a!<b>*_[x](y)\n01 a!```\n", "utf-8"
    )

    main(["log", "--markdown", str(file)])
    out = capsys.readouterr().out

    assert "`` db fffff800`00000000 ``" in out
    assert "\n````\n00 a!<b>*_[x]\n01 a!```\n````\n" in out
