"""The rules that say what a call stack means, read out of ``stack_rules.txt`` and indexed by function."""

from __future__ import annotations

from dumpwalk import resources
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A pattern of a frame: module and function, both lower case where the module's case does not count.
TOP = "top"
TOP_NON_WAIT = "top_non_wait"
ANY = "*!*"
_LARGEST_CACHE = 1 << 16


@record
class Rule:
    """What a stack with certain frames means.

    :param frames: from the innermost outwards; for each the patterns ``module!function`` that fit it
    :param anchor: ``top``: the first frame is the first one above the wait itself; ``top_non_wait``: a
        first frame ``*!*`` is the one that the second frame called, and its module is what to name
    :param when: conditions on the thread; a rule that has some never applies on frames alone
    :param stackless: it also applies where no frames are shown at all
    :param specificity: how much a match says; of several rules the most specific comes first
    """

    name: str
    title: str
    os: str
    severity: str
    specificity: int
    frames: tuple[tuple[str, ...], ...]
    anchor: str
    when: tuple[str, ...]
    stackless: bool
    doing: str
    next: tuple[str, ...]


class RuleIndex:
    """All rules, the most specific first, and their items as bits: which ones a frame fits is one number.

    :ivar rules: each rule with the bits of its items in order, and all of them together
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        items = {item: n for n, item in enumerate(dict.fromkeys(item for rule in rules for item in rule.frames))}
        self.rules = [
            (rule, tuple(1 << items[item] for item in rule.frames), _all(1 << items[item] for item in rule.frames))
            for rule in rules
        ]
        self._always = 0
        self._literal: dict[str, list[tuple[Callable[[str, str], bool], int]]] = {}
        self._wild: list[tuple[Callable[[str, str], bool], int]] = []
        self._seen: dict[tuple[str, str], int] = {}
        for item, number in items.items():
            for pattern in item:
                function = pattern.partition("!")[2]
                entry = (matcher(pattern), 1 << number)
                if pattern == ANY:
                    self._always |= 1 << number
                elif "*" in function:
                    self._wild.append(entry)
                else:
                    self._literal.setdefault(function, []).append(entry)

    def bits(self, site: tuple[str, str]) -> int:
        """Return the items that a frame fits, by its module in lower case and its function."""
        found = self._seen.get(site)
        if found is None:
            if len(self._seen) >= _LARGEST_CACHE:
                self._seen.clear()
            found = self._always
            for fits, bit in self._literal.get(site[1], []) + self._wild:
                if not found & bit and fits(*site):
                    found |= bit
            self._seen[site] = found
        return found


def _all(bits: Iterable[int]) -> int:
    found = 0
    for bit in bits:
        found |= bit
    return found


_index: list[RuleIndex] = []


def index() -> RuleIndex:
    """Return the rules, read when first asked for."""
    if not _index:
        text = resources.read("dumpwalk.annotations", "stack_rules.txt").decode("utf-8")
        _index.append(RuleIndex(parse(text)))
    return _index[0]


def parse(text: str) -> tuple[Rule, ...]:
    """Return the rules in *text*, the most specific first.

    :raises KeyError: when a paragraph lacks a line
    :raises ValueError: when a number is none
    """
    rules = [_rule(p) for p in text.split("\n\n") if p.startswith("rule: ")]
    return tuple(sorted(rules, key=lambda r: (-r.specificity, -len(r.frames), r.name)))


def _rule(paragraph: str) -> Rule:
    pairs = [line.partition(": ")[::2] for line in paragraph.strip().split("\n")]
    values = dict(pairs)
    return Rule(
        values["rule"],
        values["title"],
        values["os"],
        values["severity"],
        int(values["specificity"]),
        tuple(tuple(item.split("|")) for item in values["frames"].split(" > ")),
        values.get("anchor", ""),
        tuple(values.get("when", "").split()),
        values.get("stackless") == "yes",
        values["doing"],
        tuple(text for key, text in pairs if key == "next"),
    )


def matcher(pattern: str) -> Callable[[str, str], bool]:
    """Return a function that says whether a frame's module (in lower case) and function fit *pattern*.

    >>> fits = matcher("FLTMGR!FltpPassThrough*")
    >>> fits("fltmgr", "FltpPassThroughFastIo"), fits("ntfs", "FltpPassThroughFastIo")
    (True, False)
    """
    module, _, function = pattern.partition("!")
    return _both(_glob(module.lower()), _glob(function))


def _both(module: Callable[[str], bool], function: Callable[[str], bool]) -> Callable[[str, str], bool]:
    return lambda m, f: function(f) and module(m)


def _glob(pattern: str) -> Callable[[str], bool]:
    if pattern == "*":
        return lambda text: True
    if "*" not in pattern:
        return lambda text: text == pattern
    first, *middle, last = pattern.split("*")

    def fits(text: str) -> bool:
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return fits
