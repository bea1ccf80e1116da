"""Interrupt descriptor tables and interrupt objects, by the way that a kernel leads from the one to the other."""

from __future__ import annotations

import struct

from dumpwalk.synth.processor_items import GateItem, InterruptItem
from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World

_VECTORS = 256
_INTERRUPT_OBJECT = 22  # KOBJECTS
_X86_FIRST = 0x30  # PRIMARY_VECTOR_BASE
_THUNK = 8
# Vector: the kernel's routine, its privilege level and its stack, as listings of `!idt` have them.
_ROUTINES = {
    0x00: ("KiDivideErrorFault", 0, 0),
    0x01: ("KiDebugTrapOrFault", 0, 4),
    0x02: ("KiNmiInterrupt", 0, 3),
    0x03: ("KiBreakpointTrap", 3, 0),
    0x04: ("KiOverflowTrap", 3, 0),
    0x05: ("KiBoundFault", 0, 0),
    0x06: ("KiInvalidOpcodeFault", 0, 0),
    0x07: ("KiNpxNotAvailableFault", 0, 0),
    0x08: ("KiDoubleFaultAbort", 0, 1),
    0x09: ("KiNpxSegmentOverrunAbort", 0, 0),
    0x0A: ("KiInvalidTssFault", 0, 0),
    0x0B: ("KiSegmentNotPresentFault", 0, 0),
    0x0C: ("KiStackFault", 0, 0),
    0x0D: ("KiGeneralProtectionFault", 0, 0),
    0x0E: ("KiPageFault", 0, 0),
    0x10: ("KiFloatingErrorFault", 0, 0),
    0x11: ("KiAlignmentFault", 0, 0),
    0x12: ("KiMcheckAbort", 0, 2),
    0x13: ("KiXmmException", 0, 0),
    0x1F: ("KiApcInterrupt", 0, 0),
    0x2C: ("KiRaiseAssertion", 3, 0),
    0x2D: ("KiDebugServiceTrap", 3, 0),
    0x2F: ("KiDpcInterrupt", 0, 0),
    0xE1: ("KiIpiInterrupt", 0, 0),
}
# x86: what leads to a task instead: non-maskable interrupts and double faults.
_TASKS = {0x02: 0x58, 0x08: 0x50}


class Interrupts:
    """The interrupts of one processor.

    :param block: address of its ``_KPRCB``
    :param first: it is the first processor, on which the addresses that a spec states are used
    """

    def __init__(self, world: World, block: int, *, first: bool) -> None:
        self.world = world
        self.block = block
        self.first = first
        self.wide = world.layouts.pointer_size == 8

    def table(self) -> bytes:
        """Return the table, and write the interrupt objects that it leads to."""
        size = 16 if self.wide else 8
        table = bytearray(_VECTORS * size)
        for vector in range(_VECTORS):
            table[vector * size : (vector + 1) * size] = self._usual(vector)
        from dumpwalk.synth.image.processors import address_of

        for item in self.world.image.items:
            if isinstance(item, (GateItem, InterruptItem)) and not 0 <= item.vector < _VECTORS:
                raise SpecError(f"there is no interrupt {item.vector:x}")
            if isinstance(item, InterruptItem):
                gate = self._gate(self._connect(item))
            elif isinstance(item, GateItem):
                gate = self._gate(address_of(self.world, item.routine), item.dpl, item.ist)
            else:
                continue
            table[item.vector * size : (item.vector + 1) * size] = gate
        return bytes(table)

    def _usual(self, vector: int) -> bytes:
        kernel = self.world.kernel
        if not self.wide and vector in _TASKS:
            return struct.pack("<HHHH", 0, _TASKS[vector], 0x8500, 0)
        name, dpl, ist = _ROUTINES.get(vector, ("", 0, 0))
        found = kernel.known(name) if name else None
        if found is None and name and kernel.known("KiIsrThunk") is None:  # a profile without symbols
            found = kernel.base + 0x4000 + vector * 0x90 + (vector & 3) * 0x10
        if found is not None:
            return self._gate(found, dpl, ist)
        return self._gate(self._thunk(vector))

    def _thunk(self, vector: int) -> int:
        """Return where a vector leads that nothing is connected to."""
        kernel = self.world.kernel
        return (kernel.known("KiIsrThunk") or kernel.base + 0x2000) + vector * _THUNK

    def _gate(self, offset: int, dpl: int = 0, ist: int = 0) -> bytes:
        flags = 0x8E00 | dpl << 13 | ist  # present, interrupt gate
        low = struct.pack("<HHHH", offset & 0xFFFF, 0x10 if self.wide else 8, flags, offset >> 16 & 0xFFFF)
        return low + struct.pack("<II", offset >> 32, 0) if self.wide else low

    def _connect(self, item: InterruptItem) -> int:
        """Write the interrupt objects of *item* and return where its gate leads."""
        from dumpwalk.synth.image.processors import address_of

        world, layouts = self.world, self.world.layouts
        size = layouts.size("_KINTERRUPT")
        dispatch = "KiChainedDispatch" if len(item.routines) > 1 else "KiInterruptDispatch"
        objects = []
        for index, routine in enumerate(item.routines):
            stated = item.address if self.first and not index else 0
            address = stated or world.pool.allocate(size, "Intr")
            world.arena.clear(address, size)
            fields: dict[str, int | str | bytes] = {
                "Type": _INTERRUPT_OBJECT,
                "Size": size,
                "ServiceRoutine": address_of(world, routine),
                "DispatchAddress": world.kernel.known(dispatch) or world.kernel.base + 0x3000,
                "Vector": item.vector,
                "Irql": item.vector >> 4 if self.wide else 0,
                "SynchronizeIrql": item.vector >> 4 if self.wide else 0,
                "Connected": 1,
            }
            world.structures.put_known("_KINTERRUPT", address, fields)
            objects.append(address)
        if len(objects) > 1:
            at = layouts.offset("_KINTERRUPT", "InterruptListEntry")
            world.structures.list(objects[0] + at, [o + at for o in objects[1:]])
        if layouts.has("_KINTERRUPT", "DispatchCode"):
            return objects[0] + layouts.offset("_KINTERRUPT", "DispatchCode")
        for array, start in (("InterruptObject", 0), ("VectorToInterruptObject", _X86_FIRST)):
            if layouts.has("_KPRCB", array):
                place = layouts.offset("_KPRCB", f"{array}[{item.vector - start}]")
                world.structures.pointer(self.block + place, objects[0])
        return self._thunk(item.vector)
