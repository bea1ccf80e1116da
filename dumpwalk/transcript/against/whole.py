"""A whole log held against a dump: each of its blocks, their sum, and whether it is of that dump at all."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import ASIDES, read
from dumpwalk.transcript.against import Comparison, compare
from dumpwalk.transcript.against.identity import doubts, evidence_in
from dumpwalk.transcript.lines import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dumpwalk.annotations import Annotation
    from dumpwalk.remarks import Problem
    from dumpwalk.target import Target
    from dumpwalk.transcript import Block, Log


@record
class ComparedBlock:
    """A :class:`~dumpwalk.transcript.Block`, and what the dump has of it; ``None`` for lines that say nothing."""

    kind: str
    first_line: int
    last_line: int
    command: str
    record: Any
    annotations: tuple[Annotation, ...]
    unparsed: tuple[int, ...]
    noise: tuple[int, ...]
    against: Comparison | None


@record
class Summary:
    """What a log says, held against a dump.

    :param dump: its file
    :param same: the text is of the moment or at least the boot that the dump is of; ``None`` where nothing says so
    :param doubts: why it is not, in words
    :param blocks: how many there are, and in *compared* of how many something could be compared
    :param equal: how many values are so; so for *different* and *absent*
    :param types: what is to be said of the types that the dump is read by; ``""`` where they are known exactly
    """

    dump: str
    same: bool | None
    doubts: tuple[str, ...]
    blocks: int
    compared: int
    equal: int
    different: int
    absent: int
    types: str


@record
class ComparedLog:
    """A :class:`~dumpwalk.transcript.Log` whose blocks are held against a dump."""

    file: str
    lines: int
    blocks: tuple[ComparedBlock, ...]
    unparsed: tuple[int, ...]
    problems: tuple[Problem, ...]
    annotations: tuple[Annotation, ...]
    against: Summary


def compare_text(target: Target, text: str, file: str = "") -> ComparedLog:
    """Return *text* with each block held against *target*, and what is not equal by the lines that say it."""
    return _compare_lines(target, Lines.of_text(text), file)


def compare_file(target: Target, path: str) -> ComparedLog:
    """Return the text in a file, ``-`` for the standard input, as :func:`compare_text` does.

    :raises dumpwalk.errors.FormatError: when it can't be read
    """
    return _compare_lines(target, Lines.of_file(path), path)


def _compare_lines(target: Target, lines: Lines, file: str) -> ComparedLog:
    kept: list[str] = []
    return compare_log(target, read(lines.kept_in(kept), file), kept)


def compare_log(target: Target, log: Log, lines: Sequence[str] = ()) -> ComparedLog:
    """Return *log* with each block held against *target*.

    :param lines: those of its text, as :class:`~dumpwalk.transcript.lines.Lines` gives them; without them, of what is
        not equal only the block is known
    """
    blocks = tuple(_block(target, block, lines) for block in log.blocks)
    found = [block.against for block in blocks if block.against is not None]
    said, against = evidence_in(target, log)
    summary = Summary(
        target.dump.path,
        False if against else True if said else None,
        doubts(against),
        len(found),
        sum(not comparison.not_compared for comparison in found),
        sum(comparison.equal for comparison in found),
        sum(comparison.different for comparison in found),
        sum(comparison.absent for comparison in found),
        _types(target),
    )
    return ComparedLog(log.file, log.lines, blocks, log.unparsed, log.problems, log.annotations, summary)


def _block(target: Target, block: Block, lines: Sequence[str]) -> ComparedBlock:
    against = None if block.kind in ASIDES else compare(target, block, lines)
    return ComparedBlock(
        block.kind, block.first_line, block.last_line, block.command, block.record, block.annotations, block.unparsed,
        block.noise, against,
    )  # fmt: skip


def _types(target: Target) -> str:
    if target.named:
        return f"read by the types of {target.named}"
    try:
        profile = target.profile
    except Error as error:
        return str(error)
    if isinstance(profile, Absent):
        return profile.reason
    return "" if profile.exact else f"this kernel is not known; read by those of {profile.name}: {profile.match}"
