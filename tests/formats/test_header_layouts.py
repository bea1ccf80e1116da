"""The layouts of headers and debugger data against public listings of them, and their small functions."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from dumpwalk.formats import header_names as names
from dumpwalk.formats import open_dump
from dumpwalk.formats.debugger_data import _BITS, _fields, parse_debugger_data
from dumpwalk.formats.header_layout import SIZES, header_struct
from dumpwalk.formats.triage_memory import address_by_empty_lists
from dumpwalk.memory.address import Address
from dumpwalk.memory.machine import MACHINES
from dumpwalk.remarks import Absent, Problem

X64, ARM = MACHINES[0x8664], MACHINES[0x01C4]


def offsets(width: int) -> dict[str, int]:
    out, at = {}, 0
    for field in header_struct(width).subcons:
        if field.name:
            out[field.name] = at
        at += field.sizeof()
    return out


@pytest.mark.parametrize(("width", "size"), [(4, 0x1000), (8, 0x2000)])
def test_headers_have_their_sizes(width: int, size: int) -> None:
    assert header_struct(width).sizeof() == SIZES[width] == size


@pytest.mark.real
@pytest.mark.parametrize(("width", "listing"), [(4, "_DUMP_HEADER"), (8, "_DUMP_HEADER64")])
def test_header_offsets_are_the_listed_ones(real_data: Path, width: int, listing: str) -> None:
    listed = json.loads((real_data / "kdbg_and_dump.json").read_text("utf-8"))[listing]["fields"]
    called = {"BugCheckCodeParameter": "BugCheckParameters", "PhysicalMemoryBlockBuffer": "PhysicalMemoryBlock"}
    ours = offsets(width)
    theirs = {called.get(f["name"], f["name"]): f["offset"] for f in listed if not f["name"].startswith("reserved")}

    assert {name: ours.get(name) for name in theirs} == theirs
    assert set(ours) - set(theirs) == {"Attributes", "BootId"}


@pytest.mark.real
def test_debugger_data_fields_are_the_listed_ones(real_data: Path) -> None:
    listed = json.loads((real_data / "kdbg_and_dump.json").read_text("utf-8"))["_KDDEBUGGER_DATA64"]
    sizes = {"unsigned long long": 8, "unsigned long": 4, "unsigned short": 2}
    theirs: dict[str, Any] = {
        f["name"]: (f["offset"], sizes[f["type"]])
        for f in listed["fields"]
        if f["name"] not in ("Header", "PaeEnabled", "Padding")
    }
    ours = {name: (offset, size) for name, offset, size in _fields()}

    assert {name: ours.get(name) for name in theirs} == theirs
    assert set(ours) - set(theirs) == {
        "List.Flink",
        "List.Blink",
        "OwnerTag",
        "Size",
        "L1tfHighPhysicalBitIndex",
        "L1tfSwizzleBitIndex",
        "OffsetEProcessMmHotPatchContext",
    }
    assert sorted(ours.values()) == list(ours.values())


def test_debugger_data_has_what_its_size_covers() -> None:
    block = bytearray(0x380)
    struct.pack_into("<4sI", block, 0x10, b"KDBG", 0x20)
    struct.pack_into("<Q", block, 0x18, 0xFFFFFFFF80C06000)
    problems: list[Problem] = []
    data = parse_debugger_data(memoryview(block), Address(0x1000), ARM, problems)
    assert not isinstance(data, Absent)

    assert problems == []
    assert list(data.values) == ["List.Flink", "List.Blink", "OwnerTag", "Size", "KernBase"]
    assert (str(data["KernBase"]), data.address, data.size) == ("80c06000", 0x1000, 0x20)
    with pytest.raises(KeyError):
        data["PteBase"]


def test_debugger_data_bits_are_all_or_none() -> None:
    block = bytearray(0x40)
    for size, there in ((0x36, False), (0x37, False), (0x38, True)):
        struct.pack_into("<4sI", block, 0x10, b"KDBG", size)
        data = parse_debugger_data(memoryview(block), Address(0), X64, [])
        assert not isinstance(data, Absent)

        assert [name in data for name, _, _ in _BITS] == [there] * 3


@pytest.mark.parametrize("size", [0, 1, 0x17])
def test_debugger_data_shorter_than_its_header(size: int) -> None:
    assert isinstance(parse_debugger_data(memoryview(bytes(size)), Address(0), X64, []), Absent)


@pytest.mark.parametrize(("count", "found"), [(15, False), (16, True)])
def test_empty_lists_have_to_be_many(count: int, found: bool) -> None:
    base = 0xFFFFF80012340180
    data = b"".join(struct.pack("<QQ", base + 16 * i, base + 16 * i) for i in range(count)) + bytes(64)

    assert (address_by_empty_lists(data, X64) == base) is found
    assert isinstance(address_by_empty_lists(data, X64), Absent) is not found


def test_empty_lists_have_to_agree() -> None:
    one, other = 0xFFFFF80012340000, 0xFFFFF80055550000
    data = b"".join(
        struct.pack("<QQ", base + 16 * i, base + 16 * i) for i in range(40) for base in [(one, other)[i % 2]]
    )

    assert isinstance(address_by_empty_lists(data, X64), Absent)


@pytest.mark.real
def test_empty_lists_tell_what_the_processor_block_tells(real_dumps: Path) -> None:
    """On dumps that have KiProcessorBlock the two ways are witnesses of each other."""
    for name in ("triage_x64.dmp", "triage_arm64.dmp", "100623-4953-01.dmp", "RPi3_ARM_mini.cab.dmp"):
        dump = open_dump(str(real_dumps / name))
        data = dump.debugger_data
        assert not isinstance(dump.triage, Absent)
        assert not isinstance(data, Absent)
        at = dump.triage.PrcbOffset
        section = (real_dumps / name).read_bytes()[at : at + data["SizePrcb"]]

        assert address_by_empty_lists(section, dump.header.machine) == dump.processor


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xA])
def test_every_dump_type_has_a_name(kind: int) -> None:
    assert "unknown" not in names.dump_type_name(kind)


def test_words_for_numbers() -> None:
    assert (names.build_kind(0xF), names.build_kind(0xC)) == ("free build", "checked build")
    assert names.build_kind(1) == "unknown build kind"
    assert names.machine_type_name(0xAA64) == "ARM64"
    assert names.machine_type_name(0x1234) == "unknown machine 0x1234"
    assert names.product_type_name(3) == "VER_NT_SERVER"
    assert names.product_type_name(9) == "unknown product 0x9"
    assert names.product_type_name(Absent("not set")) == Absent("not set")
    assert names.flag_names(Absent("not set"), names.SUITES) == Absent("not set")
    assert names.flag_names(0, names.SUITES) == ()
    assert names.flag_names(0x801, names.MINIDUMP_FIELDS) == ("CONTEXT", "DATA_BLOCKS")
