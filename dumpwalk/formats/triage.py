"""Small memory dumps (``DumpType`` 4): what the TRIAGE_DUMP header behind the dump header points at.

Every offset counts from the start of the file. The sections of a good dump
leave no gap but alignment; the order of their offsets is therefore what
bounds the tables, whatever the counts say.
"""

from __future__ import annotations

from dumpwalk.formats import Contents, Dump, no_contents
from dumpwalk.formats.debugger_data import parse_debugger_data
from dumpwalk.formats.header_layout import SIZES
from dumpwalk.formats.secondary import read_secondary
from dumpwalk.formats.triage_memory import Pieces, assemble
from dumpwalk.formats.triage_sections import Layout
from dumpwalk.formats.triage_tables import DRIVER_SIZES, block_table, read_blocks, read_drivers, read_unloaded
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.segments import SegmentedMemory
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.symbols.modules import Modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats.debugger_data import DebuggerData
    from dumpwalk.formats.header import Header

MARKER = b"TRGD"
_NO_SECTION = Absent("this dump has no such section")
# The debugger data block states the sizes of structures in a USHORT.
_LARGEST_STRUCTURE = 0xFFFF
_cache: dict[int, Any] = {}


@record
class TriageHeader:
    """TRIAGE_DUMP32 or TRIAGE_DUMP64 of ntiodump.h. Offsets are file offsets; 0 means there is no such section.

    :param TopOfStack: the lowest address of the call stack, the stack pointer at the bug check
    :param SizeOfDump: without the secondary data that follows
    :param BStoreOffset: (and the next two) Itanium's backing store; 64-bit dumps only
    """

    ServicePackBuild: Hex
    SizeOfDump: Hex
    ValidOffset: Hex
    ContextOffset: Hex
    ExceptionOffset: Hex
    MmOffset: Hex
    UnloadedDriversOffset: Hex
    PrcbOffset: Hex
    ProcessOffset: Hex
    ThreadOffset: Hex
    CallStackOffset: Hex
    SizeOfCallStack: Hex
    DriverListOffset: Hex
    DriverCount: int
    StringPoolOffset: Hex
    StringPoolSize: Hex
    BrokenDriverOffset: Hex
    TriageOptions: Hex
    TopOfStack: Address
    BStoreOffset: Hex | Absent
    SizeOfBStore: Hex | Absent
    LimitOfBStore: Address | Absent
    DataPageAddress: Address
    DataPageOffset: Hex
    DataPageSize: Hex
    DebuggerDataOffset: Hex
    DebuggerDataSize: Hex
    DataBlocksOffset: Hex
    DataBlocksCount: int


# The offsets that begin a section of their own.
_STARTS = tuple(name for name in TriageHeader.__annotations__ if name.endswith("Offset"))
_COMMON = TriageHeader.__match_args__[:18]


def _triage_struct(pointer_size: int) -> Any:
    if pointer_size not in _cache:
        from construct import Int32ul, Int64ul, Struct

        head = [name / Int32ul for name in _COMMON]
        tail = "DataPageOffset DataPageSize DebuggerDataOffset DebuggerDataSize DataBlocksOffset DataBlocksCount"
        if pointer_size == 8:
            head += ["TopOfStack" / Int64ul, "BStoreOffset" / Int32ul, "SizeOfBStore" / Int32ul]
            head += ["LimitOfBStore" / Int64ul, "DataPageAddress" / Int64ul]
        else:
            head += ["TopOfStack" / Int32ul, "DataPageAddress" / Int32ul]
        _cache[pointer_size] = Struct(*head, *(name / Int32ul for name in tail.split(" ")))
    return _cache[pointer_size]


def read_triage_header(data: memoryview, header: Header) -> TriageHeader | Absent:
    """Return the triage header of the dump *data*, or why there is none."""
    start, struct = SIZES[header.pointer_size], _triage_struct(header.pointer_size)
    size = struct.sizeof()
    if len(data) < start + size:
        return Absent(f"the file is cut inside the triage header, at {len(data):#x}")
    raw = struct.parse(bytes(data[start : start + size]))
    values: dict[str, Any] = {}
    for name in TriageHeader.__annotations__:
        if name not in raw:
            values[name] = Absent("not in a 32-bit dump")
        elif name in ("DriverCount", "DataBlocksCount"):
            values[name] = raw[name]
        elif name in ("TopOfStack", "LimitOfBStore", "DataPageAddress"):
            values[name] = header.machine.address(raw[name])
        else:
            values[name] = Hex(raw[name])
    return TriageHeader(**values)


def open_triage(path: str, name: str, data: memoryview, header: Header, problems: list[Problem]) -> Dump:
    """Return what the small memory dump *data* says, as far as it is there."""
    triage = read_triage_header(data, header)
    layout = Layout(data, problems)
    layout.add(0, SIZES[header.pointer_size], "header")
    if isinstance(triage, Absent):
        problems.append(Problem("triage header", triage.reason))
        return _nothing(path, name, data, header, triage, layout)
    layout.add(SIZES[header.pointer_size], _triage_struct(header.pointer_size).sizeof(), "triage header")
    layout.know([getattr(triage, o) for o in _STARTS if getattr(triage, o)])
    _check_end(data, triage, layout)
    debugger_data = _debugger_data(triage, header, layout)
    drivers_size, tables = DRIVER_SIZES[header.pointer_size], header.machine
    drivers, count = layout.table(triage.DriverListOffset, triage.DriverCount, drivers_size, "driver list")
    pool = layout.add(triage.StringPoolOffset, triage.StringPoolSize, "string pool")
    modules = read_drivers(drivers, count, pool, triage.StringPoolOffset, tables, problems)
    unloaded = read_unloaded(layout, triage.UnloadedDriversOffset, tables)
    table, count = block_table(layout, triage.DataBlocksOffset, triage.DataBlocksCount)
    blocks = read_blocks(table, count, layout, tables)
    memory = assemble(_pieces(triage, header, debugger_data, layout), blocks, header, debugger_data, layout)
    _mm_info(triage, layout)
    if triage.BrokenDriverOffset:
        layout.add(triage.BrokenDriverOffset, drivers_size, "broken driver")
    secondary = read_secondary(data, triage.SizeOfDump, layout)
    layout.finish()
    return Dump(
        path=path,
        format=name,
        size=len(data),
        header=header,
        memory=memory.memory,
        contents=Contents(Modules(modules), unloaded, debugger_data, memory.thread, memory.process, memory.processor),
        sections=tuple(layout.sections),
        triage=triage,
        secondary=secondary,
        missing=("physical memory: a small memory dump holds no page tables, only the pieces listed",),
        problems=tuple(problems),
    )


def _nothing(path: str, name: str, data: memoryview, header: Header, why: Absent, layout: Layout) -> Dump:
    return Dump(
        path=path,
        format=name,
        size=len(data),
        header=header,
        memory=SegmentedMemory((), why.reason),
        contents=no_contents(why),
        sections=tuple(layout.sections),
        triage=why,
        missing=(f"memory and modules: {why.reason}",),
        problems=tuple(layout.problems),
    )


def _check_end(data: memoryview, triage: TriageHeader, layout: Layout) -> None:
    """Check the mark that the kernel writes when all the rest is written."""
    if triage.SizeOfDump > len(data):
        what = f"it is cut: SizeOfDump is {triage.SizeOfDump}, the file has {len(data):#x} bytes"
        layout.problems.append(Problem("file", what))
    found = layout.add(triage.ValidOffset, len(MARKER), "marker") if triage.ValidOffset else data[:4]
    if len(found) == len(MARKER) and found != MARKER:
        what = f"no TRGD at ValidOffset {triage.ValidOffset}: the dump was not written to its end"
        layout.problems.append(Problem("marker", what))


def _debugger_data(triage: TriageHeader, header: Header, layout: Layout) -> DebuggerData | Absent:
    if not triage.DebuggerDataOffset:
        return _NO_SECTION
    at = header.KdDebuggerDataBlock
    found = layout.add(triage.DebuggerDataOffset, triage.DebuggerDataSize, "debugger data", at)
    return parse_debugger_data(found, at, header.machine, layout.problems)


def _pieces(triage: TriageHeader, header: Header, data: DebuggerData | Absent, layout: Layout) -> Pieces:
    """Return the sections that hold pieces of the machine's memory.

    KPRCB, EPROCESS and ETHREAD state no size; the debugger data block does.
    """

    def structure(offset: int, size_name: str, what: str) -> memoryview:
        stated = None if isinstance(data, Absent) else data.get(size_name)
        return layout.structure(offset, stated or min(layout.room(offset), _LARGEST_STRUCTURE), what)

    stack = layout.add(triage.CallStackOffset, triage.SizeOfCallStack, "call stack", triage.TopOfStack)
    page = layout.add(triage.DataPageOffset, triage.DataPageSize, "data page", triage.DataPageAddress)
    known = () if isinstance(data, Absent) else (("debugger data", data.address, layout.found("debugger data")),)
    return Pieces(
        prcb=structure(triage.PrcbOffset, "SizePrcb", "KPRCB"),
        process=structure(triage.ProcessOffset, "SizeEProcess", "EPROCESS"),
        thread=structure(triage.ThreadOffset, "SizeEThread", "ETHREAD"),
        known=(
            *known,
            ("call stack", triage.TopOfStack, stack),
            ("data page", triage.DataPageAddress, page),
        ),
    )


def _mm_info(triage: TriageHeader, layout: Layout) -> None:
    """Note DUMP_MM_STORAGE: a version and its own size, then counters that MMINFO says are filled in."""
    if triage.MmOffset:
        head = layout.peek(triage.MmOffset, 8)
        size = int.from_bytes(head[4:8], "little")
        layout.add(triage.MmOffset, min(size or 8, layout.room(triage.MmOffset)), "mm info")
