"""Triage dumps of a machine: what the kernel keeps of its memory in a small memory dump.

What is kept, and in which order, was decoded from real dumps of 19041 (x64)
and 22000 (ARM64): sections of the crashing processor, process and thread, the
call stack, the debugger data block in clear; then blocks, none of which
overlaps one before it. Ours are the heads of lists that the debugger data
block points to, and that the blocks of all processors are kept on every build:
without them nothing tells where the first one was (Windows 10 1803 is the
first that keeps them).
"""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.containers.crashdump_pages import registers
from dumpwalk.synth.contexts import CONTEXTS
from dumpwalk.synth.layouts import MACHINES
from dumpwalk.synth.spec import Block, SpecError
from dumpwalk.synth.structures import debugger_data
from dumpwalk.synth.triage_file import Sections, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.image.machine_memory import MachineMemory
    from dumpwalk.synth.image.structures import Layouts
    from dumpwalk.synth.layouts import Layout
    from dumpwalk.synth.spec import Spec

_PAGE = 0x1000
# What the kernel keeps at a pointer that it comes across.
_WINDOW = 0x100
# Windows bounds a small dump's size; a machine made up of pointers is not to become a file without end.
_MOST_IN_WINDOWS = 0x100000
_LARGEST_STACK = 0x100000
_BUILD_LAB = 0x80
# Variables that the debugger data block points to, and how many pointers of each are kept: list heads, and
# KiBugCheckData with its code and four parameters.
_VARIABLES = (("PsLoadedModuleList", 2), ("PsActiveProcessHead", 2), ("KiBugcheckData", 5), ("KeTimeIncrement", 1))


@WRITERS.add("triage")
def triage(spec: Spec, pages: Pages) -> bytes:
    """Return the triage dump that the kernel in *pages* would write on its first processor.

    That one runs the spec's running thread, or else its idle thread.

    :raises SpecError: when there is no kernel, or its processor, thread or process is not in *pages*
    """
    from dumpwalk.synth.image.build import paging, profile
    from dumpwalk.synth.image.machine import debugger_layout
    from dumpwalk.synth.image.machine_memory import MachineMemory
    from dumpwalk.synth.image.structures import Layouts

    image = spec.image
    if image is None or not image.profile:
        raise SpecError("a triage dump holds what a kernel keeps of itself: name the kernel's profile")
    types = profile(image.profile)
    layouts = Layouts(types)
    mode, self_map = paging(spec, image, types)
    layout = debugger_layout(layouts, MACHINES[spec.machine], spec.build, mode)
    memory = MachineMemory(pages, mode, spec.directory_table_base, self_map)
    return write(spec, layout, registers(spec), _Machine(spec, memory, layouts, layout).sections())


class _Machine:
    """The machine at the moment of its bug check."""

    def __init__(self, spec: Spec, memory: MachineMemory, layouts: Layouts, layout: Layout) -> None:
        self.spec = spec
        self.memory = memory
        self.layouts = layouts
        self.layout = layout
        self.width = layout.machine.pointer_size
        fields = CONTEXTS[spec.machine][1]
        context = registers(spec)
        self.context_size = len(context)
        self.registers = {
            name: int.from_bytes(context[at : at + size], "little")
            for name, (at, size) in fields.items()
            if size == self.width
        }

    def sections(self) -> Sections:
        """Return all that is kept of its memory.

        :raises SpecError: when processor, thread or process is not there
        """
        processors = self._processors()
        processor = self._structure("_KPRCB", processors[0], "KiProcessorBlock leads to")
        thread_at = self._field("_KPRCB", processor, "CurrentThread")
        thread = self._structure("_ETHREAD", thread_at, "its processor runs")
        process_at = self._field("_ETHREAD", thread, "Tcb.ApcState.Process")
        process = self._structure("_EPROCESS", process_at, "its thread is in")
        stack = self._stack(thread)
        blocks = _Blocks(self.memory)
        for address, size in self._kept(processors, stack):
            blocks.add(address, size)
        most = blocks.size + _MOST_IN_WINDOWS
        words = (*self.registers.values(), *self._words(stack.data if stack else b""))
        for word in (*words, *self._words(thread), *self._words(process)):
            if blocks.size < most:
                blocks.add(word, _WINDOW)
        return Sections(processor, process, thread, stack, self._debugger_data(), tuple(blocks.gathered))

    def _processors(self) -> list[int]:
        table = self.spec.pointer("KiProcessorBlock") or 0
        found = self._words(self.memory.read(table, self.width * self.spec.processor_count))
        if not found:
            raise SpecError(f"no processor is in KiProcessorBlock at {table:x}: nothing can have written a dump")
        return found

    def _words(self, data: bytes) -> list[int]:
        """Return the pointers in *data*."""
        end = len(data) - self.width + 1
        return [int.from_bytes(data[at : at + self.width], "little") for at in range(0, end, self.width)]

    def _structure(self, name: str, address: int, what: str) -> bytes:
        size = self.layouts.size(name)
        data = self.memory.read(address, size)
        if len(data) < size:
            raise SpecError(f"the {name} at {address:x} that {what} is not in the image: nothing can have crashed")
        return data

    def _field(self, name: str, data: bytes, path: str) -> int:
        at = self.layouts.offset(name, path)
        return int.from_bytes(data[at : at + self.width], "little")

    def _stack(self, thread: bytes) -> Block | None:
        """Return the stack from the stack pointer to the stack's base, if the pointer is in one that is known."""
        pointer = self.registers[{"x64": "rsp", "x86": "esp"}.get(self.spec.machine, "sp")]
        limit, base = (self._field("_ETHREAD", thread, f"Tcb.{name}") for name in ("StackLimit", "StackBase"))
        known = [(limit, base)]
        if self.spec.stack:
            mask = (1 << 8 * self.width) - 1
            known.append((self.spec.stack.start & mask, self.spec.stack.end & mask))
        end = next((high for low, high in known if low <= pointer < high), pointer)
        data = self.memory.read(pointer, min(end - pointer, _LARGEST_STACK))
        return Block(pointer, data) if data else None

    def _debugger_data(self) -> bytes:
        """Return the debugger data block in clear, whatever it is in memory: the kernel decodes it before it dumps."""
        made = debugger_data(self.spec, self.layout)
        if self.spec.image and self.spec.image.encoded and self.width == 8:
            return made
        at = self.spec.pointer("KdDebuggerDataBlock") or 0
        held = self.memory.read(at, len(made))
        return held if len(held) == len(made) else made

    def _kept(self, processors: list[int], stack: Block | None) -> Iterator[tuple[int, int]]:
        """Yield address and size of what is kept in any case, in the kernel's order."""
        spec, mask = self.spec, (1 << 8 * self.width) - 1
        for parameter in spec.parameters:
            yield parameter & mask & -_PAGE, _PAGE
        for processor in processors:
            yield processor, self.layouts.size("_KPRCB")
            if not self.layout.context_in_processor and self.layouts.has("_KPRCB", "Context"):
                at = processor + self.layouts.offset("_KPRCB", "Context")
                yield from ((word, self.context_size) for word in self._words(self.memory.read(at, self.width)))
        if stack:
            yield stack.address, len(stack.data)
        yield spec.pointer("KiProcessorBlock") or 0, self.width * len(processors)
        yield spec.pointer("NtBuildLab") or 0, _BUILD_LAB
        for name, count in _VARIABLES:
            yield spec.pointer(name) or 0, self.width * count
        # What the spec states byte by byte stands for what drivers register to be dumped.
        for block in spec.blocks:
            if not block.pid:
                yield block.address & mask, len(block.data)
        yield spec.modules[0].base & mask, _WINDOW
        for value in self.registers.values():
            if self.memory.kernel_address(value):
                yield self.memory.pte_of(value), self.memory.entry
        for value in self.registers.values():
            yield value & -_PAGE, _PAGE


class _Blocks:
    """Blocks as they are gathered: of each one only what no block before it holds."""

    def __init__(self, memory: MachineMemory) -> None:
        self.memory = memory
        self.gathered: list[Block] = []
        self.size = 0
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, address: int, size: int) -> None:
        """Gather what there is of *size* bytes at *address*."""
        end = address + size
        while address < end:
            index = bisect_right(self._starts, address)
            if index and address < self._ends[index - 1]:
                address = self._ends[index - 1]
                continue
            free = min(end, self._starts[index]) if index < len(self._starts) else end
            data = self.memory.read(address, free - address)
            if data:
                self.gathered.append(Block(address, data))
                self._starts.insert(index, address)
                self._ends.insert(index, address + len(data))
                self.size += len(data)
            if len(data) < free - address:
                return
            address = free
