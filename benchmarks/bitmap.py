"""Promise: a bitmap dump of a 64 GB machine opens within 20 ms and 100 MB, and finds its pages fast.

A sparse file stands for the dump: half of the machine's pages are present, in
runs of six on average. kdmp-parser and Volatility 3 open the same file.
"""

from __future__ import annotations

import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _timing import arguments, environment, rounds

PROMISE = 0.020  # seconds
MOST_MEMORY = 100 << 20
PAGE = 0x1000

OURS = """
from dumpwalk.formats import open_dump
open_dump(sys.argv[2])  # the small one: imports
before = resident()
start = time.perf_counter()
dump = open_dump(sys.argv[1])
"""
KDMP = """
import kdmp_parser
kdmp_parser.KernelDumpParser(sys.argv[2])
before = resident()
start = time.perf_counter()
dump = kdmp_parser.KernelDumpParser(sys.argv[1])
"""
VOLATILITY = """
from volatility3.framework import contexts
from volatility3.framework.layers import crash, physical
def opened(path):
    context = contexts.Context()
    context.config["base.location"] = "file://" + path
    context.add_layer(physical.FileLayer(context, "base", "base"))
    context.config["dump.base_layer"] = "base"
    return crash.WindowsCrashDump64Layer(context, "dump", "dump")
opened(sys.argv[2])
before = resident()
start = time.perf_counter()
dump = opened(sys.argv[1])
"""
HEAD = """
import sys, time
def resident():
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
"""
TAIL = """
took = time.perf_counter() - start
print("\\n@@", took, resident() - before, resident())
"""


def write_dump(path: Path, pages: int, seed: int = 3) -> int:
    """Write a bitmap dump of a machine of *pages* pages and return how many of them are present.

    Layout: ntiodump.h and kdmp-parser, as the reader's own tests state it.
    """
    chance = random.Random(seed)
    # A block of 64 KB of bits, repeated: what it costs to count them does not depend on which they are.
    bits, value = [], 0
    while len(bits) < 1 << 19:
        length = 1
        while chance.random() > 1 / 6:
            length += 1
        bits += [value] * length
        value ^= 1
    text = "".join(map(str, bits[: 1 << 19]))
    block = int(text[::-1], 2).to_bytes(1 << 16, "little")
    bitmap = (block * (pages // 8 // len(block) + 1))[: pages // 8]
    present = int.from_bytes(bitmap, "little").bit_count()
    header = bytearray(b"PAGE" * 0x800)
    header[:8] = b"PAGEDU64"
    struct.pack_into("<IIQQQQII", header, 8, 15, 19041, 0x1AD000, 0, 0, 0, 0x8664, 4)
    struct.pack_into("<I4xQQQQ", header, 0x38, 0xE2, 0, 0, 0, 0)
    header[0x348 : 0x348 + 0x4D0] = bytes(0x4D0)
    struct.pack_into("<II", header, 0x378, 0x10001F, 0x1F80)  # ContextFlags and MxCsr, which kdmp-parser checks
    struct.pack_into("<I", header, 0x348 + 0x118, 0x1F80)
    struct.pack_into("<I4xQQ", header, 0xF98, 5, 0, 0x01D707F23DBB3399)
    first = -(-(0x2038 + len(bitmap)) // PAGE) * PAGE
    summary = b"SDMPDUMP".ljust(0x20, b"\0") + struct.pack("<QQQ", first, present, pages)
    with path.open("wb") as file:
        file.write(bytes(header) + summary + bitmap)
        file.truncate(first + present * PAGE)
    return present


def opening(code: str, large: Path, small: Path) -> tuple[float, int, int] | None:
    """Return seconds, growth of resident memory and resident memory of opening *large*; ``None`` if it can't."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code + TAIL, str(large), str(small)],
        capture_output=True,
        text=True,
        cwd=large.parent,  # `python -c` looks for modules where it stands: not into a checkout
    )
    if done.returncode:
        return None
    took, grown, resident = done.stdout.rpartition("@@")[2].split()
    return float(took), int(grown), int(resident)


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    # NTFS makes a file sparse only when asked in a way that Python has no words for.
    gigabytes = 1 if sys.platform == "win32" else 64
    with tempfile.TemporaryDirectory() as directory:
        large, small = Path(directory) / "large.dmp", Path(directory) / "small.dmp"
        present = write_dump(large, gigabytes << 18)
        write_dump(small, 1 << 16)
        print(f"opening a bitmap dump of a {gigabytes} GB machine, {present:,} pages present ({environment()})")
        _openings(large, small, min(5, rounds(options)), options.quick)
        _lookups(large, gigabytes << 18, options.quick)


def _openings(large: Path, small: Path, count: int, quick: bool) -> None:
    print(f"{'':14}  {'median':>10}  {'grew by':>9}  {'resident':>9}  {'promise':>8}  {'ratio':>8}")
    base = 0.0
    # Volatility 3 takes half a minute for each.
    for name, code, times in (("dumpwalk", OURS, count), ("kdmp-parser", KDMP, count), ("volatility3", VOLATILITY, 1)):
        if name == "volatility3" and quick:
            print(f"{name:14}  left out with --quick: it takes half a minute")
            continue
        found = [opened for _ in range(times) if (opened := opening(code, large, small)) is not None]
        if not found:
            print(f"{name:14}  is not installed here, or can't open it")
            continue
        median = statistics.median(took for took, _, _ in found)
        base = base or median
        grown, resident = max(g for _, g, _ in found), max(r for _, _, r in found)
        promise, kept = "", ""
        if name == "dumpwalk":
            promise = f"{PROMISE * 1e3:g} ms"
            kept = "  kept" if median <= PROMISE and resident < MOST_MEMORY else "  NOT KEPT"
        print(
            f"{name:14}  {median * 1e3:7.1f} ms  {grown >> 20:6} MB  {resident >> 20:6} MB  {promise:>8}"
            f"  {median / base:7.1f}x{kept}"
        )


def _lookups(path: Path, pages: int, quick: bool) -> None:
    from dumpwalk.formats import open_dump
    from dumpwalk.remarks import Absent

    physical = open_dump(str(path)).physical
    assert not isinstance(physical, Absent)
    chance = random.Random(4)
    asked = [chance.randrange(pages) << 12 for _ in range(20_000 if quick else 200_000)]
    place = physical.place
    speeds = []
    for _ in range(5):
        start = time.perf_counter()
        for address in asked:
            place(address)
        speeds.append(len(asked) / (time.perf_counter() - start))
    print(f"finding pages one by one: {max(speeds) / 1e6:.2f} million a second")
    import numpy as np

    array = np.array(asked, "u8")
    speeds = []
    for _ in range(5):
        start = time.perf_counter()
        physical.places(array)
        speeds.append(len(asked) / (time.perf_counter() - start))
    print(f"finding pages as an array: {max(speeds) / 1e6:.0f} million a second")


if __name__ == "__main__":
    main()
