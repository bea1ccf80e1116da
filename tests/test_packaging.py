"""What setup.cfg ships is what the tree holds, and what it promises is what the checks check."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = ConfigParser()
CONFIG.read(ROOT / "setup.cfg", "utf-8")
# Top-level directories that are packages of an installation.
MAPPED = {"dumpwalk.grammars": "grammars", "dumpwalk.typeinfo": "typeinfo"}


def _packages() -> dict[str, Path]:
    """Return the directory of each package."""
    found = {".".join(p.parent.relative_to(ROOT).parts): p.parent for p in ROOT.glob("dumpwalk/**/__init__.py")}
    return {**found, **{name: ROOT / directory for name, directory in MAPPED.items()}}


def _data_files(package: str, directory: Path) -> list[str]:
    """Return the files of *directory* that are not Python's, as names relative to it."""
    inner = {p for n, p in _packages().items() if n.startswith(package + ".") and directory in p.parents}
    files = [f for f in directory.rglob("*") if f.is_file() and f.suffix not in (".py", ".pyc")]
    return sorted(f.relative_to(directory).as_posix() for f in files if not inner & set(f.parents))


def test_every_package_is_listed() -> None:
    assert CONFIG["options"]["packages"].split() == sorted(_packages())


def test_mapped_directories_are_packages() -> None:
    """Without ``__init__.py`` the wheel works and the editable installation doesn't."""
    mapped = dict(line.split(" = ") for line in CONFIG["options"]["package_dir"].strip().splitlines())

    assert mapped == MAPPED
    assert all((ROOT / directory / "__init__.py").is_file() for directory in MAPPED.values())


@pytest.mark.parametrize("package", sorted(_packages()))
def test_every_data_file_is_shipped(package: str) -> None:
    patterns = CONFIG["options.package_data"].get(package, "").replace(",", " ").split()
    files = _data_files(package, _packages()[package])

    assert [f for f in files if not any(fnmatchcase(f, p.replace("**/", "*")) for p in patterns)] == []


def test_oldest_python_is_the_one_that_is_checked() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    oldest = CONFIG["options"]["python_requires"].removeprefix(">=")

    assert re.findall(r'^target-version = "py(\d)(\d+)"$', text, re.M) == [tuple(oldest.split("."))]
    assert re.findall(r'^python_version = "(.+)"$', text, re.M) == [oldest]


def test_imported_libraries_are_required() -> None:
    required = {re.split(r"[<>=!~ ]", line)[0] for line in CONFIG["options"]["install_requires"].split("\n") if line}
    trees = [ast.parse(p.read_text("utf-8")) for p in ROOT.glob("dumpwalk/**/*.py")]
    nodes = [n for tree in trees for n in ast.walk(tree)]
    imported = {a.name.partition(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").partition(".")[0] for n in nodes if isinstance(n, ast.ImportFrom)}

    # These do without them, and say so: the extra `compression`.
    required |= {
        re.split(r"[<>=!~ ]", line)[0] for line in CONFIG["options.extras_require"]["compression"].split("\n") if line
    }

    # typing_extensions is imported for the type checker alone
    assert imported - {*sys.stdlib_module_names, "dumpwalk", "typing_extensions"} <= required


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_ci_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# Where the data files are when dumpwalk runs from ...

PROBE = """
import sys
sys.path[:0] = sys.argv[1:3]
import dumpwalk
from dumpwalk.resources import load_grammar, read
tree = load_grammar("probe_words").parse("one two")
print(dumpwalk.__file__)
print(*tree.children)
print(read("dumpwalk.typeinfo", "deep/probe.bin").hex())
print(read("dumpwalk.memory", "probe.txt").decode())
try:
    read("dumpwalk.typeinfo", "nowhere.bin")
except OSError:
    print("OSError")
"""


def _plant(grammars: Path, typeinfo: Path, package: Path) -> None:
    """Put data files that nothing else ships into a tree, a grammar that imports another among them."""
    (grammars / "probe_terminals.lark").write_text("WORD: /[a-z]+/\n", "utf-8")
    (grammars / "probe_words.lark").write_text(
        "start: WORD+\n%import .probe_terminals.WORD\n%import common.WS\n%ignore WS\n", "utf-8"
    )
    (typeinfo / "deep").mkdir()
    (typeinfo / "deep" / "probe.bin").write_bytes(b"\x00\xff")
    (package / "memory" / "probe.txt").write_bytes(b"beside the code")


def _run_from(place: Path, elsewhere: Path) -> list[str]:
    """Run the probe with dumpwalk in *place* and Lark where it is, but no installed dumpwalk in sight."""
    import lark

    libraries = elsewhere / "libraries"
    libraries.mkdir()
    shutil.copytree(Path(lark.__file__).parent, libraries / "lark")
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", PROBE, str(place), str(libraries)]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=60)

    assert done.stderr == ""
    return done.stdout.splitlines()


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


FOUND = ["one two", "00ff", "beside the code", "OSError"]


def test_data_of_a_bare_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("dumpwalk", "grammars", "typeinfo"):
        _copy(ROOT / name, checkout / name)
    _plant(checkout / "grammars", checkout / "typeinfo", checkout / "dumpwalk")

    place, *found = _run_from(checkout, tmp_path)

    assert Path(place).parent == checkout / "dumpwalk"
    assert found == FOUND


def _installed(site: Path) -> None:
    _copy(ROOT / "dumpwalk", site / "dumpwalk")
    for package, directory in MAPPED.items():
        _copy(ROOT / directory, site.joinpath(*package.split(".")))
    _plant(site / "dumpwalk" / "grammars", site / "dumpwalk" / "typeinfo", site / "dumpwalk")


def test_data_of_an_installation(tmp_path: Path) -> None:
    _installed(tmp_path / "site")

    place, *found = _run_from(tmp_path / "site", tmp_path)

    assert Path(place).parent == tmp_path / "site" / "dumpwalk"
    assert found == FOUND


def test_data_in_a_zip(tmp_path: Path) -> None:
    _installed(tmp_path / "site")
    with zipfile.ZipFile(tmp_path / "dumpwalk.zip", "w") as archive:
        for file in (tmp_path / "site").rglob("*.*"):
            archive.write(file, file.relative_to(tmp_path / "site"))

    place, *found = _run_from(tmp_path / "dumpwalk.zip", tmp_path)

    assert place.startswith(str(tmp_path / "dumpwalk.zip"))
    assert found == FOUND
