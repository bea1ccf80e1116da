"""Descriptor tables, interrupt objects, waiting DPCs and fields of processors, where a spec asks for them."""

from __future__ import annotations

from dumpwalk.synth.image import services
from dumpwalk.synth.image.interrupts import Interrupts
from dumpwalk.synth.image.segments import gdt
from dumpwalk.synth.processor_items import (
    BlockItem,
    DescriptorItem,
    DescriptorTablesItem,
    DpcItem,
    GateItem,
    InterruptItem,
    RegionItem,
    ServiceItem,
)
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.processor_items import Routine

# KDPC.Type: DpcObject, ThreadedDpcObject (KOBJECTS of the public symbols).
_DPC, _THREADED_DPC = 19, 24


def placed(items: Iterable[object], number: int) -> int:
    """Return where the control region of processor *number* is to be; 0 for anywhere."""
    return next((i.address for i in items if isinstance(i, RegionItem) and i.number == number and i.address), 0)


def address_of(world: World, routine: Routine) -> int:
    """Return the address of a routine.

    :raises SpecError: when its symbol is not known
    """
    if not isinstance(routine, str):
        found = world.resolve(routine)
        return found if isinstance(found, int) else 0
    known = world.kernel.known(routine.removeprefix("nt!"))
    if known is None:
        raise SpecError(f"the profile has no symbol {routine}")
    return known


def fill(world: World, regions: Sequence[int], blocks: Sequence[int]) -> None:
    """Write what the spec's items say of processors.

    :param regions: addresses of the ``_KPCR`` structures
    :param blocks: addresses of the ``_KPRCB`` structures
    :raises SpecError: when an item can't be placed
    """
    items = world.image.items
    if any(isinstance(i, DescriptorTablesItem) for i in items):
        for region, block in zip(regions, blocks):
            _tables(world, region, block, first=region == regions[0])
    elif any(isinstance(i, (GateItem, InterruptItem, DescriptorItem)) for i in items):
        raise SpecError("gates, interrupts and descriptors need `descriptor-tables`")
    if any(isinstance(i, DpcItem) for i in items):
        for number, block in enumerate(blocks):
            _queues(world, block, [i for i in items if isinstance(i, DpcItem) and i.processor == number])
    services.place(world, [i for i in items if isinstance(i, ServiceItem)])
    for item in items:
        if isinstance(item, (RegionItem, BlockItem)):
            if item.number >= len(regions):
                raise SpecError(f"there is no processor {item.number:x}; `processors` says how many there are")
            of = "_KPCR" if isinstance(item, RegionItem) else "_KPRCB"
            place = (regions if isinstance(item, RegionItem) else blocks)[item.number]
            world.structures.put(of, place, [(path, world.resolve(value)) for path, value in item.fields])


def _tables(world: World, region: int, block: int, *, first: bool) -> None:
    """Give the processor whose ``_KPCR`` is at *region* its descriptor tables and its task-state segment."""
    wide = world.layouts.pointer_size == 8
    items = world.image.items
    # The task-state segment with its three stacks: double fault, machine check, non-maskable interrupt.
    tss_size = 0x68 if wide else 0x20AC
    tss = world.pool.allocate(tss_size, "Tss ")
    world.arena.clear(tss, tss_size)
    if wide:
        for number in range(1, 5):
            stack = world.pool.pages(1) + 0x1000
            world.arena.write(tss + 0x1C + 8 * number, stack.to_bytes(8, "little"))
    table = gdt(wide, region, tss)
    for item in items:
        if isinstance(item, DescriptorItem):
            raw = item.value.to_bytes(8, "little") + (b"" if item.upper is None else item.upper.to_bytes(8, "little"))
            table = table.ljust(item.selector + len(raw), b"\0")
            table = table[: item.selector] + raw + table[item.selector + len(raw) :]
    gdt_at = world.pool.allocate(len(table), "Gdt ")
    world.arena.write(gdt_at, table)
    gates = Interrupts(world, block, first=first).table()
    idt_at = world.pool.pages(1)
    world.arena.write(idt_at, gates)
    put = world.structures.put_known
    put(
        "_KPCR",
        region,
        {"GdtBase": gdt_at, "TssBase": tss, "IdtBase": idt_at, "GDT": gdt_at, "IDT": idt_at, "TSS": tss},
    )
    special = "ProcessorState.SpecialRegisters"
    registers = {"Gdtr.Base": gdt_at, "Gdtr.Limit": len(table) - 1, "Idtr.Base": idt_at, "Idtr.Limit": len(gates) - 1}
    registers["Tr"] = 0x40 if wide else 0x28
    put("_KPRCB", block, {f"{special}.{name}": value for name, value in registers.items()})


def _queues(world: World, block: int, items: Sequence[DpcItem]) -> None:
    """Queue DPCs, by the kind of list that the kernel has."""
    layouts, structures = world.layouts, world.structures
    link = layouts.offset("_KDPC", "DpcListEntry")
    waiting: tuple[list[int], list[int]] = ([], [])
    for item in items:
        size = layouts.size("_KDPC")
        address = item.address or world.pool.allocate(size, "Dpc ")
        world.arena.clear(address, size)
        fields = {"Type": _THREADED_DPC if item.threaded else _DPC, "DeferredRoutine": address_of(world, item.routine)}
        structures.put_known("_KDPC", address, {**fields, "Importance": 1})
        waiting[item.threaded].append(address + link)
    if not layouts.has("_KPRCB", "DpcData"):
        structures.list(block + layouts.offset("_KPRCB", "DpcListHead"), waiting[0] + waiting[1])
        return
    for index, links in enumerate(waiting):
        data = block + layouts.offset("_KPRCB", f"DpcData[{index}]")
        structures.put_known("_KDPC_DATA", data, {"DpcQueueDepth": len(links)})
        if not layouts.has("_KDPC_DATA", "DpcList"):
            structures.list(data + layouts.offset("_KDPC_DATA", "DpcListHead"), links)
            continue
        head = data + layouts.offset("_KDPC_DATA", "DpcList.ListHead")
        for here, after in zip([head, *links], [*links, 0]):
            structures.pointer(here, after)
        structures.pointer(data + layouts.offset("_KDPC_DATA", "DpcList.LastEntry"), ([head, *links])[-1])
