"""Promise: the kinds and pages of a million page-table entries take at most 3x a bare numpy expression."""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _timing import arguments, environment, rounds

from dumpwalk.types.pte_formats import pte_format
from dumpwalk.types.store import Store

KERNEL = "nt/19041.3570-x64"
MASK = 1 << 45
ENTRIES = 1_000_000
THEIRS = 300  # as many as Volatility 3 decodes in a second or less


def entries() -> Any:
    """Return a million entries in the proportions of a busy process: most are valid, every kind is there."""
    import numpy as np

    random = np.random.default_rng(1)
    pages = random.integers(0, 1 << 22, ENTRIES, "u8") << np.uint64(12)
    marks = (0x863, 0x880 | MASK, 0x480 | 0xA8E9 << 48, 0x2084 | MASK, 0x80 | MASK, 0xFFFFFFFF << 32 | 0x480, 0)
    kind = random.choice(len(marks), ENTRIES, p=(0.6, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05))
    bare = np.where(kind < 4, pages, 0)
    return (bare | np.array(marks, "u8")[kind]).astype("u8")


def bare(values: Any) -> Any:
    """Return eight columns of valid entries, as an analyst would write it."""
    return (
        values & 1,
        values >> 1 & 1,
        values >> 2 & 1,
        values >> 5 & 1,
        values >> 6 & 1,
        values >> 7 & 1,
        values >> 63,
        values >> 12 & 0xFFFFFFFFF,
    )


def tests_written_out(values: Any) -> Any:
    """Return the same kinds and pages as dumpwalk's, in one numpy expression for this kernel."""
    import numpy as np

    plain = np.where(values & 0x10, values, values & ~np.uint64(MASK))
    valid, proto, moving = values & 1 != 0, values & 0x400 != 0, values & 0x800 != 0
    vad = values >> 32 == 0xFFFFFFFF
    filed, protected = plain >> 32 != 0, values & 0x3E0 != 0
    kinds = np.select(
        [values == 0, valid, proto & vad, proto, moving, filed & protected, filed], [0, 1, 3, 2, 5, 6, 8], 7
    )
    pages = np.where(valid, values, plain) >> 12 & 0xFFFFFFFFF
    return kinds, np.where(valid | (moving & ~proto), pages.astype("i8"), -1)


def theirs(symbols: Path, values: bytes) -> Callable[[], int]:
    """Return a function that takes the kinds and pages of some entries with Volatility 3's objects."""
    from volatility3.framework import contexts
    from volatility3.framework.layers import physical
    from volatility3.framework.symbols import intermed

    context = contexts.Context()
    context.add_layer(physical.BufferDataLayer(context, "config", "memory", values))
    context.symbol_space.append(intermed.IntermediateSymbolTable(context, "types", "nt", f"file:{symbols}"))

    def decode() -> int:
        total = 0
        for index in range(THEIRS):
            entry = context.object("nt!_MMPTE", layer_name="memory", offset=8 * index).u
            if entry.Hard.Valid:
                total += int(entry.Hard.PageFrameNumber)
            elif not entry.Soft.Prototype and entry.Soft.Transition:
                total += int(entry.Trans.PageFrameNumber)
        return total

    return decode


def took(run: Callable[[], Any], count: int) -> float:
    """Return how long *run* takes for each of *count* entries, in nanoseconds."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) / count * 1e9


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    print(f"{ENTRIES:,} page-table entries of {KERNEL} ({environment()})")
    values = entries()
    known: Any = pte_format(Store.shipped().open(KERNEL))
    known = known.__replace__(invalid_mask=MASK)
    kinds, pages = known.kinds(values)
    wanted_kinds, wanted_pages = tests_written_out(values)
    assert (kinds == wanted_kinds).all()
    assert (pages == wanted_pages).all()
    runs = [
        ("eight columns, bare numpy", lambda: bare(values), 0.0),
        ("the same tests, bare numpy", lambda: tests_written_out(values), 0.0),
        ("dumpwalk: kinds and pages", lambda: known.kinds(values), 3.0),
    ]
    times: list[list[float]] = [[] for _ in runs]
    for n in range(rounds(options)):
        order = list(enumerate(runs))
        for at, (_, run, _) in order if n % 2 == 0 else reversed(order):
            times[at].append(took(run, ENTRIES))
    for (name, _, promise), own in zip(runs, times):
        ratio = statistics.median(t / b for t, b in zip(own, times[0]))
        kept = f"  <= {promise:g}x {'kept' if ratio <= promise else 'NOT KEPT'}" if promise else ""
        print(f"{name:28} {statistics.median(own):7.1f} ns an entry  {ratio:6.2f}x{kept}")
    isf = Path(os.environ.get("DUMPWALK_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "isf"
    file = isf / f"{Store.shipped().open(KERNEL).info.guid}.json.xz"
    if importlib.util.find_spec("volatility3") is None or not file.exists():
        print("Volatility 3 or its symbol file of this kernel is not here: not compared")
        return
    decode = theirs(file, values[:THEIRS].tobytes())
    slow = statistics.median(took(decode, THEIRS) for _ in range(3))
    times_as_fast = slow / statistics.median(times[2])
    print(f"{'Volatility 3 objects':28} {slow:7.0f} ns an entry  dumpwalk is {times_as_fast:,.0f}x as fast")


if __name__ == "__main__":
    main()
