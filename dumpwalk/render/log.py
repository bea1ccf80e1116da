"""A pasted text as blocks, each with what it shows and what is known of it: as text and as Markdown."""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.render.bugcheck import wrap
from dumpwalk.render.log_records import lines_of, summary
from dumpwalk.render.remarks import problem_lines
from dumpwalk.render.text import counted, printable
from dumpwalk.transcript import ASIDES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.annotations import Annotation
    from dumpwalk.remarks import Problem
    from dumpwalk.transcript import Block, Log
    from dumpwalk.transcript.against.whole import ComparedBlock, ComparedLog, Summary

_MOST_PROBLEMS = 8
_MOST_RULES = 3


@record
class MarkdownLog:
    """A :class:`~dumpwalk.transcript.Log` that prints as Markdown."""

    file: str
    lines: int
    blocks: tuple[Block, ...]
    unparsed: tuple[int, ...]
    problems: tuple[Problem, ...]
    annotations: tuple[Annotation, ...] = ()


@record
class MarkdownComparedLog:
    """A :class:`~dumpwalk.transcript.against.whole.ComparedLog` that prints as Markdown."""

    file: str
    lines: int
    blocks: tuple[ComparedBlock, ...]
    unparsed: tuple[int, ...]
    problems: tuple[Problem, ...]
    annotations: tuple[Annotation, ...]
    against: Summary


def layout(log: Log | MarkdownLog | ComparedLog | MarkdownComparedLog) -> str:
    """Return *log* as text, or as Markdown if it is a record for that; one held against a dump as what differs."""
    if hasattr(log, "against"):
        return "\n".join(_compared(log, isinstance(log, MarkdownComparedLog)))  # type: ignore[arg-type]
    return "\n".join(_markdown(log) if isinstance(log, MarkdownLog) else _text(log))


def _text(log: Log | MarkdownLog) -> Iterator[str]:
    yield _heading(log)
    for block in log.blocks:
        if block.kind in ASIDES:
            continue
        yield ""
        yield f"{_place(block)}: {_title(block)}"
        for line in lines_of(block.record):
            yield f"    {printable(line)}"
        for annotation in _shown(block):
            yield from _remark(annotation)
        if block.unparsed:
            yield f"    not understood: {ranges(block.unparsed)}"
    if log.annotations:
        yield ""
    for annotation in log.annotations:
        yield from _outside(annotation)
    if log.problems:
        yield ""
    yield from problem_lines(log.problems[:_MOST_PROBLEMS])
    if len(log.problems) > _MOST_PROBLEMS:
        yield f"(and {len(log.problems) - _MOST_PROBLEMS} problems more; --json has all)"


def _markdown(log: Log | MarkdownLog) -> Iterator[str]:
    yield f"# {_heading(log)}"
    for block in log.blocks:
        if block.kind in ASIDES:
            continue
        yield ""
        yield f"## {_place(block).capitalize()}: {_title(block)}"
        lines = lines_of(block.record)
        if lines:
            fence = "```"
            while any(fence in line for line in lines):
                fence += "`"
            yield ""
            yield fence
            yield from (printable(line) for line in lines)
            yield fence
        shown = _shown(block)
        if shown:
            yield ""
        for annotation in shown:
            yield f"* **{_escaped(annotation.title)}** ({annotation.kind}{_name(annotation)})"
            yield from _body(annotation)
        if block.unparsed:
            yield ""
            yield f"Not understood: {ranges(block.unparsed)}"
    if log.annotations:
        yield ""
    for a in log.annotations:
        if a.next:
            yield f"* line {a.line}: **{_escaped(a.title)}** ({a.kind}{_name(a)})"
            yield from _body(a)
        else:
            yield f"* line {a.line}: {_escaped(_code(a))}"
    if log.problems:
        yield ""
    yield from (f"* {_escaped(str(problem))}" for problem in log.problems[:_MOST_PROBLEMS])


def _compared(log: ComparedLog | MarkdownComparedLog, markdown: bool) -> Iterator[str]:
    from dumpwalk.render import log_against

    heading = f"{_heading(log)}; against {printable(log.against.dump)}"
    yield f"# {heading}" if markdown else heading
    if markdown:
        yield ""
    yield from (f"* {_escaped(line)}" if markdown else line for line in log_against.head(log.against))
    yield ""
    for block in log.blocks:
        title = f"{_place(block)}: {_title(block)}"
        if markdown:
            yield from log_against.markdown_lines(block, title, _escaped)
        else:
            yield from log_against.text_lines(block, title)
    yield ""
    yield log_against.foot(log.against)
    yield from problem_lines(log.problems[:_MOST_PROBLEMS])


def _body(annotation: Annotation) -> Iterator[str]:
    if annotation.component:
        yield f"  component: {_escaped(annotation.component)}"
    if annotation.text:
        yield f"  {_escaped(annotation.text)}"
    yield from (f"  deduced: {_escaped(why)}" for why in annotation.deduced)
    yield from (f"  * {_escaped(step)}" for step in annotation.next)


def _outside(annotation: Annotation) -> Iterator[str]:
    """Return a remark that belongs to no block: a code in one line, what is more with its text below."""
    place = f"line {annotation.line}: "
    if annotation.next:
        first, *rest = _remark(annotation)
        yield place + first.removeprefix("  * ")
        yield from rest
    else:
        yield from wrap(printable(_code(annotation)), first=place, indent="    ")


def _heading(log: Log | MarkdownLog | ComparedLog | MarkdownComparedLog) -> str:
    blocks = sum(block.kind not in ASIDES for block in log.blocks)
    prose = sum(len(block.record.lines) for block in log.blocks if block.kind in ("prose", "markup"))
    outside = f", {counted(len(log.unparsed), 'line')} outside of them" if log.unparsed else ""
    outside += f", {counted(prose, 'line')} of prose" if prose else ""
    name = printable(log.file) if log.file not in ("", "-") else "pasted text"
    return f"{name}: {counted(log.lines, 'line')}, {counted(blocks, 'block')}{outside}"


def _place(block: Block | ComparedBlock) -> str:
    if block.first_line == block.last_line:
        return f"line {block.first_line}"
    return f"lines {block.first_line}-{block.last_line}"


def _title(block: Block | ComparedBlock) -> str:
    said = summary(block.record)
    command = printable(block.command)
    if command:
        # An address has a backtick in it; Markdown parts such code by two of them.
        command = f" `` {command} ``" if "`" in command else f" `{command}`"
    return f"{block.kind}{command}" + (f", {printable(said)}" if said else "")


def _shown(block: Block) -> list[Annotation]:
    """Return the annotations worth their place: of many rules the most specific ones."""
    rules = [a for a in block.annotations if a.kind == "stack rule"]
    return [a for a in block.annotations if a.kind != "stack rule" or a in rules[:_MOST_RULES]]


def _code(annotation: Annotation) -> str:
    return f"{annotation.title}, {annotation.text}" if annotation.text else annotation.title


def _name(annotation: Annotation) -> str:
    return f" {annotation.name}" if annotation.name else ""


def _remark(annotation: Annotation) -> Iterator[str]:
    if annotation.kind == "subsystems":
        yield from wrap(annotation.title, first="    through: ", indent="        ")
        return
    if annotation.kind in ("wait reason", "flags", "irp", "pool tag") and not annotation.text:
        yield from wrap(printable(annotation.title), first="  * ", indent="    ")
        return
    severity = f", {annotation.severity}" if annotation.severity != "info" else ""
    yield f"  * {printable(annotation.title)} ({annotation.kind}{_name(annotation)}{severity})"
    if annotation.component:
        yield f"    component: {printable(annotation.component)}"
    if annotation.text:
        yield from wrap(printable(annotation.text), first="    ", indent="    ")
    for why in annotation.deduced:
        yield from wrap(printable(why), first="    deduced: ", indent="      ")
    for step in annotation.next:
        yield from wrap(printable(step), first="    - ", indent="      ")


def _escaped(text: str) -> str:
    """Return *text* with what Markdown would take for markup escaped."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in printable(text))


def ranges(numbers: tuple[int, ...], most: int = 12) -> str:
    """Return line numbers as ``lines 3, 5-9``.

    >>> ranges((3, 5, 6, 7)), ranges((4,))
    ('lines 3, 5-7', 'line 4')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{a}-{b}" if a != b else str(a) for a, b in runs[:most]]
    more = f" and {counted(len(runs) - most, 'range')} more" if len(runs) > most else ""
    return f"line{'s' * (len(numbers) > 1)} {', '.join(words)}{more}"
