"""Promise: making an object and reading three fields of it is at least 100x as fast as with Volatility 3.

Volatility 3 keeps the members that it made once, so that reading them again
is a lookup; that is shown too.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _timing import arguments, environment, rounds

from dumpwalk.memory.segments import Segment, SegmentedMemory
from dumpwalk.objects import object_
from dumpwalk.types.store import Store

KERNEL = "nt/19041.3570-x64"
MEMORY = (1).to_bytes(8, "little") * 1024
READS = 500


def ours() -> Callable[[], Any]:
    """Return a function that makes a _KTHREAD."""
    types = Store.shipped().open(KERNEL)
    memory = SegmentedMemory([Segment(0, memoryview(MEMORY))])
    return lambda: object_(memory, types, "_KTHREAD", 0)


def theirs(symbols: Path) -> Callable[[], Any]:
    """Return the same for Volatility 3."""
    from volatility3.framework import contexts
    from volatility3.framework.layers import physical
    from volatility3.framework.symbols import intermed

    context = contexts.Context()
    context.add_layer(physical.BufferDataLayer(context, "config", "memory", MEMORY))
    table = intermed.IntermediateSymbolTable(context, "types", "nt", f"file:{symbols}")
    context.symbol_space.append(table)
    return lambda: context.object("nt!_KTHREAD", layer_name="memory", offset=0)


def fields(thread: Any) -> int:
    """Read three fields."""
    return int(thread.State) ^ int(thread.Priority) ^ int(thread.WaitTime)


def once(read: Callable[[], Any]) -> float:
    """Return how long one of many reads takes, in microseconds."""
    start = time.perf_counter()
    for _ in range(READS):
        read()
    return (time.perf_counter() - start) / READS * 1e6


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    print(f"three fields of an object ({environment()})")
    mine = ours()
    isf = Path(os.environ.get("DUMPWALK_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "isf"
    file = isf / f"{Store.shipped().open(KERNEL).info.guid}.json.xz"
    if importlib.util.find_spec("volatility3") is None or not file.exists():
        print("Volatility 3 or its symbol file of this kernel is not here: not compared")
        print(f"dumpwalk {statistics.median(once(lambda: fields(mine())) for _ in range(rounds(options))):.1f} us")
        return
    other = theirs(file)
    assert fields(mine()) == fields(other())
    here, there = mine(), other()
    compare("the object made anew each time", lambda: fields(mine()), lambda: fields(other()), rounds(options), 100)
    compare("the same object each time", lambda: fields(here), lambda: fields(there), rounds(options))


def compare(what: str, a: Callable[[], Any], b: Callable[[], Any], count: int, promise: int = 0) -> None:
    """Time *a* and *b* in turns and print the ratio."""
    pairs = [(once(a), once(b)) for _ in range(count)]
    ratio = statistics.median(them / us for us, them in pairs)
    us, them = (statistics.median(times) for times in zip(*pairs))
    kept = f", >= {promise}x {'kept' if ratio >= promise else 'NOT KEPT'}" if promise else ""
    print(f"{what}: dumpwalk {us:.2f} us, Volatility 3 {them:.0f} us: {ratio:.0f}x{kept}")


if __name__ == "__main__":
    main()
