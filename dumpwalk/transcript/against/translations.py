"""``!vtop`` and ``!ptov``: where virtual addresses lead by the dump's page tables, and which lead to a page."""

from __future__ import annotations

from dumpwalk.kernel.pte import page_tables
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target
    from dumpwalk.transcript.translation import ListedStep, ListedWalk
    from dumpwalk.transcript.virtual_addresses import MappingList

# What the processors' manuals call the levels, and Windows does; `!vtop` of the debugger has the former.
_LEVELS = {"PML5E": "PML5E", "PML4E": "PXE", "PDPE": "PPE"}
# CR3 has flags, and the number of an address space, in its low bits; with PAE a root table has 32 bytes.
_PAE_ROOT, _ROOT = 0x1F, 0xFFF


@compares("translation")
def walk(target: Target, said: ListedWalk, command: str) -> Iterator[Statement | None]:
    """Compare the way of an address through page tables."""
    from dumpwalk.kernel.file_page import file_page
    from dumpwalk.kernel.vad_lookup import follow_vads

    own = page_tables(target)
    what = f"{target.address(said.address)}"
    words = command.split()
    # `vtop ADDRESS` and `vtop 0 ADDRESS` go by the dump's own tables; a root behind the command is another process's.
    if len(words) == 2 or (len(words) == 3 and words[1] == "0"):
        memory = own
        yield _root(f"{what} root", said.root, own)
    else:
        memory = _of_root(own, said.root)
    follow_vads(target)
    found = memory.translate(target.address(said.address))
    for number, step in enumerate(said.steps):
        there = nth(found.entries, number)
        name = f"{what} {step.level or f'step {number + 1}'}"
        if isinstance(there, str):
            yield statement(name, step.address, Absent(f"the way has {there}"))
            continue
        yield statement(f"{name} level", _level(step), there.level)
        yield statement(f"{name} address", step.address, there.address)
        yield statement(f"{name} value", step.value, there.value)
    if isinstance(said.physical, Absent):
        place = "nowhere" if isinstance(found.physical, Absent) else f"{found.physical:x}"
        yield statement(f"{what} leads to", like("nowhere", said.address), place)
    else:
        yield statement(f"{what} physical", said.physical, found.physical)
    page = found.physical if isinstance(found.physical, Absent) else Hex(found.physical >> 12)
    yield statement(f"{what} page", said.page, page)
    yield statement(f"{what} page size", said.page_size, found.page_size)
    if not said.in_dump and not isinstance(found.physical, Absent):
        missing = memory.physical.place(found.physical) < 0
        yield statement(f"{what} page is in the dump", like(False, said.page), not missing)
    if said.file_page is not None:
        behind = file_page(target, memory, found.address)
        held = Absent("no page of a file is known there") if behind is None else behind
        yield from values(f"{what} file page", said.file_page, held, pointer_size=target.machine.pointer_size)


def _level(step: ListedStep) -> str:
    return like(_LEVELS.get(step.level, step.level), step.level)


def _root(what: str, said: Hex | None, memory: VirtualMemory) -> Statement | None:
    if said is None:
        return None
    mask = _PAE_ROOT if memory.mode.name == "PAE" else _ROOT
    return statement(what, like(Hex(int(said) & ~mask), said), Hex(memory.root & ~mask))


def _of_root(memory: VirtualMemory, root: int | None) -> VirtualMemory:
    """Return the page tables below *root*: of another process, perhaps."""
    return memory if root is None or int(root) == memory.root else memory.with_root(int(root))


@compares("virtual-addresses")
def addresses(target: Target, said: MappingList, command: str) -> Iterator[Statement | None]:
    """Compare the addresses of a page: each is looked up."""
    from dumpwalk.memory.paging.mapped import mapped

    own = page_tables(target)
    # The debugger's `!ptov` names a process by its root, and prints another word for the mode.
    if command and "--dtb" not in command.split() and said.mode == own.mode.name:
        memory = own
        yield _root("root of page tables", said.root, own)
    else:
        memory = _of_root(own, said.root)
    for mapping in said.mappings:
        found = memory.translate(target.address(mapping.address))
        yield statement(f"{target.address(mapping.address)} physical", mapping.physical, found.physical)
    if said.unmapped is not None:
        first = next(iter(mapped(memory).virtual_addresses_of(int(said.unmapped) << 12)), None)
        held = "nothing" if first is None else str(memory.address(first))
        yield statement(f"page {int(said.unmapped):x} is mapped by", like("nothing", said.unmapped), held)
