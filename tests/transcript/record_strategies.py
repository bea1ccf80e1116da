"""Hypothesis strategies for records, made of what their classes say of their fields."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import fields
from dumpwalk.remarks import Absent, Problem
from dumpwalk.times import FileTime

Strategy = st.SearchStrategy[Any]
Given = Mapping[str, Strategy]

# What a dump may hold in a name: blanks, quotes, brackets, other scripts, what a terminal obeys, what reorders text.
NASTY = (
    *(
        "a",
        "A b",
        "two  blanks",
        'it\'s "quoted"',
        "a (b) [c] {d}",
        "Ünï—☃",
        "日本",
        "a\x1b[2Jb",
        "x\u202ey",
        "tab\there",
    ),
    *("100%", "a=b", "a,b", "semi;colon", "new\nline", "0", "ffffb80f12345678", "a: b", "e-mail@x", "#1", "é" * 40),
)
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="&")


def names(extra: str = "") -> Strategy:
    """Return names that begin and end with no blank: those that are trouble, and any.

    :param extra: characters that are not in them
    """
    free = st.text(_LETTERS, min_size=1, max_size=12).map(lambda t: "".join(c for c in t if c not in extra).strip(" "))
    return st.one_of(st.sampled_from([n for n in NASTY if not set(n) & set(extra)]), free.filter(bool))


def paths(extra: str = "") -> Strategy:
    r"""Return names as the object manager has them: ``\Device\A b``."""
    return st.lists(names("\\" + extra), min_size=1, max_size=3).map(lambda parts: "\\" + "\\".join(parts))


WORDS = st.from_regex(r"[A-Z][A-Za-z0-9_]{1,11}", fullmatch=True)
FLAGS = st.lists(st.from_regex(r"[A-Z]{2,3}_[A-Z0-9_]{1,9}[A-Z]", fullmatch=True), max_size=5).map(tuple)
REASONS = st.sampled_from(["ffffb80f`12345678: not in the dump", "page 1a2b is not in the dump", "no type _X (nt)"])
ABSENT = REASONS.map(Absent)
PROBLEMS = st.builds(Problem, st.sampled_from(["_EPROCESS ffffb80f12345678", "handle 4"]), REASONS)
# Where a function is, with the nearest name or without one.
PLACES = st.one_of(
    st.just(""),
    st.from_regex(r"[a-z]{2,8}(![A-Z]\w{1,12})?\+0x[1-9a-f][0-9a-f]{0,3}", fullmatch=True),
    st.sampled_from(["nt!KiSwapThread", "ex_scan!Ünï+0x12", "nt!`anonymous namespace'::f+0x4", "a-b!operator()"]),
)


def addresses(wide: bool) -> Strategy:
    """Return addresses of the kernel, of processes, null, and any."""
    top = 0xFFFFFFFFFFFFFFFF if wide else 0xFFFFFFFF
    kernel = 0xFFFF800000000000 if wide else 0x80000000
    numbers = st.one_of(st.just(0), st.integers(kernel, top), st.integers(0x10000, 0x7FFFFFFF), st.integers(0, top))
    return numbers.map(Address if wide else Address32)


def places(wide: bool) -> Strategy:
    """Return addresses at which something can be: not null, in the upper half."""
    low, top = (0xFFFF800000000000, 0xFFFFFFFFFFFFFFFF) if wide else (0x80000000, 0xFFFFFFFF)
    return st.integers(low, top).map(Address if wide else Address32)


def numbers(wide: bool) -> Strategy:
    """Return numbers that are printed in hexadecimal: small ones, those that fill a column, those that do not fit."""
    top = (1 << 64) - 1 if wide else (1 << 32) - 1
    return st.one_of(st.integers(0, 0x20), st.just(top), st.integers(0, 0xFFFFFFFF), st.integers(0, top)).map(Hex)


COUNTS = st.one_of(st.integers(0, 20), st.integers(0, 1 << 31), st.just((1 << 64) - 1))


def record_of(cls: Any, wide: bool = True, given: Given | None = None, path: str = "") -> Strategy:
    """Return records of *cls* with fields of the kinds that it declares.

    :param wide: of a 64-bit machine
    :param given: what fields are made of instead, by their path, ``locations[].Flags``; or by ``*.`` and their name
    """
    made = {}
    for name in fields(cls):
        where = f"{path}.{name}" if path else name
        own = (given or {}).get(where)
        if own is None:
            own = (given or {}).get(f"*.{name}")
        made[name] = own if own is not None else _kind(_annotation(cls, name), cls, wide, given, where)
    return st.fixed_dictionaries(made).map(lambda values: cls(**values))


@cache
def _annotation(cls: Any, name: str) -> ast.expr:
    return ast.parse(cls.__annotations__[name], mode="eval").body


@cache
def _imports(module: str) -> dict[str, str]:
    """Return which module each name of *module* comes from, those for type checkers included."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    found = {a.asname or a.name: f"{n.module}:{a.name}" for n in nodes for a in n.names}
    for node in ast.walk(tree):  # a type that has another name there
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Name):
            found[node.target.id] = found.get(node.value.id, f"{module}:{node.value.id}")
    return found


def _named(name: str, cls: Any) -> Any:
    found = getattr(sys.modules[cls.__module__], name, None)
    if found is None:
        module, _, real = _imports(cls.__module__)[name].partition(":")
        found = getattr(importlib.import_module(module), real)
    return found


def _kind(kind: ast.expr, cls: Any, wide: bool, given: Given | None, path: str) -> Strategy:
    if isinstance(kind, ast.BinOp):
        return st.one_of(_kind(kind.left, cls, wide, given, path), _kind(kind.right, cls, wide, given, path))
    if isinstance(kind, ast.Constant):
        return st.none()
    if isinstance(kind, ast.Subscript):
        items = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        first = (given or {}).get(f"{path}[]")
        if isinstance(items[-1], ast.Constant) and items[-1].value is Ellipsis:
            item = first if first is not None else _kind(items[0], cls, wide, given, f"{path}[]")
            return st.lists(item, max_size=3).map(tuple)
        return st.tuples(*(_kind(item, cls, wide, given, path) for item in items))
    assert isinstance(kind, ast.Name), ast.dump(kind)
    return _plain(kind.id, cls, wide, given, path)


def _plain(name: str, cls: Any, wide: bool, given: Given | None, path: str) -> Strategy:
    simple: dict[str, Any] = {
        "Address": addresses(wide), "Hex": numbers(wide), "int": COUNTS, "bool": st.booleans(), "str": names(),
        "Absent": ABSENT, "Problem": PROBLEMS, "FileTime": st.integers(0, 0x7FFF35F4F06C7FFF).map(FileTime),
    }  # fmt: skip
    return simple[name] if name in simple else record_of(_named(name, cls), wide, given, path)
