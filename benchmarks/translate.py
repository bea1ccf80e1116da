"""Promises about translating addresses and reading through page tables, against Volatility 3 and kdmp-parser."""

from __future__ import annotations

import importlib.util
import mmap
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _memory_image import LARGE, POOL, POOL_PAGES, ROOT, make
from _timing import arguments, environment, rounds

from dumpwalk.memory.paging.batch import NOWHERE, find_many
from dumpwalk.memory.paging.mapped import Mapped
from dumpwalk.memory.paging.modes import X64
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory

MB = 1 << 20
Case = tuple[str, int, Callable[[], object]]  # whose, how many, what


def volatility(raw: Path) -> Any:
    """Return Volatility 3's layer over the memory, ``None`` when it is not installed."""
    if importlib.util.find_spec("volatility3") is None:
        print("Volatility 3 is not installed: not compared")
        return None
    from volatility3.framework import contexts
    from volatility3.framework.layers import intel, physical

    context = contexts.Context()
    context.config["file.location"] = raw.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "base"))
    context.config["tables.memory_layer"] = "base"
    context.config["tables.page_map_offset"] = ROOT
    return intel.Intel32e(context, "tables", "kernel")


def kdmp_parser(dump: Path) -> Any:
    """Return kdmp-parser's function that translates an address, ``None`` when it is not installed."""
    if importlib.util.find_spec("kdmp_parser") is None:
        print("kdmp-parser is not installed: not compared")
        return None
    import kdmp_parser as peer

    return peer.KernelDumpParser(dump).translate_virtual


def each(function: Callable[[int], object], addresses: list[int]) -> Callable[[], None]:
    """Return what calls *function* once for each address."""

    def run() -> None:
        for address in addresses:
            function(address)

    return run


def compare(what: str, cases: list[Case], promises: dict[str, float], count: int, unit: str = "us") -> None:
    """Time *cases*, ours first, in rounds that take turns, and print the ratios to ours."""
    times: dict[str, list[float]] = {whose: [] for whose, _, _ in cases}
    for n in range(count + 1):
        for whose, many, run in cases if n % 2 else reversed(cases):
            start = time.perf_counter()
            run()
            if n:  # the first round warms the caches
                times[whose].append((time.perf_counter() - start) / many)
    ours = times["dumpwalk"]
    print(f"{what}: dumpwalk {statistics.median(ours) * 1e6:.3f} {unit}")
    for whose, _, _ in cases[1:]:
        ratio = statistics.median(them / us for us, them in zip(ours, times[whose]))
        promise = promises.get(whose)
        kept = f", >= {promise:g}x {'kept' if ratio >= promise else 'NOT KEPT'}" if promise else ""
        print(f"    {whose} {statistics.median(times[whose]) * 1e6:.3f} {unit}: {ratio:.2f}x as fast{kept}")


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as directory:
        raw, dump = make(Path(directory))
        print(f"virtual memory ({environment()})")
        with raw.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        run(VirtualMemory(RunMemory(view, [(0, len(view), 0)]), X64, ROOT), raw, dump, rounds(options))


def run(memory: VirtualMemory, raw: Path, dump: Path, count: int) -> None:
    """Compare everything."""
    chance = random.Random(3)
    pages = np.uint64(POOL) + (np.arange(POOL_PAGES, dtype="u8") << np.uint64(12))
    valid = pages[find_many(memory, pages) != NOWHERE].tolist()
    large = [LARGE + chance.randrange(1 << 30) for _ in range(5000)]
    # kdmp-parser prints a line for each address that leads nowhere, so all of these lead somewhere.
    cold = chance.sample(valid, 15000) + large
    chance.shuffle(cold)
    hot = chance.sample(valid, 500) * 20
    many = np.array(cold * 5, "u8")
    layer, translate = volatility(raw), kdmp_parser(dump)

    def case(whose: str, addresses: list[int], function: Any) -> list[Case]:
        return [(whose, len(addresses), each(function, addresses))] if function else []

    def theirs(size: int, addresses: list[int], pad: bool = False) -> list[Case]:
        if layer is None:
            return []
        forget = type(layer).read.cache_clear  # it keeps the last 512 answers, which no real use would ask for again

        def reads() -> None:
            forget()
            for address in addresses:
                layer.read(address, size, pad=pad)

        return [("Volatility 3", len(addresses), reads)]

    vol = layer.translate if layer else None
    peers = [*case("Volatility 3", cold[:1500], vol), *case("kdmp-parser", cold, translate)]
    promised = {"Volatility 3": 10, "kdmp-parser": 0.6}
    compare("a translation", [*case("dumpwalk", cold, memory.find), *peers], promised, count)

    peers = [*case("Volatility 3", hot[:2000], vol), *case("kdmp-parser", hot, translate)]
    promised = {"Volatility 3": 5, "kdmp-parser": 0.6}
    compare("a translation within 500 pages", [*case("dumpwalk", hot, memory.find), *peers], promised, count)

    batch: list[Case] = [("dumpwalk", len(many), lambda: find_many(memory, many))]
    peers = [*case("Volatility 3", cold[:1500], vol), *case("kdmp-parser", cold, translate)]
    compare("a translation, 100,000 at a time", [*batch, *peers], {"Volatility 3": 100}, count)

    reads = chance.sample(valid, 2000)
    mine = case("dumpwalk", reads, lambda a: memory.read(a, 0x1000))
    compare("a page of 4 KB", [*mine, *theirs(0x1000, reads)], {"Volatility 3": 8}, count)

    megabytes = [LARGE + n * MB for n in range(10)]
    mine = case("dumpwalk", megabytes, lambda a: memory.read(a, MB))
    compare("1 MB in pages of 2 MB", [*mine, *theirs(MB, megabytes)], {}, count)

    sixty = [a for a, b in zip(valid, valid[15:]) if b == a + 0xF000][:1000:16]
    mine = case("dumpwalk", sixty, lambda a: memory.read(a, 0x10000))
    compare("64 KB in scattered pages of 4 KB", [*mine, *theirs(0x10000, sixty)], {"Volatility 3": 8}, count)

    mapped = Mapped(memory, POOL, POOL + (POOL_PAGES << 12))
    everything: list[Case] = [("dumpwalk", len(valid), lambda: sum(len(a) for a, _, _ in mapped.arrays()))]
    if layer:
        part = POOL_PAGES // 64
        at = POOL & 0xFFFFFFFFFFFF
        everything.append(
            ("Volatility 3", part, lambda: sum(1 for _ in layer.mapping(at, part << 12, ignore_errors=True)))
        )
    compare("a page of all that is mapped", everything, {"Volatility 3": 50}, count)


if __name__ == "__main__":
    main()
