"""The field offsets and structure sizes that the kernel notes for debuggers in KDDEBUGGER_DATA64.

They are the dump's own word on its layouts, on any architecture and in any
build. Names are those of ``KDDEBUGGER_DATA64`` in the public header wdbgexts.h.
"""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Numbers(Protocol):
        """What is asked of the debugger data block."""

        def get(self, name: str) -> int | None:
            """Return the field called *name*, ``None`` when the block is too short to have it."""


@record
class Offset:
    """A field that the block locates.

    :param name: the block's field that holds the offset
    :param size: bytes of the located field where no type information of its architecture says so;
        0 is a pointer. On ARM, ``CpuType`` is the four bytes of the main ID register
    """

    name: str
    struct: str
    path: str
    size: int = 0


# Checked against the types of a 19041 kernel, whose block agrees in all of them.
OFFSETS = (
    Offset("OffsetKThreadTeb", "_ETHREAD", "Tcb.Teb"),
    Offset("OffsetKThreadKernelStack", "_ETHREAD", "Tcb.KernelStack"),
    Offset("OffsetKThreadInitialStack", "_ETHREAD", "Tcb.InitialStack"),
    Offset("OffsetKThreadApcProcess", "_ETHREAD", "Tcb.ApcState.Process"),
    Offset("OffsetKThreadState", "_ETHREAD", "Tcb.State", 1),
    Offset("OffsetKThreadNextProcessor", "_ETHREAD", "Tcb.NextProcessor", 4),
    Offset("OffsetKThreadStackLimit", "_ETHREAD", "Tcb.StackLimit"),
    Offset("OffsetKThreadStackBase", "_ETHREAD", "Tcb.StackBase"),
    Offset("OffsetKThreadQueueListEntry", "_ETHREAD", "Tcb.QueueListEntry"),
    Offset("OffsetKThreadWaitReason", "_ETHREAD", "Tcb.WaitReason", 1),
    Offset("OffsetEThreadIrpList", "_ETHREAD", "IrpList"),
    Offset("OffsetEprocessPeb", "_EPROCESS", "Peb"),
    Offset("OffsetEprocessParentCID", "_EPROCESS", "InheritedFromUniqueProcessId"),
    Offset("OffsetEprocessDirectoryTableBase", "_EPROCESS", "Pcb.DirectoryTableBase"),
    Offset("OffsetEProcessMmHotPatchContext", "_EPROCESS", "MmHotPatchContext"),
    Offset("OffsetPrcbCurrentThread", "_KPRCB", "CurrentThread"),
    Offset("OffsetPrcbMhz", "_KPRCB", "MHz", 4),
    Offset("OffsetPrcbCpuType", "_KPRCB", "CpuType", 4),
    Offset("OffsetPrcbVendorString", "_KPRCB", "VendorString", 13),
    Offset("OffsetPrcbProcStateContext", "_KPRCB", "ProcessorState.ContextFrame"),
    Offset("OffsetPrcbProcStateSpecialReg", "_KPRCB", "ProcessorState.SpecialRegisters"),
    Offset("OffsetPrcbNumber", "_KPRCB", "Number", 4),
    Offset("OffsetPrcbContext", "_KPRCB", "Context"),
    Offset("OffsetPrcbIdleThread", "_KPRCB", "IdleThread"),
    Offset("OffsetPrcbDpcStack", "_KPRCB", "DpcStack"),
    Offset("OffsetPrcbIsrStack", "_KPRCB", "IsrStack"),
    Offset("OffsetPrcbDpcRoutine", "_KPRCB", "DpcRoutineActive", 1),
)

SIZES = {"_EPROCESS": "SizeEProcess", "_ETHREAD": "SizeEThread", "_KPRCB": "SizePrcb"}

# Symbols by the fields of the block that point to them. NtBuildLab points to
# the extended string where the kernel has one.
POINTERS = {
    "PsLoadedModuleList": ("PsLoadedModuleList",),
    "PsActiveProcessHead": ("PsActiveProcessHead",),
    "MmPfnDatabase": ("MmPfnDatabase",),
    "KiProcessorBlock": ("KiProcessorBlock",),
    "NtBuildLab": ("NtBuildLabEx", "NtBuildLab"),
    "MmUnloadedDrivers": ("MmUnloadedDrivers",),
    "MmLastUnloadedDriver": ("MmLastUnloadedDriver",),
    "MmVerifierData": ("MmVerifierData",),
    "KiBugcheckData": ("KiBugCheckData",),
    "IopTriageDumpDataBlocks": ("IopTriageDumpDataBlocks",),
    "ObpRootDirectoryObject": ("ObpRootDirectoryObject",),
    "ObpTypeObjectType": ("ObpTypeObjectType",),
    "PspCidTable": ("PspCidTable",),
    "EtwpDebuggerData": ("EtwpDebuggerData",),
    "KeTimeIncrement": ("KeTimeIncrement",),
}


def offset_in(data: Numbers, entry: Offset) -> int:
    """Return the offset that the block gives for *entry*; 0 when it gives none, as many fields of many builds do."""
    return data.get(entry.name) or 0
