"""0x1 APC_INDEX_MISMATCH: a thread leaves a system call with APCs disabled, enabled too often, or attached.

The folklore. On the way back to user mode (and after each work item) the
kernel looks whether the thread's ``CombinedApcDisable`` is 0 and its
``ApcStateIndex`` is 0. The code that unbalanced them has long returned, so its
name is not on the stack; what is left is the sign of the count.

Typical case: a file system filter calls ``FsRtlEnterFileSystem`` (which is
``KeEnterCriticalRegion``) before passing an IRP down, and an error path returns
without ``FsRtlExitFileSystem``. ``KernelApcDisable`` stays at -1 and parameter 3
reads ``0000ffff``. Mutexes count as well: waiting for a ``KMUTEX`` disables
normal kernel APCs until ``KeReleaseMutex``, so a thread that goes back to user
mode with one looks the same.

Two parameters differ from their documentation in real x64 dumps. Parameter 1
is often a user-mode address: where the system call was made (in ntdll or
win32u), not the kernel's routine; it tells which call it was once that
module's symbols are at hand. Parameter 4 is often neither call type, 0 or 1,
but an address on the kernel stack, where the trap frame of the call lies.
"""

from __future__ import annotations

from dumpwalk.bugchecks import BUGCHECKS
from dumpwalk.kernel.apc import CombinedApcDisable, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.bugchecks import BugCheck, Machinery

# The last build whose KernelApcDisable is 32 bits wide, with nothing beside it (public symbols: XP, not Server 2003).
XP = 2600


@BUGCHECKS.add("apc_index_mismatch")
def apc_index_mismatch(bugcheck: BugCheck, machinery: Machinery) -> BugCheck:
    """Say which side is unbalanced, and what driver error does that."""
    site, index, counts, call = (p.given for p in bugcheck.parameters)
    if site is not None and bugcheck.parameters[0].decoded == "user-mode address":
        bugcheck = bugcheck.with_parameter(1, decoded="user-mode address: where the system call was made")
    if counts is not None:
        apc = _counts(counts, machinery)
        bugcheck = bugcheck.with_parameter(
            3, decoded=f"SpecialApcDisable {apc.SpecialApcDisable}, KernelApcDisable {apc.KernelApcDisable}"
        ).explained(*_who(apc, index), headline=_headline(apc, index))
        if machinery.build is None and 0xFFFF8000 <= counts <= 0xFFFFFFFF and _may_be_32_bit(machinery):
            bugcheck = bugcheck.explained(
                f"On Windows XP parameter 3 is one 32-bit KernelApcDisable: {counts - 0x100000000}."
            )
    if call is not None:
        bugcheck = bugcheck.with_parameter(4, "trap_frame" if call >= 0x80000000 else None, _call(call))
    return bugcheck


def _may_be_32_bit(machinery: Machinery) -> bool:
    """Return whether the machine is, or may be, a 32-bit one."""
    return machinery.machine is None or machinery.machine.pointer_size == 4


def _counts(value: int, machinery: Machinery) -> CombinedApcDisable:
    if machinery.build is not None and machinery.build <= XP and _may_be_32_bit(machinery):
        return CombinedApcDisable(0, (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)
    return split(value)


def _who(apc: CombinedApcDisable, index: int | None) -> list[str]:
    """Return a sentence for each thing that is unbalanced."""
    said = []
    kernel, special = apc.KernelApcDisable, apc.SpecialApcDisable
    if kernel < 0:
        said.append(
            f"KernelApcDisable is {kernel}: normal kernel APCs were disabled {_times(-kernel)} "
            "without being enabled again. A driver called KeEnterCriticalRegion or FsRtlEnterFileSystem "
            "without the matching leave, or kept a mutex it had acquired."
        )
    if kernel > 0:
        said.append(
            f"KernelApcDisable is {kernel}: normal kernel APCs were enabled {_times(kernel)} too often. "
            "A driver called KeLeaveCriticalRegion or FsRtlExitFileSystem without the matching enter."
        )
    if special < 0:
        said.append(
            f"SpecialApcDisable is {special}: all APCs were disabled {_times(-special)} without being enabled again. "
            "A driver called KeEnterGuardedRegion without KeLeaveGuardedRegion, "
            "or kept a guarded mutex it had acquired."
        )
    if special > 0:
        said.append(
            f"SpecialApcDisable is {special}: all APCs were enabled {_times(special)} too often. "
            "A driver called KeLeaveGuardedRegion, or released a guarded mutex, without the matching enter."
        )
    if index == 1:
        said.append(
            "ApcStateIndex is 1: the thread is still attached to another process. "
            "A driver called KeStackAttachProcess without KeUnstackDetachProcess."
        )
    if not said and index == 0:
        said.append("Both counts and ApcStateIndex are 0, so these parameters don't show what was unbalanced.")
    elif kernel or special:
        said.append(
            "The culprit has returned already, so it need not be on the stack: "
            "suspect the drivers the call went through."
        )
    return said


def _headline(apc: CombinedApcDisable, index: int | None) -> str:
    counts = (("KernelApcDisable", apc.KernelApcDisable), ("SpecialApcDisable", apc.SpecialApcDisable))
    said = [f"{name} is {count}" for name, count in counts if count]
    return ", ".join([*said, "still attached to another process"] if index == 1 else said)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _call(value: int) -> str:
    documented = "documented as call type (0 system call, 1 worker routine)"
    if value in (0, 1):
        name = ("system call", "worker routine")[value]
        return f"{name}; {documented}, in many real dumps a kernel stack address instead"
    if value >= 0x80000000:
        return f"{documented}; a kernel pointer, as here, is an address on the kernel stack (the call's trap frame)"
    return f"{documented}; in many real dumps a kernel stack address; this is neither"
