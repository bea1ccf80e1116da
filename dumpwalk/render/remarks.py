"""What a record lacks and what is wrong in it, for the foot of a text and for the exit status.

Columns have no room for reasons: they show ``????``, and :func:`remark_lines` says below them why.
"""

from __future__ import annotations

from dumpwalk.record import fields
from dumpwalk.remarks import Absent, Problem
from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_MOST_LINES = 20


def remarks_in(value: Any, path: str = "") -> Iterator[tuple[str, Absent | Problem]]:
    """Yield each :class:`Absent` and :class:`Problem` in a record, at any depth, with the path of fields to it."""
    if isinstance(value, (Absent, Problem)):
        yield path, value
        return
    for name in fields(value):
        yield from remarks_in(getattr(value, name), f"{path}.{name}" if path else name)
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from remarks_in(item, f"{path}[{index}]")


def is_partial(value: Any) -> bool:
    """Say whether a record is only part of the answer: something in it is absent or a problem."""
    return next(remarks_in(value), None) is not None


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Return a line in brackets for each of *problems*, all of them."""
    return [printable(f"({problem})") for problem in problems]


def remark_lines(value: Any, reasons: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Return a line for each thing that is absent or wrong, ``(Segment: page 1a2b is not in the dump)``.

    A reason that several fields share is said once.

    :param reasons: further reasons, with the names of the fields that they are for
    """
    shared: dict[str, list[str]] = {reason: list(names) for reason, names in (reasons or {}).items()}
    for path, remark in remarks_in(value):
        if isinstance(remark, Problem):
            shared.setdefault(str(remark), [])
        else:
            shared.setdefault(remark.reason, []).append(path)
    lines = []
    for text, paths in shared.items():
        where = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
        lines.append(printable(f"({where}: {text})" if where else f"({text})"))
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"(and {len(lines) - _MOST_LINES} remarks more; --json has all)"]
    return lines
