"""0xF4 CRITICAL_OBJECT_TERMINATION: parameter 2 is a process or a thread, as parameter 1 says."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

# Documented with the bug check; the numbers are those of the object types on old systems.
OBJECTS = {3: "process", 6: "thread"}


@BUGCHECKS.add("critical_object_termination")
def critical_object_termination(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Give the object its kind."""
    kind = OBJECTS.get(bugcheck.parameters[0].given or 0)
    return bugcheck.with_parameter(2, kind=kind).explained(headline=f"critical {kind} ended") if kind else bugcheck
