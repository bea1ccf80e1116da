"""Witnesses for memory images that are not us: Volatility 3 reads what we write, QEMU writes what we read."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_memory_images import WINDOWS, content, written

from dumpwalk.formats import FORMATS, open_dump
from dumpwalk.formats.images import Image
from dumpwalk.remarks import Absent

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Volatility's libraries
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # it leaves files open
]

PAGES = {1: b"\1" * 0x1000, 2: bytes(range(256)) * 16, 0x20: b"\2" * 0x1000, 0x30: b"end " * 1024}


def volatility(path: Path, module: str, layer: str, state: Path | None = None) -> Any:
    """Return Volatility's layer of that class over the file at *path*."""
    pytest.importorskip("volatility3")
    from importlib import import_module

    from volatility3.framework import contexts
    from volatility3.framework.layers import physical

    context = contexts.Context()
    for name, file in (("file", path), ("state", state)):
        if file is not None:
            context.config[f"{name}.location"] = file.as_uri()
            context.add_layer(physical.FileLayer(context, name, name))
    context.config["image.base_layer"] = "file"
    context.config["image.meta_layer"] = "state"
    kind = getattr(import_module(f"volatility3.framework.layers.{module}"), layer)
    return kind(context, "image", "image")


@pytest.mark.parametrize("pages", [PAGES, WINDOWS], ids=["few pages", "windows"])
@pytest.mark.parametrize(("kind", "module", "layer"), [("elf", "elf", "Elf64Layer"), ("lime", "lime", "LimeLayer")])
def test_volatility_reads_the_same(tmp_path: Path, kind: str, module: str, layer: str, pages: dict[int, bytes]) -> None:
    path = tmp_path / f"memory.{kind}"
    path.write_bytes(written(kind, pages))
    theirs = volatility(path, module, layer)
    ours = open_dump(str(path)).physical
    assert not isinstance(ours, Absent)

    for number in pages:
        assert theirs.read(number << 12, 0x1000) == ours.read(number << 12, 0x1000) == pages[number]
        assert theirs.is_valid(number + 1 << 12) == (ours.place(number + 1 << 12) >= 0)


def test_volatility_reads_the_same_vmware(tmp_path: Path) -> None:
    for kind in ("vmem", "vmss"):
        (tmp_path / f"guest.{kind}").write_bytes(written(kind, PAGES, root=0x1AD000))
    theirs = volatility(tmp_path / "guest.vmem", "vmware", "VmwareLayer", tmp_path / "guest.vmss")
    ours = open_dump(str(tmp_path / "guest.vmem")).physical
    assert not isinstance(ours, Absent)

    for number in PAGES:
        assert theirs.read(number << 12, 0x1000) == ours.read(number << 12, 0x1000) == PAGES[number]


def test_volatility_reads_the_same_avml(tmp_path: Path) -> None:
    pytest.importorskip("volatility3")
    from volatility3.framework.layers import avml

    if not avml.HAS_SNAPPY:
        pytest.skip("Volatility finds no snappy library here")
    pages = {**PAGES, 0x30: b"\3" * 0x1000}  # it reads no further than a stretch is long, so each has to shrink
    path = tmp_path / "memory.avml"
    path.write_bytes(written("avml", pages))
    theirs = volatility(path, "avml", "AVMLLayer")

    for number, page in pages.items():
        assert theirs.read(number << 12, 0x1000) == page


def test_volatility_finds_the_same_page_tables(tmp_path: Path) -> None:
    """Its scan for tables that refer to themselves, over the raw image."""
    pytest.importorskip("volatility3")
    from volatility3.framework.automagic import windows

    path = tmp_path / "memory.raw"
    path.write_bytes(written("raw", WINDOWS))
    data = path.read_bytes()
    test = next(t for t in (windows.DtbSelfRef64bit(), windows.DtbSelfRef64bitOldWindows()))
    found = {hit[0] for hit in [test(data, 0, at) for at in range(0, len(data), 0x1000)] if hit}

    assert open_dump(str(path)).header.DirectoryTableBase in found


def test_snappy_accepts_our_frames(tmp_path: Path) -> None:
    """Its library compares the checksums that our writer made."""
    import cramjam

    blob = written("avml", {n: PAGES[2] if n % 2 else bytes(0x1000) for n in range(64)})
    framed = blob[32:-8]

    assert struct.unpack("<Q", blob[-8:])[0] == len(framed)
    assert len(bytes(cramjam.snappy.decompress(framed))) == 64 * 0x1000


@pytest.mark.parametrize("machine", ["x64", "x86"])
def test_readelf_understands_our_cores(tmp_path: Path, machine: str) -> None:
    if not shutil.which("readelf"):
        pytest.skip("no readelf here")
    path = tmp_path / "memory.elf"
    path.write_bytes(written("elf", PAGES, machine))
    done = subprocess.run(["readelf", "-hln", str(path)], capture_output=True, text=True, check=True)

    assert "CORE (Core file)" in done.stdout
    assert done.stdout.count("LOAD ") == 3
    assert "QEMU" in done.stdout
    assert done.stderr == ""


# -- QEMU

# In real mode: mov eax, 0x185000; mov cr3, eax; hlt. In long mode: tables at 0x1000 that map 2 MB and,
# by entry 0x1ed, themselves; then hlt.
REAL = "66b8005018000f22d8f4ebfd"
LONG = (
    "fa31c08ed88ec0bf00106631c066b9000c0000f366ab66c70600100320000066c706681f0310000066c70600200330000066"
    "c70600308300000066b8001000000f22d80f20e06683c8200f22e066b9800000c00f32660d000100000f300f20c0660d0100"
    "00800f22c00f0116837cea897c0800000000000000000000000000009a20000f00737c0000f4ebfd"
)


def qmp(process: subprocess.Popen[str], command: str, **arguments: object) -> Any:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    process.stdin.flush()
    for line in process.stdout:
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        if "return" in answer:
            return answer["return"]
    raise AssertionError("QEMU ended")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "root", "megabytes"), [(REAL, 0x185000, 16), (LONG, 0x1000, 16)], ids=["real", "long"]
)
def test_what_qemu_writes(tmp_path: Path, code: str, root: int, megabytes: int) -> None:
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("no QEMU here")
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes.fromhex(code).ljust(510, b"\0") + b"\x55\xaa" + bytes(512 * 2879))
    core, flat = tmp_path / "guest.elf", tmp_path / "guest.raw"
    arguments = ["-m", str(megabytes), "-display", "none", "-nodefaults", "-fda", str(disk), "-qmp", "stdio"]
    process = subprocess.Popen(
        ["qemu-system-x86_64", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        qmp(process, "qmp_capabilities")
        for _ in range(10000):
            registers = qmp(process, "human-monitor-command", **{"command-line": "info registers"})
            if f"CR3={root:0{16 if code == LONG else 8}x}" in registers and "HLT=1" in registers:
                break
        else:
            pytest.fail(f"the guest never came to its end: {registers}")
        qmp(process, "stop")
        qmp(process, "dump-guest-memory", paging=False, protocol=f"file:{core}")
        qmp(process, "pmemsave", val=0, size=megabytes << 20, filename=str(flat))
        qmp(process, "quit")
    finally:
        process.kill()
        process.communicate()
    memory = flat.read_bytes()
    image = FORMATS.load()["ELF"].open(str(core), memoryview(core.read_bytes()))
    assert isinstance(image, Image)
    held = content(open_dump(str(core)))

    assert [r.value for r in image.roots] == [root]
    assert image.problems == image.missing == ()
    assert sum(any(page) for page in held.values()) > 50
    assert all(page == memory[n << 12 : n + 1 << 12] for n, page in held.items() if n << 12 < megabytes << 20)
