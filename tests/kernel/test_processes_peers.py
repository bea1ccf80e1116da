"""Volatility 3 lists the same processes and threads in the same images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.kernel.process import process
from dumpwalk.kernel.processes import processes, threads
from dumpwalk.kernel.thread import thread
from dumpwalk.remarks import Absent
from dumpwalk.synth import write
from dumpwalk.target import open as open_target

pytestmark = [pytest.mark.peer, pytest.mark.slow]

PDBS = {
    "7601.24540": "339E74133576439CBCDF7E0229DA3773-1",
    "9600.20625": "B363F8E8C8C447CFA653D570E1755DCA-1",
    "19041.3570": "606FF669409B00F7FC8C61A9C1670129-1",
    "22000.1455": "C224C641D4E1FDFA0EEA8DB742B93EF8-1",
}
SPEC = """\
time 2023-10-10T17:00:00Z
uptime 1:00:00
memory 400000
process 344 "explorer.exe"
process 588 "notepad.exe" parent 344
process 58c "a.exe" parent 588
process 590 "b.exe" parent 58c
thread 4.8
thread 344.348 State=Running
thread 588.5ec StartAddress=nt+2000
thread 588.1f0c
thread 590.594 Win32StartAddress=401000
"""


def asked(plugin: str, image: Path, symbols: Path, cache: Path) -> list[dict[str, Any]]:
    program = "import sys; sys.argv[0] = 'vol'; from volatility3.cli import main; main()"
    options = ["--offline", "-q", "-s", str(symbols), "--cache-path", str(cache), "-r", "json", "-f", str(image)]
    command = [sys.executable, "-W", "ignore", "-c", program, *options, plugin]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return list(json.loads(done.stdout[done.stdout.index(b"[") :]))


@pytest.mark.parametrize("build", PDBS)
def test_lists(build: str, real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("volatility3")
    symbols = tmp_path / "symbols" / "windows" / "ntkrnlmp.pdb"
    symbols.mkdir(parents=True)
    (tmp_path / "cache").mkdir()
    os.symlink(real_data / "isf" / f"{PDBS[build]}.json.xz", symbols / f"{PDBS[build]}.json.xz")
    image = tmp_path / "image.dmp"
    image.write_bytes(write(f"dump full x64\nprofile nt/{build}-x64\n{SPEC}"))
    theirs, their_threads = (
        asked(f"windows.{name}", image, tmp_path / "symbols", tmp_path / "cache") for name in ("pslist", "threads")
    )
    target = open_target(str(image))
    listed = processes(target).addresses
    ours = [process(target, address) for address in listed]
    our_threads = [thread(target, t) for p in listed for t in threads(target, p).addresses]

    assert [
        (p.UniqueProcessId, p.InheritedFromUniqueProcessId, p.ImageFileName, p.ActiveThreads, int(p.address) & mask)
        for p in ours
    ] == [(p["PID"], p["PPID"], p["ImageFileName"], p["Threads"], p["Offset(V)"] & mask) for p in theirs]
    assert sorted((t.Cid.UniqueProcess, t.Cid.UniqueThread, int(t.address) & mask) for t in our_threads) == sorted(
        (t["PID"], t["TID"], t["Offset"] & mask) for t in their_threads
    )
    starts = {t["TID"]: t["StartAddress"] & mask for t in their_threads if t["StartAddress"] is not None}
    own = {t.Cid.UniqueThread: t.StartAddress for t in our_threads}
    assert {k: int(own[k].address) & mask for k in starts if not isinstance(own[k], Absent)} == starts


# Volatility cuts addresses to the 48 bits that are translated.
mask = (1 << 48) - 1
