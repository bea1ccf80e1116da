"""0x50 PAGE_FAULT_IN_NONPAGED_AREA: the numbers for the kind of access changed with Windows 10 on x86 and x64.

Since Windows 10 1507 the number is what is left of the processor's page fault
error code there (Intel SDM volume 3, "Page-Fault Exceptions": bit 1 write, bit
4 instruction fetch); before, and on ARM, it is the memory manager's 1 and 8.
(8 is documented for ARM alone, but Windows 7 on x86 reports it as well, with
parameters 1 and 3 the same.)

Parameter 4 was reserved before Windows 10, as the debuggers of that time say:
there its 0 does not mean what the documentation says today.
"""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

WINDOWS_10_1507 = 10240
UNKNOWN = "not a documented value"
OLD = {0: "read", 1: "write", 8: "execute"}


@BUGCHECKS.add("page_fault_in_nonpaged_area")
def page_fault_in_nonpaged_area(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Give the one reading that fits the machine, when it is known."""
    access, _, fault = (p.given for p in bugcheck.parameters[1:])
    if fault == 0 and (machinery.build is None or machinery.build < WINDOWS_10_1507):
        bugcheck = bugcheck.with_parameter(4, decoded=f"{bugcheck.parameters[3].decoded}; reserved before Windows 10")
    return bugcheck if access is None else bugcheck.with_parameter(2, decoded=_access(access, machinery))


def _access(value: int, machinery: Machinery) -> str:
    old, new = OLD.get(value), _error_code(value)
    intel = machinery.machine is None or machinery.machine.name in ("x86", "x64")
    if intel and machinery.build is None:
        if value and old:
            return f"{old} (older, ARM)"
        return f"{new} (x86/x64 since 1507)" if value and new else new or UNKNOWN
    fitting, other = (new, old) if intel and (machinery.build or 0) >= WINDOWS_10_1507 else (old, new)
    return fitting or (f"{other}, though not documented for this build" if other else UNKNOWN)


def _error_code(value: int) -> str | None:
    """Return what a page fault error code says; ``None`` when *value* has bits that are none of it.

    The documentation has 0, 2 and 0x10. Bit 0, "page-level protection
    violation", is seen as well: 0x11 in a dump of build 19041 whose parameters
    1 and 3 are the same.
    """
    if value & ~0x1F:
        return None
    access = "execute" if value & 0x10 else "write" if value & 2 else "read"
    return f"{access}, forbidden by the page's protection" if value & 1 else access
