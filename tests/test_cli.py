"""The program: exit statuses, one-line errors, and the same answers as text and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dumpwalk
from dumpwalk.arguments import argument
from dumpwalk.cli import main
from dumpwalk.commands import COMMANDS, Command
from dumpwalk.errors import Error, FormatError, ReadError, TypeInfoError, UsageError
from dumpwalk.memory.address import Address
from dumpwalk.record import record
from dumpwalk.remarks import Problem

ROOT = Path(__file__).parents[1]


@record
class Answer:
    """What the commands of these tests return."""

    file: str
    at: Address = Address(0xFFFFF80002A5C000)
    problems: tuple[Problem, ...] = ()


def _one_file(name: str) -> Answer | Error:
    """Answer by the file's name: ``bad`` is no dump, ``part`` is damaged."""
    if "bad" in name:
        error = FormatError(f"{name}: not a crash dump")
        error.file = name
        return error
    if "type" in name:
        error = TypeInfoError(f"{name}: no such type")
        error.file = name
        return error
    return Answer(name, problems=(Problem("header", "cut"),) if "part" in name else ())


def _look(files: tuple[str, ...]) -> Iterator[Answer | Error]:
    """Look at files.

    In detail.
    """
    return map(_one_file, files)


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command ``look`` that takes several files."""
    files = argument("files", "what to look at", many="*")
    command = Command("look", _look, (files,), lambda r: f"{r.file} at {r.at}", lambda r: bool(r.problems), True)
    monkeypatch.setitem(COMMANDS.entries, "look", command)


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Make the command ``act`` do something."""

    def install(action: Callable[[], Any]) -> None:
        command = Command("act", lambda: action(), (), str, lambda r: bool(r.problems), False)
        monkeypatch.setitem(COMMANDS.entries, "act", command)

    return install


def _raise(error: BaseException) -> Callable[[], Any]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([], 0),
        (["a"], 0),
        (["a", "b"], 0),
        (["part"], 1),
        (["a", "part"], 1),
        (["bad"], 3),
        (["bad", "bad"], 3),
        (["a", "bad"], 1),
        (["bad", "part"], 1),
        (["type"], 4),
        (["bad", "type"], 4),
    ],
)
@pytest.mark.parametrize("output", [[], ["--json"], ["--jsonl"]], ids=["text", "json", "jsonl"])
def test_status_of_several_files(look: None, files: list[str], status: int, output: list[str]) -> None:
    assert main(["look", *files, *output]) == status


def test_text(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", "a", "bad", "part"])

    out, err = capsys.readouterr()
    assert out == "a at fffff800`02a5c000\n\npart at fffff800`02a5c000\n"
    assert err == "dumpwalk: bad: not a crash dump\n"


def test_json_of_one_file_is_its_record(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", "a", "--json"])

    out, err = capsys.readouterr()
    assert json.loads(out) == {"file": "a", "at": "0xfffff80002a5c000", "problems": []}
    assert err == ""


def test_json_of_several_files_is_a_list(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", "a", "bad", "--json"])

    out, err = capsys.readouterr()
    assert json.loads(out) == [
        {"file": "a", "at": "0xfffff80002a5c000", "problems": []},
        {"file": "bad", "error": "bad: not a crash dump"},
    ]
    assert err == "dumpwalk: bad: not a crash dump\n"


def test_json_of_a_file_that_failed(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", "bad", "--json"])

    assert json.loads(capsys.readouterr().out) == {"file": "bad", "error": "bad: not a crash dump"}


def test_json_lines(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", "a", "bad", "part", "--jsonl"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["file"], line.get("error")) for line in lines] == [
        ("a", None),
        ("bad", "bad: not a crash dump"),
        ("part", None),
    ]


def test_json_lines_are_printed_as_each_file_is_done(
    look: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(files: tuple[str, ...]) -> Iterator[Answer]:
        yield Answer("a")
        raise KeyboardInterrupt

    command = Command("look", interrupted, COMMANDS.entries["look"].arguments, str, lambda _: False, True)
    monkeypatch.setitem(COMMANDS.entries, "look", command)

    assert main(["look", "a", "b", "--jsonl"]) == 130
    assert json.loads(capsys.readouterr().out)["file"] == "a"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError("no such thing; try another"), 2, "no such thing; try another"),
        (FormatError("not a dump"), 3, "not a dump"),
        (ReadError(Address(0x1000), 8, "not in the dump"), 3, "00000000`00001000: not in the dump"),
        (TypeInfoError("no type _NO"), 4, "no type _NO"),
        (Error("something else"), 5, "something else"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Error) else None,
)
def test_errors_are_one_line(
    error: Error, status: int, message: str, does: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(_raise(error))

    assert main(["act"]) == status
    assert capsys.readouterr() == ("", f"dumpwalk: {message}\n")


def test_error_with_line_breaks_and_escapes_is_one_line(
    does: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(_raise(FormatError("a\nb\x1b[2J\u202ec\ud800")))
    main(["act"])

    assert capsys.readouterr().err == "dumpwalk: a\\nb\\x1b[2J\\u202ec\\ud800\n"


def test_file_that_a_command_can_not_use(does: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    does(_raise(PermissionError(13, "Permission denied", "out.dmp")))

    assert main(["act"]) == 3
    assert capsys.readouterr() == ("", "dumpwalk: out.dmp: Permission denied\n")


def test_interrupted(does: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    does(_raise(KeyboardInterrupt()))

    assert main(["act"]) == 130
    assert capsys.readouterr().err == ""


def test_internal_error_is_one_line_too(
    does: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DUMPWALK_DEBUG", raising=False)
    does(_raise(ZeroDivisionError("division by zero\nat all")))

    assert main(["act"]) == 5
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("dumpwalk: internal error: ZeroDivisionError: division by zero\\nat all (DUMPWALK_DEBUG=1 ")


def test_debug_shows_where(does: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUMPWALK_DEBUG", "1")
    does(_raise(ZeroDivisionError()))

    with pytest.raises(ZeroDivisionError):
        main(["act"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no command given; `dumpwalk --help` lists them"),
        (["nosuch"], "no command 'nosuch'; `dumpwalk --help` lists them"),
        (["--"], "no command given; `dumpwalk --help` lists them"),
        (["!analyze", "-v"], "no command '!analyze'; what it says is in `triage`; `dumpwalk --help` lists all"),
        (["kv"], "no command 'kv'; what it says is in `thread`; `dumpwalk --help` lists all"),
        (["../cli"], "no command '../cli'; `dumpwalk --help` lists them"),
        (["a\nb"], "no command 'a\\nb'; `dumpwalk --help` lists them"),
        (["--nosuch"], "unknown option --nosuch"),
        (["--hlep"], "unknown option --hlep; did you mean --help?"),
        (["-z"], "-z needs a value: FILE"),
        (["look", "-z", "a"], "-z stands before the command: dumpwalk -z FILE look ..."),
        (["look", "a", "--types=b"], "--types stands before the command: dumpwalk --types NAME look ..."),
        (["look", "--raw"], "--raw stands before the command: dumpwalk --raw look ..."),
        (["look", "--nosuch"], "unknown option --nosuch"),
        (["look", "a", "--josn"], "unknown option --josn; did you mean --json?"),
    ],
)
def test_usage_errors(look: None, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr() == ("", f"dumpwalk: {message}\n")


@pytest.mark.parametrize("name", ["look", "!look", ".look"])
def test_command_in_the_debuggers_writing(look: None, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "a"]) == 0
    assert capsys.readouterr().out == "a at fffff800`02a5c000\n"


def test_file_before_the_command(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", "a", "look"]) == 0
    assert main(["-z", "a", "look", "b", "--json"]) == 0

    first, _, second = capsys.readouterr().out.partition("\n")
    assert first == "a at fffff800`02a5c000"
    assert [r["file"] for r in json.loads(second)] == ["a", "b"]


def test_file_for_a_command_that_takes_none(does: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """A file that would be passed over in silence is a mistake."""
    does(lambda: Answer("none"))

    assert main(["-z", "a", "act"]) == 2
    assert capsys.readouterr().err.startswith("dumpwalk: ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"dumpwalk {dumpwalk.__version__}\n", "")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(look: None, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: dumpwalk ")
    assert [line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("  look ")] == ["Look at files."]
    assert err == ""


@pytest.mark.parametrize("words", [["look", "--help"], ["look", "a", "-h"], ["-z", "a", "look", "--nosuch", "-h"]])
def test_help_of_a_command(look: None, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: dumpwalk look [FILES...]")
    for part in ("Look at files.", "In detail.", "what to look at", "--json", "--jsonl"):
        assert part in out


def test_a_file_may_be_called_like_an_option(look: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", "--", "--json", "-h"]) == 0
    assert [line.partition(" ")[0] for line in capsys.readouterr().out.split("\n\n")] == ["--json", "-h"]


# What only a real process shows.


def _program(*words: str, **keywords: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DUMPWALK_DEBUG", "PYTHONIOENCODING", "PYTHONUTF8")}
    environment.update(PYTHONPATH=str(ROOT), **keywords.pop("env", {}))
    command = [sys.executable, "-m", "dumpwalk", *words]
    return subprocess.run(command, capture_output=True, timeout=60, env=environment, **keywords)


def test_program_exits_with_the_status() -> None:
    version, wrong = _program("--version"), _program("nosuch")

    assert (version.returncode, version.stdout.split(), version.stderr) == (
        0,
        [b"dumpwalk", dumpwalk.__version__.encode()],
        b"",
    )
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr.count(b"\n") == 1


MANY_LINES = """
import sys
from dumpwalk.cli import main
from dumpwalk.commands import COMMANDS, Command
lines = "\\n".join(f"line {n}" for n in range(100_000))
COMMANDS.add("many")(Command("many", lambda: lines, (), str, lambda _: False, False))
sys.exit(main(["many", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("output", [[], ["--json"], ["--jsonl"]], ids=["text", "json", "jsonl"])
def test_reader_that_goes_away(output: list[str]) -> None:
    """``dumpwalk ... | head -1`` ends in silence."""
    with subprocess.Popen(
        [sys.executable, "-c", MANY_LINES, *output], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.read(6)
        process.stdout.close()
        errors = process.stderr.read()
        status = process.wait(timeout=60)

    assert len(first) == 6
    assert errors == b""
    assert status == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_disk_that_is_full() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", MANY_LINES], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=60
        )

    assert done.returncode not in (0, 1)
    assert done.stderr.count(b"\n") == 1
    assert b"No space left" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_closed_output() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m dumpwalk --version >&-', sys.executable], cwd=ROOT, capture_output=True, timeout=60
    )

    assert b"internal error" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_console_that_can_not_show_a_character(tmp_path: Path) -> None:
    done = _program("größe-大", env={"PYTHONIOENCODING": "ascii"})

    assert done.returncode == 2
    assert b"gr\\xf6\\xdfe-\\u5927" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_hostile_file_name_is_printed_escaped(tmp_path: Path) -> None:
    name = b"\xff\x1b[2J\nevil\xe2\x80\xae.dmp"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(b"MDMP" + bytes(4096))
    done = _program("triage", os.fsdecode(name), cwd=tmp_path)

    assert done.returncode == 3
    assert done.stderr.count(b"\n") == 1
    assert b"\\udcff\\x1b[2J\\nevil\\u202e.dmp" in done.stderr


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, b"No such file"),
        (lambda path: path.mkdir(), b"directory"),
        (lambda path: path.write_bytes(b""), b"empty"),
        (lambda path: path.write_bytes(b"MZ\x90\x00" * 64), b"not a crash dump"),
        (lambda path: path.write_bytes(bytes(8192)), b"zeros"),
    ],
    ids=["missing", "directory", "empty", "program", "zeros"],
)
def test_file_that_is_no_dump(make: Callable[[Path], object], reason: bytes, tmp_path: Path) -> None:
    make(tmp_path / "x.dmp")
    done = _program("triage", "x.dmp", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.count(b"\n") == 1
    assert reason in done.stderr
    assert b"x.dmp" in done.stderr


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.dmp").write_bytes(b"PAGEDU64")
    (tmp_path / "x.dmp").chmod(0)
    done = _program("triage", "x.dmp", cwd=tmp_path)

    assert done.returncode == 3
    assert b"Permission denied" in done.stderr


def test_a_command_that_needs_a_dump_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needy = Command("needy", _look, (), str, bool, many=False, target=True, needs_dump=True)
    monkeypatch.setattr(COMMANDS, "get", lambda name: needy)

    assert main(["needy"]) == 2
    assert capsys.readouterr().err == "dumpwalk: needy needs a dump: dumpwalk -z FILE needy ...\n"
