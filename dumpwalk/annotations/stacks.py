"""Matches call stacks against the rules: frames in order with gaps, anchors, and conditions on the thread."""

from __future__ import annotations

from dumpwalk.annotations import Annotation
from dumpwalk.annotations.conditions import PROLOGUE, WAITS, holds
from dumpwalk.annotations.stack_rules import ANY, TOP, TOP_NON_WAIT, index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dumpwalk.annotations.conditions import Situation
    from dumpwalk.annotations.stack_rules import Rule

# What the kernel's image is called where symbols name the file.
KERNELS = frozenset(("ntoskrnl", "ntkrnlmp", "ntkrnlpa", "ntkrpamp", "ntkrla57"))
# More frames than any kernel stack has room for say nothing more.
MOST_FRAMES = 512


def annotate(
    frames: Sequence[tuple[str, str]], situation: Situation, traps: Collection[int] = ()
) -> tuple[Annotation, ...]:
    """Return what the rules say of a stack, the most specific first.

    :param frames: module and function of each frame, the innermost first; ``("", "")`` for one without a symbol
    :param traps: the positions of frames that note a trap frame: the frame after one was interrupted
    """
    sites = [plain(module, function) for module, function in frames[:MOST_FRAMES]]
    names = [name for _, name in sites]
    known = index()
    fits = [known.bits(site) for site in sites]
    there = 0
    for bits in fits:
        there |= bits
    prologue = _prologue(names)
    out = []
    for rule, items, needed in known.rules:
        if rule.os != situation.os or (needed & there != needed if sites else not (rule.stackless and rule.when)):
            continue
        places = _places(rule, items, fits, names, prologue) if sites else ()
        if places is None:
            continue
        deduced = _deduced(rule, situation, names, bool(places) and places[0] - 1 in traps)
        if deduced is None:
            continue
        component = ""
        if places and rule.anchor == TOP_NON_WAIT:
            component = frames[places[0] if rule.frames[0] == (ANY,) else places[1]][0]
        out.append(
            Annotation(
                "stack rule", rule.name, rule.title, rule.doing, rule.next, rule.severity, None, component, deduced
            )
        )
    return tuple(out)


def plain(module: str, function: str) -> tuple[str, str]:
    """Return a frame's names as rules spell them: the kernel is nt, and x86 decorations are gone."""
    module = module.lower()
    if module in KERNELS:
        module = "nt"
    if "@" in function:
        base, _, digits = function.rpartition("@")
        if digits.isdigit():  # _IoCompleteRequest@8 and @IofCallDriver@8
            function = base.lstrip("@").removeprefix("_")
    return module, function


def _places(
    rule: Rule, items: Sequence[int], fits: Sequence[int], names: Sequence[str], prologue: int
) -> tuple[int, ...] | None:
    """Return which frame each item of *rule* is, or ``None`` when they are not all there in this order."""
    if rule.anchor == TOP_NON_WAIT and rule.frames[0] == (ANY,):
        return _below_caller(items[1:], fits, names, prologue)
    if rule.anchor not in (TOP, TOP_NON_WAIT):
        return _in_order(items, fits, 0)
    for start in range(min(prologue + 1, len(fits))):
        if fits[start] & items[0]:
            after = _in_order(items[1:], fits, start + 1)
            if after is not None:
                return (start, *after)
    return None


def _in_order(items: Sequence[int], fits: Sequence[int], start: int) -> tuple[int, ...] | None:
    """Find *items* one after another from *start* on. The earliest place of each leaves most for the others."""
    places = []
    at, end = start, len(fits)
    for item in items:
        while at < end and not fits[at] & item:
            at += 1
        if at >= end:
            return None
        places.append(at)
        at += 1
    return tuple(places)


def _below_caller(
    items: Sequence[int], fits: Sequence[int], names: Sequence[str], prologue: int
) -> tuple[int, ...] | None:
    """Find the frame that the first of *items* called, in front of it, unless it is only the wait itself."""
    start = prologue + 1
    while True:
        places = _in_order(items, fits, start)
        if places is None:
            return None
        if names[places[0] - 1] and not _waits(names[places[0] - 1]):
            return (places[0] - 1, *places)
        start = places[0] + 1


def _waits(name: str) -> bool:
    return name in PROLOGUE or name.startswith(WAITS)


def _prologue(names: Sequence[str]) -> int:
    """Return how many frames at the top are the wait itself."""
    count = 0
    while count < len(names) and _waits(names[count]):
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
