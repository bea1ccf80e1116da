"""The memory of a small memory dump: every piece of it at the address it had in the machine.

The file states the addresses of the call stack, of the debugger data and of
the data blocks. It does not state those of KPRCB, ETHREAD and EPROCESS: the
debugger data block tells where the one points to the other.
"""

from __future__ import annotations

from bisect import bisect_right

from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.header import Header
    from dumpwalk.formats.triage_sections import Layout
    from dumpwalk.memory.address import Address
    from dumpwalk.memory.machine import Machine
    from dumpwalk.types.debugger_offsets import Numbers

# Of real dumps (builds 9600 to 22000, x64, ARM, ARM64) the KPRCB had 114 or more
# empty lists, and at most 32 pairs that happened to look like lists elsewhere.
_ENOUGH_LISTS = 16
_MOST_PROCESSORS = 2048


@record
class Pieces:
    """The sections that hold memory: three structures to be placed, and what has an address already."""

    prcb: memoryview
    process: memoryview
    thread: memoryview
    known: tuple[tuple[str, Address | Absent, memoryview], ...]


@record
class Assembled:
    """The memory, and where the crash happened in it."""

    memory: SegmentedMemory
    thread: Address | Absent
    process: Address | Absent
    processor: Address | Absent


def assemble(
    pieces: Pieces, blocks: list[Segment], header: Header, data: DebuggerData | Absent, layout: Layout
) -> Assembled:
    """Place the *pieces*, join them with the data *blocks* and check that they agree where they overlap."""
    machine, problems = header.machine, layout.problems
    only_blocks = SegmentedMemory(blocks)
    _compare_blocks(blocks, only_blocks, 4 * len(layout.data), problems)
    processor: Address | Absent
    thread: Address | Absent
    process: Address | Absent
    if isinstance(data, Absent):
        processor = thread = process = Absent(f"no debugger data block tells where it is ({data.reason})")
    else:
        processor = _processor(pieces.prcb, only_blocks, data, header)
        places: Numbers = data
        if not data.get("OffsetPrcbCurrentThread"):  # before Windows Vista
            from dumpwalk.formats.crashed_by_types import with_offsets

            places = with_offsets(data, header)
        thread = _pointer(pieces.prcb, places.get("OffsetPrcbCurrentThread"), machine, "KPRCB", "CurrentThread")
        at = places.get("OffsetKThreadApcProcess")
        process = _pointer(pieces.thread, at, machine, "ETHREAD", "ApcState.Process")
    placed = (
        ("ETHREAD", thread, pieces.thread),
        ("EPROCESS", process, pieces.process),
        ("KPRCB", processor, pieces.prcb),
    )
    for what, address, _ in placed:
        layout.place(what, address)
    segments = list(only_blocks.segments)
    for what, start, held in (*pieces.known, *placed):
        if start and not isinstance(start, Absent) and start + len(held) <= 1 << 8 * machine.pointer_size:
            segments += _uncovered(Segment(start, held, what), only_blocks, problems)
    return Assembled(SegmentedMemory(segments), thread, process, processor)


def _compare_blocks(blocks: list[Segment], memory: SegmentedMemory, size: int, problems: list[Problem]) -> None:
    """Report blocks that overlap and differ; *size* bounds the work that overlaps made on purpose can cost."""
    if sum(len(b.data) for b in blocks) == sum(len(s.data) for s in memory.segments):
        return
    for block in blocks:
        _uncovered(block, memory, problems)
        size -= len(block.data)
        if size < 0 or (problems[-1:] and problems[-1].where == block.source):
            return


def _uncovered(segment: Segment, memory: SegmentedMemory, problems: list[Problem]) -> list[Segment]:
    """Return the parts of *segment* that *memory* does not hold; report where the two differ."""
    others = memory.segments
    index = max(0, bisect_right(others, segment.address, key=lambda s: s.address) - 1)
    out: list[Segment] = []
    at, differs = segment.address, False
    kind = type(segment.address)

    def part(start: int, end: int) -> memoryview:
        return segment.data[start - segment.address : end - segment.address]

    while index < len(others) and others[index].address < segment.end:
        other = others[index]
        index += 1
        start, end = max(segment.address, other.address), min(segment.end, other.end)
        if start >= end:
            continue
        if start > at:
            out.append(Segment(at, part(at, start), segment.source))
        if not differs and part(start, end) != other.data[start - other.address : end - other.address]:
            differs = True
            where = kind(start)
            problems.append(Problem(segment.source, f"it contradicts a data block about the bytes from {where} on"))
        at = kind(end)
    if at < segment.end:
        out.append(Segment(at, part(at, segment.end), segment.source))
    return out


def _pointer(section: memoryview, offset: int | None, machine: Machine, owner: str, member: str) -> Address | Absent:
    """Return the kernel address that the structure *section* holds at *offset*."""
    width = machine.pointer_size
    if not len(section):
        return Absent(f"the dump holds no {owner}")
    if not offset or offset + width > len(section):
        return Absent(f"the debugger data block does not say where {owner}.{member} is")
    value = int.from_bytes(section[offset : offset + width], "little")
    if not value >> 8 * width - 1:
        return Absent(f"{owner}.{member} is {machine.address(value)}, no kernel address")
    return machine.address(value)


def _processor(prcb: memoryview, blocks: SegmentedMemory, data: DebuggerData, header: Header) -> Address | Absent:
    """Return where the KPRCB *prcb* was.

    Since Windows 10 the dump has the KPRCB of every processor among its data
    blocks, and KiProcessorBlock says where they are: it is the identical one.
    Older dumps have not; there the structure's own empty lists tell.
    """
    if not len(prcb):
        return Absent("the dump holds no KPRCB")
    machine, width, whole = header.machine, header.pointer_size, bytes(prcb)
    array = data.get("KiProcessorBlock") or 0
    listed = blocks.read_some(machine.address(array), width * min(header.NumberProcessors, _MOST_PROCESSORS))
    for index in range(0, len(listed) - width + 1, width):
        address = machine.address(int.from_bytes(listed[index : index + width], "little"))
        if blocks.read_some(address, 0x100) == whole[:0x100] and blocks.read_some(address, len(whole)) == whole:
            return address
    return address_by_empty_lists(whole, machine)


def address_by_empty_lists(data: bytes, machine: Machine) -> Address | Absent:
    """Return where the structure *data* was, told from the empty lists in it.

    An empty LIST_ENTRY points to itself, twice; each one votes for an address
    of the structure. A KPRCB has more than a hundred of them.
    """
    import struct
    from collections import Counter

    width = machine.pointer_size
    words = struct.unpack(f"<{len(data) // width}{'Q' if width == 8 else 'I'}", data[: len(data) // width * width])
    votes = Counter(
        word - index * width
        for index, (word, following) in enumerate(zip(words, words[1:]))
        if word == following and word >> 8 * width - 1
    )
    best = votes.most_common(2) + [(0, 0), (0, 0)]
    (address, count), (_, next_count) = best[:2]
    if count < _ENOUGH_LISTS or count < 2 * next_count or address % width:
        return Absent("no data block holds it, and its own lists do not tell its address")
    return machine.address(address)
