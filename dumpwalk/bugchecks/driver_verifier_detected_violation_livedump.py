"""0x1C4 DRIVER_VERIFIER_DETECTED_VIOLATION_LIVEDUMP: the violations of 0xC4, reported without a crash."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS
from dumpwalk.bugchecks.decoder import decoded_bugcheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

DRIVER_VERIFIER_DETECTED_VIOLATION = 0xC4


@BUGCHECKS.add("driver_verifier_detected_violation_livedump")
def driver_verifier_detected_violation_livedump(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Decode the parameters as those of 0xC4, where parameter 1 is one of its cases."""
    given = [p.given for p in bugcheck.parameters]
    values = [v for v in given if v is not None]
    twin = decoded_bugcheck(DRIVER_VERIFIER_DETECTED_VIOLATION, values, machinery)
    if not twin.headline:
        return bugcheck
    for number, parameter in enumerate(twin.parameters, 1):
        bugcheck = bugcheck.replaced(number, parameter)
    return bugcheck.explained(*twin.explanation, headline=twin.headline)
