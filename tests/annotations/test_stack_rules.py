"""The rules as data: all of them load, and each fits the stack that it describes itself."""

from __future__ import annotations

import pytest

from dumpwalk.annotations.conditions import Situation
from dumpwalk.annotations.stack_rules import Rule, index, matcher
from dumpwalk.annotations.stacks import annotate

RULES = [rule for rule, _, _ in index().rules]
WAIT = [("nt", "KiSwapContext"), ("nt", "KiSwapThread"), ("nt", "KiCommitThreadWait")]


def stack_of(rule: Rule) -> list[tuple[str, str]]:
    """Return a stack that a rule describes, with other frames between."""
    frames: list[tuple[str, str]] = []
    for item in rule.frames:
        module, _, function = item[0].partition("!")
        frames.append((module.replace("*", "drv"), function.replace("*", "X")))
        if rule.anchor != "top_non_wait" or len(frames) > 1:
            frames.append(("other", "Between"))
    return frames


def situation_of(rule: Rule) -> Situation:
    """Return a situation in which every condition of a rule is known to hold."""
    known: dict[str, object] = {"os": rule.os}
    facts = []
    for term in rule.when:
        key, _, wanted = term.partition("=")
        first = wanted.split(",")[0]
        if key == "bugcheck":
            known[key] = int(first, 16)
        elif key == "object":
            known["objects"] = (first,)
        elif key == "attached":
            known |= {"attached": first, "owner": "notepad.exe"}
        elif key == "worker":
            known["owner"] = "System"
        elif key == "fact":
            facts.append(first)
        elif key != "interrupted":
            known[key] = first
    return Situation(**known, facts=tuple(facts))  # type: ignore[arg-type]


def test_all_rules_are_there() -> None:
    assert len(RULES) == 124
    assert len({rule.name for rule in RULES}) == 124
    assert {rule.os for rule in RULES} == {"windows", "linux", "macos"}
    assert all(rule.doing and rule.next and rule.title for rule in RULES)


def test_the_most_specific_comes_first() -> None:
    assert [r.specificity for r in RULES] == sorted((r.specificity for r in RULES), reverse=True)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_fits_what_it_describes(rule: Rule) -> None:
    frames = stack_of(rule)
    traps: tuple[int, ...] = ()
    if "interrupted" in rule.when:
        frames, traps = [("nt", "KiPageFault"), *frames], (0,)

    found = annotate(frames, situation_of(rule), traps)

    assert rule.name in [a.name for a in found]


@pytest.mark.parametrize("rule", [r for r in RULES if r.when], ids=lambda rule: rule.name)
def test_a_rule_with_conditions_never_applies_on_frames_alone(rule: Rule) -> None:
    found = annotate(stack_of(rule), Situation(rule.os))

    assert rule.name not in [a.name for a in found]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_of_one_system(rule: Rule) -> None:
    assert rule.name not in [a.name for a in annotate(stack_of(rule), Situation("other"))]


@pytest.mark.parametrize(
    ("pattern", "module", "function", "fits"),
    [
        ("nt!CcFlushCache*", "nt", "CcFlushCachePriv", True),
        ("nt!CcFlushCache*", "nt", "CcFlush", False),
        ("win32k*!xxxSleepThread*", "win32kfull", "xxxSleepThread2", True),
        ("*!*AcquireForLazyWrite*", "ntfs", "NtfsAcquireForLazyWrite", True),
        ("*!*AcquireForLazyWrite*", "ntfs", "NtfsRelease", False),
        ("VerifierExt!SLIC_*abort*", "verifierext", "SLIC_x_abort_y", True),
        ("VerifierExt!SLIC_*abort*", "verifierext", "SLIC_x", False),
        ("*!*", "", "", True),
    ],
)
def test_patterns(pattern: str, module: str, function: str, fits: bool) -> None:
    assert matcher(pattern)(module, function) is fits
