"""``_KPCR`` and ``_KPRCB``: a processor's control region and control block, as ``!pcr`` and ``!prcb`` show them."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError, UsageError
from dumpwalk.kernel.dpc_queue import QueuedDpc, dpc_queue
from dumpwalk.kernel.processor import MOST_PROCESSORS, processor_blocks, processor_layout
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import fields, record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.anchors import CONFIRMED, GUESSED, KDBG, Layout, Place
from dumpwalk.types.invariants import at_most, kernel_pointer
from dumpwalk.types.view import View, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dumpwalk.target import Target

# Of the debugger data block: what locates fields of the region, and what these are called on x64 and on x86.
_ANCHORS = (
    ("OffsetPcrSelfPcr", "Self", "SelfPcr"),
    ("OffsetPcrCurrentPrcb", "CurrentPrcb", "Prcb"),
    ("OffsetPcrContainedPrcb", "Prcb", "PrcbData"),
)
# What CPUID says of the vendors of processors that Windows ran on.
_VENDORS = (b"GenuineIntel", b"AuthenticAMD", b"CentaurHauls", b"CyrixInstead", b"HygonGenuine", b"GenuineTMx86")
# Interrupt request levels: 0 to 15 on x64, 0 to 31 on x86 (wdm.h, HIGH_LEVEL).
_HIGH_LEVEL = 31


@record
class ThreadInformationBlock:
    """The ``_NT_TIB`` that a region begins with on x86. An x64 region has its tables there and no such block."""

    ExceptionList: Address | Absent
    StackBase: Address | Absent
    StackLimit: Address | Absent
    SubSystemTib: Address | Absent
    Version: Address | Absent
    ArbitraryUserPointer: Address | Absent
    Self: Address | Absent


@record
class ProcessorControlRegion:
    """A ``_KPCR``. Names are those of ``!pcr``, which are the x86 kernel's, on x64 as well.

    :param SelfPcr: what it takes for its own address
    :param Prcb: the processor's control block
    :param IRR: interrupts that wait, in software; ``None`` on x64, which has no such field; so *IDR*, *InterruptMode*
    :param IDT: base of the interrupt descriptor table
    :param GDT: base of the global descriptor table
    :param TSS: the task-state segment
    :param DpcQueue: deferred procedure calls that wait for the processor
    :param source: in words, how sure the places of the fields are
    """

    processor: int
    address: Address
    MajorVersion: int | Absent
    MinorVersion: int | Absent
    NtTib: ThreadInformationBlock
    SelfPcr: Address | Absent
    Prcb: Address | Absent
    Irql: Hex | Absent
    IRR: Hex | Absent | None
    IDR: Hex | Absent | None
    InterruptMode: Hex | Absent | None
    IDT: Address | Absent
    GDT: Address | Absent
    TSS: Address | Absent
    CurrentThread: Address | Absent
    NextThread: Address | Absent
    IdleThread: Address | Absent
    DpcQueue: tuple[QueuedDpc, ...] | Absent
    source: str
    problems: tuple[Problem, ...]


@record
class ProcessorControlBlock:
    """A ``_KPRCB``, as far as ``!prcb`` shows it.

    :param Group: number of its processor group, and in *GroupIndex* its number in that; ``None`` before Windows 7
    :param SetMember: the bit that stands for it in sets of processors of its group
    :param DpcTime: ticks spent in deferred procedure calls; the other times likewise
    :param DebuggerSavedIRQL: the IRQL before the crash or the debugger; ``None`` before Windows Server 2003
    :param source: in words, how sure the places of the fields are
    """

    processor: int
    address: Address
    Number: int | Absent
    Group: int | Absent | None
    GroupIndex: int | Absent | None
    SetMember: Hex | Absent
    DebuggerSavedIRQL: int | Absent | None
    CurrentThread: Address | Absent
    NextThread: Address | Absent
    IdleThread: Address | Absent
    InterruptCount: Hex | Absent
    DpcTime: Hex | Absent
    InterruptTime: Hex | Absent
    KernelTime: Hex | Absent
    UserTime: Hex | Absent
    source: str
    problems: tuple[Problem, ...]


def choose(target: Target, number: int | None, default: int | None = None) -> tuple[int, Address]:
    """Return which processor is meant, and where its ``_KPRCB`` is.

    :param number: its place in ``KiProcessorBlock``; ``None`` for *default*, or else the one the dump was taken on
    :raises UsageError: when there is no such processor
    :raises TypeInfoError: when no processor is known at all
    """
    blocks = processor_blocks(target)
    if not blocks:
        raise TypeInfoError(f"the dump does not say where its processors are ({_why_none(target)})")
    numbers = {index: address for address, index in blocks.items()}
    if number is None and default in numbers:
        number = default
    if number is None:
        own = target.dump.processor
        known = None if isinstance(own, Absent) else blocks.get(own)
        number = next(iter(numbers)) if known is None else known
    if number not in numbers:
        last = max(numbers)
        held = "processor 0" if last == 0 else f"processors {min(numbers):x} to {last:x}"
        raise UsageError(f"there is no processor {number:x} in the dump; it has {held}")
    return number, numbers[number]


def _why_none(target: Target) -> str:
    own = target.dump.processor
    return own.reason if isinstance(own, Absent) else "KiProcessorBlock is not in it"


def region_view(target: Target, prcb: int) -> View | Absent:
    """Return the ``_KPCR`` that the ``_KPRCB`` at *prcb* lies in, ready to be read, or why it can't be found."""
    layout = Layout("_KPCR", target.profile, None, target.machine)
    data = target.dump.debugger_data
    if not layout.exact and not isinstance(data, Absent) and layout.structs:
        sizes = {field.name: field.size for field in layout.structs[0].fields}
        for name, *paths in _ANCHORS:
            offset, path = data.get(name), paths[target.machine.pointer_size == 4]
            if offset and path in sizes:
                layout.confirm(path, Place(Hex(offset), sizes[path], (0, 0), KDBG))
    inside = _region_offset(layout, target.machine.pointer_size)
    if inside is None:
        return Absent(f"where the _KPRCB lies in this kernel's _KPCR is not known ({layout.source})")
    view = View(target.memory, target.machine, layout, prcb - inside)
    if not layout.exact:
        _confirm(view, target.address(prcb))
    return view


def _confirm(view: View, prcb: Address) -> None:
    """Let the region's layout go by its own pointers where they agree: to itself, and to the block in it.

    Debugger data blocks before Windows Server 2003 say nothing of the region.
    """
    narrow = view.machine.pointer_size == 4
    names = ("SelfPcr", "Prcb") if narrow else ("Self", "CurrentPrcb")
    for name, expected in zip(names, (view.address, prcb)):
        view.pointer(name, _is(expected), anchor=True)
    contained = "PrcbData" if narrow else "Prcb"
    places = view.layout.places(contained)
    if all(view.trust(name) == CONFIRMED for name in names) and len(places) == 1:
        view.layout.confirm(contained, places[0])


def _is(expected: int) -> Callable[[int], bool]:
    return lambda value: value == expected


def block_view(target: Target, prcb: int) -> View:
    """Return the ``_KPRCB`` at *prcb*, ready to be read.

    Debugger data blocks before Windows Server 2003 say nothing of it either. Then its layout goes by what stands in
    two of its places: the IDT, as in the region around it, and the name of the processor's vendor.
    """
    layout = processor_layout(target)
    view = View(target.memory, target.machine, layout, prcb)
    if not layout.exact and all(p.trust == GUESSED for p in layout.places("VendorString")):
        region = region_view(target, prcb)
        table = region if isinstance(region, Absent) else region.pointer("IDT")
        if not isinstance(table, Absent) and table:
            view.pointer("ProcessorState.SpecialRegisters.Idtr.Base", _is(table), anchor=True)
            view.data("VendorString", lambda data: data.partition(b"\0")[0] in _VENDORS)
            return View(target.memory, target.machine, layout, prcb)
    return view


def _region_offset(layout: Layout, pointer_size: int) -> int | None:
    """Return where the ``_KPRCB`` begins in its ``_KPCR``: ``Prcb`` on x64, where x86 has a pointer of that name."""
    places = layout.places("Prcb" if pointer_size == 8 else "PrcbData")
    return int(places[0].offset) if len(places) == 1 else None


def control_region(target: Target, number: int | None = None) -> ProcessorControlRegion:
    """Return the ``_KPCR`` of a processor.

    :param number: which processor; ``None`` for the one the dump was taken on
    :raises UsageError: when there is no such processor, or the machine has no such region
    :raises TypeInfoError: when its layout is not known
    """
    if target.machine.name not in ("x64", "x86"):
        raise UsageError(f"{target.machine.name} machines keep no tables in their _KPCR; prcb shows their processors")
    number, prcb = choose(target, number)
    view = region_view(target, prcb)
    if isinstance(view, Absent):
        raise TypeInfoError(view.reason)
    wide = target.machine.pointer_size == 8
    block = block_view(target, prcb)
    in_kernel, maybe_null = kernel_pointer(target.machine), kernel_pointer(target.machine, null=True)
    problems: list[Problem] = []
    itself = view.pointer("Self" if wide else "SelfPcr")
    if not isinstance(itself, Absent) and itself != view.address:
        problems.append(Problem(f"_KPCR {view.address}", f"it takes {itself} for its own address"))
    return ProcessorControlRegion(
        processor=number,
        address=view.address,
        MajorVersion=view.int("MajorVersion"),
        MinorVersion=view.int("MinorVersion"),
        NtTib=ThreadInformationBlock(*(view.pointer(f"NtTib.{n}") for n in fields(ThreadInformationBlock))),
        SelfPcr=itself,
        Prcb=target.address(prcb),
        Irql=view.hex("Irql", at_most(_HIGH_LEVEL)),
        IRR=None if wide else view.hex("IRR"),
        IDR=None if wide else view.hex("IDR"),
        InterruptMode=None if wide else view.hex("InterruptMode"),
        IDT=view.pointer("IdtBase" if wide else "IDT"),
        GDT=view.pointer("GdtBase" if wide else "GDT"),
        TSS=view.pointer("TssBase" if wide else "TSS"),
        CurrentThread=block.pointer("CurrentThread", in_kernel),
        NextThread=block.pointer("NextThread", maybe_null),
        IdleThread=block.pointer("IdleThread", in_kernel),
        DpcQueue=dpc_queue(target, block, problems),
        source=f"{view.layout.source}: {summary((*view.sources, *block.sources))}",
        problems=tuple(problems),
    )


def control_block(target: Target, number: int | None = None) -> ProcessorControlBlock:
    """Return the ``_KPRCB`` of a processor.

    :param number: which processor; ``None`` for the first
    :raises UsageError: when there is no such processor
    """
    number, address = choose(target, number, 0)
    view = block_view(target, address)
    layout = view.layout
    in_kernel, maybe_null = kernel_pointer(target.machine), kernel_pointer(target.machine, null=True)
    its = view.int("Number", at_most(MOST_PROCESSORS))
    problems = []
    if not isinstance(its, Absent) and its != number:
        what = f"its Number is {its}, but it is entry {number} of KiProcessorBlock"
        problems.append(Problem(f"_KPRCB {view.address}", what))
    grouped = _has(layout, "GroupSetMember")
    return ProcessorControlBlock(
        processor=number,
        address=view.address,
        Number=its,
        Group=view.int("Group") if grouped else None,
        GroupIndex=view.int("GroupIndex") if grouped else None,
        SetMember=view.hex("GroupSetMember" if grouped else "SetMember"),
        DebuggerSavedIRQL=view.int("DebuggerSavedIRQL") if _has(layout, "DebuggerSavedIRQL") else None,
        CurrentThread=view.pointer("CurrentThread", in_kernel),
        NextThread=view.pointer("NextThread", maybe_null),
        IdleThread=view.pointer("IdleThread", in_kernel),
        InterruptCount=view.hex("InterruptCount"),
        DpcTime=view.hex("DpcTime"),
        InterruptTime=view.hex("InterruptTime"),
        KernelTime=view.hex("KernelTime"),
        UserTime=view.hex("UserTime"),
        source=f"{layout.source}: {summary(view.sources)}",
        problems=tuple(problems),
    )


def _has(layout: Layout, path: str) -> bool:
    return any(field.name == path for struct in layout.structs[:1] for field in struct.fields)
