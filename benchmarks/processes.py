"""Promise: `process 0 7` of 200 processes with 3,000 threads, stacks and all, takes under 2 s and 60 us a line.

Volatility 3's pslist and threads list the same processes and threads, a line each, without what they wait for and
without stacks; where it is installed its two runs are timed beside ours.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _timing import EMPTY, Timing, arguments, environment, measure, program, rounds, table

from dumpwalk.synth.image_spec import Image, ProcessItem, Ref, StructItem, ThreadItem
from dumpwalk.synth.spec import Block, Spec
from dumpwalk.synth.writer import dump
from dumpwalk.types.store import Store

KERNEL = "nt/19041.3570-x64"
BASE = 0xFFFFF8047BA00000
STACKS = 0xFFFFA80000000000
EVENT = 0xFFFFC50000001000
SECONDS, MICROSECONDS = 2.0, 60.0
# The same on a machine that is busy: 2 s where an empty Python process takes 20 ms.
RATIO = 100
# What a thread that waits in a system call has on its stack; none of it is looked at but as return addresses.
CALLS = ("KiSwapThread", "KiCommitThreadWait", "KeWaitForSingleObject", "NtWaitForSingleObject")


def image(processes: int, threads: int) -> bytes:
    """Return a full dump with so many processes, and threads in each; every thread waits and has a stack."""
    symbols = Store.shipped().open(KERNEL).symbols
    codes = [BASE + (symbols.find(name) or 0x200000) + 0x40 for name in CALLS]
    items: list[object] = [ProcessItem(4, "System"), ThreadItem(4, 8, fields=(("State", 2),))]
    items.append(StructItem("_KEVENT", EVENT, fields=(("Header.Type", 1),)))
    blocks = []
    for number in range(processes):
        pid = 0x10000 * (number + 1)
        items.append(ProcessItem(pid, f"process{number:03}.exe", fields=(("VadCount", number),)))
        for n in range(threads):
            label, base = f"t{number}_{n}", STACKS + 0x10000 * (number * threads + n + 1)
            fields: tuple[tuple[str, int | str | Ref], ...] = (
                ("WaitBlockList", Ref(label, 0x140)),
                ("WaitBlockCount", 1),
                ("WaitBlock[0].Object", EVENT),
                ("KernelStack", base - 0x400),
                ("InitialStack", base - 0x50),
                ("StackBase", base),
                ("StackLimit", base - 0x6000),
                ("KernelStackResident", 1),
            )
            items.append(ThreadItem(pid, pid + 4 * n + 4, label, fields=fields))
            words = [0xFFFFC50000000000 + 8 * w for w in range(0x3B0 // 8)]
            words[7] = BASE + (symbols.find("KiSwapContext") or 0x200000) + 0x76
            words[16:100:24] = codes
            blocks.append(Block(base - 0x400, b"".join(word.to_bytes(8, "little") for word in words)))
    made = Image(KERNEL, items=tuple(items))  # type: ignore[arg-type]
    return dump(Spec("full", "x64", 0, time=0x1DA54EC00000000, bugcheck=0xE2, blocks=tuple(blocks), image=made))


def volatility(file: Path, directory: Path) -> list[Timing]:
    """Return Volatility 3's runs, or none where it is not installed or has no symbols of that kernel."""
    guid = Store.shipped().open(KERNEL).info.guid
    shared = Path(os.environ.get("DUMPWALK_SHARED", Path(__file__).parents[2] / "shared"))
    symbols = shared / "data" / "isf" / f"{guid}.json.xz"
    if importlib.util.find_spec("volatility3") is None or not symbols.exists():
        print("Volatility 3 or its symbol file of this kernel is not here: not compared")
        return []
    place = directory / "symbols" / "windows" / "ntkrnlmp.pdb"
    place.mkdir(parents=True)
    (place / symbols.name).symlink_to(symbols)
    (directory / "cache").mkdir()
    run = "import sys; sys.argv[0] = 'vol'; from volatility3.cli import main; main()"
    options = ["--offline", "-q", "-s", str(directory / "symbols"), "--cache-path", str(directory / "cache")]
    head = [sys.executable, "-W", "ignore", "-c", run, *options, "-f", str(file)]
    return [Timing(f"Volatility 3 {name}", [*head, f"windows.{name}"]) for name in ("pslist", "threads")]


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    installed = program()
    if installed is None:
        print("dumpwalk is not installed beside this Python: nothing is measured")
        return
    processes, threads = (40, 15) if options.quick else (200, 15)
    print(f"process 0 7 of {processes} processes with {processes * threads} threads ({environment()})")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        file = directory / "many.dmp"
        file.write_bytes(image(processes, threads))
        command = [installed, "-z", str(file), "process", "0", "7"]
        lines = subprocess.run(command, capture_output=True, check=False).stdout.count(b"\n")
        # System's time of creation is not stated, so its ElapsedTime is not known: a partial answer.
        ours = Timing("dumpwalk process 0 7", command, RATIO, expected=1)
        timings = [Timing("an empty Python process", EMPTY), ours]
        measure(timings, rounds(options))
        table(timings)
        took = statistics.median(ours.times)
        each = took / lines * 1e6
        kept = took <= SECONDS and each <= MICROSECONDS
        print(
            f"{took:.2f} s for {lines} lines, {each:.1f} us each: {'kept' if kept else 'NOT KEPT (or a busy machine)'}"
        )
        theirs = volatility(file, directory)
        if theirs:
            measure(theirs, 1)
            both = sum(min(timing.times) for timing in theirs)
            failed = any(timing.status for timing in theirs)
            words = "it failed: the time means nothing" if failed else f"{both / took:.1f}x"
            print(f"Volatility 3, pslist and threads: {both:.2f} s, {words}")


if __name__ == "__main__":
    main()
