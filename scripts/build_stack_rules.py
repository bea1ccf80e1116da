"""Writes ``dumpwalk/annotations/stack_rules.txt`` and ``subsystems.txt`` out of collected facts.

    python scripts/build_stack_rules.py RULES.yaml SUBSYSTEMS.json

The facts are the project's own wording. What a rule says of the thread, the
processor or the machine in words becomes conditions that a program can check;
a wording that is not listed here is an error, not a rule without conditions.
Needs PyYAML, which dumpwalk itself does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "dumpwalk" / "annotations"

# What the facts call the thread's state -> conditions; see dumpwalk/annotations/conditions.py.
STATES = {
    "WAIT": "state=WAIT",
    "WAIT, WrPageIn or PageIn": "state=WAIT reason=WrPageIn,PageIn",
    "WAIT WrPageIn or PageIn": "state=WAIT reason=WrPageIn,PageIn",
    "system worker thread": "worker",
    "WAIT DelayExecution KernelMode": "state=WAIT reason=DelayExecution mode=KernelMode",
    "WAIT DelayExecution": "state=WAIT reason=DelayExecution,WrDelayExecution",
    "WAIT Executive KernelMode, wait object is a Thread": "state=WAIT reason=Executive mode=KernelMode object=Thread",
    "WAIT WrResource": "state=WAIT reason=WrResource",
    "WAIT WrFastMutex or WrGuardedMutex": "state=WAIT reason=WrFastMutex,WrGuardedMutex",
    "WAIT WrPushLock (older: Executive/gate)": "state=WAIT reason=WrPushLock,Executive",
    "WAIT WrQueue": "state=WAIT reason=WrQueue",
    "WAIT WrLpcReply": "state=WAIT reason=WrLpcReply",
    "WAIT WrLpcReceive": "state=WAIT reason=WrLpcReceive",
    "WAIT UserRequest": "state=WAIT reason=UserRequest",
    "WAIT WrKeyedEvent or WrAlertByThreadId": "state=WAIT reason=WrKeyedEvent,WrAlertByThreadId",
    "WAIT Executive": "state=WAIT reason=Executive",
    "WAIT WrFreePage or FreePage": "state=WAIT reason=WrFreePage,FreePage",
    "WAIT WrUserRequest": "state=WAIT reason=WrUserRequest",
    "WAIT Suspended": "state=WAIT reason=Suspended",
}
# The same of further conditions.
CONDITIONS = {
    "thread.attached_process == System and thread.owning_process != System": "attached=System",
    "trap frame RIP between ExpInterlockedPopEntrySListResume and ExpInterlockedPopEntrySListEnd": "interrupted",
    "wait object is a Mutant": "object=Mutant",
    "aggregate: every thread of one work queue matches ExpWorkerThread and none is idle": "fact=workers-exhausted",
    "thread RUNNING at dump time, CPU time far above others": "state=RUNNING fact=processor-hog",
    "ControlArea.u.Flags.BeingDeleted or ControlArea.WaitingForDeletion != 0": "fact=section-being-deleted",
    "processor running": "state=RUNNING",
}
# Rules whose conditions say it all: where no stack is shown they apply without one.
WITHOUT_FRAMES = {"seed-apc-index-mismatch", "seed-kernel-handle-close-attached"}


def main() -> int:
    """Write both files; return the exit status."""
    import yaml

    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    rules = yaml.safe_load(Path(sys.argv[1]).read_text("utf-8"))["rules"]
    (OUT / "stack_rules.txt").write_text(_rules_text(rules), "utf-8")
    subsystems = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    (OUT / "subsystems.txt").write_text(_subsystems_text(subsystems), "utf-8")
    return 0


def _rules_text(rules: list[dict[str, Any]]) -> str:
    paragraphs = [
        "# What call stacks mean. Written by scripts/build_stack_rules.py; docs/formats.md explains the lines.\n"
        "# Frames are listed from the innermost outwards; > parts them, | alternatives; any frames may lie between."
    ]
    names = [r["id"].removeprefix("seed-") for r in rules]
    assert len(set(names)) == len(names)
    for rule in rules:
        frames = [[item] if isinstance(item, str) else item for item in rule["frames"]]
        lines = [
            f"rule: {rule['id'].removeprefix('seed-')}",
            f"title: {rule['title']}",
            f"os: {rule['os']}",
            f"severity: {rule['severity']}",
            f"specificity: {rule['specificity']}",
            "frames: " + " > ".join("|".join(f.replace(" ", "") for f in item) for item in frames),
        ]
        if "anchor" in rule:
            lines.append(f"anchor: {rule['anchor']}")
        conditions = _conditions(rule)
        if conditions:
            lines.append(f"when: {conditions}")
        if rule["id"] in WITHOUT_FRAMES:
            lines.append("stackless: yes")
        lines.append(f"doing: {_one_line(rule['doing'])}")
        lines += [f"next: {_one_line(step)}" for step in rule["next"]]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs) + "\n"


def _conditions(rule: dict[str, Any]) -> str:
    terms = []
    if "thread_state" in rule:
        terms.append(STATES[rule["thread_state"]])
    if "condition" in rule:
        terms.append(CONDITIONS[rule["condition"]])
    if "bugcheck" in rule:
        terms.append("bugcheck=" + ",".join(f"{int(code, 16):x}" for code in rule["bugcheck"]))
    return " ".join(dict.fromkeys(" ".join(terms).split()))


# The facts speak of the case each was first met in; a rule speaks of any.
CASES = {
    "In the seed this is": "It may be",
    "In the post the cause is": "A known cause is",
    "In the post the thread waits": "A known case waits",
}


def _one_line(text: str) -> str:
    for said, instead in CASES.items():
        text = text.replace(said, instead)
    first = text.split()[0]
    if first.islower() and first.rstrip(";:,.").isalpha():
        text = text[:1].upper() + text[1:]
    return " ".join(text.split())


def _subsystems_text(facts: dict[str, Any]) -> str:
    lines = ["# Components of the kernel by the prefix of a function's name, and by module.", ""]
    lines += [f"prefix {prefix}: {what}" for prefix, what in sorted(facts["function_prefix"].items())]
    for entry in facts["module"]:
        lines += [f"module {name}: {entry['what']}" for name in entry["modules"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
