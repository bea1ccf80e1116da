"""0xEF CRITICAL_PROCESS_DIED: parameter 1 is a process, or a thread when parameter 2 is 1."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery


@BUGCHECKS.add("critical_process_died")
def critical_process_died(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Give the object its kind."""
    return bugcheck.with_parameter(1, kind="thread") if bugcheck.parameters[1].given == 1 else bugcheck
