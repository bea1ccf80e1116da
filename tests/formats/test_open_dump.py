"""Opening files: what is no dump says so in one line; what is a dump tells its header, whatever its type."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import triage_bytes as tb

from dumpwalk.errors import FormatError, ReadError
from dumpwalk.formats import Dump, open_dump
from dumpwalk.remarks import Absent

Opened = Callable[[bytes], Dump]
SOUND = tb.dump()


def fails(path: object) -> str:
    with pytest.raises(FormatError) as caught:
        open_dump(str(path))
    return str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    assert fails(tmp_path / "none.dmp") == f"{tmp_path / 'none.dmp'}: No such file or directory"


def test_a_directory(tmp_path: Path) -> None:
    assert "it is a directory" in fails(tmp_path)


def test_a_nul_in_the_path() -> None:
    assert "null" in fails("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "not a regular file" in fails(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_a_forbidden_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.dmp"
    path.write_bytes(SOUND)
    path.chmod(0)

    assert "Permission denied" in fails(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (bytes(10000), "it begins with zeros"),
        (b"MDMP" + bytes(100), "user-mode minidump"),
        (b"PAGEDUXX" + bytes(9000), "it begins with 50 41 47 45 44 55 58 58"),
        (b"PAGE", "it begins with 50 41 47 45"),
        (b"PAGEDU64", "cut inside its header, which has 0x2000 bytes; the file has 0x8"),
        (SOUND[:0x1FFF], "cut inside its header, which has 0x2000 bytes; the file has 0x1fff"),
        (tb.dump(4)[:0xFFF], "cut inside its header, which has 0x1000 bytes; the file has 0xfff"),
    ],
)
def test_what_is_no_dump(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.dmp"
    path.write_bytes(data)

    assert fails(path).startswith(f"{path}: ")
    assert message in fails(path)


@pytest.mark.real
def test_real_files_that_are_no_dumps(real_dumps: Path) -> None:
    assert "it begins with zeros" in fails(real_dumps / "invalid" / "111217-47250-01.dmp")
    assert "the file is empty" in fails(real_dumps / "invalid" / "111317-52656-01.dmp")


@pytest.mark.parametrize("kind", [1, 2, 3, 5, 6, 7, 8, 9, 0xA, 0x45474150])
def test_other_types_tell_their_header(opened: Opened, kind: int) -> None:
    dump = opened(tb.dump(header={0xF98: struct.pack("<I", kind)}))

    assert dump.header.BugCheckCode == 0x1000007E
    assert (dump.problems == ()) == (kind == 3)  # what follows is a triage header, so nothing else is there
    assert dump.missing
    assert isinstance(dump.triage, Absent)
    with pytest.raises(ReadError):
        dump.memory.read(tb.KERNEL, 1)


def test_a_type_that_is_not_known(opened: Opened) -> None:
    dump = opened(tb.dump(header={0xF98: struct.pack("<I", 77)}))

    assert dump.missing == ("memory: what a dump of type 0x4d holds is not known",)


def test_the_physical_memory_of_a_full_dump(opened: Opened) -> None:
    runs = struct.pack("<I4xQ4Q", 2, 0x3F, 1, 0x9E, 0x100, 0xEFF)
    physical = opened(tb.dump(header={0xF98: b"\x01", 0x88: runs})).header.PhysicalMemoryBlock
    assert not isinstance(physical, Absent)

    assert (physical.NumberOfRuns, physical.NumberOfPages) == (2, 0x3F)
    assert [(r.BasePage, r.PageCount) for r in physical.Run] == [(1, 0x9E), (0x100, 0xEFF)]


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0x30, b"\x99\x99", "MachineImageType 0x9999 is no machine with 64-bit dumps"),
        (0x30, b"\x4c\x01", "MachineImageType 0x14c is no machine with 64-bit dumps"),
        (0x34, b"\0\0\0\0", "NumberProcessors is 0"),
        (0x34, b"\xff\xff\xff\xff", "NumberProcessors is 4294967295"),
        (0x08, b"\x05\0\0\0", "MajorVersion is 0x5, where 0xf or 0xc stands"),
        (0x88, b"\xff\xff\xff\xff", "NumberOfRuns is 4294967295; the header has room for 43"),
    ],
)
def test_garbage_in_the_header_is_reported_and_the_rest_read(opened: Opened, at: int, value: bytes, what: str) -> None:
    dump = opened(tb.dump(header={at: value}))

    assert [p.what for p in dump.problems] == [what]
    assert len(dump.modules.modules) == 1
