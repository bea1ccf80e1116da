"""Damaged and hostile dumps: one line of error or a partial answer, in bounded memory, never anything else."""

from __future__ import annotations

import random
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import triage_bytes as tb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dumpwalk.commands.info import _layout, describe
from dumpwalk.errors import FormatError
from dumpwalk.formats import FORMATS, Dump
from dumpwalk.remarks import Absent
from dumpwalk.render.as_json import document

Opened = Callable[[bytes], Dump]
GUID = bytes(range(16))
RICH = tb.dump(
    drivers=[("\\SystemRoot\\ntoskrnl.exe", tb.KERNEL, 0x1000, 1, 2), ("a.sys", 0xFFFFF80090000000, 0x1000, 3, 4)],
    gone=[("b.sys", 0x1000, 0x2000)],
    blobs=[tb.blob(GUID, b"abc"), tb.blob(bytes(16), b"")],
)
FIELDS = [*tb.TRIAGE_FIELDS, "DataPageOffset", "DataPageSize", "DebuggerDataOffset", "DebuggerDataSize"]
FIELDS += ["DataBlocksOffset", "DataBlocksCount"]


def opens(data: bytes) -> Dump | None:
    """Open *data* as a file would be, look at everything, and return the dump, or None for a one-line error."""
    view = memoryview(data)
    entry = next((e for e in FORMATS.load().values() if e.recognises(view)), None)
    if entry is None:
        return None
    message = ""
    try:
        dump = entry.open("x.dmp", view)
    except FormatError as error:
        message = str(error)
    assert "\n" not in message
    if message:
        return None
    for start, end in dump.memory.runs():
        assert len(dump.memory.read(start, end - start)) == end - start
    assert _layout(describe(dump))
    assert document(describe(dump))
    ends = [(s.offset, s.offset + s.size) for s in dump.sections]
    assert all(0 <= a < b <= len(data) for a, b in ends)
    return dump


def test_the_rich_dump_is_sound() -> None:
    dump = opens(RICH)

    assert dump
    assert dump.problems == ()


def test_a_cut_triage_header(opened: Opened) -> None:
    dump = opened(RICH[:0x2040])

    assert dump.header.MinorVersion == 19041
    assert [p.what for p in dump.problems] == ["the file is cut inside the triage header, at 0x2040"]
    assert dump.modules.modules == ()


@pytest.mark.parametrize("data", [RICH, tb.dump(4)], ids=["64-bit", "32-bit"])
def test_truncation_anywhere(data: bytes) -> None:
    whole = opens(data)
    assert whole
    edges = {e + d for s in whole.sections for e in (s.offset, s.offset + s.size) for d in (-1, 0, 1)}
    header = 0x2000 if data[4:8] == b"DU64" else 0x1000
    # At the end of SizeOfDump the dump is whole, its secondary data being gone.
    no_problem = {len(data), *(s.offset for s in whole.sections if s.what == "secondary data")}
    for size in sorted(edges | set(range(header, len(data), 97))):
        if not 0 < size <= len(data):
            continue
        dump = opens(data[:size])
        if size < header:
            assert dump is None
        elif size in no_problem:
            assert dump
            assert dump.problems == ()
        else:
            assert dump
            assert dump.problems or size > min(no_problem), size


@pytest.mark.real
@pytest.mark.parametrize("name", ["triage_x64.dmp", "RPi3_ARM_mini.cab.dmp", "win81/111417-58375-01.dmp"])
def test_truncation_of_real_dumps(real_dumps: Path, name: str) -> None:
    data = (real_dumps / name).read_bytes()
    whole = opens(data)
    assert whole
    picked = random.Random(name).sample(range(0x3000, len(data)), 12)
    for size in [s.offset + d for s in whole.sections[2:] for d in (0, 5)] + picked:
        dump = opens(data[:size])

        assert dump
        assert not isinstance(dump.triage, Absent)
        assert dump.problems or size >= dump.triage.SizeOfDump


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [0, 1, 0x2001, len(RICH) - 1, len(RICH), 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_value_of_a_triage_header_field(field: str, value: int) -> None:
    dump = opens(patched(field, value))

    assert dump
    assert getattr(dump.triage, field) == value


def patched(field: str, value: int) -> bytes:
    data = bytearray(RICH)
    offset = 4 * tb.TRIAGE_FIELDS.index(field) if field in tb.TRIAGE_FIELDS else 0x68 + 4 * (FIELDS.index(field) - 18)
    struct.pack_into("<I", data, 0x2000 + offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("field", "where"),
    [("DriverCount", "driver list"), ("DataBlocksCount", "data block table")],
)
def test_counts_of_4294967295_are_cut_to_the_room_there_is(field: str, where: str) -> None:
    dump = opens(patched(field, 0xFFFFFFFF))
    assert dump

    assert [p for p in dump.problems if p.where == where and "4294967295 entries are stated" in p.what]
    assert [m.image for m in dump.modules.modules] == ["ntoskrnl.exe", "a.sys"]
    assert dump.memory.read(tb.PRCB, 0x200) == tb.prcb()


def test_a_hostile_count_of_unloaded_drivers() -> None:
    data = bytearray(RICH)
    whole = opens(RICH)
    assert whole
    assert not isinstance(whole.triage, Absent)
    struct.pack_into("<Q", data, whole.triage.UnloadedDriversOffset, 1 << 63)
    dump = opens(bytes(data))
    assert dump

    assert [u.name for u in dump.unloaded] == ["b.sys"]
    assert [str(p) for p in dump.problems] == ["unloaded drivers: 9223372036854775808 entries are stated; 1 are read"]


def test_names_outside_the_pool(opened: Opened) -> None:
    data = bytearray(
        tb.dump(drivers=[(n, 0x1000 * b, 0x1000, 1, 2) for n, b in (("a.sys", 1), ("b.sys", 2), ("c", 3))])
    )
    dump = opened(bytes(data))
    assert not isinstance(dump.triage, Absent)
    list_ = dump.triage.DriverListOffset
    struct.pack_into("<I", data, list_, 0)
    struct.pack_into("<I", data, list_ + 0x90, 0xFFFFFFFF)
    struct.pack_into("<I", data, list_ + 0x120, dump.triage.StringPoolOffset + dump.triage.StringPoolSize - 2)
    damaged = opened(bytes(data))

    assert [m.name for m in damaged.modules.modules] == [
        "Unknown_Module_00000000_00001000",
        "Unknown_Module_00000000_00002000",
        "Unknown_Module_00000000_00003000",
    ]
    assert [str(p) for p in damaged.problems] == ["driver list: 3 of 3 names do not lie in the string pool"]


@pytest.mark.parametrize("count", [0, 6, 1000, 0x80000001, 0xFFFFFFFF])
def test_the_length_of_a_name_is_checked(opened: Opened, count: int) -> None:
    data = bytearray(tb.dump(drivers=[("a.sys", 0x1000, 0x1000, 1, 2)]))
    triage = opened(bytes(data)).triage
    assert not isinstance(triage, Absent)
    struct.pack_into("<I", data, triage.StringPoolOffset, count)
    (module,) = opened(bytes(data)).modules.modules

    assert module.image == ("a.sys" if count == 6 else "Unknown_Module_00000000`00001000")


def test_a_name_without_its_nul_and_with_broken_characters(opened: Opened) -> None:
    data = bytearray(tb.dump(drivers=[("a.sys", 0x1000, 0x1000, 1, 2)]))
    triage = opened(bytes(data)).triage
    assert not isinstance(triage, Absent)
    at = triage.StringPoolOffset
    data[at + 4 : at + 16] = b"a\0\0\xd8\x1b\0[\0.\0XX"
    dump = opened(bytes(data))

    assert dump.modules.modules[0].image.startswith("a\ufffd\x1b[.")
    assert "\x1b" not in _layout(describe(dump))


def test_drivers_without_a_base_are_left_out(opened: Opened) -> None:
    dump = opened(tb.dump(drivers=[("a.sys", 0, 0x1000, 1, 2), ("b.sys", 0x1000, 0x1000, 1, 2)]))

    assert [m.image for m in dump.modules.modules] == ["b.sys"]
    assert [str(p) for p in dump.problems] == ["driver list: 1 of 2 entries have no base address"]


def test_one_name_for_a_thousand_drivers_does_not_multiply(opened: Opened) -> None:
    long = "x" * 2000
    data = bytearray(tb.dump(drivers=[(long, 0x1000, 0x1000, 1, 2)] + [("y", 0x1000, 0x1000, 1, 2)] * 999))
    triage = opened(bytes(data)).triage
    assert not isinstance(triage, Absent)
    for index in range(1000):
        struct.pack_into("<I", data, triage.DriverListOffset + 0x90 * index, triage.StringPoolOffset)
    modules = opened(bytes(data)).modules.modules

    assert sum(len(m.path) for m in modules) < len(data)


def test_blocks_outside_of_the_file_or_the_address_space(opened: Opened) -> None:
    data = bytearray(tb.dump(blocks=[(0x1000, b"good"), (0x2000, b"far"), (0x3000, b"long"), ((1 << 64) - 2, b"wrap")]))
    triage = opened(bytes(data)).triage
    assert not isinstance(triage, Absent)
    table = triage.DataBlocksOffset
    struct.pack_into("<I", data, table + 16 + 8, 0xFFFFFFF0)
    struct.pack_into("<I", data, table + 32 + 12, 0xFFFFFFF0)
    dump = opened(bytes(data))

    assert dump.memory.read(0x1000, 4) == b"good"
    assert dump.memory.read(0x3000, 4) == b"long"
    assert dump.memory.read_some(0x2000, 3) == b""
    assert "of 4 blocks 1 run past the end of the file, 2 lie outside of it or are empty" in [
        p.what for p in dump.problems
    ]


def test_overlapping_sections_are_reported() -> None:
    whole = opens(RICH)
    assert whole
    assert not isinstance(whole.triage, Absent)
    dump = opens(patched("CallStackOffset", whole.triage.PrcbOffset + 0x10))
    assert dump

    assert "call stack: it begins at 0x2120, inside the section KPRCB" in [str(p) for p in dump.problems]


def test_encoded_debugger_data(opened: Opened) -> None:
    dump = opened(tb.dump(debugger_data=tb.kdbg(tag=b"\x12\x34\x56\x78")))

    assert isinstance(dump.debugger_data, Absent)
    assert isinstance(dump.thread, Absent)
    assert [p.where for p in dump.problems] == ["debugger data"]
    assert [s.what for s in dump.sections if s.what in ("KPRCB", "EPROCESS", "ETHREAD")] == [
        "KPRCB",
        "EPROCESS",
        "ETHREAD",
    ]


def test_debugger_data_that_claims_more_than_there_is(opened: Opened) -> None:
    data = bytearray(tb.kdbg())
    struct.pack_into("<I", data, 0x14, 0xFFFFFFFF)
    dump = opened(tb.dump(debugger_data=bytes(data)))
    assert not isinstance(dump.debugger_data, Absent)

    assert dump.debugger_data.size == 0x380
    assert [p.what for p in dump.problems] == ["Size is 0xffffffff; the file has 0x380 bytes of it"]


def test_secondary_data_with_a_short_file_header(opened: Opened) -> None:
    data = bytearray(tb.dump(blobs=[tb.blob(GUID, b"abc")]))
    struct.pack_into("<I", data, data.index(b"DumpBlob") + 8, 0)
    dump = opened(bytes(data))

    assert dump.secondary == ()
    assert [str(p) for p in dump.problems] == ["secondary data: its header says it has 0x0 bytes"]


def hostile_blocks() -> bytes:
    """Twenty thousand blocks, each of which is the whole table of blocks, at addresses that all overlap."""
    data = bytearray(tb.dump(blocks=[(0x1000 + i, b"") for i in range(20000)]))
    at = struct.unpack_from("<I", data, 0x2078)[0]
    for index in range(20000):
        struct.pack_into("<II", data, at + 16 * index + 8, at, 16 * 20000)
    return bytes(data)


def hostile_blobs() -> bytes:
    return tb.dump(blobs=[tb.blob(GUID, b"")] * 30000)


@pytest.mark.parametrize("build", [hostile_blocks, hostile_blobs])
def test_memory_is_bounded(build: Callable[[], bytes]) -> None:
    data = build()
    view = memoryview(data)
    entry = FORMATS.load()["PAGEDU64"]
    entry.open("warm.dmp", memoryview(RICH))
    tracemalloc.start()
    dump = entry.open("x.dmp", view)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 60 * len(data)
    assert dump.header


def test_a_table_larger_than_any_real_one_is_read_in_part() -> None:
    data = tb.dump(blocks=[(0x1000 + 2 * i, b"x") for i in range(40000)])
    dump = FORMATS.load()["PAGEDU64"].open("x.dmp", memoryview(data))

    assert [str(p) for p in dump.problems if p.where == "data block table"] == [
        "data block table: of 40000 entries the first 32768 are read"
    ]
    assert dump.memory.read(0x1000 + 2 * 32767, 1) == b"x"


@pytest.mark.real
@pytest.mark.parametrize("field", [0x2034, 0x207C, 0x2030, 0x2038, 0x203C])
def test_memory_is_bounded_on_a_damaged_real_dump(real_dumps: Path, field: int) -> None:
    data = bytearray((real_dumps / "triage_x64.dmp").read_bytes())
    data[field : field + 4] = b"\xff\xff\xff\xff" if field in (0x2034, 0x207C, 0x203C) else b"\0\x30\0\0"
    entry = FORMATS.load()["PAGEDU64"]
    entry.open("warm.dmp", memoryview(RICH))
    tracemalloc.start()
    dump = entry.open("x.dmp", memoryview(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * len(data)
    assert dump.problems


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(
        st.tuples(
            st.one_of(st.integers(0x2000, 0x2080), st.integers(0x2080, len(RICH) - 1), st.integers(8, 0x2000)),
            st.one_of(
                st.binary(min_size=1, max_size=8),
                st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80", b"\xff\xff\xff\x7f"]),
                st.integers(0, len(RICH) + 16).map(lambda v: struct.pack("<I", v)),
            ),
        ),
        min_size=1,
        max_size=8,
    ),
    size=st.one_of(st.just(len(RICH)), st.integers(0, len(RICH))),
)
def test_any_damage_gives_an_answer_or_one_line(changes: list[tuple[int, bytes]], size: int) -> None:
    data = bytearray(RICH)
    for at, value in changes:
        data[at : at + len(value)] = value

    opens(bytes(data[:size]))


@settings(max_examples=60, deadline=None)
@given(tail=st.binary(max_size=600), width=st.sampled_from([4, 8]))
def test_a_header_and_noise(tail: bytes, width: int) -> None:
    data = tb.dump(width)[: 0x1000 * (width // 4)]

    assert opens(data + tail)


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("DriverListOffset", "driver list: 2 entries are stated, but not where"),
        ("DataBlocksOffset", "data block table: 2 entries are stated, but not where"),
        ("CallStackOffset", "call stack: 0x100 bytes are stated, but not where"),
        ("ValidOffset", "marker: no TRGD at ValidOffset 0x0: the dump was not written to its end"),
    ],
)
def test_what_is_counted_but_nowhere(field: str, what: str) -> None:
    dump = opens(patched(field, 0))
    assert dump

    assert what in [str(p) for p in dump.problems]
