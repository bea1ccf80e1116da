"""The file of a triage dump (small memory dump): TRIAGE_DUMP32/64 and its sections, in the order Windows writes them.

Decoded from real dumps of 8.1, 17134 (ARM), 19041 and 22000 (ARM64), which
agree: memory manager storage, unloaded drivers, _KPRCB, _EPROCESS, _ETHREAD,
call stack, debugger data, driver list, string pool, data block table, the
blocks (packed, in the order they were gathered, at whatever alignment comes),
zeros, "TRGD"; then the secondary data. Field names: the public TRIAGE_DUMP
structures.
"""

from __future__ import annotations

from dumpwalk.record import record
from dumpwalk.synth import structures
from dumpwalk.synth.crashdump import CONTEXT_OFFSET, EXCEPTION_OFFSET, HEADER_32, HEADER_64, header
from dumpwalk.synth.layouts import table
from dumpwalk.synth.secondary import secondary_data
from dumpwalk.synth.spec import Block, SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.layouts import Layout, Table
    from dumpwalk.synth.spec import Spec

# ULONGs from the start of the structure, and those after DataPageAddress.
_COMMON = """
    ServicePackBuild SizeOfDump ValidOffset ContextOffset ExceptionOffset MmOffset UnloadedDriversOffset PrcbOffset
    ProcessOffset ThreadOffset CallStackOffset SizeOfCallStack DriverListOffset DriverCount StringPoolOffset
    StringPoolSize BrokenDriverOffset TriageOptions
"""
_TAIL = "DataPageOffset DataPageSize DebuggerDataOffset DebuggerDataSize DataBlocksOffset DataBlocksCount"


def triage_fields(pointer_size: int) -> Table:
    """Return TRIAGE_DUMP32 or TRIAGE_DUMP64: offsets are from its start."""
    address, tail = (0x60, 0x68) if pointer_size == 8 else (0x4C, 0x50)  # 64-bit: +0x50 is the Itanium's
    return {
        **{name: (4 * index, 4) for index, name in enumerate(_COMMON.split())},
        "TopOfStack": (0x48, pointer_size),
        "DataPageAddress": (address, pointer_size),
        **{name: (tail + 4 * index, 4) for index, name in enumerate(_TAIL.split())},
    }


# TRIAGE_DUMP_* flags in MiniDumpFields. Windows sets CONTEXT, EXCEPTION, DRIVER_LIST and
# BROKEN_DRIVER always, the last one with an offset of 0.
_ALWAYS = 0x1 | 0x2 | 0x40 | 0x80
_PRCB, _PROCESS, _THREAD, _STACK, _DEBUGGER_DATA, _BLOCKS = 0x4, 0x8, 0x10, 0x20, 0x400, 0x800


class _File:
    """A dump file as it grows. Every section starts at a multiple of 8, in zeros where there is a gap."""

    def __init__(self, start: bytes | bytearray) -> None:
        self.data = bytearray(start)

    def add(self, section: bytes | bytearray) -> int:
        """Append *section* and return where it starts."""
        self.data += bytes(-len(self.data) % 8)
        offset = len(self.data)
        self.data += section
        return offset


@record
class Sections:
    """What a small dump holds of the machine's memory; ``b""`` or ``None`` for what it does not.

    :param stack: from the stack pointer to the stack's base
    :param blocks: in the order in which they were gathered
    """

    processor: bytes = b""
    process: bytes = b""
    thread: bytes = b""
    stack: Block | None = None
    debugger_data: bytes = b""
    blocks: tuple[Block, ...] = ()


def settable(kind: str, pointer_size: int) -> Table:
    """Return the raw fields that a spec may overwrite, with their file offsets."""
    fields = dict(HEADER_64 if pointer_size == 8 else HEADER_32)
    if kind == "triage":
        start = 0x2000 if pointer_size == 8 else 0x1000
        fields |= {name: (start + at, size) for name, (at, size) in triage_fields(pointer_size).items()}
    return fields


def write(spec: Spec, layout: Layout, registers: bytes, held: Sections) -> bytes:
    """Return the triage dump of *spec* that has *held* in it.

    :param registers: the CONTEXT of the header
    :raises SpecError: when something in it can't be written
    """
    size = layout.machine.pointer_size
    file = _File(header(spec, layout, registers))
    structure = bytearray(0x80 if size == 8 else 0x68)
    start = file.add(structure)
    mm_size, mm_room = (0x50, 0x50) if size == 8 else (0x34, 0x38)
    found = {
        "ContextOffset": CONTEXT_OFFSET[size],
        "ExceptionOffset": EXCEPTION_OFFSET[size],
        "TriageOptions": 0xFFFFFFFF,
        "MmOffset": file.add(_words(1, mm_size).ljust(mm_room, b"\0")),
        "UnloadedDriversOffset": file.add(_unloaded(spec, size)),
    }
    flags = _ALWAYS
    for name, flag, data in (
        ("PrcbOffset", _PRCB, held.processor),
        ("ProcessOffset", _PROCESS, held.process),
        ("ThreadOffset", _THREAD, held.thread),
    ):
        if data:
            flags |= flag
            found[name] = file.add(data)
    if held.stack:
        flags |= _STACK
        found["CallStackOffset"] = file.add(held.stack.data)
        found["SizeOfCallStack"] = len(held.stack.data)
        found["TopOfStack"] = held.stack.address
    if held.debugger_data:
        flags |= _DEBUGGER_DATA
        found["DebuggerDataOffset"] = file.add(held.debugger_data)
        found["DebuggerDataSize"] = len(held.debugger_data)
    drivers_at = file.add(b"")
    pool_at = drivers_at + _driver_stride(size) * len(spec.modules)
    pool_at += -pool_at % 8
    drivers, pool = _drivers(spec, size, pool_at)
    found["DriverListOffset"] = file.add(drivers)
    found["DriverCount"] = len(spec.modules)
    found["StringPoolOffset"] = file.add(pool)
    found["StringPoolSize"] = len(pool)
    if held.blocks:
        flags |= _BLOCKS
        found["DataBlocksOffset"] = _add_blocks(file, layout, held.blocks)
        found["DataBlocksCount"] = len(held.blocks)
    if spec.slack > 0x1000000:
        raise SpecError(f"{spec.slack:#x} bytes of slack are more than the 16 MB that make sense")
    file.data += bytes(0x20 + -len(file.data) % 8 if spec.slack < 0 else spec.slack)
    found["ValidOffset"] = len(file.data)
    file.data += b"TRGD"
    found["SizeOfDump"] = len(file.data)
    file.data += secondary_data(spec.build, spec.blobs)
    structures.put(structure, triage_fields(size), tuple(found.items()), "TRIAGE_DUMP")
    file.data[start : start + len(structure)] = structure
    # What Windows computes before writing is neither SizeOfDump nor the file's length.
    late = (("MiniDumpFields", flags), ("RequiredDumpSpace", len(file.data) + 0x10000))
    structures.put(file.data, HEADER_64 if size == 8 else HEADER_32, late, "the dump header")
    structures.put(file.data, settable("triage", size), spec.settings, "the dump")
    return bytes(file.data)


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def _unloaded(spec: Spec, size: int) -> bytes:
    """Return DUMP_UNLOADED_DRIVERS: a count (of pointer size), then UNICODE_STRING, WCHAR[12], start, end."""
    out = bytearray(len(spec.unloaded).to_bytes(size, "little"))
    fields = {"Length": (0, 2), "MaximumLength": (2, 2), "Start": (2 * size + 24, size), "End": (3 * size + 24, size)}
    for driver in spec.unloaded:
        name = driver.name.encode("utf-16-le", "surrogatepass")[:24]
        entry = bytearray(4 * size + 24)
        values = (("Length", len(name)), ("MaximumLength", len(name)), ("Start", driver.start), ("End", driver.end))
        structures.put(entry, fields, values, "an unloaded driver")
        entry[2 * size : 2 * size + len(name)] = name
        out += entry
    return bytes(out)


# By pointer size.
_DRIVER_ENTRY = {
    8: table("Name 0 4\nBase 38 8\nSize 48 4\nCheckSum 80 4\nTimeDateStamp 88 4"),
    4: table("Name 0 4\nBase 1c 4\nSize 24 4\nCheckSum 44 4\nTimeDateStamp 48 4"),
}


def _driver_stride(size: int) -> int:
    return 0x90 if size == 8 else 0x4C


def _drivers(spec: Spec, size: int, pool_at: int) -> tuple[bytes, bytes]:
    """Return the driver list and the string pool that starts at file offset *pool_at*.

    An entry is a name's file offset and LDR_DATA_TABLE_ENTRY, of which only the
    base, sizes and stamps are set; a name is a count of characters, the
    characters and a NUL, at a multiple of 8.
    """
    places = _DRIVER_ENTRY[size]
    drivers, pool = bytearray(), bytearray()
    for module in spec.modules:
        entry = bytearray(_driver_stride(size))
        values = (
            ("Name", pool_at + len(pool)),
            ("Base", module.base),
            ("Size", module.size),
            ("CheckSum", module.checksum),
            ("TimeDateStamp", module.timestamp),
        )
        structures.put(entry, places, values, f"the driver entry of {module.name}")
        drivers += entry
        name = module.path.encode("utf-16-le", "surrogatepass")
        pool += _words(len(name) // 2) + name + b"\0\0"
        pool += bytes(-len(pool) % 8)
    return bytes(drivers), bytes(pool)


def _add_blocks(file: _File, layout: Layout, blocks: tuple[Block, ...]) -> int:
    """Append the data block table ({address, file offset, size} each) and the packed *blocks*."""
    at = file.add(b"")
    offset = at + 0x10 * len(blocks)
    for block in blocks:
        address = structures.extended(layout, block.address)
        file.data += address.to_bytes(8, "little") + _words(offset, len(block.data))
        offset += len(block.data)
    for block in blocks:
        file.data += block.data
    return at
