"""The wheel holds every file of the package, the grammars and the type layouts, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A clean copy: a `build` directory left in the tree would put deleted files into the wheel."""
    copy = tmp_path / "source"
    unclean = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT, copy, ignore=unclean)
    return copy


def _wheel(source: Path, out: Path) -> set[str]:
    """Build a wheel of *source* and return the names of what it ships."""
    out.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(out), str(source)]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}


def _tree(source: Path) -> set[str]:
    """Return the names under which the files of *source* belong into a wheel."""
    code = {p.relative_to(source).as_posix() for p in (source / "dumpwalk").rglob("*") if p.is_file()}
    data = [p for d in ("grammars", "typeinfo") for p in (source / d).rglob("*") if p.is_file()]
    return code | {f"dumpwalk/{p.relative_to(source).as_posix()}" for p in data}


def test_wheel_holds_the_tree(source: Path, tmp_path: Path) -> None:
    tree = _tree(source)

    shipped = _wheel(source, tmp_path / "wheel")

    assert shipped == tree


def test_wheel_of_the_source_distribution_is_the_same(source: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="no setuptools here to make a source distribution with")
    tree = _tree(source)
    make = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", make, str(tmp_path)], cwd=source, check=True, capture_output=True, timeout=300
    )
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
        for member in archive.getmembers():
            assert not Path(member.name).is_absolute()
            assert ".." not in Path(member.name).parts
        archive.extractall(tmp_path / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (unpacked,) = (tmp_path / "unpacked").iterdir()

    shipped = _wheel(unpacked, tmp_path / "wheel")

    assert shipped == tree
    assert {f"{unpacked.name}/{name}" for name in ("README.md", "LICENSE", "setup.cfg", "pyproject.toml")} <= set(names)
