"""What the documentation shows is what the program prints.

Every ``console`` block whose command is ``dumpwalk`` runs, and every ``python``
block with ``>>>`` in it is a doctest. ``pytest --update-docs`` writes what the
commands print now. A line ``...`` in a block stands for any number of lines.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dumpwalk.cli import main
from dumpwalk.commands import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")])
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.S | re.M)
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.S | re.M)
COMMAND = re.compile(r"^(\$ [^\n]*\n)", re.M)
# What the README lets a reader try in one line; it runs here without the installation.
INSTALL = "pip install . && "


def _page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _says_the_same(shown: str, now: str) -> bool:
    """Say whether the output that a page shows is the output *now*, but for its ``...`` lines.

    Those stand for anything but the exit status.
    """
    pattern = "".join(
        r"(?:(?!\[\d+\]\n\Z).*\n)*?" if line == "...\n" else re.escape(line) for line in shown.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, now) is not None


def _run(command: str) -> str:
    """Return what a terminal shows of *command*, its exit status on a last line when it isn't 0."""
    words = shlex.split(command)
    assert not {"|", ">", "<", "&&", ";", "||", "2>&1"} & set(words), f"{command}: no shell reads a console block"
    terminal = io.StringIO()
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
        status = main(words[1:])
    return terminal.getvalue() + (f"[{status}]\n" if status else "")


def _rerun(block: str) -> str:
    """Return the console *block* as it would be now."""
    before, *pairs = COMMAND.split(block)
    assert not before, f"{before}: no command prints it"
    out = []
    for line, shown in zip(pairs[::2], pairs[1::2]):
        command = line[2:].strip().removeprefix(INSTALL)
        now = _run(command) if command.split()[:1] == ["dumpwalk"] else shown
        out += [line, shown if _says_the_same(shown, now) else now]
    return "".join(out)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that holds the samples, as the root of a checkout does, and may be written to."""
    if (ROOT / "samples").is_dir():
        shutil.copytree(ROOT / "samples", tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUMPWALK_DEBUG", raising=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_console_blocks(page: Path, world: Path, request: pytest.FixtureRequest) -> None:
    text = page.read_text("utf-8")

    now = CONSOLE.sub(lambda block: _rerun(block[0]), text)

    if request.config.getoption("--update-docs"):
        if now != text:
            page.write_text(now, "utf-8", newline="\n")
    else:
        assert text == now


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_python_blocks(page: Path, world: Path) -> None:
    """The blocks of a page run one after the other and share their names."""
    text = page.read_text("utf-8")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    names: dict[str, object] = {}
    said = io.StringIO()
    for block in PYTHON.finditer(text):
        if ">>> " in block[0]:
            line = text.count("\n", 0, block.start())
            case = doctest.DocTestParser().get_doctest(block[0], names, _page_id(page), str(page), line)
            runner.run(case, out=said.write, clear_globs=False)
            names = case.globs
        else:
            compile(block[0], str(page), "exec")

    assert runner.summarize(verbose=False).failed == 0, said.getvalue()


@pytest.mark.parametrize("name", ["architecture", "commands", "json", "formats", "provenance"])
def test_page_is_there(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_front_page_is_there(page: str) -> None:
    assert (ROOT / page).read_text("utf-8").startswith("# ")


# Every command is documented, or this fails.

NAMES = list(COMMANDS.load())


def _sections() -> dict[str, str]:
    """Return the sections of docs/commands.md by the command their heading names."""
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    _, *parts = re.split(r"^#+ `?([\w!.-]+)`?.*\n", page, flags=re.M)
    return dict(zip(parts[::2], parts[1::2]))


def test_there_are_commands() -> None:
    assert "triage" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_command_is_documented(name: str) -> None:
    takes_a_file = any(a.key in ("file", "files", "spec") for a in COMMANDS.entries[name].arguments)
    section = _sections()[name]
    commands = [line for block in CONSOLE.findall(section) for line in re.findall(r"^\$ (dumpwalk .*)$", block, re.M)]
    shown = [c for c in commands if re.search(rf" {name}\b", c) and ("samples/" in c or not takes_a_file)]

    assert shown, f"docs/commands.md shows no `$ dumpwalk {name}` that runs on a file of samples/"


@pytest.mark.parametrize(("page", "link"), [("docs/commands.md", "[{0}](#{0})"), ("README.md", "`{0}`")])
def test_tables_name_every_command(page: str, link: str) -> None:
    rows = [line for line in (ROOT / page).read_text("utf-8").splitlines() if line.startswith("| ")]

    assert [name for name in NAMES if not any(link.format(name) in row for row in rows)] == []


# Characters that a shell would take for its own: someone copies the line into one.
SHELLS = re.compile(r"[`!$*?;&|<>()]")


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_what_a_shell_would_change_is_quoted(page: Path) -> None:
    lines = re.findall(r"^\$ (dumpwalk .*)$", page.read_text("utf-8"), re.M)

    assert [line for line in lines if SHELLS.search(re.sub(r"'[^']*'|\"[^\"$`!]*\"", "", line))] == []


@pytest.mark.parametrize("name", NAMES)
def test_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = COMMANDS.entries[name]

    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert command.help.endswith(".")
    assert command.help in out
    for argument in command.arguments:
        assert argument.help, f"{argument.key} has no help"
        assert argument.help in out


@pytest.mark.parametrize("name", NAMES)
def test_command_is_the_module_of_its_name(name: str) -> None:
    """So a command is found without importing the others."""
    assert COMMANDS.entries[name].run.__module__ == f"dumpwalk.commands.{name.replace('-', '_')}"


# What continuous integration runs is what the README says.


def test_readme_gives_the_two_commands_that_ci_runs() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    found = re.findall(r"^(?:\$ )?(pip install .*)$", text, re.M)

    assert [c.partition(" && ")[0] for c in found] == ["pip install .", "pip install -e '.[test]'"]
    assert [c.partition(" && ")[2] for c in found] == [
        "dumpwalk triage samples/apc_index_mismatch.dmp",
        "pytest -n auto",
    ]


# Nothing of the machine that this was written on.

MACHINE = re.compile(rb"/root/|(?<![\w.])/home/\w|/Users/\w|[A-Z]:\\\\?Users\\\\?\w|(?<![\w.$}])/tmp/\w")


def _text_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    return [f for f in files if f.is_file() and f != Path(__file__) and b"\0" not in f.read_bytes()[:4096]]


def test_no_paths_of_a_machine() -> None:
    found = [
        f"{_page_id(file)}:{data.count(chr(10).encode(), 0, hit.start()) + 1}: {hit[0].decode()}"
        for file in _text_files()
        for data in [file.read_bytes()]
        for hit in MACHINE.finditer(data)
    ]

    assert found == []
