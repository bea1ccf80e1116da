"""``_KPRCB``: the processors of the machine, and which thread each of them ran."""

from __future__ import annotations

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.types.anchors import Layout
from dumpwalk.types.invariants import at_most, kernel_pointer
from dumpwalk.types.view import View, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target
    from dumpwalk.types.view import FieldSource

# Windows supports up to 2048 logical processors (Microsoft Learn, "Processor Groups").
MOST_PROCESSORS = 2048
# A dump whose header says nothing of use: look for as many as one group has.
_ONE_GROUP = 64


@record
class Processor:
    """A processor. Names are NT's; what can't be had is :class:`Absent` with the reason.

    :param index: its place in ``KiProcessorBlock``
    :param idle: it runs its idle thread
    :param CpuType: family on x86 and x64, the main ID register on ARM
    :param Context: address of the CONTEXT that holds its registers; on x64 this and not *ContextFrame* is filled
    :param ContextFrame: address of the CONTEXT inside the block
    :param source: in words, how sure the places of the fields are
    :param fields: the same for each field that was read
    """

    index: int
    address: Address
    Number: int | Absent
    CurrentThread: Address | Absent
    NextThread: Address | Absent
    IdleThread: Address | Absent
    idle: bool | Absent
    MHz: int | Absent
    VendorString: str | Absent
    CpuType: Hex | Absent
    CpuModel: Hex | Absent
    CpuStepping: Hex | Absent
    InitialApicId: int | Absent
    Context: Address | Absent
    ContextFrame: Address | Absent
    RspBase: Address | Absent
    Cr0: Hex | Absent
    Cr2: Address | Absent
    Cr3: Hex | Absent
    Cr4: Hex | Absent
    Cr8: Hex | Absent
    DpcRoutineActive: Hex | Absent
    InterruptCount: int | Absent
    KernelTime: int | Absent
    source: str
    fields: tuple[FieldSource, ...]
    problems: tuple[Problem, ...]


def processors(target: Target) -> tuple[Processor, ...]:
    """Return the processors that ``KiProcessorBlock`` lists, as far as the dump holds the list.

    When it holds none of it, the processor that the dump was taken on stands alone, if it is known.
    """
    layout = processor_layout(target)
    return tuple(_processor(target, layout, index, address) for address, index in processor_blocks(target).items())


def processor_blocks(target: Target) -> dict[Address, int]:
    """Return the addresses of the ``_KPRCB`` structures, and which entry of ``KiProcessorBlock`` each is.

    When the dump holds none of that list, the processor that it was taken on stands alone, if it is known.
    """
    size = target.machine.pointer_size
    number = target.dump.header.NumberProcessors
    count = number if 0 < number <= MOST_PROCESSORS else _ONE_GROUP
    block = processor_block(target)
    held = b"" if isinstance(block, Absent) else target.memory.read_some(block, count * size)
    found: dict[Address, int] = {}
    for index in range(len(held) // size):
        address = target.address(int.from_bytes(held[index * size : (index + 1) * size], "little"))
        if address and address not in found:  # a list that repeats itself is damaged
            found[address] = index
    own = target.dump.processor
    if not found and not isinstance(own, Absent):
        view = View(target.memory, target.machine, processor_layout(target), own)
        its = view.int("Number")
        found[own] = 0 if isinstance(its, Absent) else its
    return found


def processor_block(target: Target) -> Address | Absent:
    """Return where ``KiProcessorBlock`` lies, the kernel's array of pointers to its processor blocks."""
    data, profile, kernel = target.dump.debugger_data, target.profile, target.modules.kernel
    if not isinstance(data, Absent) and data.get("KiProcessorBlock"):
        return target.address(data["KiProcessorBlock"])
    if not isinstance(profile, Absent) and kernel and profile.symbols.get("KiProcessorBlock"):
        return target.address(kernel.base + profile.symbols["KiProcessorBlock"])
    return Absent("neither the debugger data nor a fitting profile says where KiProcessorBlock is")


def processor(target: Target, address: int) -> Processor:
    """Return the processor whose ``_KPRCB`` is at *address*."""
    view = View(target.memory, target.machine, processor_layout(target), address)
    number = view.int("Number")
    return _processor(target, view.layout, 0 if isinstance(number, Absent) else number, address)


def processor_layout(target: Target) -> Layout:
    """Return where the fields of a ``_KPRCB`` lie in this dump, and how far that is to be trusted."""
    data = None if isinstance(target.dump.debugger_data, Absent) else target.dump.debugger_data
    return Layout("_KPRCB", target.profile, data, target.machine)


def _processor(target: Target, layout: Layout, index: int, address: int) -> Processor:
    view = View(target.memory, target.machine, layout, address)
    in_kernel = kernel_pointer(target.machine)
    maybe_null = kernel_pointer(target.machine, null=True)
    special = "ProcessorState.SpecialRegisters"

    number = view.int("Number", at_most(MOST_PROCESSORS))
    current = view.pointer("CurrentThread", in_kernel)
    idle = view.pointer("IdleThread", in_kernel)
    unknown = next((v for v in (current, idle) if isinstance(v, Absent)), None)
    problems = []
    if not isinstance(number, Absent) and number != index:
        what = f"its Number is {number}, but it is entry {index} of KiProcessorBlock"
        problems.append(Problem(f"_KPRCB {view.address}", what))
    return Processor(
        index=index,
        address=view.address,
        Number=number,
        CurrentThread=current,
        NextThread=view.pointer("NextThread", maybe_null),
        IdleThread=idle,
        idle=current == idle if unknown is None else unknown,
        MHz=view.int("MHz"),
        VendorString=_vendor(view.data("VendorString")),
        CpuType=view.hex("CpuType"),
        CpuModel=view.hex("CpuModel"),
        CpuStepping=view.hex("CpuStepping"),
        InitialApicId=view.int("InitialApicId"),
        Context=view.pointer("Context", maybe_null),
        ContextFrame=_inside(view, "ProcessorState.ContextFrame"),
        RspBase=view.pointer("RspBase"),
        Cr0=view.hex(f"{special}.Cr0"),
        Cr2=view.pointer(f"{special}.Cr2"),
        Cr3=view.hex(f"{special}.Cr3"),
        Cr4=view.hex(f"{special}.Cr4"),
        Cr8=view.hex(f"{special}.Cr8"),
        DpcRoutineActive=view.hex("DpcRoutineActive"),
        InterruptCount=view.int("InterruptCount"),
        KernelTime=view.int("KernelTime"),
        source=f"{layout.source}: {summary(view.sources)}",
        fields=view.sources,
        problems=tuple(problems),
    )


def _vendor(data: bytes | Absent) -> str | Absent:
    """Return the vendor's name; on ARM a single letter, the implementer code of the main ID register."""
    if isinstance(data, Absent):
        return data
    text = data.partition(b"\0")[0]
    if not text or any(not 0x20 <= c < 0x7F for c in text):
        return Absent("the field holds no printable text")
    return text.decode("ascii")


def _inside(view: View, path: str) -> Address | Absent:
    """Return the address of a structure inside the block, where it is sure."""
    places = view.layout.places(path)
    if len(places) != 1:
        return Absent(view.layout.why_not(path))
    return view.machine.address(view.address + places[0].offset)
