"""Promise: the type store gives its first type within a millisecond; ``dt`` takes at most 1.7x an empty program."""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import time
from pathlib import Path

from _timing import EMPTY, Timing, arguments, empty_program, environment, measure, program, rounds, table

from dumpwalk.types.store import Store
from dumpwalk.types.store_file import shipped

KERNEL = "nt/19041.3570-x64"
TYPE = "nt!_FILE_OBJECT"
LIMIT = 1e-3

OPEN = f"from dumpwalk.types.store import Store; Store.shipped().open({KERNEL!r}).find({TYPE!r})"
SYMBOL = f"from dumpwalk.types.store import Store; Store.shipped().open({KERNEL!r}).symbols.find('KeBugCheckEx')"
# The same kernel and the same structure with Volatility 3, from the symbol file that the store was made from.
VOLATILITY = """
import sys
from volatility3.framework import contexts
from volatility3.framework.symbols import intermed
context = contexts.Context()
table = intermed.IntermediateSymbolTable(context, "types", "nt", "file:" + sys.argv[1])
table.get_type("_FILE_OBJECT").vol.members
"""


def in_process(count: int) -> list[float]:
    """Return how long it took to open the store and a profile and to find a type, each time from the beginning."""
    times = []
    for _ in range(count + 1):
        start = time.perf_counter()
        found = Store(shipped("nt.types"), "nt.types").open(KERNEL).find(TYPE)
        times.append(time.perf_counter() - start)
        assert found is not None
    return times[1:]  # the first one imports modules


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--volatility", action="store_true", help="compare with Volatility 3, if it is installed here")
    options = parser.parse_args()
    print(f"types ({environment()})")

    times = in_process(rounds(options))
    median = statistics.median(times)
    kept = "kept" if median <= LIMIT else "NOT KEPT"
    median, fastest = median * 1e3, min(times) * 1e3
    print(f"open + first type, in process: median {median:.2f} ms, fastest {fastest:.2f} ms, <= 1 ms {kept}")
    start = time.perf_counter()
    types = Store.shipped().open(KERNEL)
    found = [types.find(name) for name in types.names()]
    print(f"all {len(found):,} types of one kernel, in process: {(time.perf_counter() - start) * 1e3:.0f} ms")
    start = time.perf_counter()
    count, offset = len(types.symbols), types.symbols.find("KeBugCheckEx")
    print(f"first of {count:,} symbols, in process: {(time.perf_counter() - start) * 1e3:.0f} ms")
    start = time.perf_counter()
    types.symbols.nearest((offset or 0) + 0x20)
    print(f"first nearest symbol after that, in process: {(time.perf_counter() - start) * 1e3:.0f} ms")

    installed, nothing = program(), empty_program()
    if installed and nothing:
        words = (installed, "--types", KERNEL, "dt", TYPE)
        whole = [
            Timing("an empty program, as pip makes them", (nothing,)),
            Timing(f"dumpwalk dt {TYPE}", words, promise=1.7),
        ]
        measure(whole, rounds(options))
        table(whole)
    timings = [
        Timing("python -c pass", EMPTY),
        Timing(f"open, find {TYPE}", (sys.executable, "-c", OPEN)),
        Timing("open, find nt!KeBugCheckEx", (sys.executable, "-c", SYMBOL)),
    ]
    if options.volatility:
        isf = Path(os.environ.get("DUMPWALK_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "isf"
        file = isf / f"{types.info.guid}.json.xz"
        if importlib.util.find_spec("volatility3") is None or not file.exists():
            print("Volatility 3 or its symbol file of this kernel is not here: not compared")
        else:
            timings.append(Timing("Volatility 3, the same type", (sys.executable, "-c", VOLATILITY, str(file))))
    measure(timings, rounds(options))
    table(timings)
    if options.volatility and len(timings) > 3:
        ratio = statistics.median(theirs / ours for theirs, ours in zip(timings[3].times, timings[1].times))
        print(f"Volatility 3 takes {ratio:.0f}x as long")


if __name__ == "__main__":
    main()
