"""What a rule asks of a thread beside its frames, and whether that is known to hold."""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A thread whose newest frames are these is not running: it was switched out in a wait.
SWITCHED_OUT = ("KiSwapContext", "KiSwapThread", "KiCommitThreadWait")
# The frames of the wait itself, above the function that waits.
PROLOGUE = (*SWITCHED_OUT, "KiSwapContextReturn", "SwapContext", "KiQuantumEnd")
WAITS = "KeWaitFor"


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
    :param facts: names of further facts that somebody who has seen more than this stack established
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
        return situation.bugcheck is not None and f"{situation.bugcheck:x}" in choices, ""
    return key == "fact" and wanted in situation.facts, ""
