"""Lists of images in memory: where their fields are, held against every shipped type, and lists that are damaged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from paged_machine import World

from dumpwalk.formats import Dump
from dumpwalk.formats.loaded_modules import ENTRY, UNLOADED
from dumpwalk.synth.containers import WRITERS
from dumpwalk.types.layouts import builds
from dumpwalk.types.store import Store

Opened = Callable[[bytes], Dump]


def test_every_shipped_kernel_has_the_fields_where_they_are_read() -> None:
    """One kernel of each set of layouts; KLDR_DATA_TABLE_ENTRY is what the list holds, older symbols call it LDR."""
    store = Store.shipped()
    one_of_each = {build.layouts: build.name for build in builds()}.values()
    seen = {4: 0, 8: 0}
    for name in one_of_each:
        types = store.open(name)
        entry = types.find("_KLDR_DATA_TABLE_ENTRY") or types.find("_LDR_DATA_TABLE_ENTRY")
        if entry is None:
            continue
        layout = ENTRY[types.pointer_size]
        offsets = {f.name: f.offset for f in entry.fields}  # type: ignore[union-attr]
        read = {n: getattr(layout, n) for n in ("DllBase", "SizeOfImage", "FullDllName", "BaseDllName")}

        assert {n: offsets[n] for n in read} == read, name
        assert offsets["InLoadOrderLinks"] == 0
        seen[types.pointer_size] += 1

    assert min(seen.values()) >= 3


def test_unloaded_drivers_are_where_the_types_say() -> None:
    store = Store.shipped()
    seen = set()
    for name in {build.layouts: build.name for build in builds()}.values():
        types = store.open(name)
        entry = types.find("_UNLOADED_DRIVERS")
        if entry is not None:
            layout = UNLOADED[types.pointer_size]
            offsets = {f.name: f.offset for f in entry.fields}  # type: ignore[union-attr]
            seen.add(types.pointer_size)

            assert (offsets["StartAddress"], offsets["EndAddress"]) == (layout.StartAddress, layout.EndAddress)
            assert entry.size == layout.size  # type: ignore[union-attr]

    assert seen == {4, 8}


def opened_with(opened: Opened, at: int, data: bytes) -> Dump:
    """Return the world with *data* at the offset *at* from its kernel."""
    world = World("x64")
    world.machine.write(world.machine.kernel + at, data)
    return opened(WRITERS.load()["full"](world.spec, world.pages))


@pytest.mark.parametrize(
    ("at", "data", "held", "said"),
    [
        (0x20000, bytes(8), 1, "is null"),
        (0x20100, (0xFFFFF80000020100).to_bytes(8, "little"), 2, "leads to itself"),
        (0x20200, (0xFFFFF80000020000).to_bytes(8, "little"), 3, "where it was before"),
        (0x20108, b"\x99" * 8, 3, "points back to 99999999`99999999"),
        (0x20130, bytes(8), 2, "has no base address"),
    ],
)
def test_damaged_lists(opened: Opened, at: int, data: bytes, held: int, said: str) -> None:
    dump = opened_with(opened, at, data)

    assert len(dump.modules.modules) == held
    assert any(said in p.what for p in dump.problems), dump.problems


def test_a_name_that_is_not_there(opened: Opened) -> None:
    dump = opened_with(opened, 0x20200 + 0x48, bytes(0x20))

    assert dump.modules.modules[2].name == "Unknown_Module_fffff800_00900000"
    assert dump.problems == ()


def test_an_image_header_that_is_none(opened: Opened) -> None:
    dump = opened_with(opened, 0x800000 + 0x3C, b"\xff\xff\xff\xff")

    assert [m.timestamp for m in dump.modules.modules][1] == 0
    assert "time stamps: the headers of 2 of 3 images are not in the dump" in dump.missing


@pytest.mark.parametrize("index", [0, 50, 51, 0xFFFFFFFF])
def test_any_index_into_the_ring_of_unloaded_drivers(opened: Opened, index: int) -> None:
    dump = opened_with(opened, 0x14010, index.to_bytes(4, "little"))

    assert len(dump.unloaded) == 3
    assert bool(dump.problems) == (index > 50)
