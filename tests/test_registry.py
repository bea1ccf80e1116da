"""A registry finds what the modules of a package register, and imports no more than it must."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from dumpwalk.registry import Registry

MODULES = {
    "__init__": "from dumpwalk.registry import Registry\nTOYS = Registry(__name__)\n",
    "ball": "from toybox import TOYS\nTOYS.add('ball', 'sphere')('round')\n",
    "top": "from toybox import TOYS\nTOYS.add('top')('spins')\n",
    "_shared": "LOADED = True\n",
    "car": "from toybox import TOYS\nTOYS.add('cart')('rolls')\n",
}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of a package ``toybox`` that has a registry."""
    package = tmp_path / "toybox"
    package.mkdir()
    for name, text in MODULES.items():
        (package / f"{name}.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [n for n in sys.modules if n.partition(".")[0] == "toybox"]:
        del sys.modules[name]


def _toys() -> Registry[str]:
    from toybox import TOYS  # type: ignore[import-not-found]

    toys: Registry[str] = TOYS
    return toys


def _imported() -> set[str]:
    return {name.partition(".")[2] for name in sys.modules if name.startswith("toybox.")}


def test_get_imports_the_module_of_that_name_alone(box: Path) -> None:
    assert _toys().get("ball") == "round"
    assert _imported() == {"ball"}


def test_get_finds_a_name_that_is_no_modules(box: Path) -> None:
    assert _toys().get("sphere") == "round"


def test_get_finds_a_name_beside_a_module_that_registers_another(box: Path) -> None:
    assert _toys().get("car") is None
    assert _toys().get("cart") == "rolls"


@pytest.mark.parametrize(
    "name", ["", "nothing", "toybox.ball", "../ball", "_shared", "__init__", "ball ", "bäll", "\0"]
)
def test_get_of_what_is_not_there(box: Path, name: str) -> None:
    assert _toys().get(name) is None


def test_load_sorts_by_name(box: Path) -> None:
    loaded = _toys().load()

    assert list(loaded.items()) == [("ball", "round"), ("cart", "rolls"), ("sphere", "round"), ("top", "spins")]


def test_a_module_put_into_the_package_is_found(box: Path) -> None:
    (box / "kite.py").write_text("from toybox import TOYS\nTOYS.add('kite')('flies')\n", "utf-8")

    assert "kite" in _toys().load()


def test_load_finds_packages_too(box: Path) -> None:
    (box / "trains").mkdir()
    (box / "trains" / "__init__.py").write_text("from toybox import TOYS\nTOYS.add('train')('puffs')\n", "utf-8")

    assert _toys().load()["train"] == "puffs"


def test_load_passes_over_what_is_no_module(box: Path) -> None:
    for name in ("notes.txt", "ball.py.orig", "old-ball.py"):
        (box / name).write_text("raise SystemError", "utf-8")
    (box / "data").mkdir()

    assert set(_toys().load()) == {"ball", "cart", "sphere", "top"}


def test_a_package_in_a_zip(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ZipFile(tmp_path / "box.zip", "w") as archive:
        for name, text in MODULES.items():
            archive.writestr(f"toybox/{name}.py", text)
    for file in box.glob("*.py"):
        file.unlink()
    box.rmdir()
    monkeypatch.syspath_prepend(tmp_path / "box.zip")

    assert set(_toys().load()) == {"ball", "cart", "sphere", "top"}
    assert _toys().get("sphere") == "round"


def test_name_twice_is_an_error() -> None:
    registry: Registry[int] = Registry("toybox")
    registry.add("ball")(1)

    with pytest.raises(ValueError, match="toybox: 'ball' is registered twice"):
        registry.add("cube", "ball")(2)
    assert registry.entries["ball"] == 1


def test_add_hands_back_what_it_registers() -> None:
    registry: Registry[object] = Registry("toybox")

    @registry.add("one", "two")
    def function() -> int:
        return 1

    assert function() == 1
    assert registry.entries == {"one": function, "two": function}


def test_module_that_lacks_something_says_what(box: Path) -> None:
    (box / "broken.py").write_text("import nosuchlibrary\n", "utf-8")

    with pytest.raises(ModuleNotFoundError, match="nosuchlibrary"):
        _toys().get("broken")


def test_module_that_fails_is_not_passed_over(box: Path) -> None:
    (box / "broken.py").write_text("1 / 0\n", "utf-8")

    with pytest.raises(ZeroDivisionError):
        _toys().load()
