"""0x1E KMODE_EXCEPTION_NOT_HANDLED: parameters 3 and 4 are the exception's own first two parameters."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS, Parameter
from dumpwalk.bugchecks.decoder import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

# EXCEPTION_RECORD documentation (winnt.h): both exceptions have the kind of access and the address.
ACCESS_VIOLATION = 0xC0000005
IN_PAGE_ERROR = 0xC0000006
ACCESS = {0: "read", 1: "write", 8: "execute"}


@BUGCHECKS.add("kmode_exception_not_handled")
def kmode_exception_not_handled(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Read the exception's parameters where the exception is one that has an address."""
    code, _, access, address = (p.given for p in bugcheck.parameters)
    if code is None or code & 0xFFFFFFFF not in (ACCESS_VIOLATION, IN_PAGE_ERROR) or access is None or address is None:
        return bugcheck
    where = address_of(address, bugcheck, machinery)
    third = Parameter(
        bugcheck.parameters[2].value, "access kind", ACCESS.get(access, "not a documented value"), "access"
    )
    changed = bugcheck.replaced(3, third).replaced(4, where)
    if address in (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF) and access == 0:
        # A general protection fault has no address; the kernel reports it as a read of -1.
        return changed.with_parameter(
            4, decoded="no real address: a general protection fault, usually an address that is not canonical"
        )
    return changed
