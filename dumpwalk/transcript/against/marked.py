"""Values of a record that know where in it they stand, so that a statement's line can be found.

A comparison takes values out of a block's record and says something of each. For it they are what they were: the same
numbers and strings, by :func:`marked` of classes of their own that remember the path to them. What is worked out of a
value is given its path by :func:`like`. Lists are marked when they are looked into: one of 200,000 rows stays small.
"""

from __future__ import annotations

from dumpwalk.record import fields
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias, TypeVar

    T = TypeVar("T")
    # Names of fields, indices in lists and keys of dictionaries, the outermost first.
    Path: TypeAlias = tuple[str | int, ...]

_DEEPEST = 32


class _MarkedList(tuple):  # type: ignore[type-arg]
    """A tuple whose elements are marked as they are taken out."""

    path_: Path

    def __iter__(self) -> Iterator[Any]:
        for index, value in enumerate(tuple.__iter__(self)):
            yield marked(value, (*self.path_, index))

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        if isinstance(index, slice):
            return tuple([marked(found[at], (*self.path_, n)) for at, n in enumerate(range(len(self))[index])])
        return marked(found, (*self.path_, range(len(self))[index]))


_classes: dict[type, type] = {}


def _class(kind: type) -> type:
    """Return the class of marked values of a class; nothing can be derived from bool, which is a number."""
    if kind not in _classes:
        base = int if kind is bool else kind
        _classes[kind] = type(kind.__name__, (base,), {"kind_": kind})
    return _classes[kind]


def marked(value: T, path: Path = ()) -> T:
    """Return *value*, a record or part of one that is at *path*, as values that know where they stand."""
    found: Any = value
    kind: type[Any] = type(found)
    if isinstance(found, (int, str)):
        if hasattr(kind, "kind_"):
            return value
        found = _class(kind)(found)
        found.path_ = path
    elif isinstance(found, Absent) or len(path) > _DEEPEST:
        pass
    elif isinstance(found, tuple):
        found = _MarkedList(tuple.__iter__(found))
        found.path_ = path
    elif isinstance(found, dict):
        found = {key: marked(part, (*path, key)) for key, part in found.items()}
    elif names := fields(found):
        found = kind(*[marked(getattr(found, name), (*path, name)) for name in names])
    return found  # type: ignore[no-any-return]


def like(value: T, origin: object) -> T:
    """Return *value*, which was worked out of *origin*, with the path of that, if it has one, for all that is in it."""
    path = path_of(origin)
    return value if path is None else _all_at(bare(value), path)


def _all_at(value: Any, path: Path) -> Any:
    if isinstance(value, (int, str)):
        return marked(value, path)
    if isinstance(value, tuple):
        return tuple([_all_at(part, path) for part in value])
    names = fields(value) if not isinstance(value, Absent) else ()
    return type(value)(*[_all_at(getattr(value, name), path) for name in names]) if names else value


def path_of(value: object) -> Path | None:
    """Return where *value* stands in its record, of a record in it where its first value does; ``None`` if unknown."""
    path: Path | None = getattr(value, "path_", None)
    if path is None and not isinstance(value, Absent):
        parts = value.values() if isinstance(value, dict) else (getattr(value, n) for n in fields(value))
        path = next((found for part in parts if (found := path_of(part)) is not None), None)
    return path


def bare(value: T) -> T:
    """Return *value* as it was before it was marked."""
    found: Any = value
    kind = getattr(type(found), "kind_", None)
    if kind is not None:
        found = kind(int(found)) if isinstance(found, int) else str(found)
    elif isinstance(found, (tuple, list)):
        found = type(found)(map(bare, found)) if type(found) is not _MarkedList else tuple(map(bare, found))
    elif isinstance(found, dict):
        found = {key: bare(part) for key, part in found.items()}
    elif (names := fields(found)) and not isinstance(found, Absent):
        found = type(found)(*[bare(getattr(found, name)) for name in names])
    return found  # type: ignore[no-any-return]
