"""Writes small memory dumps byte by byte, from offsets stated here and nowhere else, for the tests beside it."""

from __future__ import annotations

import struct

# Where things were in the machine of the test: 64-bit, and cut to 32 bits for the other one.
KERNEL = 0xFFFFF800_80000000
PRCB = 0xFFFFF800_80010000
PROCESSOR_BLOCK = 0xFFFFF800_80020000
KDBG = 0xFFFFF800_80030000
THREAD = 0xFFFFC000_90000080
PROCESS = 0xFFFFC000_90001080
STACK = 0xFFFFC000_90004F00

SIZES = {"SizePrcb": (0x2B0, 0x200), "SizeEThread": (0x2C0, 0x90), "SizeEProcess": (0x2A8, 0xA0)}
KDBG_POINTERS = {"KernBase": (0x18, KERNEL), "KiProcessorBlock": (0x218, PROCESSOR_BLOCK)}
CURRENT_THREAD, APC_PROCESS = 0x10, 0x28

TRIAGE_FIELDS = [
    "ServicePackBuild",
    "SizeOfDump",
    "ValidOffset",
    "ContextOffset",
    "ExceptionOffset",
    "MmOffset",
    "UnloadedDriversOffset",
    "PrcbOffset",
    "ProcessOffset",
    "ThreadOffset",
    "CallStackOffset",
    "SizeOfCallStack",
    "DriverListOffset",
    "DriverCount",
    "StringPoolOffset",
    "StringPoolSize",
    "BrokenDriverOffset",
    "TriageOptions",
]


def kdbg(size: int = 0x380, tag: bytes = b"KDBG", **words: int) -> bytes:
    """A KDDEBUGGER_DATA64 with the pointers and offsets above; *words* are USHORTs by ``at_<hex offset>``."""
    data = bytearray(0x380)
    struct.pack_into("<4sI", data, 0x10, tag, size)
    for offset, value in KDBG_POINTERS.values():
        struct.pack_into("<Q", data, offset, value)
    for offset, value in SIZES.values():
        struct.pack_into("<H", data, offset, value)
    struct.pack_into("<H", data, 0x2B4, CURRENT_THREAD)
    struct.pack_into("<H", data, 0x2A0, APC_PROCESS)
    for name, value in words.items():
        struct.pack_into("<H", data, int(name.removeprefix("at_"), 16), value)
    return bytes(data[: max(size, 0x18)])


def structure(size: int, fill: int, pointers: dict[int, int], width: int) -> bytes:
    data = bytearray([fill]) * size
    for offset, value in pointers.items():
        data[offset : offset + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    return bytes(data)


def prcb(width: int = 8) -> bytes:
    return structure(0x200, 0x11, {CURRENT_THREAD: THREAD}, width)


def thread(width: int = 8) -> bytes:
    return structure(0x90, 0x22, {APC_PROCESS: PROCESS}, width)


def driver(width: int, name: int, base: int, size: int, checksum: int, timestamp: int) -> bytes:
    data = bytearray(0x90 if width == 8 else 0x4C)
    struct.pack_into("<I", data, 0, name)
    if width == 8:
        struct.pack_into("<Q", data, 0x38, base)
        struct.pack_into("<I", data, 0x48, size)
        struct.pack_into("<I", data, 0x80, checksum)
        struct.pack_into("<I", data, 0x88, timestamp)
    else:
        struct.pack_into("<I", data, 0x1C, base & 0xFFFFFFFF)
        struct.pack_into("<I", data, 0x24, size)
        struct.pack_into("<II", data, 0x44, checksum, timestamp)
    return bytes(data)


def string_pool(names: list[str]) -> tuple[bytes, list[int]]:
    pool, offsets = bytearray(), []
    for name in names:
        offsets.append(len(pool))
        raw = name.encode("utf-16-le")
        pool += struct.pack("<I", len(raw) // 2) + raw + b"\0\0"
        pool += bytes(-len(pool) % 8)
    return bytes(pool), offsets


def unloaded(width: int, entries: list[tuple[str, int, int]]) -> bytes:
    out = struct.pack("<Q" if width == 8 else "<I", len(entries))
    for name, start, end in entries:
        raw = name.encode("utf-16-le")[:24]
        head = struct.pack("<HH4xQ" if width == 8 else "<HHI", len(raw), len(raw), 0)
        out += head + raw.ljust(24, b"\0")
        out += struct.pack("<QQ", start, end) if width == 8 else struct.pack("<II", start, end)
    return out


def blob(guid: bytes, data: bytes, pre: int = 0, post: int | None = None, header_size: int = 0x20) -> bytes:
    post = -(len(data) + pre) % 8 if post is None else post
    head = struct.pack("<I16sIII", header_size, guid, len(data), pre, post)
    return head + bytes(pre) + data + bytes(post)


def dump(
    width: int = 8,
    *,
    drivers: list[tuple[str, int, int, int, int]] | None = None,
    gone: list[tuple[str, int, int]] | None = None,
    blocks: list[tuple[int, bytes]] | None = None,
    stack: bytes = bytes(range(256)),
    debugger_data: bytes | None = None,
    blobs: list[bytes] | None = None,
    header: dict[int, bytes] | None = None,
    triage: dict[str, int] | None = None,
    prcb_bytes: bytes | None = None,
    thread_bytes: bytes | None = None,
) -> bytes:
    """A small memory dump; *header* overwrites bytes at file offsets, *triage* fields of the triage header."""
    out = bytearray(b"PAGE" * (0x800 if width == 8 else 0x400))
    base = len(out)
    out[0:8] = b"PAGEDU64" if width == 8 else b"PAGEDUMP"
    if width == 8:
        struct.pack_into("<II4Q3I", out, 8, 0xF, 19041, 0x1AD000, 0, 0, 0, 0x8664, 2, 0x1000007E)
        struct.pack_into("<4Q", out, 0x40, 0xFFFFFFFFC0000005, 1, 2, 3)
        struct.pack_into("<Q", out, 0x80, KDBG)
        struct.pack_into("<I", out, 0xF98, 4)
        struct.pack_into("<QQ", out, 0xFA0, 0x10, 0x1D707F23DBB3399)
        struct.pack_into("<QI", out, 0x1030, 37470697, 0xCFF)
        struct.pack_into("<III", out, 0x1040, 1, 0x110, 0)
        struct.pack_into("<B", out, 0x104D, 0)
    else:
        struct.pack_into("<13I", out, 8, 0xF, 17134, 0x1000, 0, 0, 0, 0x1C4, 2, 0x7E, 1, 2, 3, 4)
        struct.pack_into("<BBHI", out, 0x5C, 0, 0, 0, KDBG & 0xFFFFFFFF)
        struct.pack_into("<2I", out, 0xF88, 4, 0xCFF)
        struct.pack_into("<3IQ", out, 0xF94, 1, 0x110, 0, 0x10)
        struct.pack_into("<QQ", out, 0xFB8, 37470697, 0x1D707F23DBB3399)
    out += bytes(0x80 if width == 8 else 0x68)
    fields = dict.fromkeys(TRIAGE_FIELDS, 0)

    def put(field: str, data: bytes) -> None:
        fields[field] = len(out)
        out.extend(data)

    put("MmOffset", struct.pack("<II", 1, 0x50 if width == 8 else 0x34).ljust(0x50 if width == 8 else 0x34, b"\0"))
    put("UnloadedDriversOffset", unloaded(width, gone or []))
    put("PrcbOffset", prcb(width) if prcb_bytes is None else prcb_bytes)
    put("ProcessOffset", bytes([0x33]) * 0xA0)
    put("ThreadOffset", thread(width) if thread_bytes is None else thread_bytes)
    put("CallStackOffset", stack)
    data = kdbg() if debugger_data is None else debugger_data
    put("DebuggerDataOffset", data)
    fields |= {"DebuggerDataSize": len(data), "SizeOfCallStack": len(stack), "TopOfStack": STACK}
    listed = drivers if drivers is not None else [("\\SystemRoot\\system32\\ntoskrnl.exe", KERNEL, 0x1000, 5, 6)]
    pool, offsets = string_pool([d[0] for d in listed])
    start = len(out) + len(listed) * (0x90 if width == 8 else 0x4C)
    put("DriverListOffset", b"".join(driver(width, start + o, *d[1:]) for o, d in zip(offsets, listed)))
    put("StringPoolOffset", pool)
    fields |= {"DriverCount": len(listed), "StringPoolSize": len(pool)}
    array = PRCB.to_bytes(8, "little")[:width]
    pieces = blocks if blocks is not None else [(PROCESSOR_BLOCK, array), (PRCB, prcb(width))]
    at = len(out) + 16 * len(pieces)
    table = b""
    for address, piece in pieces:
        table += struct.pack("<QII", address, at, len(piece))
        at += len(piece)
    put("DataBlocksOffset", table + b"".join(piece for _, piece in pieces))
    fields["DataBlocksCount"] = len(pieces)
    out.extend(bytes(-len(out) % 4 + 8))
    put("ValidOffset", b"TRGD")
    fields |= {"SizeOfDump": len(out), "ContextOffset": 0x348, "ExceptionOffset": 0xF00, "TriageOptions": 0xFFFFFFFF}
    fields |= triage or {}
    if blobs is not None:
        out.extend(struct.pack("<8sII", b"DumpBlob", 0x10, 0xF0004A61) + b"".join(blobs))
    struct.pack_into("<18I", out, base, *(fields[f] & 0xFFFFFFFF for f in TRIAGE_FIELDS))
    tail = [fields.get(f, 0) for f in ("DataPageAddress", "DataPageOffset", "DataPageSize")]
    tail += [fields[f] for f in ("DebuggerDataOffset", "DebuggerDataSize", "DataBlocksOffset", "DataBlocksCount")]
    if width == 8:
        struct.pack_into("<QIIQ QIIIIII", out, base + 0x48, fields["TopOfStack"], 0, 0, 0, *tail)
    else:
        struct.pack_into("<8I", out, base + 0x48, *(v & 0xFFFFFFFF for v in (fields["TopOfStack"], *tail)))
    for offset, value in (header or {}).items():
        out[offset : offset + len(value)] = value
    return bytes(out)
