"""Makes a memory of 4 GB with page tables in it, as a sparse file, raw and as a full dump."""

from __future__ import annotations

import random
import struct
from pathlib import Path

ROOT = 0x1AD000
MEMORY = 4 << 30
POOL = 0xFFFFE00000000000
POOL_PAGES = 1 << 18  # 1 GB in pages of 4 KB, in any order in memory
LARGE = 0xFFFFF80000000000
LARGE_PAGES = 512  # 1 GB in pages of 2 MB


def make(directory: Path) -> tuple[Path, Path]:
    """Write both files into *directory* and return ``(raw, full dump)``; they take 3 MB of the disk each."""
    written = _tables()
    raw, dump = directory / "memory.raw", directory / "memory.dmp"
    for file, lead in ((raw, b""), (dump, _header())):
        with file.open("wb") as out:
            out.truncate(len(lead) + MEMORY)
            out.write(lead)
            for address, table in written.items():
                out.seek(len(lead) + address)
                out.write(struct.pack("<512Q", *table))
    return raw, dump


def _tables() -> dict[int, list[int]]:
    """Return the page tables by their address; 5 of 100 entries of the pool are not valid."""
    tables = {ROOT: [0] * 512}
    chance = random.Random(7)

    def below(base: int, index: int) -> int:
        entry = tables[base][index]
        if not entry:
            entry = tables[base][index] = ROOT + len(tables) * 0x1000 | 0x67
            tables[entry & ~0xFFF] = [0] * 512
        return entry & ~0xFFF

    def directory(address: int) -> int:
        return below(below(ROOT, address >> 39 & 511), address >> 30 & 511)

    frames = list(range(0x40000, 0x40000 + POOL_PAGES))
    chance.shuffle(frames)
    for n, frame in enumerate(frames):
        address = POOL + (n << 12)
        table = below(directory(address), address >> 21 & 511)
        valid = chance.random() >= 0.05
        tables[table][n & 511] = frame << 12 | 1 << 63 | 0x63 if valid else 0x80
    for n in range(LARGE_PAGES):
        address = LARGE + (n << 21)
        tables[directory(address)][address >> 21 & 511] = 0x80000000 + (n << 21) | 0x1E3
    tables[ROOT][0x1ED] = ROOT | 0x63
    return tables


def _header() -> bytes:
    """Return the header of a full dump of that memory (fields of ``DUMP_HEADER64``, wdm debuggers' documentation)."""
    header = bytearray(0x2000)
    values = (b"PAGE", b"DU64", 15, 19041, ROOT, 0, LARGE + 0xC2A2D0, LARGE + 0xC1E160, 0x8664, 4)
    struct.pack_into("<4s4sIIQQQQII", header, 0, *values)
    struct.pack_into("<IIQQQ", header, 0x88, 1, 0, MEMORY >> 12, 0, MEMORY >> 12)
    struct.pack_into("<I", header, 0xF98, 1)
    struct.pack_into("<q", header, 0xFA0, MEMORY + 0x2000)
    struct.pack_into("<II", header, 0x348 + 0x30, 0x10001F, 0x1F80)  # CONTEXT: ContextFlags, MxCsr
    struct.pack_into("<I", header, 0x348 + 0x118, 0x1F80)
    return bytes(header)
