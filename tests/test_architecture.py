"""The rules of the tree: imports point down, third parties stop at the border, only the edge prints."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dumpwalk"
# A module imports only from what stands before it; bars part the groups.
ORDER = """
errors record remarks registry resources times expression | memory | types symbols objects | formats target |
kernel bugchecks unwind | annotations | transcript | opening | synth | triage | render | arguments commands | cli
"""
GROUPS = [group.split() for group in ORDER.split("|")]
LAYERS = [layer for group in GROUPS for layer in group]
# Which layers may import a third party's library, always inside the function that needs it.
BORDERS = {
    "construct": {"formats", "unwind", "symbols"},
    "cramjam": {"formats"},
    "minidump": {"formats", "unwind", "symbols"},
    "pefile": {"formats", "unwind", "symbols"},
    "lark": {"resources", "transcript", "synth", "types"},
    "tabulate": {"render", "commands"},
    "numpy": set(LAYERS),
    "zstandard": {"formats"},
    "typing_extensions": set(),  # for the type checker alone
}
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERED = [m for m in MODULES if m.parent != PACKAGE or m.stem not in ("__init__", "__main__")]


def test_the_page_has_the_same_order() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")

    assert ORDER.split() in [part.split() for part in page.split("\n\n")]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


Check = Callable[[Path], None]
RULES: list[tuple[Check, list[Path]]] = []


def rule(modules: list[Path]) -> Callable[[Check], Check]:
    """Return a decorator for what is asserted of each of *modules*."""

    def register(check: Check) -> Check:
        RULES.append((check, modules))
        return check

    return register


class Import:
    """One ``import`` of a module: what it names and where it stands."""

    def __init__(self, name: str, *, typing_only: bool, in_function: bool) -> None:
        self.name = name
        self.typing_only = typing_only
        self.in_function = in_function


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.lru_cache(1)
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@functools.lru_cache(1)
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(_tree(path)))


def _imports(node: ast.AST, typing_only: bool = False, in_function: bool = False) -> list[Import]:
    """Return every import below *node*, those inside functions and under ``TYPE_CHECKING`` too."""
    found: list[Import] = []
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        for child in node.body:
            found += _imports(child, True, in_function)
        for child in node.orelse:
            found += _imports(child, typing_only, in_function)
        return found
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        # `from dumpwalk import kernel` imports a layer, `from dumpwalk.kernel import x` names it at once.
        names = [f"dumpwalk.{a.name}" for a in node.names] if node.module == "dumpwalk" else [node.module or ""]
        names = ["." * node.level + n for n in names]
    else:
        names = []
    found += [Import(n, typing_only=typing_only, in_function=in_function) for n in names]
    inside = in_function or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    for child in ast.iter_child_nodes(node):
        found += _imports(child, typing_only, inside)
    return found


@functools.lru_cache(1)
def _imports_of(path: Path) -> list[Import]:
    return _imports(_tree(path))


def _own_imports(path: Path) -> list[tuple[str, Import]]:
    """Return ``(layer, import)`` of each import from dumpwalk."""
    own = [i for i in _imports_of(path) if i.name.partition(".")[0] == "dumpwalk"]
    return [(i.name.split(".")[1] if "." in i.name else "", i) for i in own]


def _group(layer: str) -> int:
    return next(n for n, group in enumerate(GROUPS) if layer in group)


@rule(LAYERED)
def layer_has_its_place(path: Path) -> None:
    assert _layer(path) in LAYERS


@rule(LAYERED)
def imports_point_down(path: Path) -> None:
    """Type-only imports may also point up within a group or to the next: records of neighbours name each other."""
    here = _layer(path)
    below = {*LAYERS[: LAYERS.index(here) + 1], "__version__"}
    beside = {layer for group in GROUPS[: _group(here) + 2] for layer in group}

    upward = [i.name for layer, i in _own_imports(path) if layer not in below | (beside if i.typing_only else set())]

    assert upward == []


@rule(MODULES)
def imports_are_absolute(path: Path) -> None:
    assert [i.name for i in _imports_of(path) if i.name.startswith(".")] == []


@rule([m for m in LAYERED if _layer(m) == "synth"])
def synth_shares_nothing_with_the_readers(path: Path) -> None:
    """Layouts come from their profiles; what is read by tables of the readers' own is written by tables of its own."""
    used = {layer for layer, _ in _own_imports(path)}
    names = {i.name for _, i in _own_imports(path)}
    memory = {n for n in names if n.startswith("dumpwalk.memory")}
    types = {n for n in names if n.startswith("dumpwalk.types")}

    assert used.isdisjoint({"formats", "kernel", "objects", "symbols", "target"})
    assert memory <= {"dumpwalk.memory.address", "dumpwalk.memory.machine"}
    assert types <= {"dumpwalk.types.model", "dumpwalk.types.store"}


@rule(MODULES)
def third_parties_stop_at_the_border(path: Path) -> None:
    foreign = [i for i in _imports_of(path) if i.name.partition(".")[0] not in {*sys.stdlib_module_names, "dumpwalk"}]
    here = _layer(path)

    for i in foreign:
        library = i.name.partition(".")[0]
        assert library in BORDERS, f"{library} is new: say in BORDERS which layers may use it"
        assert i.typing_only or here in BORDERS[library], f"{library} is not for {here}"
        assert i.typing_only or i.in_function, f"{library} belongs inside the function that needs it"


@rule([m for m in MODULES if _name(m) not in ("cli.py", "__main__.py")])
def only_the_edge_prints_and_exits(path: Path) -> None:
    called = {n.func.id for n in _nodes(path) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    sys_names = {
        n.attr
        for n in _nodes(path)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "sys"
    }

    assert called.isdisjoint({"print", "input", "exit", "quit"})
    assert sys_names.isdisjoint({"stdout", "stderr", "stdin", "exit"})
    assert "logging" not in {i.name for i in _imports_of(path)}


@rule(MODULES)
def no_exception_is_caught_unnamed(path: Path) -> None:
    """Only the program's own edge may catch everything."""
    caught = []
    for statement in _tree(path).body:
        if _name(path) == "cli.py" and isinstance(statement, ast.FunctionDef) and statement.name == "main":
            continue
        for handler in ast.walk(statement):
            if isinstance(handler, ast.ExceptHandler):
                types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
                caught += [ast.unparse(t) if t else "everything" for t in types]

    assert set(caught).isdisjoint({"everything", "Exception", "BaseException"})


@rule(MODULES)
def module_has_one_subject(path: Path) -> None:
    """One sentence says it, and 400 lines hold it."""
    text = path.read_text("utf-8")
    first = (ast.get_docstring(_tree(path)) or "").split("\n\n")[0]

    assert len(text.splitlines()) <= 400
    assert re.search(r"[.!?](``)?\Z", first), f"the docstring begins with {first!r}"
    assert not re.search(r"(?<!e\.g|i\.e)[.!?]\s+[A-Z]", first), f"more than one sentence: {first!r}"


@rule(MODULES)
def public_names_are_documented(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [n for n in _tree(path).body if isinstance(n, kinds) and not n.name.startswith("_")]

    assert [n.name for n in public if not ast.get_docstring(n)] == []


@rule(MODULES)
def annotations_cost_nothing(path: Path) -> None:
    """The ``__future__`` import keeps annotations unevaluated, so their names need no import at run time."""
    annotated = [n for n in _nodes(path) if isinstance(n, (ast.FunctionDef, ast.AnnAssign))]

    assert not annotated or "__future__" in {i.name for i in _imports_of(path)}
    assert "typing" not in {i.name for i in _imports_of(path) if not i.typing_only}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_keeps_the_rules(path: Path) -> None:
    """One test a module: a test for each rule of each would be half of all tests."""
    kept = [check for check, modules in RULES if path in modules]

    assert len(kept) >= 5
    for check in kept:
        check(path)
