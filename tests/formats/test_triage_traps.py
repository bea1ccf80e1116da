"""The traps of small memory dumps, one test each; the numbers are those of the list they were collected in."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import triage_bytes as tb

from dumpwalk.commands.info import _layout, describe
from dumpwalk.errors import ReadError
from dumpwalk.formats import Dump, open_dump
from dumpwalk.formats.secondary import blob_bytes
from dumpwalk.formats.secondary_contents import acpi_tables, cpuid_leaves, triagedump_data
from dumpwalk.kernel.exception import parse_exception
from dumpwalk.memory.address import Address
from dumpwalk.memory.machine import MACHINES
from dumpwalk.remarks import Absent

Opened = Callable[[bytes], Dump]
X64 = MACHINES[0x8664]
GUID = bytes(range(1, 17))


@pytest.fixture(params=[8, 4], ids=["64-bit", "32-bit"])
def width(request: pytest.FixtureRequest) -> int:
    value: int = request.param
    return value


def test_01_unset_fields_hold_page_and_are_absent(opened: Opened, width: int) -> None:
    header = opened(tb.dump(width)).header

    for name in ("VersionUser", "PhysicalMemoryBlock", "Comment", "SecondaryDataState", "Attributes", "BootId"):
        assert getattr(header, name) == Absent("not set"), name


def test_01_page_is_never_printed(opened: Opened) -> None:
    text = _layout(describe(opened(tb.dump())))

    assert "45474150" not in text
    assert "PAGEPAGE" not in text


def test_01_set_fields_of_newer_builds_are_read(opened: Opened) -> None:
    dump = opened(tb.dump(header={0x1050: struct.pack("<II", 0x10, 13), 0xFB0: b"a comment\0"}))

    assert (dump.header.Attributes, dump.header.BootId, dump.header.Comment) == (0x10, 13, "a comment")


def test_02_secondary_data_is_found_though_the_state_is_unset(opened: Opened) -> None:
    dump = opened(tb.dump(blobs=[tb.blob(GUID, b"abc")]))

    assert dump.header.SecondaryDataState == Absent("not set")
    assert len(dump.secondary) == 1


def test_02_secondary_data_state_alone_means_nothing(opened: Opened) -> None:
    dump = opened(tb.dump(header={0x103C: struct.pack("<I", 1)}))

    assert dump.header.SecondaryDataState == 1
    assert dump.secondary == ()


@pytest.mark.parametrize("required", [0, 0x10, 1 << 40])
def test_03_required_dump_space_bounds_nothing(opened: Opened, required: int) -> None:
    dump = opened(tb.dump(header={0xFA0: struct.pack("<Q", required)}))

    assert dump.header.RequiredDumpSpace == required
    assert dump.problems == ()
    assert len(dump.modules.modules) == 1


def test_04_the_m_bit_and_the_sign_extension_are_kept(opened: Opened) -> None:
    header = opened(tb.dump()).header

    assert header.BugCheckCode == 0x1000007E
    assert header.BugCheckParameters[0] == 0xFFFFFFFFC0000005


@pytest.mark.real
def test_05_header_exception_and_context_are_kept_apart(real_dumps: Path) -> None:
    x64 = open_dump(str(real_dumps / "triage_x64.dmp")).header
    arm64 = open_dump(str(real_dumps / "triage_arm64.dmp")).header

    # ExceptionAddress of EXCEPTION_RECORD64; Rip of the x64 CONTEXT, Pc of the ARM64 one.
    assert struct.unpack_from("<Q", x64.Exception, 0x10)[0] == 0xFFFFF8047BDF5A80
    assert struct.unpack_from("<Q", x64.ContextRecord, 0xF8)[0] == 0xFFFFF8048B58334C
    assert struct.unpack_from("<Q", arm64.Exception, 0x10) == struct.unpack_from("<Q", arm64.ContextRecord, 0x108)


@pytest.mark.real
def test_06_the_header_context_is_the_one_at_parameter_4_and_the_prcb_has_another(real_dumps: Path) -> None:
    dump = open_dump(str(real_dumps / "triage_x64.dmp"))
    assert not isinstance(dump.debugger_data, Absent)
    assert not isinstance(dump.processor, Absent)
    pointer = dump.memory.read(dump.processor + dump.debugger_data["OffsetPrcbContext"], 8)
    prcb_context = dump.memory.read(int.from_bytes(pointer, "little"), 0x4D0)

    assert dump.memory.read(dump.header.BugCheckParameters[3], 0x4D0) == dump.header.ContextRecord[:0x4D0]
    assert prcb_context != dump.header.ContextRecord[:0x4D0]
    assert struct.unpack_from("<Q", prcb_context, 0xF8)[0] == 0xFFFFF8047BDF5A80


def test_07_number_parameters_has_32_bits(opened: Opened) -> None:
    raw = struct.pack("<IIQQIIQ", 0xC0000005, 0, 0, 0x1234, 1, 0xFFFF0038, 7)
    header = opened(tb.dump(header={0xF00: raw})).header
    exception = parse_exception(header.Exception, header.machine, "dump header")

    assert not isinstance(exception, Absent)
    assert (exception.NumberParameters, exception.ExceptionInformation) == (1, (7,))


def test_07_the_room_for_a_context_is_larger_than_a_context(opened: Opened, width: int) -> None:
    assert len(opened(tb.dump(width)).header.ContextRecord) == (3000 if width == 8 else 1200)


def test_08_times_and_flag_words(opened: Opened, width: int) -> None:
    dump = opened(tb.dump(width))
    info = describe(dump)

    assert str(dump.header.SystemTime) == "2021-02-21T01:38:22.987765Z"
    assert info.meanings["SystemUpTime"] == "0 days 0:00:03.747"
    assert "BROKEN_DRIVER" in info.meanings["MiniDumpFields"]
    assert "MMINFO" not in info.meanings["MiniDumpFields"]
    assert "mm info" in [s.what for s in dump.sections]
    assert "broken driver" not in [s.what for s in dump.sections]


def test_09_the_marker_stands_at_valid_offset(opened: Opened) -> None:
    data = bytearray(tb.dump())
    data[-4:] = b"\0\0\0\0"

    assert opened(tb.dump()).problems == ()
    assert [p.where for p in opened(bytes(data)).problems] == ["marker"]


def test_09_size_of_dump_excludes_the_blobs(opened: Opened) -> None:
    dump = opened(tb.dump(blobs=[tb.blob(GUID, b"x" * 100)]))
    assert not isinstance(dump.triage, Absent)
    last = dump.sections[-1]

    assert dump.triage.SizeOfDump == dump.triage.ValidOffset + 4
    assert (last.what, last.offset) == ("secondary data", dump.triage.SizeOfDump)
    assert last.offset + last.size == dump.size


def test_10_addresses_of_thread_process_and_processor_are_recovered(opened: Opened, width: int) -> None:
    dump = opened(tb.dump(width))
    cut = (1 << 8 * width) - 1

    assert (dump.thread, dump.process, dump.processor) == (tb.THREAD & cut, tb.PROCESS & cut, tb.PRCB & cut)
    assert dump.memory.read(tb.PROCESS & cut, 0xA0) == b"\x33" * 0xA0
    assert {s.what: s.size for s in dump.sections if s.what in ("KPRCB", "EPROCESS", "ETHREAD")} == {
        "KPRCB": 0x200,
        "EPROCESS": 0xA0,
        "ETHREAD": 0x90,
    }


def test_10_the_prcb_is_the_identical_one_among_all_processors(opened: Opened) -> None:
    other, same = tb.PRCB + 0x1000, tb.PRCB
    near_miss = tb.prcb()[:-1] + b"\0"
    blocks = [(tb.PROCESSOR_BLOCK, struct.pack("<QQ", other, same)), (other, near_miss), (same, tb.prcb())]
    dump = opened(tb.dump(blocks=blocks))

    assert dump.processor == same


def test_10_without_processor_block_the_empty_lists_tell(opened: Opened, width: int) -> None:
    lists = {tb.CURRENT_THREAD: tb.THREAD}
    for at in range(0x40, 0x1C0, 2 * width):
        lists |= {at: tb.PRCB + at, at + width: tb.PRCB + at}
    prcb = tb.structure(0x200, 0x11, lists, width)
    dump = opened(tb.dump(width, blocks=[], prcb_bytes=prcb))

    assert dump.processor == tb.PRCB & (1 << 8 * width) - 1
    assert dump.memory.read(dump.processor, 0x200) == prcb


def test_10_what_can_not_be_recovered_says_why_and_stays_a_section(opened: Opened) -> None:
    dump = opened(tb.dump(blocks=[], thread_bytes=bytes(0x90)))
    sections = {s.what: s for s in dump.sections}

    assert dump.thread == tb.THREAD
    assert isinstance(dump.process, Absent)
    assert "no kernel address" in dump.process.reason
    assert isinstance(dump.processor, Absent)
    assert sections["EPROCESS"].address == dump.process
    assert sections["KPRCB"].size == 0x200


def test_11_top_of_stack_is_the_lowest_address(opened: Opened) -> None:
    dump = opened(tb.dump(stack=b"lowest..highest."))

    assert dump.memory.read(tb.STACK, 16) == b"lowest..highest."
    assert dump.memory.read_some(tb.STACK - 1, 1) == b""
    with pytest.raises(ReadError, match="not in the dump"):
        dump.memory.read(tb.STACK, 17)


def test_12_driver_names_are_counted_in_characters_and_kept_in_load_order(opened: Opened, width: int) -> None:
    late, early = 0x85000000, 0x84000000
    drivers = [("\\SystemRoot\\b.sys", late, 0x2000, 1, 2), ("\\Driver\\ä-long-name.sys", early, 0x1000, 3, 4)]
    modules = opened(tb.dump(width, drivers=drivers)).modules.modules

    assert [(m.path, m.base, m.size, m.checksum, m.timestamp) for m in modules] == drivers


def test_13_unloaded_names_have_12_characters_and_no_nul(opened: Opened, width: int) -> None:
    gone = [("WdFilter.sys", 0x1000, 0x3000), ("dump_storport.sys", 0x4000, 0x5000), ("a.sys", 0x1000, 0x3000)]
    found = opened(tb.dump(width, gone=gone + gone[:1])).unloaded

    assert [(u.name, u.truncated) for u in found] == [
        ("WdFilter.sys", False),
        ("dump_storpor", True),
        ("a.sys", False),
        ("WdFilter.sys", False),
    ]
    assert (found[0].start, found[0].end, found[0].size) == (0x1000, 0x3000, 0x2000)


def test_14_the_checksum_identifies_nothing(opened: Opened) -> None:
    modules = opened(tb.dump(drivers=[("a.sys", 0x1000, 0x2000, c, 0xABC) for c in (1, 2)])).modules.modules

    assert modules[0].checksum != modules[1].checksum
    assert modules[0].symbol_key == modules[1].symbol_key == "a.sys/00000ABC2000/a.sys"


def test_15_blocks_are_unsorted_packed_and_unaligned(opened: Opened, width: int) -> None:
    top = (1 << 8 * width) - 0x10000
    blocks = [(top + 0x5001, b"abc"), (top + 0x1000, b"x"), (top + 0x2003, b"yz")]
    dump = opened(tb.dump(width, blocks=blocks))
    places = {s.what: (s.offset, s.size) for s in dump.sections}
    slack = [s for s in dump.sections if s.what == "slack"]

    assert [dump.memory.read(address, len(data)) for address, data in blocks] == [data for _, data in blocks]
    assert places["data blocks"] == (places["data block table"][0] + 3 * 16, 6)
    assert slack[-1].offset + slack[-1].size == places["marker"][0]


def test_15_blocks_that_agree_with_a_section_are_no_problem(opened: Opened) -> None:
    dump = opened(tb.dump(blocks=[(tb.STACK + 0x10, bytes(range(0x10, 0x200 // 2)))], stack=bytes(range(256))))

    assert dump.problems == ()
    assert dump.memory.read(tb.STACK, 256) == bytes(range(256))


def test_15_blocks_that_contradict_a_section_win_and_are_reported(opened: Opened) -> None:
    dump = opened(tb.dump(blocks=[(tb.STACK + 2, b"!!")], stack=b"abcdef"))

    assert dump.memory.read(tb.STACK, 6) == b"ab!!ef"
    assert [str(p) for p in dump.problems] == [
        "call stack: it contradicts a data block about the bytes from ffffc000`90004f02 on"
    ]


def test_15_blocks_that_contradict_each_other_are_reported(opened: Opened) -> None:
    same = opened(tb.dump(blocks=[(0x1000, b"abcd"), (0x1002, b"cdef")]))
    other = opened(tb.dump(blocks=[(0x1000, b"abcd"), (0x1002, b"XXef")]))

    assert same.problems == ()
    assert other.memory.read(0x1000, 6) == b"abcdef"
    assert [p.where for p in other.problems] == ["data block"]


def test_16_reads_join_adjacent_blocks_and_can_be_partial(opened: Opened) -> None:
    dump = opened(tb.dump(blocks=[(0x1004, b"efgh"), (0x1000, b"abcd"), (0x1009, b"j")]))

    assert dump.memory.read(0x1001, 6) == b"bcdefg"
    assert dump.memory.read_some(0x1006, 16) == b"gh"
    with pytest.raises(ReadError) as caught:
        dump.memory.read(Address(0x1006), 16)
    assert (caught.value.address, caught.value.size) == (0x1008, 14)


@pytest.mark.real
def test_17_listed_ranges_may_be_missing(real_dumps: Path) -> None:
    path = real_dumps / "triage_x64.dmp"
    dump = open_dump(str(path))
    (blob,) = [b for b in dump.secondary if b.guid.startswith("2b4ae195")]
    (component,), problems = triagedump_data(blob_bytes(memoryview(path.read_bytes()), blob), X64)
    missing = [r.address for r in component.ranges if not dump.memory.find(r.address)]

    assert problems == ()
    assert len(component.ranges) == 31
    assert missing == [0xFFFFFDFEFF600000]


def test_18_there_are_no_physical_pages(opened: Opened) -> None:
    dump = opened(tb.dump())

    assert dump.header.DirectoryTableBase == 0x1AD000
    assert "physical memory" in dump.missing[0]


def test_20_the_debugger_data_gives_offsets_and_bits(opened: Opened, width: int) -> None:
    block = tb.kdbg(at_036=0b010011, at_29a=0xF0)
    data = opened(tb.dump(width, debugger_data=block)).debugger_data
    assert not isinstance(data, Absent)

    assert data["OffsetKThreadTeb"] == 0xF0
    assert (data["PaeEnabled"], data["KiBugCheckRecoveryActive"], data["PagingLevels"]) == (1, 1, 4)
    assert data["KernBase"] == tb.KERNEL & (1 << 8 * width) - 1
    assert str(data["KernBase"]) == ("fffff800`80000000" if width == 8 else "80000000")
    assert data.rva(data["KiProcessorBlock"]) == 0x20000


@pytest.mark.parametrize(
    ("size", "newest", "too_new"),
    [(0x340, "OffsetPrcbContext", "OffsetKThreadStackLimit"), (0x360, "OffsetKThreadWaitReason", "PteBase")],
)
def test_20_older_debugger_data_has_fewer_fields(opened: Opened, size: int, newest: str, too_new: str) -> None:
    data = opened(tb.dump(debugger_data=tb.kdbg(size))).debugger_data
    assert not isinstance(data, Absent)

    assert newest in data
    assert too_new not in data
    assert data.get(too_new) is None


def test_29_blobs_are_aligned_relative_to_their_start_and_walked_to_the_end(opened: Opened) -> None:
    raw = tb.dump(blobs=[tb.blob(GUID, b"12345"), tb.blob(GUID, b"678", pre=4), tb.blob(GUID, b"last")])
    dump = opened(raw)
    assert not isinstance(dump.triage, Absent)
    data = memoryview(raw)

    assert dump.problems == ()
    assert [blob_bytes(data, b) for b in dump.secondary] == [b"12345", b"678", b"last"]
    assert dump.secondary[1].pre_pad == 4
    assert dump.secondary[-1].offset + dump.secondary[-1].size + dump.secondary[-1].post_pad == dump.size


def test_30_null_and_empty_blobs_do_not_end_the_list(opened: Opened) -> None:
    blobs = [tb.blob(bytes(16), b""), tb.blob(GUID, b""), tb.blob(GUID, b"end")]
    dump = opened(tb.dump(blobs=blobs))

    assert [b.size for b in dump.secondary] == [0, 0, 3]
    assert dump.secondary[0].owner == "null tag"
    assert dump.problems == ()


@pytest.mark.parametrize("bad", [tb.blob(GUID, b"", header_size=0x1F), tb.blob(GUID, b"abc")[:-6]])
def test_30_a_short_header_or_an_overrun_ends_the_list(opened: Opened, bad: bytes) -> None:
    dump = opened(tb.dump(blobs=[tb.blob(GUID, b"good"), bad]))

    assert [b.size for b in dump.secondary] == [4]
    assert [p.where for p in dump.problems] == ["secondary data"]


def test_31_guids_repeat(opened: Opened) -> None:
    dump = opened(tb.dump(blobs=[tb.blob(GUID, b"one"), tb.blob(GUID, b"two")]))

    assert [(b.index, b.guid) for b in dump.secondary] == [
        (0, "04030201-0605-0807-090a-0b0c0d0e0f10"),
        (1, "04030201-0605-0807-090a-0b0c0d0e0f10"),
    ]


def test_32_registered_ranges_are_packed_and_unaligned() -> None:
    first = struct.pack("<IIQQ", 1, 3, 0x1000, 0x10) + b"ab\0"
    second = struct.pack("<IIQQQQ", 2, 1, 0x2000, 1, 0x3000, 2) + b"b"
    components, problems = triagedump_data(first + second, X64)

    assert [(c.name, [(r.address, r.size) for r in c.ranges]) for c in components] == [
        ("ab", [(0x1000, 0x10)]),
        ("b", [(0x2000, 1), (0x3000, 2)]),
    ]
    assert problems == ()


@pytest.mark.real
def test_32_there_may_be_several_components(real_dumps: Path) -> None:
    path = real_dumps / "triage_arm64.dmp"
    (blob,) = [b for b in open_dump(str(path)).secondary if b.guid.startswith("2b4ae195")]
    components, problems = triagedump_data(blob_bytes(memoryview(path.read_bytes()), blob), X64)

    assert [(c.name, len(c.ranges)) for c in components] == [("IoTriageDumpData", 30), ("b", 16)]
    assert problems == ()


@pytest.mark.parametrize("kept", [0x10, 0x20, 0x4C])
def test_33_acpi_tables_are_cut_so_length_leads_nowhere(kept: int) -> None:
    def table(signature: bytes, length: int, stored: int) -> bytes:
        head = struct.pack("<4sIBB6s8s12x", signature, length, 2, 0, b"OEM", b"TABLE")
        return head.ljust(stored, b"\xee")[:stored]

    tables = [
        (b"FACP", 0x114, 0x24 + kept),
        (b"SSDT", 0x92A, 0x24),
        (b"BGRT", 0x2C, 0x2C),
        (b"APIC", 0x15E, 0x24 + kept),
    ]
    found, problems = acpi_tables(b"".join(table(*t) for t in tables))

    assert [(t.Signature.encode(), t.Length, t.stored) for t in found] == tables
    assert (found[0].OEMID, found[0].OEMTableID, found[0].Revision) == ("OEM", "TABLE", 2)
    assert problems == ()


def test_33_cpuid_records_hold_two_views() -> None:
    raw = struct.pack("<10I", 0, 1, 10, 11, 0x80000000, 13, 20, 21, 0, 23)
    leaves, problems = cpuid_leaves(raw * 2 + b"rest")

    assert (leaves[0].leaf, leaves[0].subleaf) == (1, 0)
    assert (leaves[0].first, leaves[0].second) == ((10, 11, 0x80000000, 13), (20, 21, 0, 23))
    assert len(leaves) == 2
    assert [str(p) for p in problems] == ["CPUID leaves: 4 bytes at the end belong to no record"]


def test_34_what_blobs_hold_is_not_printed(opened: Opened) -> None:
    info = describe(opened(tb.dump(blobs=[tb.blob(GUID, b"SERIAL-NUMBER-1234")])))

    assert "SERIAL" not in _layout(info)
    assert "SERIAL" not in repr(info)
