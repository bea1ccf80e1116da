"""Page tables in a few lines, for tests: a physical memory made page by page, and what it maps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from fakes import BY_NAME, NOTHING

from dumpwalk.memory.paging.modes import X64, Mode
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent
from dumpwalk.symbols.modules import Modules, module
from dumpwalk.target import Target

PAGE = 0x1000


class Tables:
    """Physical pages by number, and a root table among them.

    Tables of the upper levels are made as they are needed, from page 0x100 on.
    """

    def __init__(self, mode: Mode = X64) -> None:
        self.mode = mode
        self.pages: dict[int, bytearray] = {}
        self._next = 0x100
        self.root = self._new()

    def _new(self) -> int:
        self.pages[self._next] = bytearray(PAGE)
        self._next += 1
        return self._next - 1

    def page(self, number: int, content: bytes = b"", at: int = 0) -> None:
        """Let the page *number* be there, with *content* at the offset *at* in it."""
        held = self.pages.setdefault(number, bytearray(PAGE))
        held[at : at + len(content)] = content

    def entry(self, address: int, value: int, level: str = "PTE", table: int = 0x63) -> None:
        """Let *value* be the entry for *address* at *level*; *table* is what is in entries above it beside the page."""
        at = self.root
        for step in self.mode.levels:
            index = address >> step.shift & (1 << step.bits) - 1
            place = slice(index * self.mode.entry_size, (index + 1) * self.mode.entry_size)
            held = self.pages.setdefault(at, bytearray(PAGE))
            if step.name == level:
                held[place] = value.to_bytes(self.mode.entry_size, "little")
                return
            old = int.from_bytes(held[place], "little")
            if not old & 1:
                old = self._new() << 12 | (1 if step.bits == 2 else table)
                held[place] = old.to_bytes(self.mode.entry_size, "little")
            at = (old & self.mode.frame) >> 12
        raise AssertionError(level)

    def map(self, address: int, page: int, content: bytes = b"") -> None:
        """Map *address* to *page*, which holds *content* at the address's own offset."""
        self.entry(address, page << 12 | 0x63)
        self.page(page, content, address & 0xFFF)

    def memory(self, software: Any = None) -> VirtualMemory:
        """Return what they map."""
        data, runs = b"", []
        for number in sorted(self.pages):
            runs.append((number << 12, (number + 1) << 12, len(data)))
            data += bytes(self.pages[number])
        physical = RunMemory(memoryview(data), runs)
        return VirtualMemory(physical, self.mode, self.root << 12, software)


def paged_target(
    tables: Tables,
    profile: str | None,
    *,
    kernel: int = 0,
    exact: bool = True,
    process: int | None = None,
    debugger_data: Any = None,
) -> Target:
    """Return a target whose dump holds what *tables* map.

    :param profile: whose types it has; ``None`` for none, ``""`` where they are still to be found
    :param kernel: where the kernel's image is
    """
    machine = BY_NAME["x86" if tables.mode.width == 32 else "x64"]
    loaded = [module(r"\SystemRoot\System32\ntoskrnl.exe", machine.address(kernel), 0x1000000, 0, 0)]
    dump = SimpleNamespace(
        path="fake.dmp",
        format="fake",
        memory=tables.memory(),
        modules=Modules(loaded if kernel else []),
        contents=SimpleNamespace(kernel_pdb=None),
        shown_types=None,
        header=SimpleNamespace(**NOTHING, machine=machine, pointer_size=machine.pointer_size),
        debugger_data=debugger_data or Absent("a fake has none"),
        process=machine.address(process) if process else Absent("a fake has none"),
    )
    target = Target(cast("Any", dump))
    known = SimpleNamespace(name=profile, machine=machine.name, exact=exact)
    if profile != "":
        target._profile = Absent("a fake has none") if profile is None else cast("Any", known)
    return target
