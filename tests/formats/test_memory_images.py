"""Memory images: the machine is found in the pages, whichever file they are in, and the answer says how."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import image_world as iw
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dumpwalk
from dumpwalk.errors import FormatError, UsageError
from dumpwalk.formats import FORMATS, Dump, open_dump
from dumpwalk.formats.images.address_space import looked_at
from dumpwalk.formats.images.kernel import find_kernel
from dumpwalk.formats.images.self_maps import self_maps
from dumpwalk.memory.paging.modes import X64
from dumpwalk.memory.physical import RunMemory
from dumpwalk.memory.virtual import VirtualMemory
from dumpwalk.remarks import Absent
from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.spec import Spec

Pages = dict[int, bytes]
WINDOWS = iw.windows().done()
KINDS = {"raw": ".raw", "elf": ".elf", "lime": ".lime", "avml": ".avml", "vmware": ".vmss"}


def written(kind: str, pages: Pages, machine: str = "x64", root: int = 0) -> bytes:
    WRITERS.load()
    return WRITERS.entries[kind](Spec(kind, machine, 0, directory_table_base=root), pages)


def saved(tmp_path: Path, kind: str, pages: Pages = WINDOWS, **how: object) -> str:
    path = tmp_path / f"memory{KINDS[kind]}"
    path.write_bytes(written(kind, pages, **how))  # type: ignore[arg-type]
    return str(path)


def content(dump: Dump) -> Pages:
    """Return the pages that *dump* holds, by number, all zeros left out."""
    assert not isinstance(dump.physical, Absent)
    out = {}
    for start, end, _ in dump.physical.runs():
        for address in range(start, end, 0x1000):
            page = dump.physical.read_some(address, min(end - address, 0x1000))
            if any(page):
                out[address >> 12] = page
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_the_same_machine(tmp_path: Path, kind: str) -> None:
    dump = open_dump(saved(tmp_path, kind))

    assert dump.machine.name == "x64"
    assert dump.header.MinorVersion == 19041
    assert dump.header.NumberProcessors == 4
    assert dump.header.DirectoryTableBase == 0x1AD000
    assert str(dump.header.SystemTime) == "2021-02-21T01:38:22.987765Z"
    assert [text.partition(": ")[0] for text in dump.missing] == ["modules", "debugger data"]
    assert dump.problems == ()
    assert dump.memory.read(iw.KERNEL[8], 2) == b"MZ"
    assert [(m.name, m.base, m.size) for m in dump.modules.modules] == [("nt", iw.KERNEL[8], iw.SIZE)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_same_pages(tmp_path: Path, kind: str) -> None:
    pages = {1: b"\1" * 0x1000, 2: bytes(range(256)) * 16, 0x20: b"\2" * 0x1000, 0x30: b"end " * 1024}

    assert content(open_dump(saved(tmp_path, kind, pages))) == pages


def test_the_kernel_is_known_exactly_by_its_pdb(tmp_path: Path) -> None:
    target = dumpwalk.open(saved(tmp_path, "raw"))

    assert not isinstance(target.profile, Absent)
    assert target.profile.name == "nt/19041.3570-x64"
    assert target.profile.match.text.startswith("exact (GUID and age of the kernel's PDB agree)")
    assert target.name(iw.KERNEL[8] + iw.HEAD) == "nt!PsActiveProcessHead"
    assert "PsActiveProcessHead at fffff800`4281e090 heads a list" in target.dump.found[-1]


def test_a_pdb_that_is_not_known_is_named_and_nothing_claimed(tmp_path: Path) -> None:
    pages = iw.windows(guid="00000000409B00F7FC8C61A9C1670129-2").done()
    target = dumpwalk.open(saved(tmp_path, "lime", pages))

    assert not isinstance(target.profile, Absent)
    assert target.profile.match.kind == "nearest"
    assert "00000000-409b-00f7-fc8c-61a9c1670129, age 2, of no kernel that is known here" in target.dump.found[-1]


@pytest.mark.parametrize(("mode", "machine"), [("x64", "x64"), ("PAE", "x86"), ("x86", "x86"), ("ARM64", "ARM64")])
def test_self_maps_of_every_mode(tmp_path: Path, mode: str, machine: str) -> None:
    dump = open_dump(saved(tmp_path, "raw", iw.windows(mode).done()))

    assert dump.machine.name == machine
    assert "itself" in dump.found[1]
    assert "certain: KUSER_SHARED_DATA is of Windows 10.0 build 19041" in dump.found[1]
    assert dump.memory.read(iw.KERNEL[dump.machine.pointer_size], 2) == b"MZ"
    assert dump.header.PaeEnabled == {"PAE": 1, "x86": 0}.get(mode, dump.header.PaeEnabled)


def test_the_low_stub_comes_before_a_scan(tmp_path: Path) -> None:
    dump = open_dump(saved(tmp_path, "raw", iw.windows(stub=True).done()))

    assert "x64 page tables at 0x1ad000, from the low stub at 0x13000 (certain" in dump.found[1]


@pytest.mark.parametrize(("kind", "where"), [("elf", "the QEMU notes"), ("vmware", "the saved state")])
def test_registers_in_the_file_come_first(tmp_path: Path, kind: str, where: str) -> None:
    dump = open_dump(saved(tmp_path, kind, iw.windows(stub=True).done(), root=0x1AD000))

    assert f"0x1ad000, from CR3 of processor 0 in {where} (certain" in dump.found[0]


def test_a_wrong_register_is_passed_over(tmp_path: Path) -> None:
    """A guest may have been in user mode, with page tables that hold next to nothing of the kernel."""
    dump = open_dump(saved(tmp_path, "elf", root=0x5000))

    assert dump.header.DirectoryTableBase == 0x1AD000
    assert "leads to itself" in dump.found[0]


def test_a_bug_check_of_the_machine_in_the_image(tmp_path: Path) -> None:
    header = open_dump(saved(tmp_path, "raw", iw.windows(crash=True).done())).header

    assert (header.BugCheckCode, header.BugCheckParameters) == (0xD1, (0x10, 2, 0, iw.KERNEL[8] + 0x5000))


def test_the_build_of_an_older_kernel_is_in_its_resources(tmp_path: Path) -> None:
    world = iw.windows(shared=iw.shared_page(6, 1, 0xABCD), guid="00000000409B00F7FC8C61A9C1670129-2")
    world.put(iw.KERNEL[8] + 0x2000, iw.version_page(6, 1, 7601, 24540))

    assert open_dump(saved(tmp_path, "raw", world.done())).header.MinorVersion == 7601


def test_debugger_data_is_found_by_its_tag(tmp_path: Path) -> None:
    world = iw.windows(guid="00000000409B00F7FC8C61A9C1670129-2")
    block = bytes(16) + b"KDBG" + struct.pack("<IQ", 0x340, iw.KERNEL[8])
    world.put(iw.KERNEL[8] + 0xC00FF0, block.ljust(0x340, b"\0"))
    data = open_dump(saved(tmp_path, "raw", world.done())).debugger_data

    assert not isinstance(data, Absent)
    assert (data.address, data["KernBase"], data.size) == (iw.KERNEL[8] + 0xC00FF0, iw.KERNEL[8], 0x340)


# -- what the analyst says


def test_a_root_that_is_given_is_used_whatever_is_in_it(tmp_path: Path) -> None:
    path = saved(tmp_path, "raw")

    assert "from --dtb (certain" in open_dump(path, dtb=0x1AD000).found[1]
    assert "from --dtb (not confirmed by anything in it)" in open_dump(path, dtb=0x5000).found[1]
    assert open_dump(path, dtb=0x5000).header.DirectoryTableBase == 0x5000


def test_a_raw_image_is_one_by_its_name_or_by_being_called_so(tmp_path: Path) -> None:
    path = tmp_path / "memory.bin"
    path.write_bytes(written("raw", WINDOWS))

    with pytest.raises(FormatError, match="--raw takes it for a raw memory image"):
        open_dump(str(path))
    assert open_dump(str(path), raw=True).format == "raw"


def test_no_page_tables_to_choose(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "samples" / "apc_index_mismatch.dmp"

    with pytest.raises(UsageError, match="has no page tables that --dtb could choose from"):
        open_dump(str(sample), dtb=0x1000)


# -- what can't be found


def test_memory_without_windows_says_where_it_was_looked_for(tmp_path: Path) -> None:
    dump = open_dump(saved(tmp_path, "raw", {1: b"x" * 0x1000}))

    assert "no page tables of Windows were found in this memory (looked at all of it)" in dump.missing[0]
    assert "--dtb ADDRESS says where the root table is" in dump.missing[0]
    assert dump.machine.name.startswith("unknown machine")
    assert content(dump) == {1: b"x" * 0x1000}


def test_a_table_that_nothing_confirms_is_named_and_not_used(tmp_path: Path) -> None:
    dump = open_dump(saved(tmp_path, "raw", iw.World().done()))

    assert "nearest: x64 page tables at 0x1ad000" in dump.missing[0]


def test_a_scan_is_bounded() -> None:
    memory = RunMemory(memoryview(bytes(0x5000)), [(0, 0x5000, 0)])
    page = iw.World(root=0x4000).done()[4]
    with_table = RunMemory(memoryview(bytes(0x4000) + page), [(0, 0x5000, 0)])

    assert looked_at(memory) == "all of it"
    assert [root.value for _, root in self_maps(with_table)] == [0x4000]
    assert list(self_maps(with_table, end=0x4000)) == []


def test_tables_that_map_few_pages_without_end_are_given_up() -> None:
    """Each entry of the table leads to itself: 2**27 mapped pages, and all are one."""
    table = struct.pack("<512Q", *[0x1003] * 512)
    looked_at: list[int] = []

    class Watched(RunMemory):
        def place(self, address: int) -> int:
            looked_at.append(address)
            return super().place(address)

    memory = VirtualMemory(Watched(memoryview(bytes(0x1000) + table), [(0, 0x2000, 0)]), X64, 0x1000)

    assert find_kernel(memory, 8) is None
    assert len(looked_at) < 1 << 18


def test_tables_that_lead_nowhere_are_given_up(tmp_path: Path) -> None:
    """Each table leads to itself 512 times, so the address space is full of them; it must not take for ever."""
    world = iw.World(root=0x3000)
    world.put(iw.SHARED[8], iw.shared_page())
    hole = 0x900000
    world.write(0x3000 + 0x1F0 * 8, struct.pack("<Q", hole | 0x63))
    world.write(hole, struct.pack("<Q", hole + 0x1000 | 0x63) * 512)
    world.write(hole + 0x1000, struct.pack("<Q", hole + 0x2000 | 0x63) * 512)
    world.write(hole + 0x2000, bytes(8))
    dump = open_dump(saved(tmp_path, "lime", world.done()))

    assert "(likely: KUSER_SHARED_DATA is of Windows 10.0" in dump.found[0]
    assert dump.modules.kernel is None


@pytest.mark.parametrize("kind", KINDS)
def test_cut_files_open_and_say_what_is_missing(tmp_path: Path, kind: str) -> None:
    whole = written(kind, WINDOWS)
    path = tmp_path / f"cut{KINDS[kind]}"
    for part in (0.3, 0.6, 0.95):
        size = int(len(whole) * part) | 1
        path.unlink(missing_ok=True)
        path.write_bytes(whole[:size])
        try:
            dump = open_dump(str(path))
        except FormatError:  # the table that says where anything is was cut off
            assert kind == "vmware"
            continue

        assert dump.missing
        held = content(dump)
        assert all(page == WINDOWS[number][: len(page)] for number, page in held.items())


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_damaged_files_never_break_anything(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    blob = bytearray(written(kind, {1: b"\1" * 0x1000, 2: bytes(range(256)) * 16, 0x20: b"\2" * 0x1000}))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(4, min(len(blob), 600) - 1))
        blob[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / f"x{KINDS[kind]}"
    path.write_bytes(blob)

    try:
        dump = open_dump(str(path))
    except FormatError:
        return
    assert not isinstance(dump.physical, Absent)
    dump.physical.read_some(0x1000, 0x4000)
    list(dump.physical.runs())


# -- each container's own traps


def test_more_segments_than_the_elf_header_counts(tmp_path: Path) -> None:
    pages = {2 * n: struct.pack("<Q", n) * 512 for n in range(1, 4)}
    blob = bytearray(written("elf", pages))
    sections_at = len(blob)
    blob += bytes(0x2C) + struct.pack("<I", 4) + bytes(16)
    blob[0x28:0x30], blob[0x38:0x3A] = struct.pack("<Q", sections_at), b"\xff\xff"
    path = tmp_path / "x.elf"
    path.write_bytes(blob)

    assert content(open_dump(str(path))) == pages


def test_a_32_bit_machine_with_memory_above_4_gb(tmp_path: Path) -> None:
    """QEMU then writes a core of 64 bits: ``cpu_get_dump_info`` in target/i386/arch_dump.c."""
    pages = {1: b"low " * 1024, 0x140000: b"high" * 1024}
    path = saved(tmp_path, "elf", pages, machine="x86")

    assert Path(path).read_bytes()[4:5] == b"\2"  # ELFCLASS64
    assert Path(path).read_bytes()[18:20] == b"\3\0"  # EM_386
    assert content(open_dump(path)) == pages


def test_an_elf_core_with_four_billion_segments(tmp_path: Path) -> None:
    blob = bytearray(written("elf", {1: b"\1" * 0x1000}))
    sections_at = len(blob)
    blob += bytes(0x2C) + b"\xff\xff\xff\xff" + bytes(16)
    blob[0x28:0x30], blob[0x38:0x3A] = struct.pack("<Q", sections_at), b"\xff\xff"
    path = tmp_path / "x.elf"
    path.write_bytes(blob)

    assert "program headers lie beyond the end of the file" in " ".join(open_dump(str(path)).missing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0x10: b"\x02\0"}, "an ELF file of type 2, no core"),
        ({5: b"\x02"}, "byte order 02"),
        ({0xC8: bytes(8), 0x90: bytes(8)}, "the ELF core of a process, not of a machine"),
    ],
)
def test_elf_files_that_are_no_memory_images(tmp_path: Path, change: dict[int, bytes], message: str) -> None:
    blob = bytearray(written("elf", {0: b"\1" * 0x1000, 2: b"\2" * 0x1000}))
    for at, value in change.items():
        blob[at : at + len(value)] = value
    path = tmp_path / "x"
    path.write_bytes(blob)

    with pytest.raises(FormatError, match=message):
        open_dump(str(path))


def test_the_memory_beside_a_saved_state(tmp_path: Path) -> None:
    for kind in ("vmem", "vmss"):
        (tmp_path / f"guest.{kind}").write_bytes(written(kind, WINDOWS, root=0x1AD000))

    for name in ("guest.vmem", "guest.vmss"):
        dump = open_dump(str(tmp_path / name))
        assert dump.format == "VMware"
        assert content(dump) == {n: p for n, p in WINDOWS.items() if any(p)}


def test_memory_without_its_saved_state_says_so(tmp_path: Path) -> None:
    (tmp_path / "guest.vmem").write_bytes(written("raw", WINDOWS))
    dump = open_dump(str(tmp_path / "guest.vmem"))

    assert dump.found[0].startswith("VMware memory file without the saved state that says where its pages were")
    assert dump.header.MinorVersion == 19041


def test_a_saved_state_without_its_memory(tmp_path: Path) -> None:
    (tmp_path / "guest.vmss").write_bytes(written("vmss", WINDOWS))

    with pytest.raises(FormatError, match=r"guest\.vmem, which holds it, is missing"):
        open_dump(str(tmp_path / "guest.vmss"))


def test_a_damaged_frame_is_not_there_and_its_neighbours_are(tmp_path: Path) -> None:
    pages = {n: struct.pack("<I", n * 0x9E3779B1 & 0xFFFFFFFF) * 1024 for n in range(64)}
    blob = bytearray(written("avml", pages))
    blob[100] ^= 1
    path = tmp_path / "x.avml"
    path.write_bytes(blob)
    physical = open_dump(str(path)).physical
    assert not isinstance(physical, Absent)

    assert physical.place(0) == -1
    assert physical.read(0x10000, 0x1000) == pages[16]
    assert {start for start, _, _ in physical.runs()} == {n << 12 for n in range(16, 64)}


def test_a_long_read_decompresses_each_frame_it_needs(tmp_path: Path) -> None:
    """Nothing was decompressed before: no scan ran over the memory."""
    pages = {n: bytes((n,)) * 0x1000 for n in range(1, 64)}
    data = memoryview(written("avml", pages))
    image = FORMATS.load()["AVML"].open("x.avml", data)

    assert not isinstance(image.physical, Absent)
    assert image.physical.read(0x1000, 63 << 12) == b"".join(pages.values())


def test_how_much_there_is_is_said_without_decompressing_it(tmp_path: Path) -> None:
    pages = {n: bytes((n,)) * 0x1000 for n in range(1, 64)}
    physical = FORMATS.load()["AVML"].open("x.avml", memoryview(written("avml", pages))).physical

    assert not isinstance(physical, Absent)
    assert physical.extent() == (1, 63 << 12)
    assert not any(physical.data)


# -- packed files


def packed(tmp_path: Path, kind: str, data: bytes, name: str = "memory.raw") -> Path:
    import zstandard

    path = tmp_path / f"{name}.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("readme.txt", "hello")
            archive.writestr(name, data)
    else:
        how: dict[str, Callable[[bytes], bytes]] = {
            "gz": gzip.compress,
            "xz": lzma.compress,
            "zst": zstandard.ZstdCompressor().compress,
        }
        path.write_bytes(how[kind](data))
    return path


@pytest.mark.parametrize("kind", ["gz", "xz", "zip", "zst"])
def test_packed_images_and_dumps(tmp_path: Path, kind: str) -> None:
    image = written("raw", WINDOWS)
    sample = (Path(__file__).parents[2] / "samples" / "apc_index_mismatch.dmp").read_bytes()
    dump = open_dump(str(packed(tmp_path, kind, image)))

    assert (dump.format, dump.header.MinorVersion, dump.size) == ("raw", 19041, len(image))
    assert f"{len(image):#x} bytes were unpacked" in dump.found[0]
    assert open_dump(str(packed(tmp_path, kind, sample, "a.dmp"))).header.BugCheckCode == 1


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
def test_a_cut_packed_file_gives_what_is_there(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind, written("lime", {n: struct.pack("<I", n * 77777) * 1024 for n in range(512)}), "m")
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    try:
        dump = open_dump(str(path))
    except FormatError:
        pytest.fail("not even the beginning was unpacked")

    assert "cut" in " ".join(dump.found + dump.missing)


@pytest.mark.parametrize("kind", ["gz", "xz", "zip", "zst"])
def test_a_bomb_stops_at_the_limit(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, kind, bytes(1 << 24))
    monkeypatch.setenv("DUMPWALK_UNPACK_LIMIT", "0x100000")

    with pytest.raises(FormatError, match="more than 0x100000 bytes; set DUMPWALK_UNPACK_LIMIT to allow more"):
        open_dump(str(path))


def test_what_is_packed_twice_or_holds_nothing(tmp_path: Path) -> None:
    twice = tmp_path / "twice.gz"
    twice.write_bytes(gzip.compress(gzip.compress(b"PAGEDU64")))
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()

    with pytest.raises(FormatError, match=r"twice\.gz: packed twice; unpack it once by hand"):
        open_dump(str(twice))
    with pytest.raises(FormatError, match=r"empty\.zip: the archive is empty"):
        open_dump(str(empty))


@pytest.mark.parametrize("limit", ["much", "-1", "0"])
def test_a_limit_that_is_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("DUMPWALK_UNPACK_LIMIT", limit)

    with pytest.raises(UsageError, match=f"'{limit}', where a number of bytes belongs"):
        open_dump(str(packed(tmp_path, "gz", b"x")))


def test_the_address_space_can_be_changed(tmp_path: Path) -> None:
    dump = open_dump(saved(tmp_path, "elf"))

    assert isinstance(dump.memory, VirtualMemory)
    assert dump.memory.translate(iw.KERNEL[8]).physical
