"""What a rule asks of a thread beside its frames, and whether that is known to hold."""

from __future__ import annotations

from dumpwalk.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A thread whose newest frames are these is not running: it was switched out in a wait.
SWITCHED_OUT = ("KiSwapContext", "KiSwapThread", "KiCommitThreadWait")
# The frames of the wait itself, above the function that waits.
PROLOGUE = (*SWITCHED_OUT, "KiSwapContextReturn", "SwapContext", "KiQuantumEnd")
WAITS = "KeWaitFor"
# Whoever calls this runs; so did a thread whose processor was then told to stand still for the dump.
_CRASHES = "KeBugCheckEx"
_FROZEN = ("KiFreezeTargetExecution", "KeFreezeExecution", "KiProcessNMI", "KiNmiInterrupt", "KxNmiInterrupt")
# Facts of one text are few; a text of many is a collection of logs.
_MOST_FACTS = 32


@record
class Situation:
    """What is known of the thread a stack is of, and of its machine; ``""`` and ``None`` are "not known".

    :param os: ``windows``, ``linux`` or ``macos``
    :param state: ``WAIT``, ``RUNNING``, ``READY``, ...
    :param reason: KWAIT_REASON as ``!thread`` prints it
    :param mode: ``KernelMode`` or ``UserMode``
    :param objects: types of the objects it waits for, as ``!thread`` prints them
    :param owner: image of the process it belongs to
    :param attached: image of the process it is attached to
    :param bugcheck: code of the crash
    :param facts: names of further facts that somebody who has seen more than this stack established:
        ``workers-exhausted``, ``processor-hog``, ``section-being-deleted``, and those of :func:`in_system`
    :param bugcheck_by: what shows the code of the crash when the text does not say it
    :param interrupted: the function that a trap frame shown elsewhere returns to, ``module!function``
    """

    os: str = "windows"
    state: str = ""
    reason: str = ""
    mode: str = ""
    objects: tuple[str, ...] = ()
    owner: str = ""
    attached: str = ""
    bugcheck: int | None = None
    facts: tuple[str, ...] = ()
    bugcheck_by: str = ""
    interrupted: str = ""


def with_fact(situation: Situation, fact: str) -> Situation:
    """Return *situation* with one more fact, unless it is known already."""
    if fact in situation.facts or len(situation.facts) >= _MOST_FACTS:
        return situation
    return replace(situation, facts=(*situation.facts, fact))


def in_system(thread: int) -> str:
    """Return the fact that *thread*, an address, is attached to System."""
    return f"in-system {thread:x}"


def holds(term: str, situation: Situation, names: Sequence[str], interrupted: bool = False) -> tuple[bool, str]:
    """Return whether one condition is known to hold, and what that was deduced from when the text does not say it.

    What is not known does not hold, with one exception: frames of the context
    switch show that a thread waits, and the function that waits passes its
    reason and mode as constants. Where those frames are there and the text
    prints no state, the rule's own wait is taken for granted, and said so.

    :param names: the functions of the stack, innermost first
    :param interrupted: the frame that a rule begins with is where a trap frame returns to
    """
    key, _, wanted = term.partition("=")
    choices = wanted.split(",")
    waits = not situation.state and any(name in SWITCHED_OUT for name in names[:4])
    if key == "state":
        if situation.state:
            return situation.state in choices, ""
        if wanted == "RUNNING":
            return _ran(names)
        return waits and wanted == "WAIT", "the frames of the context switch show that it waits"
    if key in ("reason", "mode"):
        printed = situation.reason if key == "reason" else situation.mode
        if printed or not waits:
            return printed in choices, ""
        return True, f"the {key} of the wait ({wanted.replace(',', ' or ')}) is not printed"
    if key == "object":
        return any(o.startswith(wanted) for o in situation.objects), ""
    if key == "attached":
        return situation.attached == wanted and situation.owner not in ("", wanted), ""
    if key == "worker":
        return ("ExpWorkerThread" in names and "PspSystemThreadStartup" in names) or situation.owner == "System", ""
    if key == "interrupted":
        return interrupted, ""
    if key == "bugcheck":
        return situation.bugcheck is not None and f"{situation.bugcheck:x}" in choices, situation.bugcheck_by
    return key == "fact" and wanted in situation.facts, ""


def _ran(names: Sequence[str]) -> tuple[bool, str]:
    """Return whether the frames show that the thread ran when the dump was taken, and which of them does."""
    if _CRASHES in names:
        return True, f"a thread that calls {_CRASHES} runs"
    frozen = next((name for name in names if name in _FROZEN), "")
    return bool(frozen), f"{frozen} stops the processor that the thread ran on"
