"""User minidumps: what they hold is told, and nothing of a kernel is claimed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dumpwalk
from dumpwalk.errors import FormatError
from dumpwalk.formats import open_dump
from dumpwalk.remarks import Absent
from dumpwalk.render.report import layout
from dumpwalk.triage import triage

IMAGE, STACK = 0x7FF6_0001_0000, 0x9F_F000
NAMES = [
    "calc.dmp",
    "null_write_av.dmp",
    "sigsegv.dmp",
    "thread_name_list.dmp",
    "tiny-exe-fastfail.dmp",
    "tiny-exe-with-cet-xsave.dmp",
    "windows.dmp",
    "targetapp_minidump/target_minidump.dmp",
    "targetapp_test_cv_allreg_amd64/targetapp_test_cv_allreg_amd64.dmp",
]


def minidump(machine: int = 9, *, aligned: bool = False) -> bytes:
    """Return a minidump of a process that wrote to address 8, laid out by minidumpapiset.h."""
    pad = bytes(4) if aligned else b""
    name = "C:\\app\\crash.exe".encode("utf-16-le")
    context = bytearray(0x4D0)
    context[0x30:0x34] = struct.pack("<I", 0x10000F)
    context[0x98:0xA0], context[0xF8:0x100] = struct.pack("<Q", STACK), struct.pack("<Q", IMAGE + 0x123)
    streams: dict[int, bytes] = {
        7: struct.pack("<HHHBBIII", machine, 6, 0, 8, 1, 10, 0, 19041) + bytes(36),
        4: b"",
        3: b"",
        6: struct.pack("<II", 0x1A4, 0)
        + struct.pack("<IIQQII15Q", 0xC0000005, 0, 0, IMAGE + 0x123, 2, 0, 1, 8, *[0] * 13)
        + struct.pack("<II", 0x4D0, 0x400),
        5: struct.pack("<I", 1) + pad + struct.pack("<QII", STACK, 0x10, 0x900),
    }
    streams[4] = struct.pack("<I", 1) + pad + struct.pack("<QIIII", IMAGE, 0x5000, 1, 2, 0x380) + bytes(84)
    streams[3] = (
        struct.pack("<I", 1) + pad + struct.pack("<IIIIQQIIII", 0x1A4, 0, 0, 0, 0, STACK, 16, 0x900, 0x4D0, 0x400)
    )
    blob = bytearray(0x910)
    blob[0:32] = b"MDMP" + struct.pack("<IIIIIQ", 0xA793, len(streams), 32, 0, 1600000000, 0)
    at = 32 + 12 * len(streams)
    for index, (kind, data) in enumerate(streams.items()):
        blob[32 + 12 * index : 44 + 12 * index] = struct.pack("<III", kind, len(data), at)
        blob[at : at + len(data)] = data
        at += len(data)
    assert at <= 0x380
    blob[0x380 : 0x384 + len(name)] = struct.pack("<I", len(name)) + name
    blob[0x400:0x8D0], blob[0x900:0x910] = context, b"on the stack\0\0\0\0"
    return bytes(blob)


def opened(tmp_path: Path, data: bytes) -> dumpwalk.Target:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.dmp"
    path.write_bytes(data)
    return dumpwalk.open(str(path))


@pytest.mark.parametrize("aligned", [False, True])
def test_a_process_that_crashed(tmp_path: Path, aligned: bool) -> None:
    target = opened(tmp_path, minidump(aligned=aligned))
    report = triage(target)

    assert report.verdict == (
        "STATUS_ACCESS_VIOLATION (c0000005) in crash+0x123: write of 00000000`00000008, in process crash.exe"
    )
    assert (report.dump_type, report.build, report.processors) == ("user minidump", 19041, 8)
    assert str(report.system_time) == "2020-09-13T12:26:40.000000Z"
    assert not isinstance(report.context, Absent)
    assert report.context.pc == IMAGE + 0x123
    assert target.memory.read(STACK, 12) == b"on the stack"
    assert target.dump.found == ("1 thread: 1a4 (exception)",)
    assert target.dump.problems == target.dump.missing == ()


def test_no_kernel_is_claimed(tmp_path: Path) -> None:
    target = opened(tmp_path, minidump())
    text = layout(triage(target))

    assert isinstance(target.profile, Absent)
    assert "a user minidump is of a process, not of a kernel" in text
    assert isinstance(target.dump.thread, Absent)


def test_a_32_bit_exception_record_is_made_of_the_64_bit_one(tmp_path: Path) -> None:
    exception = triage(opened(tmp_path, minidump(0))).exception

    assert not isinstance(exception, Absent)
    assert (exception.ExceptionCode, exception.ExceptionAddress) == (0xC0000005, (IMAGE + 0x123) & 0xFFFFFFFF)
    assert exception.access == ("write", 8)


@pytest.mark.parametrize("stream", [1, 2, 4])
def test_counts_that_lie_are_bounded(tmp_path: Path, stream: int) -> None:
    blob = bytearray(minidump())
    place = struct.unpack("<I", blob[32 + 12 * stream + 8 : 44 + 12 * stream])[0]
    blob[place : place + 4] = b"\xff\xff\xff\xff"

    target = opened(tmp_path, bytes(blob))

    assert "the list says that it has 4294967295 entries; the file holds 1" in str(target.dump.problems[0])
    assert [m.name for m in target.modules.modules] == ["crash"]
    assert target.dump.found == ("1 thread: 1a4 (exception)",)


@pytest.mark.parametrize("size", [0, 3, 4, 5, 60])
def test_a_stream_that_ends_inside_its_list(tmp_path: Path, size: int) -> None:
    """What lies behind it in the file is another stream's."""
    blob = bytearray(minidump())
    blob[32 + 12 + 4 : 32 + 12 + 8] = struct.pack("<I", size)
    target = opened(tmp_path, bytes(blob))

    assert list(target.modules.modules) == []
    assert len(target.dump.problems) == (size > 0)


def test_memory_that_follows_itself_in_the_file(tmp_path: Path) -> None:
    blob = bytearray(minidump())
    pieces = [(0x10000, 0x10), (0x20000, 0x8), (0x1_0000_0000, 0x20)]
    blob[32 + 12 * 4 : 32 + 12 * 5] = struct.pack("<III", 9, 16 + 48, len(blob))
    blob += struct.pack("<QQ", 3, len(blob) + 64) + b"".join(struct.pack("<QQ", *piece) for piece in pieces)
    blob += b"a" * 0x10 + b"b" * 8 + b"c" * 0x18  # the last is cut
    dump = opened(tmp_path, bytes(blob)).dump

    assert [dump.memory.read_some(at, 0x100) for at, _ in pieces] == [b"a" * 16, b"b" * 8, b"c" * 0x18]
    assert dump.missing == ("memory: the file ends 0x8 bytes before its end",)


def test_the_arm64_that_windows_states(tmp_path: Path) -> None:
    target = opened(tmp_path, minidump(12))

    assert target.machine.name == "ARM64"
    assert [m.name for m in target.modules.modules] == ["crash"]


def test_a_cut_file_says_what_is_missing(tmp_path: Path) -> None:
    dump = opened(tmp_path, minidump()[:0x905]).dump

    assert "memory: the file ends 0xb bytes before its end" in dump.missing
    assert dump.memory.read(STACK, 5) == b"on th"


@given(st.data())
def test_damage_never_breaks_anything(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    blob = bytearray(minidump())
    for _ in range(data.draw(st.integers(1, 8))):
        blob[data.draw(st.integers(4, 0x37F))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "x.dmp"
    path.write_bytes(blob[: data.draw(st.integers(32, len(blob)))])

    try:
        report = triage(dumpwalk.open(str(path)))
    except FormatError:
        return
    assert layout(report)


@pytest.mark.real
@pytest.mark.parametrize("name", NAMES)
def test_real_minidumps_as_another_reader_sees_them(real_data: Path, name: str) -> None:
    from minidump.minidumpfile import MinidumpFile

    path = real_data / "user_minidumps" / name
    theirs = MinidumpFile.parse_bytes(path.read_bytes())
    target = dumpwalk.open(str(path))
    report = triage(target)
    modules = [(m.baseaddress, m.size, m.timestamp, m.name) for m in theirs.modules.modules]

    assert [(m.base, m.size, m.timestamp, m.path) for m in target.modules.modules] == modules
    assert report.build == theirs.sysinfo.BuildNumber
    assert len(theirs.threads.threads) == int(target.dump.found[0].split()[0])
    assert isinstance(target.profile, Absent)
    for segment in theirs.memory_segments.memory_segments:
        with path.open("rb") as file:
            file.seek(segment.start_file_address)
            assert target.memory.read_some(segment.start_virtual_address, segment.size) == file.read(segment.size)
    if theirs.exception is None:
        assert report.verdict == "no exception: a process was dumped as it ran"
        return
    (stream,) = theirs.exception.exception_records
    exception = report.exception
    assert not isinstance(exception, Absent)
    assert exception.ExceptionCode == stream.ExceptionRecord.ExceptionCode_raw
    assert exception.ExceptionAddress == target.address(stream.ExceptionRecord.ExceptionAddress)
    assert f"{stream.ThreadId:x} (exception)" in target.dump.found[0]


@pytest.mark.real
def test_real_minidumps_that_are_known(real_data: Path) -> None:
    found = triage(dumpwalk.open(str(real_data / "user_minidumps" / "null_write_av.dmp")))

    assert found.verdict.startswith("STATUS_ACCESS_VIOLATION (c0000005) in crashme+0xa6cd: write of 00000000")
    assert open_dump(found.file).user_mode
