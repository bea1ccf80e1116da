"""Dumps with physical pages, read by other tools: kdmp-parser and Volatility 3 see what was written, and so do we."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paged_machine import MODES, World

from dumpwalk.formats import open_dump
from dumpwalk.remarks import Absent
from dumpwalk.synth.containers import WRITERS

pytestmark = pytest.mark.peer
WRITTEN = WRITERS.load()

# kdmp-parser prints on the C library's standard output, so it runs in a process of its own.
KDMP = """
import json, sys
import kdmp_parser
path, pages, addresses = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
dump = kdmp_parser.KernelDumpParser(path)
hexed = lambda page: None if page is None else bytes(page).hex()
answer = {
    "physical": [hexed(dump.read_physical_page(n << 12)) for n in pages],
    "virtual": [hexed(dump.read_virtual_page(a)) for a in addresses],
    "translated": [dump.translate_virtual(a) for a in addresses],
}
print("\\n@@" + json.dumps(answer))
"""


def _kdmp(path: Path, pages: list[int], addresses: list[int]) -> dict[str, Any]:
    pytest.importorskip("kdmp_parser")
    done = subprocess.run(
        [sys.executable, "-c", KDMP, str(path), json.dumps(pages), json.dumps(addresses)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.rpartition("@@")[2])
    return found


@pytest.mark.parametrize(
    "kind", ["full", "bitmap-full", "bitmap-kernel", "range-kernel", "range-user", "range-complete"]
)
def test_kdmp_parser(kind: str, tmp_path: Path) -> None:
    """It knows x64 alone, and checks the context's flags to tell a header from noise."""
    world = World("x64")
    # kdmp-parser overlooks the last bits of a bitmap whose length is no multiple of 8.
    pages = {**world.pages, 0x107: b"\x07" * 0x1000}
    path = tmp_path / "x.dmp"
    path.write_bytes(WRITTEN[kind](world.spec.__replace__(kind=kind), pages))  # type: ignore[attr-defined]
    dump = open_dump(str(path))
    physical, memory = dump.physical, dump.memory
    assert not isinstance(physical, Absent)
    numbers = list(range(max(pages) + 3))
    k = world.machine.kernel
    addresses = [k, k + 0x10000, k + 0x11000, world.process & ~0xFFF, world.stack[0], k + 0x7000000, 0x10000]
    peer = _kdmp(path, numbers, addresses)

    assert peer["physical"] == [pages[n].hex() if n in pages else None for n in numbers]
    assert peer["physical"] == [physical.read_some(n << 12, 0x1000).hex() or None for n in numbers]
    assert peer["virtual"] == [memory.read_some(a, 0x1000).hex() or None for a in addresses]
    found = [memory.find(a) for a in addresses]  # type: ignore[attr-defined]
    assert peer["translated"] == [None if f < 0 else f for f in found]
    assert sum(f >= 0 for f in found) == 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["full", "bitmap-full"])
@pytest.mark.filterwarnings("ignore")
def test_volatility_3(kind: str, mode: str, tmp_path: Path) -> None:
    """Its crash layers know types 1 and 5."""
    pytest.importorskip("volatility3")
    from volatility3.framework import contexts, exceptions
    from volatility3.framework.layers import crash, physical

    world = World(mode)
    path = tmp_path / "x.dmp"
    path.write_bytes(WRITTEN[kind](world.spec.__replace__(kind=kind), world.pages))  # type: ignore[attr-defined]
    context = contexts.Context()
    context.config["base.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "base", "base"))
    context.config["dump.base_layer"] = "base"
    layer_class = crash.WindowsCrashDump64Layer if world.machine.width == 8 else crash.WindowsCrashDump32Layer
    layer = layer_class(context, "dump", "dump")
    ours = open_dump(str(path)).physical
    assert not isinstance(ours, Absent)

    def theirs(number: int) -> bytes:
        try:
            return bytes(layer.read(number << 12, 0x1000))
        except exceptions.InvalidAddressException:
            return b""

    numbers = range(max(world.pages) + 3)

    assert [theirs(n) for n in numbers] == [world.pages.get(n, b"") for n in numbers]
    assert [theirs(n) for n in numbers] == [ours.read_some(n << 12, 0x1000) for n in numbers]
    assert layer.dtb == world.machine.root
