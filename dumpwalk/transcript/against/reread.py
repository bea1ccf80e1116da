"""In which line of a text each value of a block's record stands: the block is read once more to find out.

A record does not say which line gave it what, and readers are not held up by such notes. But what a reader says after
each line shows it: a value stands in the line from which on the record has it, or in one before that by itself said
nothing yet, as headings do. Of long blocks not every line is looked at: where as many elements were added to a list as
lines were understood, each has its own line.
"""

from __future__ import annotations

import re

from dumpwalk.record import fields
from dumpwalk.transcript import KINDS
from dumpwalk.transcript.lines import LONGEST
from dumpwalk.transcript.prompt import bare, prompted
from dumpwalk.transcript.values import interval

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import Any

    from dumpwalk.transcript import Block, Reader
    from dumpwalk.transcript.against.marked import Path

# So many states of a reader are looked at to find an interval of lines, and so many in such intervals.
_STEPS = 192
_MOST_STEPS = 2048
# A heading stands at most so many understood lines above what has to do with it.
_HEADING = 64
# Records with dictionaries are copied to keep a state of them; so many values are.
_MOST_COPIED = 1_000_000
_MISSING = object()
_WORDS = 8
_DIGITS = frozenset("0123456789abcdef")
_AFTER = _DIGITS | {"x"}  # 0x is no zero
_TIME = re.compile(r"(?:\b[0-9]{1,9} days? )?\b[0-9]{1,9}(?::[0-9]{2}){2,3}\.[0-9]{1,7}")


def lines_of(block: Block, text: Sequence[str], paths: Collection[Path]) -> dict[Path, int]:
    """Return the numbers of the lines of *block* that say what is at *paths* of its record, as far as that is known.

    :param text: all lines of the text, as :class:`~dumpwalk.transcript.lines.Lines` gives them
    """
    if not paths or block.last_line > len(text):
        return {}
    starts = (1, 0) if _command_first(block, text) else (0, 1)
    for skipped in starts:  # what was split may show the command elsewhere
        taken, record = _taken(block, text, skipped)
        if taken and record == block.record:
            return _Search(block, text, skipped, taken).lines(paths)
    return {}


def _command_first(block: Block, text: Sequence[str]) -> bool:
    line = text[block.first_line - 1]
    return bool(block.command) and (prompted(line) is not None or bare(line) is not None)


def _fed(block: Block, text: Sequence[str], skipped: int) -> Iterator[tuple[Reader, int]]:
    """Give a reader the lines that the block's had, and yield it after each that it understands, with the number."""
    reader = KINDS.load()[block.kind].reader(block.command)
    for number in range(block.first_line + skipped, block.last_line + 1):
        line = text[number - 1]
        if len(line) <= LONGEST and reader.take(line, number):
            yield reader, number


def _taken(block: Block, text: Sequence[str], skipped: int) -> tuple[list[int], Any]:
    """Return the numbers of the lines that are understood, and the record of them all."""
    numbers: list[int] = []
    reader: Reader | None = None
    for reader, number in _fed(block, text, skipped):  # noqa: B007
        numbers.append(number)
    return numbers, None if reader is None else reader.record()


class _Search:
    def __init__(self, block: Block, text: Sequence[str], skipped: int, taken: list[int]) -> None:
        self.block, self.text, self.skipped, self.taken = block, text, skipped, taken
        # Readers go on filling dictionaries that they gave out in a record.
        self.copied = _size(block.record) if _has_dictionary(block.record) else 0

    def _records(self, counts: Iterable[int]) -> dict[int, Any]:
        """Return what the reader says after so many understood lines."""
        wanted = set(counts)
        found: dict[int, Any] = {0: None}
        for count, (reader, _) in enumerate(_fed(self.block, self.text, self.skipped), 1):
            if count in wanted:
                record = reader.record()
                found[count] = _copy(record) if self.copied else record
                if len(found) > len(wanted):
                    break
        return found

    def lines(self, paths: Collection[Path]) -> dict[Path, int]:
        """Return the number of the line of each path, as far as it is known."""
        total = len(self.taken)
        most = min(_STEPS, max(1, _MOST_COPIED // self.copied)) if self.copied else _STEPS
        step = -(-total // most)
        counts = [0, *range(step, total, step), total]
        records = self._records(counts)
        final = {path: _at(self.block.record, path) for path in paths}
        found: dict[Path, int] = {}
        # Intervals of understood lines in which a value came up: what is in which.
        left: dict[tuple[int, int], list[Path]] = {}
        for path, value in final.items():
            interval = _interval(records, counts, path, value)
            count = _counted(records, interval, path)
            if count is not None:
                found[path] = count
            else:
                left.setdefault(interval, []).append(path)
        budget = min(_MOST_STEPS, _MOST_COPIED // self.copied) if self.copied else _MOST_STEPS
        chosen = [i for i in left if (budget := budget - (i[1] - i[0])) >= 0]
        records = self._records(count for a, b in chosen for count in range(a, b + 1)) if chosen else {}
        for a, b in chosen:
            for path in left[a, b]:
                found[path] = _interval(records, list(range(a, b + 1)), path, final[path])[1]
        return {path: line for path, count in found.items() if (line := self._line(count, final[path])) is not None}

    def _line(self, count: int, value: Any) -> int | None:
        """Return the line that says *value*, which the record has from so many understood lines on."""
        own = self.taken[count - 1]
        if isinstance(value, bool) or not isinstance(value, (int, str)) or says(self.text[own - 1], value):
            return own
        above = self.taken[max(0, count - _HEADING) : count - 1]
        if self.skipped:  # what a command names is in the record of its listing
            above = [self.block.first_line, *above]
        before = [n for n in above if says(self.text[n - 1], value)]
        return before[0] if len(before) == 1 else None if before else own


def says(line: str, value: int | str) -> bool:
    """Say whether *line* has *value* in it: a number in hexadecimal or decimal, with any zeros in front, or as a time.

    >>> says("RefCount: 00000013", 0x13), says("fffff804`7ba00000", 0xFFFFF8047BA00000), says("0x130", 0x13)
    (True, True, False)
    >>> says("UserTime  00:00:00.015", 150000)
    True
    """
    text = line.replace("`", "").lower()
    if isinstance(value, str):
        return " ".join(value.replace("`", "").lower().split()[:_WORDS]) in " ".join(text.split())
    number = abs(int(value))
    if _stands(text, f"{number:x}") or _stands(text, str(number)):
        return True
    return any(interval(found[0]) == number for found in _TIME.finditer(text))


def _stands(text: str, digits: str) -> bool:
    """Say whether *digits* are in *text* as a number of their own."""
    at = text.find(digits)
    while at >= 0:
        before, after = text[:at].rstrip("0")[-1:], text[at + len(digits) :][:1]
        if before not in _DIGITS and after not in _AFTER:
            return True
        at = text.find(digits, at + 1)
    return False


def _has_dictionary(record: Any) -> bool:
    parts = record if isinstance(record, tuple) else [getattr(record, name) for name in fields(record)]
    # The elements of a list are alike.
    return isinstance(record, (dict, list)) or any(map(_has_dictionary, parts[:64]))


def _size(record: Any) -> int:
    if isinstance(record, (tuple, list)):
        return 1 + sum(map(_size, record))
    if isinstance(record, dict):
        return 1 + sum(map(_size, record.values()))
    return 1 + sum(_size(getattr(record, name)) for name in fields(record))


def _copy(record: Any) -> Any:
    if isinstance(record, (tuple, list)):
        return tuple(map(_copy, record))
    if isinstance(record, dict):
        return {key: _copy(value) for key, value in record.items()}
    names = fields(record)
    return type(record)(*[_copy(getattr(record, name)) for name in names]) if names else record


def _interval(records: dict[int, Any], counts: list[int], path: Path, value: Any) -> tuple[int, int]:
    """Return after how many lines the record did not have *value* at *path* yet, and after how many it had."""
    low, high = 0, len(counts) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _same(_at(records[counts[middle]], path), value):
            high = middle
        else:
            low = middle
    return counts[low], counts[high]


def _counted(records: dict[int, Any], interval: tuple[int, int], path: Path) -> int | None:
    """Return which understood line of an interval *path* is in; ``None`` where that has to be looked at."""
    before, after = interval
    if after - before == 1:
        return after
    at = next((n for n, part in enumerate(path) if isinstance(part, int)), None)
    if at is None:
        return None
    lists = [_at(records[count], path[:at]) for count in interval]
    first, last = (len(found) if isinstance(found, tuple) else 0 for found in lists)
    index = path[at]
    assert isinstance(index, int)
    return before + index - first + 1 if last - first == after - before and first <= index < last else None


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _at(record: Any, path: Path) -> Any:
    """Return what a record has at *path*."""
    found = record
    for part in path:
        if isinstance(part, int):
            found = found[part] if isinstance(found, tuple) and part < len(found) else _MISSING
        elif isinstance(found, dict):
            found = found.get(part, _MISSING)
        elif part in fields(found):
            found = getattr(found, part)
        else:
            return _MISSING
    return found
