"""0x124 WHEA_UNCORRECTABLE_ERROR: a machine check's status register is in parameters 3 and 4."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS
from dumpwalk.bugchecks.machine_check import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery


@BUGCHECKS.add("whea_uncorrectable_error")
def whea_uncorrectable_error(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Say what ``IA32_MCi_STATUS`` holds where the error is a machine check of an x86 or x64 processor."""
    source, _, high, low = (p.given for p in bugcheck.parameters)
    if machinery.machine is not None and machinery.machine.name not in ("x86", "x64"):
        return bugcheck
    if source == 0 and high is not None and low is not None and (high or low):
        status = (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF
        bugcheck = bugcheck.explained(f"MCi_STATUS is {status:016x}: {describe(status)}.")
    return bugcheck.explained("The error record (!errrec on parameter 2) has the details; suspect hardware first.")
