"""Times whole processes against each other, in rounds that take turns.

One round runs every command once, so that whatever else the machine is doing
slows all of them; a ratio is taken within a round and the median over the
rounds is reported. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY = (sys.executable, "-c", "pass")
# An empty directory: neither a checkout nor whatever lies about where temporary files are.
_NOWHERE = tempfile.TemporaryDirectory()


class Timing:
    """The wall times of one command, one a round, in seconds."""

    def __init__(self, name: str, command: Sequence[str], promise: float | None = None, expected: int = 0) -> None:
        self.name = name
        self.command = list(command)
        self.promise = promise
        self.expected = expected
        self.status = 0
        self.times: list[float] = []

    def run(self) -> float:
        """Run the command once and return how long it took."""
        start = time.perf_counter()
        done = subprocess.run(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_NOWHERE.name,  # `python -c` looks for modules where it stands
        )
        took = time.perf_counter() - start
        self.status = done.returncode
        return took


def measure(timings: Sequence[Timing], rounds: int) -> None:
    """Run *rounds* rounds; each second one goes backwards, so that nobody always runs after the same neighbour."""
    for timing in timings:  # warm caches, and compiled modules that the first run writes
        timing.run()
    for n in range(rounds):
        for timing in timings if n % 2 == 0 else reversed(timings):
            timing.times.append(timing.run())


def table(timings: Sequence[Timing]) -> None:
    """Print the timings; the first one is what the others are compared with."""
    base = timings[0]
    width = max(len(t.name) for t in timings)
    print(f"{'':{width}}  {'median':>9}  {'fastest':>9}  {'promise':>8}  {'ratio':>7}")
    for timing in timings:
        ratio = statistics.median(t / b for t, b in zip(timing.times, base.times))
        promise = f"<= {timing.promise:g}x" if timing.promise else ""
        kept = ""
        if timing.promise:
            kept = "  kept" if ratio <= timing.promise else "  NOT KEPT"
        if timing.status != timing.expected:
            kept = f"  it failed with exit status {timing.status}: the time means nothing"
        median, fastest = statistics.median(timing.times), min(timing.times)
        print(
            f"{timing.name:{width}}  {median * 1e3:6.1f} ms  {fastest * 1e3:6.1f} ms  {promise:>8}  {ratio:6.2f}x{kept}"
        )


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it runs and roughly how fast")
    parser.add_argument("--rounds", type=int, help="how many rounds (31, or 7 with --quick)")
    return parser


def rounds(options: argparse.Namespace) -> int:
    """Return how many rounds were asked for."""
    asked: int | None = options.rounds
    return asked or (7 if options.quick else 31)


def program() -> str | None:
    """Return the ``dumpwalk`` program of the environment that this runs in, ``None`` when it is not installed there."""
    scripts = Path(sysconfig.get_path("scripts"))
    return next((str(p) for p in (scripts / "dumpwalk", scripts / "dumpwalk.exe") if p.exists()), None)


def empty_program() -> str | None:
    """Return a copy of the installed program that does nothing, or ``None`` where pip makes no scripts (Windows)."""
    installed = program()
    if installed is None:
        return None
    text = Path(installed).read_bytes()
    wanted = b"from dumpwalk.cli import program\n"
    if wanted not in text:
        return None
    file = Path(tempfile.mkdtemp()) / "empty"
    file.write_bytes(text.replace(wanted, b"program = int\n"))
    file.chmod(0o755)
    return str(file)


def environment() -> str:
    """Return what is measured, in one line: an editable installation starts a little slower."""
    import json
    from importlib import metadata

    try:
        distribution = metadata.distribution("dumpwalk")
    except metadata.PackageNotFoundError:
        return f"Python {sys.version.split()[0]} on {sys.platform}; dumpwalk is not installed"
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    kind = "editable" if origin.get("dir_info", {}).get("editable") else "ordinary"
    return f"Python {sys.version.split()[0]} on {sys.platform}; dumpwalk {distribution.version}, {kind} installation"
