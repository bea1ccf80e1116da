"""The way of a virtual address through the page tables, each entry with what it says, as ``vtop`` shows it."""

from __future__ import annotations

from dumpwalk.memory.address import Hex
from dumpwalk.memory.paging.translation import LARGE
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.file_page import FilePage
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.paging.translation import TableEntry
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target

VALID = "valid"


@record
class Step:
    """An entry on the way.

    :param level: ``PXE``, ``PPE``, ``PDE``, ``PTE``, or ``prototype PTE``
    :param address: its physical address
    :param value: its bits
    :param state: ``valid``, ``large page``, ``transition``, ...
    :param meaning: what it says, in words
    """

    level: str
    address: Hex
    value: Hex | Absent
    state: str | Absent
    meaning: str


@record
class Walk:
    """Where an address leads.

    :param mode: name of the paging mode
    :param root: physical address of the root table
    :param steps: the entries, in the order in which they were read
    :param physical: the physical address, or why there is none
    :param page_size: of the page that holds it; 0 where there is none
    :param in_dump: whether the page is in the dump
    :param file_page: the page of a mapped file (or of shared memory) that is there; ``None`` when none is known of
    """

    address: Address
    mode: str
    root: Hex | Absent
    steps: tuple[Step, ...]
    physical: Hex | Absent
    page_size: Hex | Absent
    in_dump: bool | Absent
    problems: tuple[Problem, ...]
    file_page: FilePage | None = None


def walk(target: Target, memory: VirtualMemory, address: int) -> Walk:
    """Return where *address* leads in the address space that *memory* is, with each entry on the way."""
    from dumpwalk.kernel.file_page import file_page
    from dumpwalk.kernel.vad_lookup import follow_vads

    follow_vads(target)
    found = memory.translate(target.address(address))
    in_dump = not isinstance(found.physical, Absent) and memory.physical.place(found.physical) >= 0
    steps = tuple(Step(e.level, e.address, e.value, e.state, _meaning(target, memory, e)) for e in found.entries)
    # What is not known of invalid entries matters where there was one.
    doubtful = target.entries is not None and any(not e.value & 1 for e in found.entries)
    problems = target.entries.problems if target.entries and doubtful else ()
    behind = file_page(target, memory, found.address)
    return Walk(
        found.address, found.mode, found.root, steps, found.physical, found.page_size, in_dump, problems, behind
    )


def _meaning(target: Target, memory: VirtualMemory, entry: TableEntry) -> str:
    from dumpwalk.memory.paging.windows import reason

    if entry.value & 1:
        level = next((level for level in memory.mode.levels if level.name == entry.level), None)
        if entry.state == LARGE and level is not None:
            return f"{LARGE}, page {memory.mode.large_base(level, entry.value) >> 12:x}"
        what = "page" if level is None or level.shift == 12 else "table in page"
        return f"{VALID}, {what} {(entry.value & memory.mode.frame) >> 12:x}"
    windows = target.entries.windows() if target.entries else Absent("")
    if isinstance(windows, Absent) or windows.format.size != memory.mode.entry_size:
        return entry.state
    said = windows.classify(memory, entry.value, "prototype" if entry.level == "prototype PTE" else "process")
    if said.pfn is not None:
        return f"{said.kind}, still in page {said.pfn:x}"
    if said.kind == "prototype":
        return f"prototype, see the prototype PTE at {memory.address(said.address)}" if said.address else said.kind
    return reason(said, memory)
