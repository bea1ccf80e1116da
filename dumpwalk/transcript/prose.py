"""What people write around listings and no debugger prints: sentences, and the headers of reports.

Only lines that nobody understood and that are in no block are asked: prose never parts what a command printed.
"""

from __future__ import annotations

import re

from dumpwalk.record import record
from dumpwalk.transcript import Block, Reader, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dumpwalk.annotations import Annotation

# Words that a sentence can't do without, and that debuggers, which print names and values, hardly use.
_FUNCTION_WORDS = frozenset(
    "the a an of to in is are was were be been being that this these those it its and or but not with for from by on "
    "as at if when while we you he they she our your their his can could may might will would should must has have "
    "had do does did there here which who what how why where then than so because about into also only just very all "
    "any some such other let's don't doesn't can't i i'm my me us them until since after before during via using "
    "called".split()
)
_FEWEST_WORDS = 5
_PUNCTUATION = str.maketrans("", "", ",;:?()[]'\"`*-")
# A bullet or the number of a step, behind which a sentence may be shorter.
_STEP = re.compile(r"[ ]*(?:[-*•+]|(\[\+\])|[0-9]{1,2}[.)])[ ]+(?=[A-Z(`])")
_COLUMNS = "   "  # parts words that stand in columns
# What stands in a sentence of a debugger: an error, a title in stars, a column of numbers.
_PRINTED = re.compile(
    r"[ ]*(?:(?:WARNING|ERROR|NOTE|Note|Error|Warning)\b[!:]|\*\*|Arg[0-9]:|[0-9a-f`]{8,17}\b|0x[0-9a-fA-F]|!\w"
    r"|[A-Z][A-Z_]{4,}:|VERIFIER STOP|<\w|</|[{}]|\+0x|Unable to |Could not |Can ?not "
    r"|Failed |Loading |Invalid |Unhandled )"
    r"|.*;(?:[ ]*//.*)?\Z"
)
# Sentences that debuggers print, of `!analyze`, of events and of searches, without what stands around them.
_DEBUGGERS = re.compile(
    r"pointing at freed memory|protected by (?:a Probe|try-except)"
    r"|interrupt request level|drivers using improper"
    r"|bugcheck|(?i:first chance|stack backtrace)|exception may be expected|register values may be"
    r"|Attempt to (?:read|write|execute)"
    r"|kernel debugger is available|special pool|guilty (?:driver|party)|at the time of the current request|pool links"
    r"|in the dump\b"
    r"|referenced memory at|could not be (?:read|%s)| == "
    r"|current trap frame|trap frame does not|Searching for|[dD]evice queue|Range starts at"
)
# Words of these, one of which each of them has.
_OF_DEBUGGERS = frozenset(
    "pointing protected interrupt improper bugcheck bugchecks first stack expected register attempt debugger special "
    "guilty current pool dump == referenced could trap searching queue range".split()
)
_NUMBER = re.compile(r"\b(?:0x[0-9a-fA-F]+|[0-9a-f`]{8,17})\b")
_FEWEST_WORDS_AROUND_A_NUMBER = 10
# The lines at the head of a report: what it is about, who wrote it, and where.
_HEADER = re.compile(
    r"[ ]{0,2}(?:(?:Exp?loit |Report[ -])(?:Title|Author|Date|Timeline)|Author(?:'s Blog)?|Vendor(?: Homepage)?"
    r"|Product web page|Software Link|Tested on|Affected (?:version|module|function|product)s?(?:/tools)?"
    r"|(?:Affected|Vulnerable) (?:Module|Parameter)\(s\)|Affected Products|Advisory (?:ID|URL)|VL-ID"
    r"|Exploitation-Technique|Proof of Concept|PoCs?|Bug Ticket|mail to|CONTACT)[ ]*:(?:[ ]|\Z|http)"
    r"|[ ]{0,2}(?:Title|Date|References|Credits|Severity|Risk|Status|Solution|Details|Abstract|Introduction|Disclaimer"
    r"|Background|The issue|Debug log):\Z"
    r"|(?:Vulnerability )?[dD]iscovered by |(?:Confirmed|Known) vulnerable \w+:\Z"
    r"|[0-9]{1,2}\. [A-Z]\w*(?: \([^()]{1,40}\))?:\Z"
)
# Labels that debuggers print too: of a report only beside such lines, and beside prose.
_LABEL = re.compile(
    r"[ ]{0,2}(?:Title|Date|Version|Product|Summary|Desc(?:ription)?|CVE|References|Credits|Severity|Risk|Status"
    r"|Solution|Domains|Contact|Section|Social|Feeds)[ ]*:[ ]+\S"
)
_ADDRESS = re.compile(r"[ ]*\(?(?:Source ?: ?)?https?://\S+\)?\Z")
# So many lines of a paragraph are looked at together.
_LONGEST_PARAGRAPH = 512


@record
class Prose:
    """A paragraph of what somebody wrote, line by line."""

    lines: tuple[str, ...]


@kind("prose")
class ProseReader(Reader):
    """Takes sentences. The splitter makes blocks of prose by :func:`gathered`, when it is sure who owns a line."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._lines: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if is_prose(line):
            self._lines.append(line)
            return True
        return False

    def record(self) -> Prose | None:
        return Prose(tuple(self._lines)) if self._lines else None


def is_prose(line: str) -> bool:
    """Say whether *line* is a sentence or a part of one, or stands at the head of a report.

    >>> is_prose("The driver was loaded, and then the machine stopped."), is_prose("nt!KiSwapContext+0x26")
    (True, False)
    """
    if not line[:1].isalpha() and (step := _STEP.match(line)):
        text = line[step.end() :]
        words = text.lower().split()
        if step[1] or _in_lower_case(text) or len(_FUNCTION_WORDS.intersection(words)) >= 2:
            return _is_sentence(text, words, 3)
    else:
        words = line.lower().split()
        if len(words) >= _FEWEST_WORDS and len(_FUNCTION_WORDS.intersection(words)) >= 2:
            return _is_sentence(line, words)
    return _HEADER.match(line) is not None or _ADDRESS.match(line) is not None


def _is_sentence(line: str, words: list[str], fewest: int = _FEWEST_WORDS) -> bool:
    """Say whether most words of *line* are of a language, in no columns."""
    count = len(words)
    if count < fewest or _COLUMNS in line.strip() or not _are_plain(line, words):
        return False
    if _PRINTED.match(line):
        return False
    if (not _OF_DEBUGGERS.isdisjoint(words) or "bugcheck" in line) and _DEBUGGERS.search(line):
        return False
    return count >= _FEWEST_WORDS_AROUND_A_NUMBER or not _NUMBER.search(line)


def _are_plain(line: str, words: list[str]) -> bool:
    """Say whether most of *words*, those of *line*, are letters; names of files and symbols are not."""
    if sum(map(str.isalpha, words)) * 10 >= len(words) * 7:
        return True
    # Punctuation costs more to look at.
    bare = line.rstrip(".!").replace(". ", " ").translate(_PUNCTUATION).split()
    return sum(map(str.isalpha, bare)) * 10 >= len(bare) * 7 > 0


def _in_lower_case(text: str) -> bool:
    """Say whether half of the words do not begin with a capital: titles and names do."""
    words = text.split()
    return 2 * sum(word[0].islower() for word in words) >= len(words)


def gathered(items: Iterable[Block | Annotation | tuple[int, str]]) -> Iterator[Block | int | Annotation]:
    """Yield *items* with the lines outside of blocks as blocks of prose, or as their numbers where they are none.

    :param items: blocks, annotations, and the numbers and texts of lines outside of blocks, in order
    """
    paragraph: list[tuple[int, str]] = []
    for item in items:
        if isinstance(item, tuple):
            if paragraph and (paragraph[-1][0] != item[0] - 1 or len(paragraph) >= _LONGEST_PARAGRAPH):
                yield from _parted(paragraph)
                paragraph = []
            paragraph.append(item)
            continue
        if paragraph and isinstance(item, Block):
            yield from _parted(paragraph)
            paragraph = []
        yield item
    yield from _parted(paragraph)


def _parted(paragraph: list[tuple[int, str]]) -> Iterator[Block | int]:
    """Yield the prose of a paragraph as blocks, and the numbers of its other lines."""
    own = [is_prose(line) for _, line in paragraph]
    if all(own):
        if own:
            yield _block(paragraph[-1][0], [line for _, line in paragraph])
        return
    run: list[str] = []
    number = 0
    for (number, line), prose in zip(paragraph, _which(paragraph, own)):
        if prose:
            run.append(line)
            continue
        if run:
            yield _block(number - 1, run)
            run = []
        yield number
    if run:
        yield _block(number, run)


def _block(last: int, lines: list[str]) -> Block:
    return Block("prose", last - len(lines) + 1, last, "", Prose(tuple(lines)), (), (), ())


def _which(paragraph: list[tuple[int, str]], own: list[bool]) -> list[bool]:
    """Say of each line of a paragraph whether it is prose: *own*, by itself, or as a part of what is around it."""
    labels = [_LABEL.match(line) is not None for _, line in paragraph]
    beside = [False, *(one or other for one, other in zip(own, labels)), False]
    found = [prose or (label and (beside[n] or beside[n + 2])) for n, (prose, label) in enumerate(zip(own, labels))]
    column = 0  # where the value of a header stands
    for at, (_, line) in enumerate(paragraph):
        if found[at]:
            column = _value_column(line)
        elif at and found[at - 1]:
            indent = len(line) - len(line.lstrip())
            found[at] = (indent == column > 0) or _goes_on(paragraph[at - 1][1], line)
    return found


def _value_column(line: str) -> int:
    """Return where the value of a header begins, below which more of them may stand; 0 for none."""
    colon = line.find(":") + 1
    text = line[colon:].lstrip()
    return len(line) - len(text) if colon and text and (_HEADER.match(line) or _LABEL.match(line)) else 0


def _goes_on(before: str, line: str) -> bool:
    """Say whether *line* may be the rest of a sentence that began on the line *before* it."""
    if before.endswith((".", ":", "!", "?")) or _COLUMNS in line.strip() or _PRINTED.match(line):
        return False
    return (line.lstrip()[:1].islower() or line.endswith(".")) and _are_plain(line, line.split())
