"""0x1A MEMORY_MANAGEMENT: a page table entry that one flipped bit explains points at the memory chips."""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

DAMAGED_PTE = 0x41792


@BUGCHECKS.add("memory_management")
def memory_management(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Look for a single bit in the contents that 0x41792 reports; the entry should have been zero."""
    which, _, low, high = (p.given for p in bugcheck.parameters)
    if which != DAMAGED_PTE or low is None or high is None:
        return bugcheck
    contents = (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF if low <= 0xFFFFFFFF else low
    bugcheck = bugcheck.explained(f"The page table entry holds {contents:016x}.")
    if contents and not contents & contents - 1:
        bit = contents.bit_length() - 1
        bugcheck = bugcheck.explained(
            f"Only bit {bit} of it is set: a single flipped bit is typical of failing memory."
        )
    return bugcheck
