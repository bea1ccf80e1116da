"""_KPRCB, _EPROCESS, _ETHREAD and KDDEBUGGER_DATA64 as bytes, laid out for one build."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.synth.layouts import Layout, Table
    from dumpwalk.synth.spec import Fields, Processor, Spec, Structure

# KOBJECTS of the public headers: the first byte of a dispatcher header.
_PROCESS_OBJECT, _THREAD_OBJECT = 3, 6


def put(data: bytearray, offsets: Table, fields: Fields, what: str) -> None:
    """Write *fields* into *data* where *offsets* says.

    A number is cut to the field's width when it fits as a signed or unsigned
    one; text is written as ASCII, padded with zeros.

    :raises SpecError: when there is no such field, or the value does not fit
    """
    for name, value in fields:
        offset, encoded = field(offsets, name, value, what)
        data[offset : offset + len(encoded)] = encoded


def field(offsets: Table, name: str, value: int | str, what: str) -> tuple[int, bytes]:
    """Return where the field *name* of the structure *what* is, and *value* as its bytes.

    :raises SpecError: as :func:`put` does
    """
    if name not in offsets:
        from difflib import get_close_matches

        close = get_close_matches(name, offsets, 1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(offsets)}"
        raise SpecError(f"{what} has no field {name!r} that can be written; {hint}")
    offset, size = offsets[name]
    return offset, _bytes(value, size, f"{what}.{name}")


def _bytes(value: int | str, size: int, what: str) -> bytes:
    if isinstance(value, str):
        encoded = value.encode("ascii", "replace")
        if len(encoded) > size:
            raise SpecError(f"{what} holds {size} characters, not {len(encoded)}")
        return encoded.ljust(size, b"\0")
    if not -(1 << (8 * size - 1)) <= value < 1 << (8 * size):
        raise SpecError(f"{what}: {value:#x} does not fit into {size} bytes")
    return (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")


def wrapped(layout: Layout, value: int) -> int:
    """Return *value* cut to the width of the machine's pointers."""
    return value & ((1 << (8 * layout.machine.pointer_size)) - 1)


def pointer_bytes(layout: Layout, value: int) -> bytes:
    """Return *value* as a pointer of the machine, cut to its width."""
    return wrapped(layout, value).to_bytes(layout.machine.pointer_size, "little")


def extended(layout: Layout, value: int) -> int:
    """Return *value* as 64-bit structures hold it: an address of a 32-bit machine is sign-extended.

    Decoded from a real 32-bit ARM triage dump: both the data block table and
    the debugger data block do so.
    """
    if layout.machine.pointer_size == 4:
        value &= 0xFFFFFFFF
        return value | 0xFFFFFFFF00000000 if value & 0x80000000 else value
    return value & 0xFFFFFFFFFFFFFFFF


def _list_heads(layout: Layout, offsets: Table, name: str, address: int, data: bytearray) -> None:
    """Make the list heads of field *name* empty: each points to itself."""
    offset, size = offsets[name]
    for at in range(offset, offset + size, 2 * layout.machine.pointer_size):
        data[at : at + 2 * layout.machine.pointer_size] = 2 * pointer_bytes(layout, address + at)


def processor(spec: Spec, layout: Layout, which: Processor, context: bytes) -> bytes:
    """Return the ``_KPRCB`` *which*: its ready lists are empty, its thread is the spec's if it is the first.

    The first one holds *context* too, but on x64, where another structure does.
    """
    data = bytearray(layout.sizes[0])
    usual: list[tuple[str, int | str]] = [("Number", spec.processors.index(which))]
    if which == spec.processors[0]:
        if spec.thread:
            usual.append(("CurrentThread", spec.thread.address))
        if layout.context_in_processor:
            at = layout.debugger_data["OffsetPrcbProcStateContext"]
            data[at : at + len(context)] = context
            if layout.machine.name != "x86":  # there Context points to a copy with extended state
                usual.append(("Context", wrapped(layout, which.address + at)))
    put(data, layout.processor, tuple(usual), "_KPRCB")
    _list_heads(layout, layout.processor, "DispatcherReadyListHead", which.address, data)
    put(data, layout.processor, which.fields, "_KPRCB")
    return bytes(data)


def process(spec: Spec, layout: Layout, which: Structure) -> bytes:
    """Return the ``_EPROCESS`` *which*."""
    data = bytearray(layout.sizes[1])
    usual = (("Pcb.Header.Type", _PROCESS_OBJECT), ("DirectoryTableBase", spec.directory_table_base))
    put(data, layout.process, usual, "_EPROCESS")
    put(data, layout.process, which.fields, "_EPROCESS")
    return bytes(data)


def thread(spec: Spec, layout: Layout, which: Structure) -> bytes:
    """Return the ``_ETHREAD`` *which*: of the spec's process, on its stack, its lists empty."""
    data = bytearray(layout.sizes[2])
    usual: list[tuple[str, int | str]] = [("Header.Type", _THREAD_OBJECT)]
    if spec.process:
        usual += [("Process", spec.process.address), ("ApcState.Process", spec.process.address)]
    if spec.stack:
        usual.append(("StackBase", wrapped(layout, spec.stack.end)))
    put(data, layout.thread, tuple(usual), "_ETHREAD")
    _list_heads(layout, layout.thread, "ApcState.ApcListHead", which.address, data)
    _list_heads(layout, layout.thread, "IrpList", which.address, data)
    put(data, layout.thread, which.fields, "_ETHREAD")
    return bytes(data)


# KDDEBUGGER_DATA64 of wdbgexts.h: runs of fields of one size, each from an offset.
_RUNS: tuple[tuple[int, int, str], ...] = (
    (0x18, 8, "KernBase BreakpointWithStatus SavedContext"),
    (0x30, 2, "ThCallbackStack NextCallback FramePointer PaeEnabled"),
    (
        0x38,
        8,
        """
        KiCallUserMode KeUserCallbackDispatcher PsLoadedModuleList PsActiveProcessHead PspCidTable
        ExpSystemResourcesList ExpPagedPoolDescriptor ExpNumberOfPagedPools KeTimeIncrement
        KeBugCheckCallbackListHead KiBugcheckData IopErrorLogListHead ObpRootDirectoryObject ObpTypeObjectType
        MmSystemCacheStart MmSystemCacheEnd MmSystemCacheWs MmPfnDatabase MmSystemPtesStart MmSystemPtesEnd
        MmSubsectionBase MmNumberOfPagingFiles MmLowestPhysicalPage MmHighestPhysicalPage MmNumberOfPhysicalPages
        MmMaximumNonPagedPoolInBytes MmNonPagedSystemStart MmNonPagedPoolStart MmNonPagedPoolEnd MmPagedPoolStart
        MmPagedPoolEnd MmPagedPoolInformation MmPageSize MmSizeOfPagedPoolInBytes MmTotalCommitLimit
        MmTotalCommittedPages MmSharedCommit MmDriverCommit MmProcessCommit MmPagedPoolCommit MmExtendedCommit
        MmZeroedPageListHead MmFreePageListHead MmStandbyPageListHead MmModifiedPageListHead
        MmModifiedNoWritePageListHead MmAvailablePages MmResidentAvailablePages PoolTrackTable
        NonPagedPoolDescriptor MmHighestUserAddress MmSystemRangeStart MmUserProbeAddress KdPrintCircularBuffer
        KdPrintCircularBufferEnd KdPrintWritePointer KdPrintRolloverCount MmLoadedUserImageList NtBuildLab
        KiNormalSystemCall KiProcessorBlock MmUnloadedDrivers MmLastUnloadedDriver MmTriageActionTaken
        MmSpecialPoolTag KernelVerifier MmVerifierData MmAllocatedNonPagedPool MmPeakCommitment
        MmTotalCommitLimitMaximum CmNtCSDVersion MmPhysicalMemoryBlock MmSessionBase MmSessionSize
        MmSystemParentTablePage MmVirtualTranslationBase
        """,
    ),
    (
        0x298,
        2,
        """
        OffsetKThreadNextProcessor OffsetKThreadTeb OffsetKThreadKernelStack OffsetKThreadInitialStack
        OffsetKThreadApcProcess OffsetKThreadState OffsetKThreadBStore OffsetKThreadBStoreLimit SizeEProcess
        OffsetEprocessPeb OffsetEprocessParentCID OffsetEprocessDirectoryTableBase SizePrcb OffsetPrcbDpcRoutine
        OffsetPrcbCurrentThread OffsetPrcbMhz OffsetPrcbCpuType OffsetPrcbVendorString OffsetPrcbProcStateContext
        OffsetPrcbNumber SizeEThread
        """,
    ),
    (0x2C8, 8, "KdPrintCircularBufferPtr KdPrintBufferSize KeLoaderBlock"),
    (
        0x2E0,
        2,
        """
        SizePcr OffsetPcrSelfPcr OffsetPcrCurrentPrcb OffsetPcrContainedPrcb OffsetPcrInitialBStore
        OffsetPcrBStoreLimit OffsetPcrInitialStack OffsetPcrStackLimit OffsetPrcbPcrPage
        OffsetPrcbProcStateSpecialReg GdtR0Code GdtR0Data GdtR0Pcr GdtR3Code GdtR3Data GdtR3Teb GdtLdt GdtTss
        Gdt64R3CmCode Gdt64R3CmTeb
        """,
    ),
    (
        0x308,
        8,
        """
        IopNumTriageDumpDataBlocks IopTriageDumpDataBlocks VfCrashDataBlock MmBadPagesDetected
        MmZeroedPageSingleBitErrorsDetected EtwpDebuggerData
        """,
    ),
    (0x338, 2, "OffsetPrcbContext OffsetPrcbMaxBreakpoints OffsetPrcbMaxWatchpoints"),
    (
        0x340,
        4,
        "OffsetKThreadStackLimit OffsetKThreadStackBase OffsetKThreadQueueListEntry OffsetEThreadIrpList",
    ),
    (
        0x350,
        2,
        """
        OffsetPrcbIdleThread OffsetPrcbNormalDpcState OffsetPrcbDpcStack OffsetPrcbIsrStack SizeKDPC_STACK_FRAME
        OffsetKPriQueueThreadListHead OffsetKThreadWaitReason
        """,
    ),
    (0x360, 8, "PteBase RetpolineStubFunctionTable"),
    (0x370, 4, "RetpolineStubFunctionTableSize RetpolineStubOffset RetpolineStubSize"),
)


def _debugger_data_fields() -> Iterator[tuple[str, tuple[int, int]]]:
    for start, size, names in _RUNS:
        for index, name in enumerate(names.split()):
            yield name, (start + index * size, size)


DEBUGGER_DATA = dict(_debugger_data_fields())


def debugger_data(spec: Spec, layout: Layout) -> bytes:
    """Return the ``KDDEBUGGER_DATA64`` block of the spec's kernel.

    :raises SpecError: on a pointer of a name it does not have in this build
    """
    size = layout.debugger_data_size
    data = bytearray(size)
    here = {name: place for name, place in DEBUGGER_DATA.items() if sum(place) <= size}
    # DBGKD_DEBUG_DATA_HEADER64: the list link, which a 32-bit kernel leaves zero-extended (decoded
    # from a real ARM dump), the tag and the size.
    head = spec.pointer("KdpDebuggerDataListHead") or 0
    link = wrapped(layout, head).to_bytes(8, "little")
    data[:0x18] = link + link + b"KDBG" + size.to_bytes(4, "little")
    kernel = spec.modules[0].base if spec.modules else 0
    usual = {"KernBase": extended(layout, kernel), "PaeEnabled": layout.pae, "MmPageSize": 0x1000}
    usual |= layout.debugger_data
    put(data, here, tuple(usual.items()), "KDDEBUGGER_DATA64")
    outside = ("KdDebuggerDataBlock", "KdpDebuggerDataListHead")
    pointers = tuple((name, extended(layout, value)) for name, value in spec.pointers if name not in outside)
    put(data, here, pointers, "KDDEBUGGER_DATA64")
    return bytes(data)
