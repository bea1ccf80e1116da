"""Matches call stacks against the rules: frames in order with gaps, anchors, and conditions on the thread."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.conditions import PROLOGUE, WAITS, holds
from dumpwalk.annotations.stack_rules import ANY, TOP, TOP_NON_WAIT, index, matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.annotations.stack_rules import Rule

# What the kernel's image is called where symbols name the file.
KERNELS = frozenset(("ntoskrnl", "ntkrnlmp", "ntkrnlpa", "ntkrpamp", "ntkrla57"))
# More frames than any kernel stack has room for say nothing more.
MOST_FRAMES = 512

_matchers: dict[str, Callable[[str, str], bool]] = {}


def annotate(
    frames: Sequence[tuple[str, str]], situation: Situation, traps: Collection[int] = ()
) -> tuple[Annotation, ...]:
    """Return what the rules say of a stack, the most specific first.

    :param frames: module and function of each frame, the innermost first; ``("", "")`` for one without a symbol
    :param traps: the positions of frames that note a trap frame: the frame after one was interrupted
    """
    sites = [_plain(module, function) for module, function in frames[:MOST_FRAMES]]
    names = [name for _, name in sites]
    rules = index()
    out = []
    for rule in rules.candidates(names) if sites else [r for r in rules.rules if r.stackless and r.when]:
        if rule.os != situation.os:
            continue
        places = _places(rule, sites) if sites else ()
        if places is None:
            continue
        deduced = _deduced(rule, situation, names, bool(places) and places[0] - 1 in traps)
        if deduced is None:
            continue
        component = frames[places[0]][0] if places and rule.anchor == TOP_NON_WAIT and rule.frames[0] == (ANY,) else ""
        if places and rule.anchor == TOP_NON_WAIT and rule.frames[0] != (ANY,):
            component = frames[places[1]][0]
        out.append(
            Annotation(
                "stack rule", rule.name, rule.title, rule.doing, rule.next, rule.severity, None, component, deduced
            )
        )
    return tuple(out)


def _plain(module: str, function: str) -> tuple[str, str]:
    """Return a frame's names as rules spell them: the kernel is nt, and x86 decorations are gone."""
    module = module.lower()
    if module in KERNELS:
        module = "nt"
    if "@" in function:
        base, _, digits = function.rpartition("@")
        if digits.isdigit():  # _IoCompleteRequest@8 and @IofCallDriver@8
            function = base.lstrip("@").removeprefix("_")
    return module, function


def _fits(item: tuple[str, ...], site: tuple[str, str]) -> bool:
    for pattern in item:
        fits = _matchers.get(pattern)
        if fits is None:
            fits = _matchers[pattern] = matcher(pattern)
        if fits(*site):
            return True
    return False


def _places(rule: Rule, sites: list[tuple[str, str]]) -> tuple[int, ...] | None:
    """Return which frame each item of *rule* is, or ``None`` when they are not all there in this order."""
    first, *rest = rule.frames
    if rule.anchor == TOP_NON_WAIT and first == (ANY,):
        return _below_caller(rest, sites)
    if rule.anchor not in (TOP, TOP_NON_WAIT):
        return _in_order(rule.frames, sites, 0)
    for start in range(_prologue(sites) + 1):
        if start < len(sites) and _fits(first, sites[start]):
            after = _in_order(rest, sites, start + 1)
            if after is not None:
                return (start, *after)
    return None


def _in_order(items: Sequence[tuple[str, ...]], sites: list[tuple[str, str]], start: int) -> tuple[int, ...] | None:
    """Find *items* one after another from *start* on. The earliest place of each leaves most for the others."""
    places = []
    at = start
    for item in items:
        while at < len(sites) and not _fits(item, sites[at]):
            at += 1
        if at >= len(sites):
            return None
        places.append(at)
        at += 1
    return tuple(places)


def _below_caller(items: Sequence[tuple[str, ...]], sites: list[tuple[str, str]]) -> tuple[int, ...] | None:
    """Find the frame that the first of *items* called, in front of it, unless it is only the wait itself."""
    start = _prologue(sites) + 1
    while True:
        places = _in_order(items, sites, start)
        if places is None:
            return None
        called = sites[places[0] - 1]
        if called[0] and not _waits(called[1]):
            return (places[0] - 1, *places)
        start = places[0] + 1


def _waits(name: str) -> bool:
    return name in PROLOGUE or name.startswith(WAITS)


def _prologue(sites: list[tuple[str, str]]) -> int:
    """Return how many frames at the top are the wait itself."""
    count = 0
    while count < len(sites) and _waits(sites[count][1]):
        count += 1
    return count


def _deduced(rule: Rule, situation: Situation, names: Sequence[str], interrupted: bool) -> tuple[str, ...] | None:
    """Return what the rule's conditions were deduced from, or ``None`` when one is not known to hold."""
    said = []
    for term in rule.when:
        known, why = holds(term, situation, names, interrupted)
        if not known:
            return None
        if why:
            said.append(why)
    return tuple(said)
