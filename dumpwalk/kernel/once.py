"""What is found out once for each target: where object types are, how handle-table entries are laid out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from dumpwalk.target import Target

    T = TypeVar("T")


def once(target: Target, name: str, find: Callable[[Target], T]) -> T:
    """Return what *find* says of *target*; it is asked once, and the answer kept as *name* in :attr:`Target.kept`."""
    if name not in target.kept:
        target.kept[name] = find(target)
    answer: T = target.kept[name]
    return answer
