"""Promise: any dump opens in milliseconds whatever its size, because opening reads headers only.

A sparse file stands for the large dump: a header that says "full dump", and 64 GB of nothing.
"""

from __future__ import annotations

import mmap
import os
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

from _timing import arguments, environment, rounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PROMISE = 0.050  # seconds
GIGABYTE = 1 << 30
SMALL = 1 << 20


def header(pages: int) -> bytes:
    """Return a DUMP_HEADER64 of a full dump (DumpType 1) of one run of *pages* pages.

    Layout: ntiodump.h, as kdmp-parser and Volatility 3 document it.
    """
    data = bytearray(b"PAGE" * (0x2000 // 4))  # what the kernel fills an unset header with
    data[0:8] = b"PAGEDU64"
    struct.pack_into("<IIQQQQII", data, 0x8, 15, 19041, 0x1AD000, 0, 0, 0, 0x8664, 4)
    struct.pack_into("<I4xQQQQ", data, 0x38, 0xE2, 0, 0, 0, 0)
    struct.pack_into("<I4xQQQ", data, 0x88, 1, pages, 0, pages)
    struct.pack_into("<I4xQQ", data, 0xF98, 1, 0x2000 + pages * 0x1000, 0x01D707F23DBB3399)
    return bytes(data)


def write_sparse(path: Path, size: int) -> None:
    """Write a full dump of *size* bytes that takes up hardly any room."""
    with path.open("wb") as file:
        file.write(header((size - 0x2000) // 0x1000))
        file.truncate(size)


def stat_and_map(path: str) -> None:
    """Do the least that looking at a file takes: the limit to compare with."""
    os.stat(path)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:8] == b"PAGEDU64"


def cost(action: Callable[[], object]) -> tuple[float, int | None, int | None]:
    """Return the seconds, page faults and growth of resident memory in bytes of *action*; ``None`` where unknown."""
    faults, resident = _faults(), _resident()
    start = time.perf_counter()
    kept = action()
    took = time.perf_counter() - start
    faulted, grown = _faults(), _resident()
    del kept
    return took, _difference(faulted, faults), _difference(grown, resident)


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def _faults() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_minflt + usage.ru_majflt


def _resident() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE
    except OSError:
        return None


def _said(bytes_: int | None) -> str:
    return "not measured here" if bytes_ is None else f"{bytes_ / 1024:,.0f} KB"


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    from dumpwalk.formats import open_dump

    # NTFS makes a file sparse only when asked in a way that Python has no words for.
    size = (1 if sys.platform == "win32" else 64) * GIGABYTE
    with tempfile.TemporaryDirectory() as directory:
        small, large = str(Path(directory) / "small.dmp"), str(Path(directory) / "large.dmp")
        write_sparse(Path(small), SMALL)
        write_sparse(Path(large), size)
        actions: dict[str, Callable[[], object]] = {
            "stat + mmap": lambda: stat_and_map(large),
            "open_dump, 1 MB": lambda: open_dump(small),
            f"open_dump, {size // GIGABYTE} GB": lambda: open_dump(large),
        }
        for action in list(actions.values())[:2]:  # imports, and nothing of the large file yet
            action()
        measured = {name: [cost(action)] for name, action in actions.items()}
        for _ in range(rounds(options) - 1):
            for name, action in actions.items():
                measured[name].append(cost(action))
    print(f"opening a full dump ({environment()})")
    width = max(map(len, measured))
    print(f"{'':{width}}  {'first':>9}  {'median':>9}  {'promise':>8}  {'ratio':>7}")
    base = statistics.median(took for took, _, _ in measured["stat + mmap"])
    for name, costs in measured.items():
        median = statistics.median(took for took, _, _ in costs)
        promise, kept = "", ""
        if name.endswith("GB"):
            promise, kept = f"{PROMISE * 1e3:g} ms", "  kept" if costs[0][0] <= PROMISE else "  NOT KEPT"
        print(
            f"{name:{width}}  {costs[0][0] * 1e3:6.2f} ms  {median * 1e3:6.2f} ms  {promise:>8}"
            f"  {median / base:6.1f}x{kept}"
        )
    _, faults, grown = measured[f"open_dump, {size // GIGABYTE} GB"][0]
    touched = None if faults is None else faults * mmap.PAGESIZE
    print(f"first opening of {size:,} bytes: at most {_said(touched)} touched, resident memory grew by {_said(grown)}")


if __name__ == "__main__":
    main()
