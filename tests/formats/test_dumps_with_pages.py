"""Dumps that hold physical pages: what is written is read, of each kind, on each machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from paged_machine import CHECKSUM, MODES, STAMP, World

from dumpwalk.errors import ReadError
from dumpwalk.formats import Dump
from dumpwalk.remarks import Absent
from dumpwalk.synth import Blob, Processor, Spec
from dumpwalk.synth.containers import WRITERS

Opened = Callable[[bytes], Dump]
WRITTEN = WRITERS.load()
# Which kinds there are is stated here, so that none gets lost.
KINDS = (
    "full", "kernel", "bitmap-full", "bitmap-kernel", "automatic", "range-kernel", "range-user", "range-complete",
)  # fmt: skip
every_kind = pytest.mark.parametrize("kind", KINDS)
every_mode = pytest.mark.parametrize("mode", MODES)


def written(world: World, kind: str, **changes: object) -> bytes:
    """Return the world as a dump of *kind*."""
    spec = world.spec.__replace__(kind=kind, **changes)  # type: ignore[attr-defined]
    return WRITTEN[kind](spec, world.pages)


@every_mode
@every_kind
def test_every_page_is_read(opened: Opened, kind: str, mode: str) -> None:
    world = World(mode)
    dump = opened(written(world, kind))
    physical = dump.physical
    assert not isinstance(physical, Absent)

    assert dump.problems == ()
    assert {n: physical.read(n << 12, 0x1000) for n in world.pages} == world.pages
    assert physical.extent()[1] == len(world.pages) << 12
    assert physical.place(0x20000) == -1
    with pytest.raises(ReadError, match="page 20 is not in the dump"):
        physical.read(0x20000, 1)
    asked = np.array([n << 12 for n in range(0x100)], "u8")
    assert physical.places(asked).tolist() == [physical.place(int(a)) for a in asked]


@every_mode
def test_memory_is_seen_through_its_page_tables(opened: Opened, mode: str) -> None:
    world = World(mode)
    dump = opened(written(world, "bitmap-kernel"))

    assert dump.memory.read(world.stack[0] + 0xFF0, 0x20) == b"\x11" * 0x20
    with pytest.raises(ReadError):
        dump.memory.read(world.stack[0] - 1, 1)


@every_mode
@every_kind
def test_what_the_machine_says_of_itself(opened: Opened, kind: str, mode: str) -> None:
    world = World(mode)
    dump = opened(written(world, kind))
    data = dump.debugger_data
    assert not isinstance(data, Absent)

    assert [(m.image, int(m.base)) for m in dump.modules.modules] == list(world.modules)
    assert dump.modules.kernel is not None
    assert (dump.modules.kernel.name, dump.modules.kernel.size) == ("nt", 0x40000)
    assert dump.modules.kernel.path == r"\SystemRoot\system32\ntoskrnl.exe"
    assert [(m.timestamp, m.checksum) for m in dump.modules.modules] == [(STAMP, CHECKSUM)] * 2 + [(0, 0)]
    assert [u.name for u in dump.unloaded] == ["newest.sys", "older_and_longer_than_12.sys", "oldest.sys"]
    assert {int(u.size) for u in dump.unloaded} == {0x8000}
    assert (dump.thread, dump.process, dump.processor) == (world.threads[1], world.process, world.prcbs[1])
    assert data["PsLoadedModuleList"] == dump.header.PsLoadedModuleList
    assert dump.missing == ("time stamps: the headers of 1 of 3 images are not in the dump",)


@every_kind
def test_sections(opened: Opened, kind: str) -> None:
    world = World("x64")
    dump = opened(written(world, kind))
    pages = next(s for s in dump.sections if s.what == "pages")

    assert dump.sections[0].what == "header"
    assert pages.size == len(world.pages) << 12
    assert pages.offset + pages.size == dump.size
    assert {s.what for s in dump.sections} - {"header", "pages", "slack"} <= {
        "bitmap header", "bitmap", "range header", "ranges",
    }  # fmt: skip


def test_opening_reads_headers_only(opened: Opened) -> None:
    """Contents are read when they are asked for: a damaged list of modules says so then, and not before."""
    world = World("x64")
    world.machine.write(world.machine.kernel + 0x10000, b"\x99" * 8)
    dump = opened(written(world, "full"))

    assert dump._problems == ()
    assert callable(dump._contents)
    assert {p.where for p in dump.problems} == {"PsLoadedModuleList"}


def test_a_dump_type_that_nobody_set_is_a_full_dump(opened: Opened) -> None:
    world = World("x86")
    settings = (*world.spec.settings, ("DumpType", int.from_bytes(b"PAGE", "little")))
    dump = opened(written(world, "full", settings=settings))

    assert dump.problems == ()
    assert dump.process == world.process


def test_a_header_alone(opened: Opened) -> None:
    world = World("x64")
    dump = opened(written(world, "header"))

    assert dump.size == 0x2000
    assert dump.missing == ("memory: this dump is a header alone",)
    assert isinstance(dump.physical, Absent)


def test_a_machine_whose_page_tables_are_not_known(opened: Opened) -> None:
    spec = Spec("bitmap-full", "ARM", 17134, processor_count=1)
    dump = opened(WRITTEN["bitmap-full"](spec, {5: b"a" * 0x1000}))
    assert not isinstance(dump.physical, Absent)

    assert dump.physical.read(0x5000, 2) == b"aa"
    assert dump.missing[0] == "virtual memory: the page tables of ARM machines are not known here"
    with pytest.raises(ReadError, match="page tables of ARM"):
        dump.memory.read(0x80000000, 1)


@pytest.mark.parametrize(("mode", "flag"), [("PAE", 0), ("x86", 1)])
def test_the_debugger_data_block_knows_pae_better(opened: Opened, mode: str, flag: int) -> None:
    world = World(mode)
    dump = opened(written(world, "full", settings=(("PaeEnabled", flag),)))

    assert [p.what for p in dump.problems] == [
        f"PaeEnabled is {flag}, but the page tables at {world.machine.root:#x} are those of {mode}"
    ]
    assert dump.process == world.process


@pytest.mark.parametrize("mode", ["PAE", "x86"])
def test_a_header_that_says_nothing_of_pae(opened: Opened, mode: str) -> None:
    world = World(mode)
    dump = opened(written(world, "full", settings=(("PaeEnabled", ord("P")),)))

    assert dump.problems == ()
    assert dump.process == world.process


def test_a_stack_pointer_in_no_stack_names_processor_0(opened: Opened) -> None:
    world = World("x64")
    dump = opened(written(world, "full", context=(("rsp", 0xFFFFF80012345678),)))

    assert (dump.processor, dump.thread) == (world.prcbs[0], world.threads[0])
    assert any("no processor's stack holds the stack pointer" in text for text in dump.missing)


def test_one_processor_needs_no_stack_pointer(opened: Opened) -> None:
    world = World("x64", processors=1)
    spec = world.spec
    dump = opened(WRITTEN["full"](spec, world.pages))

    assert spec.processors == (Processor(world.prcbs[0]),)
    assert dump.thread == world.threads[0]
    assert not any(text.startswith("processor") for text in dump.missing)


def test_bits_behind_the_last_page(opened: Opened) -> None:
    """Pages whose number is no multiple of 8: the last byte of the bitmap counts, the bits behind it do not."""
    data = bytearray(WRITTEN["bitmap-full"](Spec("bitmap-full", "x64", 19041), {10: b"a" * 0x1000, 3: b"b" * 0x1000}))
    assert data[0x2030] == 11
    data[0x2039] |= 0xF0
    dump = opened(bytes(data))
    assert not isinstance(dump.physical, Absent)

    assert dump.physical.read(10 << 12, 1) + dump.physical.read(3 << 12, 1) == b"ab"
    assert dump.physical.place(12 << 12) == -1
    assert not [p for p in dump.problems if p.where == "bitmap"]


@every_kind
def test_secondary_data_follows_the_pages(opened: Opened, kind: str) -> None:
    blobs = (Blob("270a33fd-3da6-460d-ba89-3c1bae21e39b", b"12345"),)
    dump = opened(written(World("x64"), kind, blobs=blobs))

    assert [(b.guid, b.size) for b in dump.secondary] == [(blobs[0].guid, 5)]
    assert dump.sections[-1].what == "secondary data"
