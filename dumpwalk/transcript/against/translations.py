"""``!vtop`` and ``!ptov``: where virtual addresses lead by the dump's page tables, and which lead to a page."""

from __future__ import annotations

from dumpwalk.kernel.pte import page_tables
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.marked import like
from dumpwalk.transcript.against.named import nth, statement, values
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.kernel.address_walk import Step
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.virtual import VirtualMemory
    from dumpwalk.target import Target
    from dumpwalk.transcript.translation import ListedWalk
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
    way = said.walk
    what = f"{target.address(way.address)}"
    words = command.split()
    # `vtop ADDRESS` and `vtop 0 ADDRESS` go by the dump's own tables; a root behind the command is another process's.
    if len(words) == 2 or (len(words) == 3 and words[1] == "0"):
        memory = own
        yield _root(f"{what} root", way.root, own)
    else:
        memory = _of_root(own, way.root)
    follow_vads(target)
    found = memory.translate(target.address(way.address))
    for number, step in enumerate(way.steps):
        there = nth(found.entries, number)
        name = f"{what} {step.level or f'step {number + 1}'}"
        if isinstance(there, str):
            yield statement(name, step.address, Absent(f"the way has {there}"))
            continue
        yield statement(f"{name} level", _level(step), there.level)
        yield statement(f"{name} address", step.address, there.address)
        yield statement(f"{name} value", step.value, there.value)
    if isinstance(way.physical, Absent) and way.physical is not NOT_SHOWN:
        place = "nowhere" if isinstance(found.physical, Absent) else f"{found.physical:x}"
        yield statement(f"{what} leads to", like("nowhere", way.address), place)
    else:
        yield statement(f"{what} physical", way.physical, found.physical)
        yield statement(f"{what} page size", way.page_size, found.page_size)
        if not isinstance(found.physical, Absent):
            missing = memory.physical.place(found.physical) < 0
            yield statement(f"{what} page is in the dump", way.in_dump, not missing)
    page = found.physical if isinstance(found.physical, Absent) else Hex(found.physical >> 12)
    yield statement(f"{what} page", said.page, page)
    if way.file_page is not None:
        behind = file_page(target, memory, found.address)
        held = Absent("no page of a file is known there") if behind is None else behind
        yield from values(f"{what} file page", way.file_page, held, pointer_size=target.machine.pointer_size)


def _level(step: Step) -> str:
    return like(_LEVELS.get(step.level, step.level), step.level)


def _root(what: str, said: Hex | Absent | None, memory: VirtualMemory) -> Statement | None:
    if said is None or isinstance(said, Absent):
        return None
    mask = _PAE_ROOT if memory.mode.name == "PAE" else _ROOT
    return statement(what, like(Hex(int(said) & ~mask), said), Hex(memory.root & ~mask))


def _of_root(memory: VirtualMemory, root: int | Absent | None) -> VirtualMemory:
    """Return the page tables below *root*: of another process, perhaps."""
    if root is None or isinstance(root, Absent) or int(root) == memory.root:
        return memory
    return memory.with_root(int(root))


@compares("virtual-addresses")
def addresses(target: Target, said: MappingList, command: str) -> Iterator[Statement | None]:
    """Compare the addresses of a page: each is looked up."""
    from dumpwalk.memory.paging.mapped import mapped

    own = page_tables(target)
    # The debugger's `!ptov` names a process by its root, and prints another word for the mode.
    ours = said.found
    if ours is not None and command and "--dtb" not in command.split() and ours.mode == own.mode.name:
        memory = own
        yield _root("root of page tables", ours.root, own)
    else:
        memory = _of_root(own, said.root if ours is None else ours.root)
    mappings: list[tuple[Hex | Absent, Address]] = [(mapping.physical, mapping.address) for mapping in said.mappings]
    if ours is not None:
        mappings = [*((like(ours.physical, at), at) for at in ours.addresses), *mappings]
    for physical, address in mappings:
        found = memory.translate(target.address(address))
        yield statement(f"{target.address(address)} physical", physical, found.physical)
    if said.unmapped is not None:
        first = next(iter(mapped(memory).virtual_addresses_of(int(said.unmapped) << 12)), None)
        held = "nothing" if first is None else str(memory.address(first))
        yield statement(f"page {int(said.unmapped):x} is mapped by", like("nothing", said.unmapped), held)
