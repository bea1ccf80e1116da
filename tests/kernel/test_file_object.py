"""File objects: a blog's listing, the cache's views, and what can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from stated import Stated

import dumpwalk
from dumpwalk.kernel.file_object import file_name, file_object
from dumpwalk.remarks import Absent
from dumpwalk.render.file_object import layout
from dumpwalk.types.store import Store

SAMPLES = Path(__file__).parents[2] / "samples"
FILE, CACHE, POINTERS = 0xFFFFB80F12300000, 0xFFFFB80F12310000, 0xFFFFB80F12320000


@pytest.mark.parametrize("sample", ["chrysanthemum", "file_mapping_x86"])
def test_the_file_object_of_the_blog(sample: str) -> None:
    """Each value is as "File mapping and FILE_OBJECT in Windows" (August 2016) shows it."""
    found = file_object(dumpwalk.open(str(SAMPLES / f"{sample}.dmp")), 0x8750EF80)

    assert (found.Type, found.Size, found.DeviceObject, found.Vpb) == (5, 128, 0x879C9030, 0x879D5888)
    assert (found.FsContext, found.FsContext2, found.PrivateCacheMap) == (0x87BDDE68, 0x863CC188, 0x869ACF90)
    assert (found.FileName, found.Flags, found.access) == ("\\Sample Pictures\\Chrysanthemum.jpg", 0xC0012, ())
    assert (found.CurrentByteOffset, found.RelatedFileObject, found.irps) == (0x11000, 0, ())
    assert found.flag_names == ("FO_SYNCHRONOUS_IO", "FO_WRITE_THROUGH", "FO_HANDLE_CREATED", "FO_FILE_FAST_IO_READ")
    assert found.sections is not None
    assert (found.sections.DataSectionObject, found.sections.ImageSectionObject) == (0x863C1758, 0)
    assert found.cache is not None
    assert found.cache.address == 0x869ACEA0


def test_a_real_file_object_of_windows_10() -> None:
    """The members of the one whose control area test_section rebuilds, as a debugger printed them."""
    world = Stated("nt/17763.437-x64")
    path = "\\Windows\\System32\\LogFiles\\WMI\\RtBackup\\EtwRTDefenderApiLogger.etl"
    fields: dict[str, int | str] = {"Type": 5, "Size": 216, "ReadAccess": 1, "WriteAccess": 1, "DeleteAccess": 1}
    fields |= {"SharedRead": 1, "SharedDelete": 1, "Flags": 0x40042, "FileName": path, "Vpb": 0xFFFFA604F5141C70}
    fields |= {"FsContext": 0xFFFF8000ABBED390, "FsContext2": 0xFFFF8000ABBED608, "Event.Header.SignalState": 1}
    fields |= {"PrivateCacheMap": 0xFFFFA604F5C6EE70, "CurrentByteOffset.QuadPart": 0x2F8C8}
    address = 0xFFFFA604F64C3760
    fields |= {"IrpList.Flink": address + 0xC0, "IrpList.Blink": address + 0xC0}
    world.put("_FILE_OBJECT", address, fields)

    assert layout(file_object(world.target(), address)) == "\n".join(
        [
            path,
            "",
            "Device Object: 0x0000000000000000",
            "Vpb: 0xffffa604f5141c70",
            "Event signalled",
            "Access: Read Write Delete SharedRead SharedDelete ",
            "",
            "Flags:  0x40042",
            "\tSynchronous IO",
            "\tCache Supported",
            "\tHandle Created",
            "",
            "FsContext: 0xffff8000abbed390\tFsContext2: 0xffff8000abbed608",
            "Private Cache Map: 0xffffa604f5c6ee70",
            "CurrentByteOffset: 2f8c8",
        ]
    )


@pytest.mark.parametrize("name", [info.name for info in Store.shipped().profiles() if not info.symbols])
def test_every_generation(name: str) -> None:
    world = Stated(name)
    narrow = world.types.pointer_size == 4
    file, pointers, cache = (0x86300000, 0x86310000, 0x86320000) if narrow else (FILE, POINTERS, CACHE)
    world.put("_FILE_OBJECT", file, {"Type": 5, "SectionObjectPointer": pointers, "FileName": "\\a\\b", "Flags": 2})
    world.set("_FILE_OBJECT", file, "CurrentByteOffset", 0x43210)
    world.put("_SECTION_OBJECT_POINTERS", pointers, SharedCacheMap=cache, DataSectionObject=0x1000)
    world.put("_SHARED_CACHE_MAP", cache, {"Vacbs": cache + 0x1000, "OpenCount": 3})
    world.set("_SHARED_CACHE_MAP", cache, "FileSize", 0x50000)
    world.set("_SHARED_CACHE_MAP", cache, "SectionSize", 0x80000)
    width = world.types.pointer_size
    world.write(cache + 0x1000, bytes(width) + (cache + 0x2000).to_bytes(width, "little"))
    world.put("_VACB", cache + 0x2000, BaseAddress=cache + 0x10000, SharedCacheMap=cache)

    found = file_object(world.target(), file)

    assert (found.FileName, found.problems) == ("\\a\\b", ())
    assert found.cache is not None
    assert (found.cache.OpenCount, found.cache.FileSize) == (3, 0x50000)
    assert found.cache.vacb is not None
    assert not isinstance(found.cache.vacb, Absent)
    assert (found.cache.vacb.number, found.cache.vacb.address) == (1, cache + 0x2000)
    assert found.cache.vacb.data == cache + 0x10000 + 0x3210
    assert "File Offset: 43210 in VACB number 1\n  Vacb: " in layout(found)


def cached(size: int, offset: int, arrays: dict[int, dict[int, int]]) -> str:
    """Return what is said of *offset* in a file of *size* bytes whose VACB *arrays* hold these pointers."""
    world = Stated("nt/19041.3570-x64")
    world.put("_FILE_OBJECT", FILE, {"Type": 5, "SectionObjectPointer": POINTERS})
    world.set("_FILE_OBJECT", FILE, "CurrentByteOffset", offset)
    world.put("_SECTION_OBJECT_POINTERS", POINTERS, SharedCacheMap=CACHE)
    world.put("_SHARED_CACHE_MAP", CACHE, {"Vacbs": CACHE + 0x1000})
    world.set("_SHARED_CACHE_MAP", CACHE, "SectionSize", size)
    for array, held in arrays.items():
        world.write(CACHE + array, bytes(0x400))
        for index, pointer in held.items():
            world.write(CACHE + array + index * 8, (CACHE + pointer).to_bytes(8, "little"))
    world.put("_VACB", CACHE + 0x9000, BaseAddress=0xFFFFAE0000000000, SharedCacheMap=CACHE)
    text = layout(file_object(world.target(), FILE))
    return text[text.index("Shared Cache Map") :].split("\n\n")[0]


def test_views_of_large_files_are_in_a_tree_of_arrays() -> None:
    """One array up to 32 MB, two levels up to 4 GB, three up to 512 GB: 128 pointers each."""
    one = cached(0x2000000, 0x1FC0005, {0x1000: {127: 0x9000}})
    two = cached(0x3000000, 0x2040005, {0x1000: {1: 0x2000}, 0x2000: {1: 0x9000}})
    three = cached(0x110000000, 0x102040005, {0x1000: {1: 0x2000}, 0x2000: {1: 0x3000}, 0x3000: {1: 0x9000}})

    for text, number in ((one, 0x7F), (two, 0x81), (three, 0x4081)):
        assert f"in VACB number {number:x}\n" in text
        assert text.endswith("Your data is at: ffffae0000000005")


def test_what_is_not_in_the_cache() -> None:
    assert "(not mapped into the cache)" in cached(0x80000, 0x40000, {0x1000: {}})
    assert "(not mapped into the cache)" in cached(0x80000, 0x90000, {0x1000: {2: 0x9000}})
    assert "(not mapped into the cache)" in cached(0x3000000, 0x2040005, {0x1000: {}})
    assert "Vacb: ????" in cached(0x3000000, 0x2040005, {0x1000: {1: 0x700000}})
    assert "Vacb: ????" in cached(1 << 62, 1 << 61, {0x1000: dict.fromkeys(range(128), 0x1000)})


def test_what_is_no_file_object() -> None:
    world = Stated("nt/19041.3570-x64")
    world.put("_FILE_OBJECT", FILE, {"Type": 3, "FileName": "\\x\x1b[2J"})

    found, nothing = file_object(world.target(), FILE), file_object(world.target(), 0x1000)

    assert "Type is 3, not 5: this is no file object" in str(found.problems[0])
    assert "\\x\\x1b[2J" in layout(found)
    assert isinstance(nothing.FileName, Absent)
    assert "????" in layout(nothing)
    assert isinstance(file_name(world.target(), 0x1000), Absent)
    assert file_name(world.target(), FILE) == "\\x\x1b[2J"


def test_irps_that_are_queued_to_it() -> None:
    world = Stated("nt/19041.3570-x64")
    offset, _, _ = world.place("_FILE_OBJECT", "IrpList")
    link, _, _ = world.place("_IRP", "ThreadListEntry")
    head, entry = FILE + offset, 0xFFFFB80F12400000
    world.put("_FILE_OBJECT", FILE, {"Type": 5, "IrpList.Flink": entry + link, "IrpList.Blink": entry + link})
    world.put("_IRP", entry, {"ThreadListEntry.Flink": head, "ThreadListEntry.Blink": head})
    queued = layout(file_object(world.target(), FILE))
    world.set("_IRP", entry, "ThreadListEntry.Flink", entry + link)
    looped = file_object(world.target(), FILE)

    assert "IRPs queued to File Object:\n\tffffb80f12400000\n1 queued." in queued
    assert "leads to itself" in str(looped.problems)


def test_data_and_image_can_t_be_one() -> None:
    world = Stated("nt/19041.3570-x64")
    world.put("_FILE_OBJECT", FILE, {"Type": 5, "SectionObjectPointer": POINTERS})
    world.put("_SECTION_OBJECT_POINTERS", POINTERS, DataSectionObject=CACHE, ImageSectionObject=CACHE)

    assert "one control area can't be both" in str(file_object(world.target(), FILE).problems)
