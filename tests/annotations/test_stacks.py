"""How stacks are matched: gaps, order, anchors, conditions, and what is deduced."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.annotations.conditions import Situation, holds, with_fact
from dumpwalk.annotations.stack_rules import index
from dumpwalk.annotations.stacks import annotate
from dumpwalk.annotations.subsystems import path, subsystem

WAIT = ["nt!KiSwapContext", "nt!KiSwapThread", "nt!KiCommitThreadWait", "nt!KeWaitForSingleObject"]
COLLIDED = ["nt!MiWaitForCollidedFaultComplete", "nt!MiResolveTransitionFault", "nt!MmAccessFault"]


def names(*frames: str, **known: object) -> list[str]:
    pairs = [(f.partition("!")[0], f.partition("!")[2]) for f in frames]
    return [a.name for a in annotate(pairs, Situation(**known)) if a.kind == "stack rule"]  # type: ignore[arg-type]


def test_frames_may_have_gaps_but_keep_their_order() -> None:
    frames = ["nt!ProbeForWrite", "a!B", "nt!ExpQuerySystemInformation", "nt!NtQuerySystemInformation", "c!D"]

    assert "probe-in-kernel-query" in names(*frames, "nt!KiServiceLinkage")
    assert "probe-in-kernel-query" not in names(*reversed(frames), "nt!KiServiceLinkage")
    assert "probe-in-kernel-query" not in names(*frames)


def test_a_state_comes_from_the_text() -> None:
    assert "collided-page-fault" in names(*COLLIDED, state="WAIT", reason="WrPageIn")
    assert "collided-page-fault" not in names(*COLLIDED, state="WAIT", reason="Executive")
    assert "collided-page-fault" not in names(*COLLIDED, state="RUNNING", reason="WrPageIn")
    assert names(*COLLIDED) == []


def test_frames_of_the_switch_prove_a_wait() -> None:
    pairs = [(f.partition("!")[0], f.partition("!")[2]) for f in [*WAIT, *COLLIDED]]

    found = annotate(pairs, Situation())[0]

    assert found.name == "collided-page-fault"
    assert found.deduced == (
        "the frames of the context switch show that it waits",
        "the reason of the wait (WrPageIn or PageIn) is not printed",
    )
    assert "collided-page-fault" not in names(*WAIT, *COLLIDED, state="RUNNING")


def test_the_first_frame_of_an_anchored_rule_is_above_the_wait() -> None:
    assert "wait-rundown" in names(*WAIT, "nt!ExfWaitForRundownProtectionRelease", "x!Y")
    assert "wait-rundown" not in names(*WAIT, "x!Y", "nt!ExfWaitForRundownProtectionRelease")


def test_the_component_is_what_the_second_frame_called() -> None:
    frames = [
        ("nt", "memcpy"),
        ("EvilFlt", "PreCreate"),
        ("FLTMGR", "FltpPerformPreCallbacks"),
        ("FLTMGR", "FltpCreate"),
    ]

    found = {a.name: a for a in annotate(frames, Situation())}

    assert found["fltmgr-pre-callback"].component == "EvilFlt"
    assert "fltmgr-pre-callback" not in {a.name for a in annotate(frames[2:], Situation())}


def test_the_kernel_has_many_names() -> None:
    for module in ("nt", "NT", "ntoskrnl", "ntkrnlmp", "ntkrnlpa"):
        assert "cc-purge" in names(f"{module}!MmPurgeSection", f"{module}!CcPurgeCacheSection")
    assert "cc-purge" in names("NT!_MmPurgeSection@20", "NT!_CcPurgeCacheSection@16")
    assert names("foo!MmPurgeSection", "foo!CcPurgeCacheSection") == []


def test_a_crash_is_a_condition() -> None:
    frames = ["nt!KeBugCheckEx", "nt!KiBugCheckDispatch", "nt!KiFastFailDispatch", "nt!KiRaiseSecurityCheckFailure"]

    assert "bugcheck-fastfail" in names(*frames, bugcheck=0x139)
    assert "bugcheck-fastfail" not in names(*frames, bugcheck=0xA)
    assert "bugcheck-fastfail" not in names(*frames)


def test_a_rule_may_need_no_stack() -> None:
    assert names(bugcheck=1) == ["apc-index-mismatch"]
    assert names(owner="notepad.exe", attached="System") == ["kernel-handle-close-attached"]
    assert names(owner="System", attached="System") == []
    assert names(bugcheck=0xA) == []


def test_an_interrupted_frame_stands_below_a_trap_frame() -> None:
    frames = [("nt", "KiPageFault"), ("nt", "ExpInterlockedPopEntrySListResume")]

    assert "slist-restart" in [a.name for a in annotate(frames, Situation(), (0,))]
    assert "slist-restart" not in [a.name for a in annotate(frames, Situation(), (1,))]
    assert "slist-restart" not in [a.name for a in annotate(frames, Situation())]


@given(st.lists(st.tuples(st.sampled_from(["nt", "FLTMGR", "", "x"]), st.text(max_size=12)), max_size=40))
def test_any_stack_has_an_answer(frames: list[tuple[str, str]]) -> None:
    annotate(frames, Situation())
    annotate(frames, Situation(state="WAIT", reason="Executive"), range(40))


BY_NAME = {rule.name: rule for rule, _, _ in index().rules}
# Frames of all rules, and those that prove something of a thread; patterns made into names that fit them.
FRAMES = sorted({pattern.replace("*", "X") for rule in BY_NAME.values() for item in rule.frames for pattern in item})
# Only a thread that runs can crash the machine, or be stopped with its processor by an interrupt that can't be masked.
RAN = {
    *("KeBugCheckEx", "KiFreezeTargetExecution", "KeFreezeExecution"),
    *("KiProcessNMI", "KiNmiInterrupt", "KxNmiInterrupt"),
}
PROOFS = [*WAIT, "nt!KeBugCheckEx", "nt!KiFreezeTargetExecution", "nt!PspSystemThreadStartup", "nt!ExpWorkerThread"]


@st.composite
def stacks(draw: st.DrawFn) -> list[str]:
    """Return frames of a rule in order, with others between, in front and behind."""
    rule = draw(st.sampled_from(sorted(BY_NAME)))
    out: list[str] = draw(st.lists(st.sampled_from(PROOFS + FRAMES), max_size=5))
    for item in BY_NAME[rule].frames:
        out.append(draw(st.sampled_from(item)).replace("*", "X"))
        out += draw(st.lists(st.sampled_from(FRAMES), max_size=2))
    return out


@given(stacks(), st.sampled_from(["windows", "linux", "macos"]))
@settings(max_examples=400)
def test_frames_alone_fulfil_no_condition_but_those_they_prove(frames: list[str], os: str) -> None:
    pairs = [(f.partition("!")[0], f.partition("!")[2]) for f in frames]
    names = [name for _, name in pairs]

    for found in annotate(pairs, Situation(os)):
        for term in BY_NAME[found.name].when:
            key, _, wanted = term.partition("=")
            waits = any(name in ("KiSwapContext", "KiSwapThread", "KiCommitThreadWait") for name in names[:4])
            proven = {
                "state": waits if wanted == "WAIT" else RAN & set(names),
                "reason": waits,
                "mode": waits,
                "worker": {"ExpWorkerThread", "PspSystemThreadStartup"} <= set(names),
            }
            assert proven.get(key), f"{found.name} applies without {term}"
            assert found.deduced or key == "worker"


@given(stacks(), st.sampled_from([None, 0x1, 0xA, 0x3B, 0x7E, 0x9F, 0xC4, 0x133, 0x139]))
@settings(max_examples=200)
def test_the_most_specific_rule_comes_first(frames: list[str], bugcheck: int | None) -> None:
    pairs = [(f.partition("!")[0], f.partition("!")[2]) for f in frames]

    found = [BY_NAME[a.name] for a in annotate(pairs, Situation(state="RUNNING", bugcheck=bugcheck))]

    assert [(-rule.specificity, -len(rule.frames), rule.name) for rule in found] == sorted(
        (-rule.specificity, -len(rule.frames), rule.name) for rule in found
    )


def test_a_fact_is_noted_once_and_there_are_few() -> None:
    situation = Situation()
    for number in range(100):
        situation = with_fact(with_fact(situation, "processor-hog"), f"fact {number}")

    assert situation.facts.count("processor-hog") == 1
    assert len(situation.facts) == 32


def test_what_is_not_known_does_not_hold() -> None:
    for term in (
        "attached=System",
        "object=Thread",
        "bugcheck=1",
        "fact=workers-exhausted",
        "interrupted",
        "nonsense=1",
    ):
        assert holds(term, Situation(), ["KeBugCheckEx", *(f.partition("!")[2] for f in WAIT)]) == (False, "")


@pytest.mark.parametrize(
    ("module", "function", "component"),
    [
        ("nt", "MmAccessFault", "memory manager"),
        ("ntkrnlmp", "MiWaitForInPageComplete", "memory manager internals"),
        ("nt", "NtfsX", "NTFS"),
        ("nt", "NtReadFile", "system service"),
        ("nt", "Minute", ""),
        ("nt", "memcpy", ""),
        ("nt", "", ""),
        ("WDFILTER", "anything", "Microsoft Defender filter (Mp)"),
        ("unknown", "MmAccessFault", ""),
    ],
)
def test_subsystems(module: str, function: str, component: str) -> None:
    assert subsystem(module, function) == component


def test_the_path_of_a_stack_says_each_step_once() -> None:
    frames = [("nt", "MiDispatchFault"), ("nt", "MmAccessFault"), ("nt", "memcpy"), ("nt", "CcCopyRead")]

    assert path(frames) == ("memory manager", "cache manager")
