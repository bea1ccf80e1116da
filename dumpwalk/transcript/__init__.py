"""Text that debuggers printed and people pasted, read back into records.

A text is split into blocks: what one command printed, or lines that look like
it. Each kind of block is one module of this package: a reader that takes the
lines it understands and makes a record of them. What nobody understands is
kept by its line number, so that nothing of a text is ever lost.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from dumpwalk.annotations import Annotation
    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.remarks import Problem
    from dumpwalk.transcript.lines import Lines

    R = TypeVar("R", bound="type[Reader]")


@record
class Block:
    """What one command printed, or lines that belong together.

    :param kind: name of the kind, which is also that of the record's schema
    :param first_line: number of its first line, from 1; the line of the command where there is one
    :param command: what was typed, without the prompt; ``""`` when the text does not show it
    :param record: what the lines say; ``None`` when none of them was understood
    :param unparsed: numbers of the lines inside the block that were not understood
    :param noise: numbers of the debugger's asides inside the block, which say nothing of the target
    """

    kind: str
    first_line: int
    last_line: int
    command: str
    record: Any
    annotations: tuple[Annotation, ...]
    unparsed: tuple[int, ...]
    noise: tuple[int, ...]


@record
class Log:
    """A pasted text as structure.

    Every line that is not blank is in exactly one place: between the first and
    the last line of a block, or among *unparsed*.

    :param file: its name; ``""`` for a string
    :param lines: how many lines it has
    :param unparsed: numbers of the lines outside blocks: output of no known form, and what is not surely prose
    :param annotations: what the codes mean that such lines and prose mention
    """

    file: str
    lines: int
    blocks: tuple[Block, ...]
    unparsed: tuple[int, ...]
    problems: tuple[Problem, ...]
    annotations: tuple[Annotation, ...] = ()


class Reader:
    """Takes the lines of one block; the base of every kind.

    :ivar command: what was typed, or ``""``
    :ivar more: the command printed another block before this one
    :cvar patience: how many lines that are not understood may stand between a blank line and more of the block
    """

    kind = ""
    patience = 0
    more = False

    def __init__(self, command: str = "") -> None:
        self.command = command

    def take(self, line: str, number: int) -> bool:
        """Take *line* if it is understood, and say so.

        Lines come without what mails and pages do to them, and without blanks at their ends.
        """
        return False

    def record(self) -> Any:
        """Return what the lines say; ``None`` when there were none."""
        return None

    def annotations(self, situation: Situation) -> tuple[Annotation, ...]:
        """Return what is known of the record.

        :param situation: what the blocks before this one say of the machine
        """
        return ()

    def situation(self, before: Situation) -> Situation:
        """Return what is known of the machine behind this block."""
        return before


@record
class Kind:
    """A kind of block.

    :param commands: the words that print it
    :param opens: a regular expression for the beginning of a line that begins such a block without a command
    :param confirms: asks a line that *opens* fits, and the one after it, whether they are such a block
    """

    name: str
    reader: type[Reader]
    commands: tuple[str, ...]
    opens: str
    confirms: Callable[[str, str], bool] | None
    rank: int


# Kinds of what stands between listings, or in them: they say nothing of a target.
ASIDES = frozenset({"noise", "prose", "markup"})
# So many codes in the prose of one text are explained.
_MOST_CODES = 256

KINDS: Registry[Kind] = Registry(__name__)


def kind(
    name: str,
    *commands: str,
    opens: str = "",
    confirms: Callable[[str, str], bool] | None = None,
    rank: int = 50,
) -> Callable[[R], R]:
    """Register the decorated reader as the kind *name*; the parameters are those of :class:`Kind`.

    :param rank: kinds of a lower rank are asked first whether a line opens a block of theirs
    """

    def decorate(reader: R) -> R:
        reader.kind = name
        KINDS.add(name)(Kind(name, reader, commands, opens, confirms, rank))
        return reader

    return decorate


def parse(text: str, file: str = "") -> Log:
    """Return *text* as structure. Nothing in it is an error.

    >>> log = parse("0: kd> .bugcheck\\nBugcheck code 00000139\\nArguments 3 0 0 0\\n")
    >>> log.blocks[0].kind, log.blocks[0].record.name
    ('bugcheck', 'KERNEL_SECURITY_CHECK_FAILURE')
    """
    from dumpwalk.transcript.lines import Lines

    return read(Lines.of_text(text), file)


def parse_file(path: str) -> Log:
    """Return the text in a file (``-`` for the standard input) as structure; it is never in memory as a whole.

    :raises dumpwalk.errors.FormatError: when it can't be read
    """
    from dumpwalk.transcript.lines import Lines

    return read(Lines.of_file(path), path)


def blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Yield the blocks in *lines* one by one, as soon as each is complete."""
    from dumpwalk.transcript.lines import Lines
    from dumpwalk.transcript.splitter import split

    return (b for b in split(Lines.of_lines(lines)) if isinstance(b, Block))


def read(lines: Lines, file: str) -> Log:
    """Return *lines* as structure."""
    from dumpwalk.transcript.splitter import split

    found: list[Block] = []
    outside: list[int] = []
    said: list[Annotation] = []
    for item in split(lines):
        if isinstance(item, Block):
            found.append(item)
        elif isinstance(item, int):
            outside.append(item)
        elif len(said) < _MOST_CODES:
            said.append(item)
    return Log(file, lines.count, tuple(found), tuple(sorted(outside)), tuple(lines.problems), tuple(said))
