"""Promise: ``dumpwalk bugcheck`` takes at most twice as long as an empty Python process."""

from __future__ import annotations

import sys
from pathlib import Path

from _timing import EMPTY, Timing, arguments, environment, measure, program, rounds, table

BUGCHECK = ("bugcheck", "1", "00007ffeb44461b4", "0", "ffff", "ffffc6816b407b80")


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    installed = program()
    timings = [Timing("python -c pass", EMPTY)]
    if installed:
        timings.append(Timing("dumpwalk bugcheck 1 ...", (installed, *BUGCHECK), promise=2))
        timings.append(Timing("dumpwalk --version", (installed, "--version")))
        if b"import re\n" in Path(installed).read_bytes():
            # Programs that pip before 26 made import it, which costs as much as all of dumpwalk.
            timings.append(Timing("python -c 'import re', as pip's program does", (sys.executable, "-c", "import re")))
    timings.append(Timing("python -m dumpwalk bugcheck 1 ...", (sys.executable, "-m", "dumpwalk", *BUGCHECK)))
    measure(timings, rounds(options))
    print(f"start-up ({environment()})")
    table(timings)


if __name__ == "__main__":
    main()
