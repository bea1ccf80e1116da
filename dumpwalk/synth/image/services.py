"""System service tables: the kernel's own, and the window manager's beside it."""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.synth.image.world import World
    from dumpwalk.synth.processor_items import ServiceItem

# Numbers of the window manager's services begin here; a table has room for as many.
_SECOND = 0x1000
_VISTA = 6000


def place(world: World, items: Sequence[ServiceItem]) -> None:
    """Write the tables of the services *items*, if there are any, and the descriptors of the tables.

    :raises SpecError: when a service is missing between others, or does not fit into its table
    """
    if not items:
        return
    first = _table(world, [i for i in items if i.number < _SECOND], 0)
    second = _table(world, [i for i in items if i.number >= _SECOND], _SECOND)
    for name, tables in (("KeServiceDescriptorTable", (first,)), ("KeServiceDescriptorTableShadow", (first, second))):
        width = world.layouts.pointer_size
        at = world.kernel.symbol(name, 16 * width)
        for index, (base, limit, arguments) in enumerate(tables):
            # KSERVICE_TABLE_DESCRIPTOR: Base, Count, Limit, Number
            for slot, value in enumerate((base, 0, limit, arguments)):
                world.structures.pointer(at + (4 * index + slot) * width, value)
    if world.layouts.has("_KTHREAD", "ServiceTable"):
        main = world.kernel.symbol("KeServiceDescriptorTable")
        for process in world.processes.values():
            for thread in process.threads:
                world.structures.put("_ETHREAD", thread.address, {"ServiceTable": main})


def _table(world: World, items: Sequence[ServiceItem], first: int) -> tuple[int, int, int]:
    """Write a table; return where it is, how many services it has, and where their arguments are."""
    from dumpwalk.synth.image.processors import address_of

    if not items:
        return 0, 0, 0
    by_number = {item.number - first: item for item in items}
    count = len(by_number)
    if sorted(by_number) != list(range(count)):
        raise SpecError(f"services are numbered from {first:x} on without a gap")
    kernel, width = world.kernel, world.layouts.pointer_size
    # x64 kernels before Windows Vista have pointers, later ones offsets of four bytes; what a spec builds may go by
    # its build, which what reads it must not.
    entry = 8 if width == 8 and world.spec.build < _VISTA else 4
    if first:
        # In the image of its routines: offsets of four bytes do not reach farther.
        base = (address_of(world, by_number[0].routine) & -0x1000) + 0x1000
        world.arena.clear(base, count * entry)
        arguments = world.pool.allocate(count, "W32a")
    else:
        base = kernel.symbol("KiServiceTable", 0x1000 if kernel.known("KiServiceTable") is None else 8)
        arguments = kernel.symbol("KiArgumentTable", 0x400)
        world.arena.write(kernel.symbol("KiServiceLimit", 4), count.to_bytes(4, "little"))
    for number, item in by_number.items():
        routine = address_of(world, item.routine)
        value = routine if entry == width else (routine - base) << 4 | item.arguments
        if entry == 4 and width == 8 and not -(1 << 31) <= value < 1 << 31:
            raise SpecError(f"service {item.number:x} is too far from its table")
        world.arena.write(base + number * entry, (value & (1 << 8 * entry) - 1).to_bytes(entry, "little"))
        world.arena.write(arguments + number, bytes([4 * item.arguments]))
    return base, count, arguments
