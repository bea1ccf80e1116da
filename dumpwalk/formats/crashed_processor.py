"""Which processor a dump was taken on, told from the kernel's own variables, without types.

The debugger data block says where the processors are (``KiProcessorBlock``)
and where the fields lie that lead from there to the thread and its process.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.record import record
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.memory.segments import Memory
    from dumpwalk.types.debugger_offsets import Numbers

# Windows supports up to 2048 logical processors (Microsoft Learn, "Processor Groups").
MOST_PROCESSORS = 2048
# A kernel stack that was grown for a GUI thread: 72 KB on x64, 60 KB on x86 (KERNEL_LARGE_STACK_SIZE of
# the public headers). It bounds a stack whose limit the debugger data block does not locate, before Windows 8.
_LARGE_STACK = {8: 0x12000, 4: 0xF000}
# KERNEL_STACK_SIZE of the public headers: what the stacks for deferred calls and interrupts have.
_SMALL_STACK = {8: 0x6000, 4: 0x3000}


@record
class Crashed:
    """Where the dump was taken.

    :param note: why it may be another processor; empty when it is sure
    """

    processor: Address | Absent
    thread: Address | Absent
    process: Address | Absent
    note: str = ""


class _Reader:
    """Reads pointers at offsets that the debugger data block states.

    :param data: the block, or what stands for it where it states none
    """

    def __init__(self, memory: Memory, machine: Machine, data: Numbers) -> None:
        self.memory = memory
        self.machine = machine
        self.data = data

    def pointer(self, base: int, name: str, what: str) -> Address | Absent:
        """Return the pointer of the structure at *base* whose offset the block calls *name*."""
        offset = self.data.get(name)
        if not offset:
            return Absent(f"the debugger data block does not say where {what} is")
        width = self.machine.pointer_size
        try:
            raw = self.memory.read(self.machine.address(base + offset), width)
        except ReadError as error:
            return Absent(f"{what} at {error}")
        value = self.machine.address(int.from_bytes(raw, "little"))
        if not value >> 8 * width - 1:
            return Absent(f"{what} is {value}, no kernel address")
        return value


def crashed_processor(
    memory: Memory, machine: Machine, data: Numbers, processors: int, stack_pointer: int | Absent
) -> Crashed:
    """Return the processor whose stack holds *stack_pointer*, its thread, and the thread's process.

    :param processors: how many the machine has; 0 when that is not known
    :param stack_pointer: of the context that the dump was taken with
    """
    reader = _Reader(memory, machine, data)
    found = _processors(reader, processors)
    if isinstance(found, Absent):
        return Crashed(found, found, found)
    threads = [reader.pointer(p, "OffsetPrcbCurrentThread", "KPRCB.CurrentThread") for p in found]
    own, note = 0, ""
    if len(found) > 1 and isinstance(stack_pointer, Absent):
        note = f"nothing says which one crashed ({stack_pointer.reason}); processor 0 stands for it"
    elif len(found) > 1 and not isinstance(stack_pointer, Absent):
        sp = machine.address(stack_pointer)
        own = next((n for n, thread in enumerate(threads) if _holds(reader, found[n], thread, sp)), -1)
        if own < 0:
            own = 0
            note = f"no processor's stack holds the stack pointer {sp}; processor 0 stands for the one that crashed"
    thread = threads[own]
    process: Address | Absent = thread
    if not isinstance(thread, Absent):
        process = reader.pointer(thread, "OffsetKThreadApcProcess", "ETHREAD.ApcState.Process")
    return Crashed(found[own], thread, process, note)


def _processors(reader: _Reader, count: int) -> list[Address] | Absent:
    """Return the processors that ``KiProcessorBlock`` lists; not one twice."""
    machine, width = reader.machine, reader.machine.pointer_size
    array = reader.data.get("KiProcessorBlock")
    if not array:
        return Absent("the debugger data block does not say where KiProcessorBlock is")
    found: dict[Address, None] = {}
    for index in range(count if 0 < count <= MOST_PROCESSORS else 1):
        try:
            raw = reader.memory.read(machine.address(array + index * width), width)
        except ReadError as error:
            if not found:
                return Absent(f"KiProcessorBlock at {error}")
            break
        address = machine.address(int.from_bytes(raw, "little"))
        if address >> 8 * width - 1:
            found[address] = None
    return list(found) or Absent("KiProcessorBlock lists no processor")


def _holds(reader: _Reader, processor: int, thread: Address | Absent, sp: int) -> bool:
    """Say whether *sp* lies in the stack of *thread*, or in a stack that *processor* has for itself."""
    width = reader.machine.pointer_size
    if not isinstance(thread, Absent):
        top = reader.pointer(thread, "OffsetKThreadStackBase", "StackBase")
        bottom = reader.pointer(thread, "OffsetKThreadStackLimit", "StackLimit")
        if isinstance(top, Absent):
            top = reader.pointer(thread, "OffsetKThreadInitialStack", "InitialStack")
        if not isinstance(top, Absent):
            low = top - _LARGE_STACK[width] if isinstance(bottom, Absent) else bottom
            if low <= sp <= top:
                return True
    for name in ("OffsetPrcbDpcStack", "OffsetPrcbIsrStack"):
        top = reader.pointer(processor, name, name)
        if not isinstance(top, Absent) and top - _SMALL_STACK[width] <= sp <= top:
            return True
    return False
