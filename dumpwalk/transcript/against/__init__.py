"""What a pasted text says, held against what a dump holds: value by value equal, different, or not in the dump.

Each kind of block that can be compared has a function, in a module of this package, that says how the dump is asked
about such a record; a kind without one is *not compared*, which is never taken for equal. What a text does not show,
and what its debugger could not read, is no statement.
"""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.record import record
from dumpwalk.registry import Registry
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against.marked import bare, marked, path_of
from dumpwalk.transcript.against.reread import lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias, TypeVar

    from dumpwalk.target import Target
    from dumpwalk.transcript import Block

    Comparing: TypeAlias = Callable[[Target, Any, str], Iterable["Statement | None"]]
    C = TypeVar("C", bound=Comparing)

EQUAL, DIFFERENT, ABSENT = "equal", "different", "absent"
NOT_COMPARED = "there is no comparison for this kind"
SAYS_NOTHING = "nothing in it can be compared"


@record
class Statement:
    """One thing that a text says.

    :param what: what it is said of: ``IRP ffffb80f`1200cd30 StackCount``
    :param said: what the text has
    :param held: what the dump has; :class:`~dumpwalk.remarks.Absent` with the reason where it has nothing to compare
    :param verdict: ``equal``, ``different`` or ``absent``
    :param note: what the comparison leaves open: the text may show only the low half of a pointer
    :param line: the number of the line of the text that says so; ``None`` for what is equal, and where it is not known
    """

    what: str
    said: Any
    held: Any
    verdict: str
    note: str = ""
    line: int | None = None


@record
class Comparison:
    """A block held against a dump.

    :param equal: how many statements are so; the other counts likewise
    :param absent: what the dump has nothing of
    :param not_compared: why nothing was compared; ``""`` where something was
    """

    equal: int
    different: int
    absent: int
    not_compared: str
    statements: tuple[Statement, ...]


COMPARISONS: Registry[Comparing] = Registry(__name__)


def compares(*kinds: str) -> Callable[[C], C]:
    """Register the decorated function as what compares blocks of *kinds*.

    It is called with the target, the block's record, and the command that printed it (``""`` where the text does not
    show it). It yields statements, and ``None`` in place of one where the text says nothing.
    """

    def decorate(function: C) -> C:
        COMPARISONS.add(*kinds)(function)
        return function

    return decorate


_loaded: list[dict[str, Comparing]] = []


def _every() -> dict[str, Comparing]:
    if not _loaded:
        _loaded.append(COMPARISONS.load())
    return _loaded[0]


def compare(target: Target, block: Block, text: Sequence[str] = ()) -> Comparison:
    """Return what *block* says, held against *target*. Nothing that the dump lacks is an error.

    :param text: all lines of the text, so that it can be said in which of them stands what is not equal
    """
    function = _every().get(block.kind)
    if function is None or block.record is None:
        return Comparison(0, 0, 0, NOT_COMPARED if function is None else SAYS_NOTHING, ())
    found: list[Statement] = []
    try:
        for statement in function(target, marked(block.record) if text else block.record, block.command):
            if statement is not None:
                found.append(statement)
    except Error as error:  # the dump has nothing of what the block is about
        found.append(Statement(block.command or block.kind, "", Absent(str(error)), ABSENT))
    if text:
        found = _placed(found, block, text)
    equal, different, absent = (sum(s.verdict == verdict for s in found) for verdict in (EQUAL, DIFFERENT, ABSENT))
    return Comparison(equal, different, absent, "" if found else SAYS_NOTHING, tuple(found))


def _placed(found: list[Statement], block: Block, text: Sequence[str]) -> list[Statement]:
    """Return statements of marked values as those of the bare ones, with lines where they are not equal."""
    paths = [None if s.verdict == EQUAL else path_of(s.said) for s in found]
    lines = lines_of(block, text, {path for path in paths if path is not None})
    return [
        Statement(s.what, bare(s.said), bare(s.held), s.verdict, s.note, lines.get(path) if path is not None else None)
        for s, path in zip(found, paths)
    ]
