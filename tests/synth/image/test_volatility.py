"""Volatility 3 finds in an image exactly what its spec states."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dumpwalk
from dumpwalk.kernel.section import control_area
from dumpwalk.kernel.section_extract import extract
from dumpwalk.synth import write

pytestmark = [pytest.mark.peer, pytest.mark.slow]

PDBS = {
    "7601.24540": "339E74133576439CBCDF7E0229DA3773-1",
    "9600.20625": "B363F8E8C8C447CFA653D570E1755DCA-1",
    "19041.3570": "606FF669409B00F7FC8C61A9C1670129-1",
    "22000.1455": "C224C641D4E1FDFA0EEA8DB742B93EF8-1",
}
# Volatility looks for page tables from 1.3 MB on, and needs as much memory as its search is long.
SPEC = """\
time 2023-10-10T17:00:00Z
uptime 1:00:00
memory 400000
cookie b7
module example \\SystemRoot\\System32\\drivers\\example.sys fffff804`7b900000 size 9000
process 344 "explorer.exe" as explorer
process 1588 "notepad.exe" parent 344 as notepad
thread 4.8
thread 344.348 State=Running
thread 1588.5ec as main
thread 1588.1f0c
driver "\\Driver\\example" module example
device "\\Device\\Example" of example DeviceType=7
file "\\Windows\\notepad.exe" as program
file "\\Users\\Public\\notes.txt" as notes on Example
section program image valid 0 then valid 0 subsection 1 transition 2
section notes data valid 0 transition 1
handle 1588 4 to notes access 120089
handle 1588 8 to notepad access 1fffff
handle 1588 404 to main access 1fffff
handle 344 4 to program access 120089
"""

HANDLES = [
    (0x344, 4, "File", 0x120089, "\\Device\\HarddiskVolume1\\Windows\\notepad.exe"),
    (0x1588, 4, "File", 0x120089, "\\Device\\Example\\Users\\Public\\notes.txt"),
    (0x1588, 8, "Process", 0x1FFFFF, "notepad.exe Pid 5512"),
    (0x1588, 0x404, "Thread", 0x1FFFFF, "Tid 1516 Pid 5512"),
]


class Volatility:
    """Runs plugins on one file."""

    def __init__(self, image: Path, symbols: Path, cache: Path) -> None:
        self.image = image
        self.options = ["--offline", "-q", "-s", str(symbols), "--cache-path", str(cache), "-r", "json"]

    def __call__(self, plugin: str, *options: str) -> list[dict[str, Any]]:
        program = "import sys; sys.argv[0] = 'vol'; from volatility3.cli import main; main()"
        command = [sys.executable, "-W", "ignore", "-c", program, *self.options, "-f", str(self.image)]
        done = subprocess.run([*command, plugin, *options], capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return list(json.loads(done.stdout[done.stdout.index(b"[") :]))


def volatility_on(
    kind: str, real_data: Path, directory: Path, build: str = "19041.3570", spec: str = SPEC
) -> Volatility:
    """Return Volatility 3 with the image of a spec, the one above by default, in a file of a *kind* that it knows."""
    pytest.importorskip("volatility3")
    symbols = directory / "symbols" / "windows" / "ntkrnlmp.pdb"
    symbols.mkdir(parents=True)
    (directory / "cache").mkdir()
    os.symlink(real_data / "isf" / f"{PDBS[build]}.json.xz", symbols / f"{PDBS[build]}.json.xz")
    image = directory / "image"
    image.write_bytes(write(f"dump {kind} x64\nprofile nt/{build}-x64\n{spec}"))
    return Volatility(image, directory / "symbols", directory / "cache")


@pytest.fixture(scope="module", params=["raw", "full", "bitmap-full"])
def volatility(request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Volatility:
    """Volatility 3 on a raw image, and on the crash dumps that it reads."""
    return volatility_on(request.param, real_data, tmp_path_factory.mktemp("volatility"))


@pytest.mark.parametrize("kind", ["raw", "full", "bitmap-full", "lime", "elf", "avml"])
def test_processes(kind: str, real_data: Path, tmp_path: Path):
    found = [
        (p["PID"], p["PPID"], p["ImageFileName"], p["Threads"])
        for p in volatility_on(kind, real_data, tmp_path)("windows.pslist")
    ]

    assert found == [(4, 0, "System", 1), (0x344, 4, "explorer.exe", 1), (0x1588, 0x344, "notepad.exe", 2)]


def test_processes_in_the_pool(volatility: Volatility):
    assert sorted(p["PID"] for p in volatility("windows.psscan")) == [4, 0x344, 0x1588]


@pytest.mark.parametrize("plugin", ["windows.threads", "windows.thrdscan"])
def test_threads(volatility: Volatility, plugin: str):
    found = sorted((t["PID"], t["TID"]) for t in volatility(plugin))

    assert found == [(4, 8), (0x344, 0x348), (0x1588, 0x5EC), (0x1588, 0x1F0C)]


def test_modules(volatility: Volatility):
    found = [(m["Name"], m["Base"], m["Size"]) for m in volatility("windows.modules")]

    assert found == [("ntoskrnl.exe", 0xF8047BA00000, 0x1046000), ("example.sys", 0xF8047B900000, 0x9000)]


def handles(volatility: Volatility) -> list[tuple[Any, ...]]:
    rows = volatility("windows.handles")
    return [(h["PID"], h["HandleValue"], h["Type"], h["GrantedAccess"], h["Name"]) for h in rows]


def test_handles(volatility: Volatility):
    assert handles(volatility) == HANDLES


@pytest.mark.parametrize("build", [build for build in PDBS if build != "19041.3570"])
def test_handles_of_other_generations(build: str, real_data: Path, tmp_path: Path):
    """Entries differ since 7, 8.1 and 10; so do the headers that they lead to."""
    assert handles(volatility_on("raw", real_data, tmp_path, build)) == HANDLES


def test_files(volatility: Volatility):
    found = sorted(f["Name"] for f in volatility("windows.filescan"))

    assert found == ["\\Users\\Public\\notes.txt", "\\Windows\\notepad.exe"]


def test_drivers_and_devices(volatility: Volatility):
    drivers = sorted((d["Driver Name"], d["Name"]) for d in volatility("windows.driverscan"))

    assert drivers == [("example", "\\Driver\\example"), ("volmgr", "\\Driver\\volmgr")]


def test_pages_of_files(volatility: Volatility):
    directory = volatility.image.parent / "files"
    directory.mkdir(exist_ok=True)
    done = volatility.options
    volatility.options = [*done, "-o", str(directory)]
    rows = volatility("windows.dumpfiles")
    volatility.options = done
    found = {path.name.split(".", 3)[3]: path.read_bytes() for path in directory.iterdir()}
    program, notes = found["ImageSectionObject.notepad.exe.img"], found["DataSectionObject.notes.txt.dat"]

    # What `ca --extract` writes is the same, file by file, as far as Volatility writes: to the last page in memory.
    target = dumpwalk.open(str(volatility.image), raw=volatility.image.read_bytes()[:4] != b"PAGE")
    for row in rows:
        file = target.object("nt!_FILE_OBJECT", row["FileObject"] | 0xFFFF << 48)  # it shows 48 bits
        area = control_area(target, getattr(file.SectionObjectPointer, row["Cache"]))
        ours = directory.parent / f"{area.address:x}"
        extract(target, area, str(ours), force=True)
        name, theirs = row["Result"].split(".", 3)[3], (directory / row["Result"]).read_bytes()

        assert area.file_name == row["FileName"] or row["FileName"] in name
        assert ours.read_bytes()[: len(theirs)] == theirs
        assert not any(ours.read_bytes()[len(theirs) :])
    assert len(rows) == 2

    assert notes.startswith(b"\\Users\\Public\\notes.txt, data, page 0\0")
    assert notes[0x1000:].startswith(b"\\Users\\Public\\notes.txt, data, page 1\0")
    assert program[0x1000:].startswith(b"\\Windows\\notepad.exe, image, page 0\0")
