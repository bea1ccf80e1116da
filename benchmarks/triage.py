"""Promise: ``dumpwalk triage`` of a 1.4 MB dump takes at most twelve times as long as an empty Python process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from _timing import EMPTY, Timing, arguments, environment, measure, program, rounds, table

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "apc_index_mismatch.dmp"
SHARED = Path(os.environ.get("DUMPWALK_SHARED", ROOT.parent / "shared"))


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("file", nargs="?", type=Path, help="the dump (the real one, else the sample that ships)")
    options = parser.parse_args()
    real = SHARED / "data" / "dumps" / "triage_x64.dmp"
    file = (options.file or (real if real.exists() else SAMPLE)).resolve()
    installed = program()
    start = (installed,) if installed else (sys.executable, "-m", "dumpwalk")
    # A dump may be damaged and the answer so a partial one; anything else is a failure.
    partial = subprocess.run([*start, "triage", str(file)], capture_output=True).returncode == 1
    timings = [
        Timing("python -c pass", EMPTY),
        Timing("dumpwalk triage", (*start, "triage", str(file)), promise=12, expected=int(partial)),
        Timing("dumpwalk triage --json", (*start, "triage", "--json", str(file)), expected=int(partial)),
    ]
    measure(timings, rounds(options))
    print(f"triage of {file.name}, {file.stat().st_size:,} bytes ({environment()})")
    if file == SAMPLE.resolve():
        print("  (no real dump here: the promise is about one of 1.4 MB, this is the small sample that ships)")
    table(timings)


if __name__ == "__main__":
    main()
