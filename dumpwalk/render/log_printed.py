"""A pasted text printed back: from the records of its blocks, and from its lines where no record says them.

Of every line it is said where it comes from, so that each is accounted for
once. How many blanks part words, whether an address has a backtick in it and the
case of letters is not in a record, and does not count.
"""

from __future__ import annotations

from bisect import bisect_left

from dumpwalk.record import record
from dumpwalk.render.log_printed_forms import runs
from dumpwalk.transcript.prompt import bare, prompted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dumpwalk.transcript import Block, Log

# So many lines that a record prints otherwise may stand between two that it prints.
_NEAR = 8


@record
class PrintedLine:
    """A line of a text that was printed back.

    :param text: of an understood line as the record's layout has it, of any other the line itself
    :param origin: ``record``: the record prints it; ``block``: it was understood, but the layout of its kind
        does not print it, or prints it otherwise; ``command``; ``noise``; ``unparsed`` inside a block;
        ``outside`` of all blocks; ``blank``
    """

    text: str
    origin: str


def printed(log: Log, lines: Iterable[str]) -> tuple[PrintedLine, ...]:
    """Return the lines of a text, printed back from *log* as far as its records have a layout.

    :param log: what :func:`dumpwalk.transcript.parse` made of the text
    :param lines: those of the text, as :class:`~dumpwalk.transcript.lines.Lines` gives them
    :raises ValueError: when they are not as many as the log has
    """
    kept = list(lines)
    if len(kept) != log.lines:
        raise ValueError(f"the log has {log.lines} lines, the text {len(kept)}")
    found = [PrintedLine(line, "blank" if not line.strip() else "") for line in kept]
    for number in log.unparsed:
        found[number - 1] = PrintedLine(kept[number - 1], "outside")
    for block in log.blocks:
        for number, text, origin in _block(block, kept):
            found[number - 1] = PrintedLine(text, origin)
    return tuple(found)


def same(one: str, other: str) -> bool:
    """Say whether two lines differ in nothing but what a record does not hold."""
    return plain(one) == plain(other)


def plain(line: str) -> str:
    """Return a line with single blanks, without backticks and capital letters."""
    return " ".join(line.replace("`", "").lower().split())


def _block(block: Block, lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number, text and origin of each line of *block* that is not blank."""
    noise, unparsed = set(block.noise), set(block.unparsed)
    if block.kind == "noise":
        noise |= set(range(block.first_line, block.last_line + 1))
    understood = []
    for number in range(block.first_line, block.last_line + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        if number in unparsed:
            yield number, line, "unparsed"
        elif number in noise:
            yield number, line, "noise"
        elif _is_command(block, number, line):
            yield number, line, "command"
        else:
            understood.append(number)
    shown = _aligned([lines[n - 1] for n in understood], block.record)
    for at, number in enumerate(understood):
        text = shown.get(at)
        yield number, lines[number - 1] if text is None else text, "block" if text is None else "record"


def _is_command(block: Block, number: int, line: str) -> bool:
    if prompted(line) is not None:
        return True
    return number == block.first_line and bool(block.command) and bare(line) is not None


def _aligned(lines: list[str], record: object) -> dict[int, str]:
    """Return which of *lines* the record prints, by position: each run in the form of which most is there.

    Of forms of which as much is there that is taken of which more is there character by character.
    """
    places: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        places.setdefault(plain(line), []).append(at)
    shown: dict[int, str] = {}
    start = 0
    for forms in runs(record):
        best: dict[int, str] = {}
        for first in (start, 0):  # some programs change the order of what stands in a block
            for form in () if best else forms:
                fitting = _fit(form, places, first, shown)
                if fitting and _score(fitting, lines) > _score(best, lines):
                    best = fitting
        shown |= best
        start = max(best, default=start - 1) + 1
    return shown


def _score(fitting: dict[int, str], lines: list[str]) -> tuple[int, int]:
    return len(fitting), sum(lines[at] == text for at, text in fitting.items())


def _fit(form: list[str], places: dict[str, list[int]], start: int, taken: dict[int, str]) -> dict[int, str]:
    """Return the lines of *form* that are there from *start* on, each near the one before."""
    fitting: dict[int, str] = {}
    for text in form:
        where = places.get(plain(text), [])
        first = bisect_left(where, start)
        at = next((place for place in where[first : first + _NEAR] if place not in taken), None)
        if at is not None and (not fitting or at - start < _NEAR):
            fitting[at] = text
            start = at + 1
    return fitting
