"""Holds what was read back from a text against the record that the text was printed of, field by field.

A layout leaves fields out, and a reader's record may name them otherwise or lie about the text as printed. A
:class:`Shown` says all of that of one kind of block, so that nothing is left to silence: each field of the printed
record must be in what was read, unless it is listed as hidden with the reason; and each value that was read must be
the value of a field of the printed record, unless it is listed as standing beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dumpwalk.record import fields
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.log_records import place
from dumpwalk.render.text import printable
from dumpwalk.transcript import Block, parse
from dumpwalk.transcript.site import Site
from dumpwalk.transcript.values import NOT_SHOWN

MISSING = object()
_NOTHING = (None, "", (), MISSING)


@dataclass(frozen=True)
class Shown:
    """What the text of a kind shows of its command's record.

    Paths lead through records by the names of fields; ``[]`` stands for each item: ``locations[].Flags``.

    :param names: paths of the command's record, and where the reader's record has that; the same path else
    :param hidden: paths of the command's record that its text does not show, each with the reason
    :param forms: paths of the command's record, and what its text keeps of the value
    :param beside: paths of the reader's record that are no field of the command's, each with the reason
    :param remarks: where the reader's record has the remarks in brackets at the foot
    """

    names: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    remarks: str = "remarks"


def read_back(command: str, text: str, kind: str) -> Any:
    """Return the record of the one block that *text* is; all of its lines must be understood."""
    blocks = blocks_back(command, text)

    assert [b.kind for b in blocks] == [kind], text
    return blocks[0].record


def blocks_back(command: str, text: str) -> tuple[Block, ...]:
    """Return the blocks that *text* is; all of its lines must be understood."""
    log = parse(f"0: kd> {command}\n{text}\n")
    left = (*log.unparsed, *(number for block in log.blocks for number in block.unparsed))

    assert left == (), _left(text, left)
    return log.blocks


def remarks_at_foot(text: str) -> list[str]:
    """Return what stands in brackets on lines of its own, without them."""
    return [line[1:-1] for line in text.split("\n") if line[:1] == "(" and line[-1:] == ")"]


def _left(text: str, numbers: tuple[int, ...]) -> str:
    lines = text.split("\n")
    return "not understood: " + "\n".join(lines[n - 2] for n in numbers if 2 <= n <= len(lines) + 1)


def assert_shown(record: Any, found: Any, shown: Shown, text: str = "") -> int:
    """Hold *found*, which was read back, against *record*; return how many values were compared."""
    used: set[str] = set()
    count = _compare(record, found, shown, "", (), used)
    for path, value in _values(found):
        known = path in used or any(_is_below(path, name) for name in (*shown.beside, shown.remarks))
        assert known, f"{path} = {value!r} was read, and no field of the printed record is that"
    kept = _lookup(found, shown.remarks, ())
    assert [r for r in remarks_at_foot(text) if r not in (() if kept is MISSING else kept)] == []
    return count


def _is_below(path: str, name: str) -> bool:
    return path == name or path.startswith((f"{name}.", f"{name}["))


def _compare(value: Any, found: Any, shown: Shown, path: str, at: tuple[int, ...], used: set[str]) -> int:
    if path in shown.hidden:
        return 0
    if path in shown.forms:
        value = shown.forms[path](value)
    if fields(value) and not isinstance(value, (Absent, Problem)):
        return sum(
            _compare(getattr(value, name), found, shown, f"{path}.{name}" if path else name, at, used)
            for name in fields(value)
        )
    theirs = shown.names.get(path, path)
    if isinstance(value, tuple) and any(fields(item) and not isinstance(item, Absent) for item in value):
        got = _lookup(found, theirs, at)
        assert len(() if got is MISSING or got is None else got) == len(value), f"{path}: {value!r}, read {got!r}"
        return sum(_compare(item, found, shown, f"{path}[]", (*at, n), used) for n, item in enumerate(value))
    used.add(theirs)
    got = _lookup(found, theirs, at)
    assert _same(value, got), f"{path}: {value!r}, read {theirs} {'nothing' if got is MISSING else repr(got)}"
    return 1


def _same(value: Any, got: Any) -> bool:
    if value is NOT_SHOWN:
        return got is NOT_SHOWN or got in _NOTHING
    if isinstance(value, Absent):
        return (isinstance(got, Absent) and got is not NOT_SHOWN) or (isinstance(got, str) and got == "????")
    if got is NOT_SHOWN or isinstance(got, Absent):
        return got is NOT_SHOWN and value in _NOTHING
    if value in (None, "", ()):
        return any(got is nothing or got == nothing for nothing in _NOTHING)
    if isinstance(value, tuple):
        return isinstance(got, tuple) and len(got) == len(value) and all(map(_same, value, got))
    if isinstance(value, str):
        return (place(got) if isinstance(got, Site) else got) == printable(value)
    return got is not MISSING and type(got) is not str and bool(got == value)


def _lookup(value: Any, path: str, at: tuple[int, ...]) -> Any:
    """Return what is at *path* in a record that was read; ``values`` of a record counts as its fields."""
    parts, indices = path.split("."), list(at)
    while parts and path:
        rest = ".".join(parts)
        inner = value if isinstance(value, dict) else getattr(value, "values", None)
        if isinstance(inner, dict) and rest in inner:
            return inner[rest]
        part = parts.pop(0)
        name = part.rstrip("[]")
        value = value.get(name, MISSING) if isinstance(value, dict) else getattr(value, name, MISSING)
        for _ in range(part.count("[]")):
            index = indices.pop(0)
            if value is MISSING or value is None or index >= len(value):
                return MISSING
            value = value[index]
        if value is MISSING:
            return MISSING
    return value


def _values(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value in a record that was read, with its path, but for those that say nothing."""
    if isinstance(found, (Absent, Site)):
        if found is not NOT_SHOWN:
            yield path, found
    elif isinstance(found, dict) or fields(found):
        names = found.items() if isinstance(found, dict) else [(n, getattr(found, n)) for n in fields(found)]
        for name, value in names:
            if name == "values" and isinstance(value, dict):
                yield from _values(value, path)
            else:
                yield from _values(value, f"{path}.{name}" if path else name)
    elif isinstance(found, tuple) and any(
        isinstance(item, dict) or (fields(item) and not isinstance(item, (Absent, Site))) for item in found
    ):
        for item in found:
            yield from _values(item, f"{path}[]")
    elif found not in (None, "", (), False) and set(found if isinstance(found, tuple) else ()) != {NOT_SHOWN}:
        yield path, found
