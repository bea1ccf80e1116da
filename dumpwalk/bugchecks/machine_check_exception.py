"""0x9C MACHINE_CHECK_EXCEPTION: what WHEA_UNCORRECTABLE_ERROR was called before Windows Vista."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS
from dumpwalk.bugchecks.machine_check import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery


@BUGCHECKS.add("machine_check_exception")
def machine_check_exception(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Say what ``IA32_MCi_STATUS`` holds, and that very old processors report something else."""
    _, _, high, low = (p.given for p in bugcheck.parameters)
    if high is not None and low is not None:
        status = (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF
        bugcheck = bugcheck.explained(f"MCi_STATUS is {status:016x}: {describe(status)}.")
    if machinery.machine is None or machinery.machine.name == "x86":
        bugcheck = bugcheck.explained(
            "On an x86 processor without machine-check architecture (Pentium), parameter 1 is the low half of "
            "P5_MC_TYPE, and parameters 3 and 4 are the halves of P5_MC_ADDR instead."
        )
    return bugcheck
