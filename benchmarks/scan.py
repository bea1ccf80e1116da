"""Promise: a search for 8 pool tags is at least half as fast as ``cat``, and 20x as fast as Volatility 3."""

from __future__ import annotations

import importlib.util
import mmap
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _timing import arguments, environment, rounds

from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.scan import find_bytes, find_tags

MB = 1 << 20
TAGS = [b"Proc", b"Thre", b"File", b"Driv", b"Muta", b"Toke", b"Sect", b"Even"]
PART = 4 * MB  # what Volatility 3 gets to do


def make(file: Path, size: int) -> None:
    """Write what memory looks like: half of it programs, the rest zeros, text and noise, 12 tags of each in 1 MB."""
    chance = random.Random(5)
    here = Path(sys.base_prefix)
    names = [*sorted(here.glob("lib/**/*.so*")), Path(sys.executable)]
    programs = b"".join(n.read_bytes() for n in names[:80] if n.is_file())
    text = b"".join(n.read_bytes() for n in sorted(Path(random.__file__).parent.glob("*.py")))
    with file.open("wb") as out:
        for _ in range(size // MB):
            kind = chance.random()
            source = programs if kind < 0.5 else text if kind < 0.6 else b""
            if source:
                at = chance.randrange(max(1, len(source) - MB))
                piece = bytearray(source[at : at + MB])
                piece += bytes(MB - len(piece))
            else:
                piece = bytearray(chance.randbytes(MB) if kind < 0.7 else MB)
            for tag in TAGS * 12:
                at = chance.randrange(MB // 16) * 16 + 4
                piece[at : at + 4] = tag
            out.write(piece)


def volatility(file: Path) -> Callable[[], int] | None:
    """Return what lets Volatility 3 search a part of the file, ``None`` when it is not installed."""
    if importlib.util.find_spec("volatility3") is None:
        print("Volatility 3 is not installed: not compared")
        return None
    from volatility3.framework import contexts
    from volatility3.framework.layers import physical, scanners

    context: Any = contexts.Context()
    context.config["file.location"] = file.as_uri()
    layer = physical.FileLayer(context, "file", "base")
    context.add_layer(layer)
    return lambda: sum(1 for _ in layer.scan(context, scanners.MultiStringScanner(TAGS), sections=[(0, PART)]))


def rate(run: Callable[[], object], size: int) -> float:
    """Return at how many GB/s *run* goes through *size* bytes."""
    start = time.perf_counter()
    run()
    return size / (time.perf_counter() - start) / 1e9


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    size = (128 if options.quick else 1024) * MB
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "memory.raw"
        make(file, size)
        print(f"searching {size // MB} MB ({environment()})")
        with file.open("rb") as opened:
            view = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
        memory = RunMemory(view, [(0, size, 0)])
        cat = shutil.which("cat")
        if cat is None:
            print("there is no cat here: not compared")
        peer = volatility(file)

        def read_it() -> None:
            subprocess.run([str(cat), str(file)], stdout=subprocess.DEVNULL, check=True)

        runs: dict[str, tuple[Callable[[], object], int]] = {
            "8 tags": (lambda: sum(len(a) for a, _ in find_tags(memory, TAGS)), size),
            "8 tags, aligned to 8": (lambda: sum(len(a) for a, _ in find_tags(memory, TAGS, 8)), size),
            "4 bytes anywhere": (lambda: sum(1 for _ in find_bytes(memory, b"KDBG")), size),
        }
        if cat:
            runs["cat"] = read_it, size
        if peer:
            runs["Volatility 3, 8 tags"] = peer, PART
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for run, _ in runs.values():
            run()
        for n in range(rounds(options)):
            for name in runs if n % 2 else reversed(runs):
                rates[name].append(rate(*runs[name]))
        for name, measured in rates.items():
            print(f"{name}: {statistics.median(measured):.2f} GB/s")
        for name, promise in (("cat", 0.5), ("Volatility 3, 8 tags", 20)):
            if name in rates:
                ratio = statistics.median(us / them for us, them in zip(rates["8 tags"], rates[name]))
                kept = "kept" if ratio >= promise else "NOT KEPT"
                print(f"8 tags, compared with {name}: {ratio:.2f}x, >= {promise:g}x {kept}")


if __name__ == "__main__":
    main()
