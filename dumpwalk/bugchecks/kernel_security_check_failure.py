"""0x139 KERNEL_SECURITY_CHECK_FAILURE: the kernel's ``__fastfail``; parameter 1 is a ``FAST_FAIL_*`` code."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS
from dumpwalk.bugchecks.ntstatus import fast_fail_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery


@BUGCHECKS.add("kernel_security_check_failure")
def kernel_security_check_failure(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Name the code as winnt.h does, which has more of them than the documentation of the bug check."""
    code = bugcheck.parameters[0]
    if code.given is None or (name := fast_fail_code(code.given)) is None:
        return bugcheck
    decoded = f"FAST_FAIL_{name}" + (f": {code.decoded}" if code.decoded else "")
    if not code.decoded:  # the sentence that the table has no such case is no longer true
        others = [s for s in bugcheck.explanation if not s.startswith("No documented case")]
        bugcheck = bugcheck.only_explained(*others)
    return bugcheck.with_parameter(1, kind="fast_fail", decoded=decoded).explained(headline=code.decoded or decoded)
