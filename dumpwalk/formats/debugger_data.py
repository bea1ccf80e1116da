"""KDDEBUGGER_DATA64: where the kernel keeps its variables, and how its structures are laid out.

The block is 64 bits wide on every machine; 32-bit machines hold sign-extended
pointers in it. It grew with each release, so only what its ``Size`` covers is
there.
"""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from dumpwalk.memory.machine import Machine

    T = TypeVar("T")

OWNER_TAG = b"KDBG"  # DBGKD_DEBUG_DATA_HEADER64.OwnerTag of wdbgexts.h
HEADER_SIZE = 0x18

# wdbgexts.h, KDDEBUGGER_DATA64, in order: each line starts at the offset given
# and the fields of a line have the width given. The bits at 0x36 are below.
# What 10 RS5 put behind 0x2c0 and 0x37c was read off real 19041 and 22000 dumps.
_ROWS = """
000 8 List.Flink List.Blink
010 4 OwnerTag Size
018 8 KernBase BreakpointWithStatus SavedContext
030 2 ThCallbackStack NextCallback FramePointer
038 8 KiCallUserMode KeUserCallbackDispatcher PsLoadedModuleList PsActiveProcessHead PspCidTable
060 8 ExpSystemResourcesList ExpPagedPoolDescriptor ExpNumberOfPagedPools KeTimeIncrement
080 8 KeBugCheckCallbackListHead KiBugcheckData IopErrorLogListHead ObpRootDirectoryObject ObpTypeObjectType
0a8 8 MmSystemCacheStart MmSystemCacheEnd MmSystemCacheWs MmPfnDatabase MmSystemPtesStart MmSystemPtesEnd
0d8 8 MmSubsectionBase MmNumberOfPagingFiles MmLowestPhysicalPage MmHighestPhysicalPage MmNumberOfPhysicalPages
100 8 MmMaximumNonPagedPoolInBytes MmNonPagedSystemStart MmNonPagedPoolStart MmNonPagedPoolEnd
120 8 MmPagedPoolStart MmPagedPoolEnd MmPagedPoolInformation MmPageSize MmSizeOfPagedPoolInBytes
148 8 MmTotalCommitLimit MmTotalCommittedPages MmSharedCommit MmDriverCommit MmProcessCommit MmPagedPoolCommit
178 8 MmExtendedCommit MmZeroedPageListHead MmFreePageListHead MmStandbyPageListHead MmModifiedPageListHead
1a0 8 MmModifiedNoWritePageListHead MmAvailablePages MmResidentAvailablePages PoolTrackTable
1c0 8 NonPagedPoolDescriptor MmHighestUserAddress MmSystemRangeStart MmUserProbeAddress
1e0 8 KdPrintCircularBuffer KdPrintCircularBufferEnd KdPrintWritePointer KdPrintRolloverCount
200 8 MmLoadedUserImageList NtBuildLab KiNormalSystemCall KiProcessorBlock MmUnloadedDrivers
228 8 MmLastUnloadedDriver MmTriageActionTaken MmSpecialPoolTag KernelVerifier MmVerifierData
250 8 MmAllocatedNonPagedPool MmPeakCommitment MmTotalCommitLimitMaximum CmNtCSDVersion MmPhysicalMemoryBlock
278 8 MmSessionBase MmSessionSize MmSystemParentTablePage MmVirtualTranslationBase
298 2 OffsetKThreadNextProcessor OffsetKThreadTeb OffsetKThreadKernelStack OffsetKThreadInitialStack
2a0 2 OffsetKThreadApcProcess OffsetKThreadState OffsetKThreadBStore OffsetKThreadBStoreLimit
2a8 2 SizeEProcess OffsetEprocessPeb OffsetEprocessParentCID OffsetEprocessDirectoryTableBase
2b0 2 SizePrcb OffsetPrcbDpcRoutine OffsetPrcbCurrentThread OffsetPrcbMhz OffsetPrcbCpuType
2ba 2 OffsetPrcbVendorString OffsetPrcbProcStateContext OffsetPrcbNumber SizeEThread
2c2 1 L1tfHighPhysicalBitIndex L1tfSwizzleBitIndex
2c8 8 KdPrintCircularBufferPtr KdPrintBufferSize KeLoaderBlock
2e0 2 SizePcr OffsetPcrSelfPcr OffsetPcrCurrentPrcb OffsetPcrContainedPrcb OffsetPcrInitialBStore
2ea 2 OffsetPcrBStoreLimit OffsetPcrInitialStack OffsetPcrStackLimit OffsetPrcbPcrPage
2f2 2 OffsetPrcbProcStateSpecialReg GdtR0Code GdtR0Data GdtR0Pcr GdtR3Code GdtR3Data GdtR3Teb GdtLdt GdtTss
304 2 Gdt64R3CmCode Gdt64R3CmTeb
308 8 IopNumTriageDumpDataBlocks IopTriageDumpDataBlocks VfCrashDataBlock MmBadPagesDetected
328 8 MmZeroedPageSingleBitErrorsDetected EtwpDebuggerData
338 2 OffsetPrcbContext OffsetPrcbMaxBreakpoints OffsetPrcbMaxWatchpoints
340 4 OffsetKThreadStackLimit OffsetKThreadStackBase OffsetKThreadQueueListEntry OffsetEThreadIrpList
350 2 OffsetPrcbIdleThread OffsetPrcbNormalDpcState OffsetPrcbDpcStack OffsetPrcbIsrStack
358 2 SizeKDPC_STACK_FRAME OffsetKPriQueueThreadListHead OffsetKThreadWaitReason
360 8 PteBase RetpolineStubFunctionTable
370 4 RetpolineStubFunctionTableSize RetpolineStubOffset RetpolineStubSize
37c 2 OffsetEProcessMmHotPatchContext
"""
_BITS_OFFSET = 0x36
# wdbgexts.h: name, position, length in the USHORT at 0x36.
_BITS = (("PaeEnabled", 0, 1), ("KiBugCheckRecoveryActive", 1, 1), ("PagingLevels", 2, 4))


def _fields() -> list[tuple[str, int, int]]:
    """Return name, offset and size of each field."""
    out = []
    for row in _ROWS.split("\n")[1:-1]:
        offset, size, *names = row.split(" ")
        out += [(name, int(offset, 16) + i * int(size), int(size)) for i, name in enumerate(names)]
    return out


@record
class DebuggerData:
    """The block, as far as it is there.

    :param address: where it was in the machine
    :param size: how many of its bytes are used, at most what its ``Size`` says
    :param values: the fields, by NT's names: 64-bit ones as addresses of the machine. The word
        at 0x36 comes in its parts: ``PaeEnabled``, ``KiBugCheckRecoveryActive``, ``PagingLevels``.
    :param encoded: the machine's memory has it encoded; *values* are decoded

    >>> data = DebuggerData(Address(0), Hex(0x20), {"KernBase": Address(0x1000)})
    >>> data["KernBase"], data.get("PteBase"), data.rva(0x1234)
    (Address(0x1000), None, Hex(0x234))
    """

    address: Address | Absent
    size: Hex
    values: dict[str, Hex]
    encoded: bool = False

    def __getitem__(self, name: str) -> Hex:
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def get(self, name: str, default: T | None = None) -> Hex | T | None:
        """Return the field *name*; *default* when this block is too old to have it."""
        return self.values.get(name, default)

    def rva(self, address: int) -> Hex:
        """Return *address* relative to the kernel's image base; negative below it."""
        return Hex(address - self.values.get("KernBase", Hex(0)))


def parse_debugger_data(
    data: memoryview, address: Address | Absent, kind: Machine, problems: list[Problem]
) -> DebuggerData | Absent:
    """Return the block that *data* holds, or why it is none."""
    raw = bytes(data)
    if len(raw) < HEADER_SIZE:
        return Absent(f"the debugger data block is cut: {len(raw):#x} bytes")
    if raw[0x10:0x14] != OWNER_TAG:
        tag = int.from_bytes(raw[0x10:0x14], "little")
        what = f"its tag is {tag:#x}, where KDBG stands: the block is encoded or damaged"
        problems.append(Problem("debugger data", what))
        return Absent(what)
    stated = int.from_bytes(raw[0x14:0x18], "little")
    if stated > len(raw):
        what = f"Size is {stated:#x}; the file has {len(raw):#x} bytes of it"
        problems.append(Problem("debugger data", what))
    raw = raw[:stated]
    values: dict[str, Hex] = {}
    for name, offset, size in _fields():
        if offset + size > len(raw):
            break
        number = int.from_bytes(raw[offset : offset + size], "little")
        values[name] = kind.address(number) if size == 8 else Hex(number)
        if offset == _BITS_OFFSET - 2 and len(raw) >= _BITS_OFFSET + 2:
            word = int.from_bytes(raw[_BITS_OFFSET : _BITS_OFFSET + 2], "little")
            values |= {bit: Hex(word >> at & (1 << length) - 1) for bit, at, length in _BITS}
    return DebuggerData(address, Hex(len(raw)), values)
