"""Commands: each module of this package is one, and has its name.

A command is a function from its arguments to a record (or to an iterator of
them, one per file), plus a layout that turns the record into text. It never
prints; an :exc:`~dumpwalk.errors.Error` it *yields* instead of raising stands
for one file that failed while the others go on.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from dumpwalk.arguments import Argument

    F = TypeVar("F", bound=Callable[..., Any])


@record
class Command:
    """What runs, what it takes, and how its record looks as text.

    :param partial: says of a record whether it is only part of the answer (exit status 1)
    :param many: it takes several files and yields a record (or an error) for each
    :param target: it looks at a dump: it is given ``target`` when there was a ``-z``
    :param needs_dump: without a ``-z`` it has nothing to look at
    :param opens: it opens its files itself, and takes ``raw``, ``dtb`` and ``registers`` as :func:`dumpwalk.open` does
    :param glued: its options may stand right behind its name: ``lmvm`` is ``lm vm``
    """

    name: str
    run: Callable[..., Any]
    arguments: tuple[Argument, ...]
    text: Callable[[Any], str]
    partial: Callable[[Any], bool]
    many: bool
    target: bool = False
    opens: bool = False
    needs_dump: bool = False
    glued: bool = False

    @property
    def help(self) -> str:
        """The first line of the function's docstring."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]


COMMANDS: Registry[Command] = Registry(__name__)


def _has_problems(record: Any) -> bool:
    return bool(getattr(record, "problems", ()))


def command(
    name: str,
    *arguments: Argument,
    text: Callable[[Any], str],
    partial: Callable[[Any], bool] = _has_problems,
    many: bool = False,
    target: bool = False,
    opens: bool = False,
    needs_dump: bool = False,
    glued: bool = False,
) -> Callable[[F], F]:
    """Register the decorated function as the command *name*; the parameters are those of :class:`Command`."""

    def decorate(run: F) -> F:
        found = Command(name, run, arguments, text, partial, many, target or needs_dump, opens, needs_dump, glued)
        COMMANDS.add(name)(found)
        return run

    return decorate
