"""Promise: the pages of a mapped file of 1 GB (262,144 prototype PTEs) are told within 20 empty Python processes."""

from __future__ import annotations

import random
import struct
import tempfile
from pathlib import Path

from _timing import EMPTY, Timing, arguments, environment, measure, program, rounds, table

KERNEL = "nt/19041.3570-x64"
ROOT, AREA, SEGMENT, PTES = 0x1AD000, 0xFFFFE00000000000, 0xFFFFE00000001000, 0xFFFFE00000200000
COUNT = 1 << 18
MEMORY = 64 << 20


def make(path: Path) -> None:
    """Write a raw image of 64 MB: a control area, and its prototype PTEs in 512 pages that lie in any order."""
    chance = random.Random(3)
    pages: dict[int, bytearray] = {}
    free = list(range(0x200, 0x1000))
    chance.shuffle(free)

    def below(place: int, index: int) -> int:
        entry = struct.unpack_from("<Q", pages.setdefault(place, bytearray(0x1000)), index * 8)[0]
        if not entry:
            entry = free.pop() << 12 | 0x63
            struct.pack_into("<Q", pages[place], index * 8, entry)
        return int(entry) >> 12

    def write(address: int, data: bytes) -> None:
        at = ROOT >> 12
        for shift in (39, 30, 21, 12):
            at = below(at, address >> shift & 511)
        pages.setdefault(at, bytearray(0x1000))[address & 0xFFF : (address & 0xFFF) + len(data)] = data

    # _CONTROL_AREA: Segment; u at 38 with File and FilePointerNull. _SUBSECTION behind its 80 bytes.
    area = struct.pack("<Q48xI68x", SEGMENT, 0x80080)
    part = struct.pack("<QQQQIIIIII", AREA, PTES, 0, 0, 8, 0, COUNT, COUNT, 0, 0)
    write(AREA, area.ljust(0x80, b"\0") + part)
    write(SEGMENT, struct.pack("<QIIQQ", AREA, COUNT, 0, 0, COUNT << 12))
    original = (AREA + 0x80 & 0xFFFFFFFFFFFF) << 16 | 0x480 | 1 << 45
    kinds = chance.choices((0x8000000000000061, 1 << 45 | 0x880, 0), (60, 20, 20), k=COUNT)
    values = [kind | (0x10000 + n << 12) if kind else original for n, kind in enumerate(kinds)]
    for n in range(0, COUNT, 512):
        write(PTES + n * 8, struct.pack("<512Q", *values[n : n + 512]))
    with path.open("wb") as out:
        out.truncate(MEMORY)
        for number, page in pages.items():
            out.seek(number << 12)
            out.write(page)


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    installed = program()
    if installed is None:
        print("dumpwalk is not installed beside this Python: nothing is measured")
        return
    print(f"a control area with {COUNT:,} prototype PTEs ({environment()})")
    with tempfile.TemporaryDirectory() as directory:
        image = Path(directory) / "memory.raw"
        make(image)
        start = (installed, "-z", str(image), "--raw", "--dtb", f"{ROOT:x}", "--types", KERNEL, "ca", f"{AREA:x}")
        timings = [
            Timing("python -c pass", EMPTY),
            Timing("ca", start),
            Timing("ca --bar", (*start, "--bar"), 20, expected=1),
            Timing("ca --ptes", (*start, "--ptes"), expected=1),
            Timing("ca --ptes --json", (*start, "--ptes", "--json"), expected=1),
        ]
        measure(timings, min(rounds(options), 7))
        table(timings)


if __name__ == "__main__":
    main()
