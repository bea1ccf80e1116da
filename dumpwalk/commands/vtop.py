"""``dumpwalk vtop``: where a virtual address leads, step by step."""

from __future__ import annotations

from dumpwalk.arguments import argument, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.expression import evaluate, quantity
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.file_page import FilePage
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.paging.translation import TableEntry
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target


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
    value: Hex
    state: str
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
    root: Hex
    steps: tuple[Step, ...]
    physical: Hex | Absent
    page_size: Hex
    in_dump: bool
    problems: tuple[Problem, ...]
    file_page: FilePage | None = None


def layout(walk: Walk) -> str:
    """Return the walk as sentences."""
    lines = [f"{walk.address}: {walk.mode} page tables, root at {walk.root:x}"]
    width = max((len(step.level) for step in walk.steps), default=0)
    digits = 8 if walk.mode == "x86" else 16
    for step in walk.steps:
        lines.append(f"{step.level:{width}} at {step.address:x}: {step.value:0{digits}x}  {step.meaning}")
    if isinstance(walk.physical, Absent):
        lines.append(f"{walk.address} leads nowhere: {walk.physical.reason}")
    else:
        pages = {0x1000: "4 KB", 0x200000: "2 MB", 0x400000: "4 MB", 1 << 30: "1 GB"}
        size = pages.get(walk.page_size, f"{walk.page_size}")
        lines.append(f"{walk.address} is at physical address {walk.physical:x}, page {walk.physical >> 12:x} ({size})")
        if not walk.in_dump:
            lines.append(f"page {walk.physical >> 12:x} is not in the dump")
    if walk.file_page is not None:
        from dumpwalk.render.file_page import lines as file_lines

        lines += file_lines(walk.file_page)
    return "\n".join([*lines, *(f"({problem})" for problem in walk.problems)])


def _partial(walk: Walk) -> bool:
    damaged = walk.file_page is not None and walk.file_page.problems  # which page of what it is, is extra
    return bool(walk.problems or damaged) or not walk.in_dump


@command(
    "vtop",
    argument("words", "[DIRBASE] ADDRESS; the directory base's page number, 0 for the dump's own", many="+"),
    option("--dtb", value="ROOT", help="physical address of the root table of another process", kind=number),
    text=layout,
    partial=_partial,
    target=True,
)
def vtop(words: Sequence[str], dtb: int | None = None, target: Target | None = None) -> Walk:
    """Say where a virtual address leads, with every page-table entry on the way.

    As in WinDbg the address may follow the page number of a directory base (DirBase of a
    process without its three last digits), 0 for the dump's own; --dtb takes DirBase itself.
    The address may be an expression: nt!PsActiveProcessHead+8, @rsp, poi(...).
    """
    from dumpwalk.kernel.file_page import file_page
    from dumpwalk.kernel.names import DumpNames
    from dumpwalk.kernel.pte import page_tables
    from dumpwalk.kernel.vad_lookup import follow_vads

    if target is None:
        raise UsageError("an address needs a dump: -z FILE")
    memory = page_tables(target)
    if len(words) > 2:
        what = "vtop takes one address, with the page number of a directory base before it if need be"
        raise UsageError(f"{what}; quote an expression that has blanks")
    names = DumpNames(target)
    before, address = [quantity(word, names) for word in words[:-1]], evaluate(words[-1], names)
    root = dtb if dtb is not None else _root(memory, before[0]) if before and before[0] else None
    if root is not None:
        memory = memory.with_root(root)
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


def _root(memory: VirtualMemory, base: int) -> int:
    """Return the root table that *base* names: by its page number, or by its address where no page has that number."""
    if memory.physical.place(base << 12) < 0 <= memory.physical.place(base):
        return base
    return base << 12


def _meaning(target: Target, memory: VirtualMemory, entry: TableEntry) -> str:
    from dumpwalk.memory.paging.windows import reason

    if entry.value & 1:
        level = next((level for level in memory.mode.levels if level.name == entry.level), None)
        if entry.state == "large page" and level is not None:
            return f"large page, page {memory.mode.large_base(level, entry.value) >> 12:x}"
        what = "page" if level is None or level.shift == 12 else "table in page"
        return f"valid, {what} {(entry.value & memory.mode.frame) >> 12:x}"
    windows = target.entries.windows() if target.entries else Absent("")
    if isinstance(windows, Absent) or windows.format.size != memory.mode.entry_size:
        return entry.state
    said = windows.classify(memory, entry.value, "prototype" if entry.level == "prototype PTE" else "process")
    if said.pfn is not None:
        return f"{said.kind}, still in page {said.pfn:x}"
    if said.kind == "prototype":
        return f"prototype, see the prototype PTE at {memory.address(said.address)}" if said.address else said.kind
    return reason(said, memory)
