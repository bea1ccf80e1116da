"""Promise: to open a log as a target takes at most 2.5x reading it with `dumpwalk log`, and grows linearly with it.

The log is that of ``log.py``; on top of it a listing of memory in falling order in which each row overlaps the one
before, so that memory is cut at every row.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
from pathlib import Path

from _timing import arguments, environment, rounds
from log import kept, log, took

import dumpwalk
from dumpwalk.transcript import parse_file

LINES = 100_000
RATIO = 2.5
GROWTH = 2.0


def overlapping(rows: int) -> str:
    """Return so many rows of memory, each of which overlaps the one above by half."""
    lines = (f"{0x80000000 + 8 * n:08x}  {n:08x} {n:08x} {n:08x} {n:08x}" for n in range(rows, 0, -1))
    return "kd> dd 80000000\n" + "\n".join(lines) + "\n"


def opened(path: str) -> None:
    """Open the text as a target, and read of its memory, so that all of it is put together."""
    dumpwalk.open(path).memory.read_some(0x80001000, 4)


def main() -> None:
    """Measure, and print."""
    options = arguments(__doc__ or "").parse_args()
    count = 3 if options.quick else min(rounds(options), 9)
    print(environment())
    gc.set_threshold(1_000_000, 50, 50)  # as the program does
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory, "log.txt"))
        Path(path).write_text(log(LINES // 2) + overlapping(LINES // 2))
        opened(path)
        ours, theirs = [], []
        for _ in range(count):
            ours.append(took(lambda: opened(path)))
            theirs.append(took(lambda: parse_file(path)))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        print(f"{LINES:,} lines, half of them mixed blocks, half memory that overlaps; processor time")
        print(f"dumpwalk.open, read {statistics.median(ours):6.2f} s{' ' * 9}{kept(ratio <= RATIO)}")
        print(f"parse_file          {statistics.median(theirs):6.2f} s {ratio:7.1f}x")
        speeds = []
        for rows in (10_000, 50_000) if options.quick else (10_000, 100_000, 400_000):
            Path(path).write_text(overlapping(rows))
            seconds = took(lambda: opened(path))
            speeds.append(rows / seconds)
            print(f"{rows:>9,} overlapping rows {seconds:8.3f} s {speeds[-1]:9,.0f} rows/s")
        print(f"slowest per row: {speeds[0] / speeds[-1]:.2f}x the fastest{kept(speeds[0] / speeds[-1] <= GROWTH)}")


if __name__ == "__main__":
    main()
