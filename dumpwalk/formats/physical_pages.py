"""Crash dumps that hold physical pages: what they have in common, however they say which pages these are."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.formats import Contents, Dump
from dumpwalk.formats.header_layout import SIZES
from dumpwalk.formats.paging_mode import virtual_memory
from dumpwalk.formats.triage_sections import Layout
from dumpwalk.memory.physical import PAGE
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.encoded_debugger_data import Keys
    from dumpwalk.formats.header import Header
    from dumpwalk.memory.physical import PhysicalMemory
    from dumpwalk.memory.segments import DumpMemory

# The stack pointer in a CONTEXT of winnt.h, by machine: offset and size.
_STACK_POINTER = {"x64": (0x98, 8), "x86": (0xC4, 4), "ARM64": (0x100, 8), "ARM": (0x38, 4)}


class PagesFile:
    """A crash dump with pages, while it is being opened.

    :ivar layout: what lies where in the file, noted as it is found
    :ivar missing: what the file does not hold
    """

    def __init__(self, path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> None:
        self.path = path
        self.name = name
        self.data = data
        self.header = header
        self.problems = problems
        self.missing: list[str] = []
        self.layout = Layout(data, problems)
        self.layout.add(0, SIZES[header.pointer_size], "header")

    @property
    def behind_header(self) -> int:
        """File offset of what follows the header."""
        return SIZES[self.header.pointer_size]

    def problem(self, where: str, what: str) -> None:
        """Note that something is damaged."""
        self.problems.append(Problem(where, what))

    def cut(self, present: int, held: int, first: int) -> None:
        """Note that the file ends before its pages do.

        :param present: how many pages it says it has
        :param held: how many it has
        :param first: number of the first page that it does not have
        """
        what = f"{present - held} of {present} pages lie behind the end of the file, from page {first:x} on"
        self.problem("file", f"it is cut at {len(self.data):#x}: {what}")
        self.missing.append(f"memory: {what}")

    def opened(self, physical: PhysicalMemory, held: int, first: int, pages: int) -> Dump:
        """Return the dump of these pages.

        :param held: how many of them can be read
        :param first: file offset of the first page
        :param pages: how many pages the file says it has; what lies behind them is secondary data
        """
        from dumpwalk.formats.secondary import read_secondary

        if not held and not self.missing:
            self.missing.append("memory: the file holds no pages")
        end = first + pages * PAGE
        in_file = min(end, len(self.data))
        if first < in_file:
            self.layout.add(first, in_file - first, "pages")
        secondary = read_secondary(self.data, end, self.layout) if first < end else ()
        self.layout.finish()
        header = self.header
        pae = None if isinstance(header.PaeEnabled, Absent) else bool(header.PaeEnabled)
        space = virtual_memory(
            physical,
            header.machine,
            header.DirectoryTableBase,
            pae=pae,
            debugger_data_at=header.KdDebuggerDataBlock,
            modules_at=header.PsLoadedModuleList,
            problems=self.problems,
        )
        memory: DumpMemory = SegmentedMemory((), space.reason) if isinstance(space, Absent) else space
        if isinstance(space, Absent):
            self.missing.append(f"virtual memory: {space.reason}")
        return Dump(
            path=self.path,
            format=self.name,
            size=len(self.data),
            header=header,
            memory=memory,
            physical=physical,
            contents=lambda: _contents(memory, header),
            sections=tuple(self.layout.sections),
            secondary=secondary,
            missing=tuple(self.missing),
            problems=tuple(self.problems),
        )


def _contents(memory: DumpMemory, header: Header) -> Contents:
    from dumpwalk.formats.live_contents import contents

    return contents(
        memory,
        header.machine,
        debugger_data_at=header.KdDebuggerDataBlock,
        modules_at=header.PsLoadedModuleList,
        processors=header.NumberProcessors,
        stack_pointer=stack_pointer(header),
        keys=lambda: _keys(memory, header),
    )


def _keys(memory: DumpMemory, header: Header) -> Keys | None:
    """Return what decodes the debugger data block: tools that dump a running machine copy it as it is there."""
    from dumpwalk.formats.encoded_debugger_data import keys_of
    from dumpwalk.formats.loaded_modules import loaded_modules
    from dumpwalk.symbols.image import image_at

    modules, _ = loaded_modules(memory, header.machine, header.PsLoadedModuleList, [])
    kernel = next((m for m in modules if m.name == "nt"), None)
    image = image_at(memory, kernel.base) if kernel and header.machine.name == "x64" else None
    try:
        return keys_of(image) if image else None
    except TypeInfoError:  # what is missing then is said where types are asked for
        return None


def stack_pointer(header: Header) -> int | Absent:
    """Return the stack pointer of the context in *header*."""
    where = _STACK_POINTER.get(header.machine.name)
    if where is None:
        return Absent(f"the CONTEXT of {header.machine.name} machines is not known here")
    value = int.from_bytes(header.ContextRecord[where[0] : sum(where)], "little")
    return value or Absent("the header's context holds no stack pointer")
