"""A log held against a dump, as text and as Markdown: a line a block, and below it what differs."""

from __future__ import annotations

from dumpwalk.memory.address import Address
from dumpwalk.remarks import Absent
from dumpwalk.render.bugcheck import wrap
from dumpwalk.render.log import ranges
from dumpwalk.render.text import counted, plain, printable
from dumpwalk.transcript.against import ABSENT, DIFFERENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dumpwalk.transcript.against import Comparison, Statement
    from dumpwalk.transcript.against.whole import ComparedBlock, Summary

# Of one block; --json has all.
_MOST_DIFFERENT = 20
_MOST_REASONS = 8
_MOST_NAMED = 3
_LONGEST = 160


def head(summary: Summary) -> Iterator[str]:
    """Yield what is to be said before all: whether the text is of the dump, and by which types that is read."""
    for doubt in summary.doubts:
        yield printable(doubt)
    if not summary.doubts and summary.same:
        yield "the text is of this machine and boot, as far as its modules, build, bug check and times say"
    if summary.types:
        yield printable(f"types: {summary.types}")


def foot(summary: Summary) -> str:
    """Return the sum in one line."""
    return (
        f"{counted(summary.blocks, 'block')}, {summary.compared} compared: {counted(summary.equal, 'value')} equal, "
        f"{summary.different} different, {summary.absent} not in the dump"
    )


def counts(comparison: Comparison) -> str:
    """Return what became of a block in a few words."""
    if comparison.not_compared:
        return f"not compared ({comparison.not_compared})"
    said = [f"{comparison.equal} equal"]
    said += [f"{comparison.different} different"] * bool(comparison.different)
    said += [f"{comparison.absent} not in the dump"] * bool(comparison.absent)
    return ", ".join(said)


def text_lines(block: ComparedBlock, heading: str) -> Iterator[str]:
    """Yield a block as text.

    :param heading: where it is, and what it shows
    """
    if block.against is None:
        return
    yield f"{heading}: {counts(block.against)}"
    for line in details(block.against, lambda text: text):
        yield from wrap(line, first="    ", indent="        ")


def markdown_lines(block: ComparedBlock, heading: str, escaped: Callable[[str], str]) -> Iterator[str]:
    """Yield a block as Markdown."""
    if block.against is None:
        return
    yield f"* {heading}: **{counts(block.against)}**"
    yield from (f"  * {line}" for line in details(block.against, escaped))


def details(comparison: Comparison, escaped: Callable[[str], str]) -> Iterator[str]:
    """Yield what differs, each by itself, and what the dump does not hold, by the reason."""
    different = [s for s in comparison.statements if s.verdict == DIFFERENT]
    for statement in different[:_MOST_DIFFERENT]:
        yield escaped(f"{_place(statement)}{difference(statement)}")
    if len(different) > _MOST_DIFFERENT:
        yield f"and {counted(len(different) - _MOST_DIFFERENT, 'difference')} more; --json has all"
    reasons: dict[str, list[Statement]] = {}
    for statement in comparison.statements:
        if statement.verdict == ABSENT and isinstance(statement.held, Absent):
            reasons.setdefault(_reason(statement.held.reason), []).append(statement)
    for reason, missing in list(reasons.items())[:_MOST_REASONS]:
        names = [statement.what for statement in missing]
        numbers = sorted({statement.line for statement in missing if statement.line is not None})
        where = f"{ranges(tuple(numbers))}: " if numbers else ""
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        why = f" ({_cut(reason)})" if reason else ""
        yield escaped(f"{where}not in the dump: {', '.join(map(_cut, _short(names[:_MOST_NAMED])))}{more}{why}")
    if len(reasons) > _MOST_REASONS:
        yield f"and {counted(len(reasons) - _MOST_REASONS, 'reason')} more; --json has all"


def _place(statement: Statement) -> str:
    return "" if statement.line is None else f"line {statement.line}: "


def _short(names: list[str]) -> list[str]:
    """Return names of values of one structure, which is the first two words, with that only once.

    >>> _short(["thread 870788e8 Teb", "thread 870788e8 State", "IRP 1"])
    ['thread 870788e8 Teb', 'State', 'IRP 1']
    """
    words = names[0].split(" ")
    shared = " ".join(words[:2]) + " " if len(words) > 2 else ""
    return [names[0], *(name.removeprefix(shared) for name in names[1:])]


def _reason(text: str) -> str:
    """Return a reason without the address that it begins with, so that those for many addresses are one; ``""`` for
    what the words before it say."""
    place, colon, rest = text.partition(": ")
    if colon and set(place.replace("`", "").removeprefix("0x")) <= set("0123456789abcdef"):
        text = rest
    return "" if text == "not in the dump" else text


def difference(statement: Statement) -> str:
    """Return one difference: ``different: IRP 86d0 Flags: 0x60a00 in the text, 0x60a01 in the dump``."""
    said, held = statement.said, statement.held
    # A number that is an address on one side is one on the other.
    as_address = next((type(v) for v in (held, said) if isinstance(v, Address)), None)
    shown = f"{_shown(said, as_address)} in the text, {_shown(held, as_address)} in the dump"
    return f"different: {_cut(statement.what)}: {shown}"


def _shown(value: Any, as_address: type[Address] | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and as_address is not None:
        value = as_address(value)
    if isinstance(value, Address):
        return plain(value)
    return _cut(str(value))


def _cut(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."
