"""What is found out once for each target: where object types are, how handle-table entries are laid out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from dumpwalk.target import Target

    T = TypeVar("T")

_MOST_TARGETS = 4
_kept: list[tuple[Target, dict[str, Any]]] = []


def once(target: Target, name: str, find: Callable[[Target], T]) -> T:
    """Return what *find* says of *target*; it is asked once, and answers to *name* from then on.

    What is found of the last few targets is kept.
    """
    found = next((notes for known, notes in _kept if known is target), None)
    if found is None:
        found = {}
        _kept.insert(0, (target, found))
        del _kept[_MOST_TARGETS:]
    if name not in found:
        found[name] = find(target)
    answer: T = found[name]
    return answer
