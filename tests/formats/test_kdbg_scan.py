"""The way to page tables by the debugger data block and the System process, where nothing shorter leads there."""

from __future__ import annotations

import struct
from pathlib import Path

import image_world as iw
import pytest

from dumpwalk.formats import open_dump
from dumpwalk.formats.images import Image
from dumpwalk.formats.images.address_space import find_address_space
from dumpwalk.formats.images.kdbg_scan import block_at, roots_by_debugger_data
from dumpwalk.formats.images.pieces import pieces
from dumpwalk.formats.images.self_maps import self_maps
from dumpwalk.memory.physical import RunMemory
from dumpwalk.remarks import Absent
from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.spec import Spec
from dumpwalk.types.model import Struct
from dumpwalk.types.store import Store

BLOCK = 0xC00AE0  # where the block is in the kernel's image
PROCESS = 0xF00D00  # the System process, over the end of a page
LAYOUT = {8: (0x28, 0x2E0), 4: (0x18, 0x16C)}  # DirectoryTableBase and ImageFileName of Windows 7


def memory(pages: dict[int, bytes]) -> RunMemory:
    numbers = sorted(pages)
    data = b"".join(pages[number] for number in numbers)
    return RunMemory(memoryview(data), [(n << 12, (n + 1) << 12, i << 12) for i, n in enumerate(numbers)])


def write(world: iw.World, physical: int, data: bytes) -> None:
    while data:
        room = iw.PAGE - physical % iw.PAGE
        world.write(physical, data[:room])
        physical, data = physical + room, data[room:]


def machine(mode: str, *, size: int = 0x340, stated: bool = True, extended: bool = True) -> iw.World:
    """Return a machine with neither self map nor low stub.

    :param size: length of the debugger data block
    :param stated: whether the block says where ``DirectoryTableBase`` is
    :param extended: whether ``KernBase`` is sign-extended
    """
    world = iw.windows(mode, guid="00000000409B00F7FC8C61A9C1670129-2", self_map=False)  # its block is found by its tag
    width = world.width
    at, name = LAYOUT[width]
    base = iw.KERNEL[width] | (0xFFFFFFFF_00000000 if extended and width == 4 else 0)
    block = iw.debugger_data(base, process=name + 0x1F0, root=at if stated else 0, size=size)
    world.put(iw.KERNEL[width] + BLOCK, block)
    write(world, PROCESS, iw.system_process(world.root, at=at, name=name))
    return world


@pytest.mark.parametrize("mode", ["x64", "ARM64", "PAE", "x86"])
@pytest.mark.parametrize("how", [{}, {"stated": False}, {"size": 0x290}, {"extended": False}])
def test_machines_without_self_map_and_low_stub(mode: str, how: dict[str, int]) -> None:
    physical = memory(machine(mode, **how).done())  # type: ignore[arg-type]
    assert list(self_maps(physical)) == []
    space = find_address_space(Image("raw", 0, physical))

    assert space is not None
    assert (space.memory.mode.name, space.memory.root, space.score) == (mode, 0x1AD000, 2)
    assert "from the System process at 0xf00d00 and the debugger data block at 0x" in str(space)
    assert "(certain: KUSER_SHARED_DATA is of Windows 10.0 build 19041, the kernel's image is at" in str(space)


@pytest.mark.parametrize("kind", ["raw", "lime", "avml"])
def test_whichever_file_the_pages_are_in(tmp_path: Path, kind: str) -> None:
    pages = machine("PAE").done()
    WRITERS.load()
    path = tmp_path / f"memory.{kind}"
    path.write_bytes(WRITERS.entries[kind](Spec(kind, "x86", 0), pages))
    dump = open_dump(str(path))

    assert "PAE page tables at 0x1ad000, from the System process" in " ".join(dump.found)
    assert dump.memory.read(iw.KERNEL[4], 2) == b"MZ"
    assert not isinstance(dump.debugger_data, Absent)
    assert dump.debugger_data["KernBase"] == iw.KERNEL[4]


def test_only_the_kernel_is_there() -> None:
    world = machine("x86")
    world.put(iw.SHARED[4], bytes(0x3C4))
    space = find_address_space(Image("raw", 0, memory(world.done())))

    assert space is not None
    assert "(likely: the kernel's image is at" in str(space)


def test_a_root_of_pae_lies_anywhere_in_32_byte_steps() -> None:
    world = machine("PAE")
    world.write(0x2E0000 + 0xA0, bytes(world.pages[0x1AD][:32]))
    write(world, PROCESS, iw.system_process(0x2E00A0, at=0x18, name=0x16C))

    assert [(mode.name, root.value) for mode, root in roots_by_debugger_data(memory(world.done()))] == [
        ("PAE", 0x2E00A0)
    ]


def test_a_root_with_the_bits_of_a_pcid() -> None:
    world = machine("x64")
    write(world, PROCESS, iw.system_process(0x1AD002, at=0x28, name=0x2E0))
    space = find_address_space(Image("raw", 0, memory(world.done())))

    assert space is not None
    assert (space.memory.root, space.score) == (0x1AD000, 2)


def test_a_block_that_the_tables_do_not_map_is_of_another_machine() -> None:
    """A virtual machine's memory, or a dump that was being written, has blocks of its own."""
    world = machine("x64")
    world.put(iw.KERNEL[8] + BLOCK, bytes(0x340))
    world.write(0x50000000, iw.debugger_data(iw.KERNEL[8], root=0x28))

    assert list(roots_by_debugger_data(memory(world.done()))) == []


def test_copies_of_the_block_do_not_hide_it() -> None:
    world = machine("x64")
    for page in range(40):
        world.write(page << 12, iw.debugger_data(iw.KERNEL[8], process=0x4D0, root=0x28))

    assert {root.value for _, root in roots_by_debugger_data(memory(world.done()))} == {0x1AD000}


@pytest.mark.parametrize(
    "change",
    [
        {"kernel": iw.KERNEL[8] + 0x10},
        {"kernel": 0x7FF6_0001_0000},
        {"kernel": 0},
        {"size": 0x10000},
        {"size": 0x40},
    ],
)
def test_blocks_that_are_none(change: dict[str, int]) -> None:
    world = machine("x64")
    block = bytearray(iw.debugger_data(change.get("kernel", iw.KERNEL[8]), root=0x28))
    block[0x14:0x18] = struct.pack("<I", change.get("size", 0x340))
    world.put(iw.KERNEL[8] + BLOCK, bytes(block))

    assert list(roots_by_debugger_data(memory(world.done()))) == []


def test_a_process_of_which_the_beginning_is_missing() -> None:
    pages = machine("x64").done()
    del pages[PROCESS >> 12]

    assert list(roots_by_debugger_data(memory(pages))) == []


def test_lies_by_the_thousand_end_soon() -> None:
    """Each page has blocks of kernels that are not there, names, and roots that lead somewhere."""
    page = bytearray(iw.PAGE)
    page[:] = struct.pack("<Q", 0x2000 | 0x63) * 512
    page[0xC00:0xC0F] = b"System".ljust(15, b"\0")
    pages = {}
    for number in range(1, 3000):
        page[0x800:0xB40] = iw.debugger_data(iw.KERNEL[8] + number * 0x1000, process=0x2000, root=0x28)
        page[:0x800] = struct.pack("<Q", number << 12) * 256
        pages[number] = bytes(page)
    pages[2] = b"MZ".ljust(iw.PAGE, b"\0")
    physical = memory(pages)
    found = list(roots_by_debugger_data(physical))

    assert found == []


def test_nothing_but_tags_and_names() -> None:
    tags = RunMemory(memoryview(b"KDBG" * (1 << 20)), [(0, 4 << 20, 0)])
    names = RunMemory(memoryview(b"System".ljust(16, b"\0") * (1 << 18)), [(0, 4 << 20, 0)])

    assert list(roots_by_debugger_data(tags)) == []
    assert list(roots_by_debugger_data(names)) == []


# -- what real kernels have


@pytest.mark.parametrize("name", ["xpsp3-x86", "2003sp2-x64", "win7sp1-x86", "win7sp1-x64", "19041.3570-x64"])
def test_processes_of_real_kernels_are_laid_out_so(name: str) -> None:
    types = Store.shipped().open(f"nt/{name}")
    process = types.find("_EPROCESS")
    assert isinstance(process, Struct)
    kernel_part = types.find("_KPROCESS")
    assert isinstance(kernel_part, Struct)
    offsets = {field.name: field.offset for field in (*process.fields, *kernel_part.fields)}

    assert offsets["DirectoryTableBase"] == LAYOUT[4 if name.endswith("x86") else 8][0]
    assert offsets["ImageFileName"] < process.size <= (0x400 if name.startswith(("xp", "2003")) else 0x2000)


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["triage_x64", "triage_arm64", "100623-4953-01", "RPi3_ARM_mini.cab", "win81/111217-27671-01"]
)
def test_real_blocks_are_taken_for_blocks(real_dumps: Path, name: str) -> None:
    """Any file that holds a block does: the blocks of triage dumps are those of the machines."""
    data = (real_dumps / f"{name}.dmp").read_bytes()
    known = open_dump(str(real_dumps / f"{name}.dmp")).debugger_data
    assert not isinstance(known, Absent)
    place = data.index(b"KDBG") - 0x10
    block = block_at(RunMemory(memoryview(data)[place:], [(0, len(data) - place, 0)]), 0)

    assert block is not None
    assert block.kernel == known["KernBase"]
    assert (block.process, block.root) == (
        known.get("SizeEProcess") or 0x400,
        known.get("OffsetEprocessDirectoryTableBase") or LAYOUT[block.pointer_size][0],
    )


# -- the scans that go on


def test_self_maps_behind_the_first_4_gb() -> None:
    above = 5 << 30
    physical = memory({n: page for n, page in iw.windows(root=above).done().items() if n >= above >> 12})

    assert [root.value for _, root in self_maps(physical, 0, 0x10000)] == [above]
    assert list(self_maps(physical, 0x1000)) == []
    assert list(pieces(physical, 0x1000, 0x1000)) == []
    (address, _), *_ = pieces(physical, 0x1000)
    assert address == above + 0x1000


@pytest.mark.slow
@pytest.mark.parametrize("self_map", [True, False])
def test_a_machine_behind_the_first_4_gb_of_a_raw_image(tmp_path: Path, self_map: bool) -> None:
    root = 5 << 30
    world = iw.windows(root=root, self_map=self_map)
    if not self_map:
        world.put(iw.KERNEL[8] + BLOCK, iw.debugger_data(iw.KERNEL[8], root=0x28))
        world.write(root + 0x900000, iw.system_process(root, at=0x28, name=0x2E0))
    path = tmp_path / "memory.raw"
    with path.open("wb") as file:  # a sparse file
        for number, page in world.done().items():
            file.seek(number << 12)
            file.write(page)
    dump = open_dump(str(path))

    assert dump.header.DirectoryTableBase == root
    assert "(certain: KUSER_SHARED_DATA is of Windows 10.0 build 19041" in dump.found[1]
    assert ("leads to itself" if self_map else "from the System process at") in dump.found[1]
