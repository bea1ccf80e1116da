"""EXCEPTION_RECORD of both widths, and what it says of an access."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from fakes import BY_NAME

from dumpwalk import target
from dumpwalk.kernel.exception import ExceptionRecord, parse_exception
from dumpwalk.remarks import Absent


def record64(code: int, count: int, *parameters: int, junk: int = 0xFFFF0038) -> bytes:
    head = struct.pack("<IIQQII", code, 0, 0, 0xFFFFF8048B58334C, count, junk)
    return head + struct.pack(f"<{len(parameters)}Q", *parameters) + b"PAGE" * 2 * (15 - len(parameters))


def test_only_the_low_32_bits_are_the_number_of_parameters():
    """The upper half of that quadword is whatever was on the stack (0xffff0038 in a real dump)."""
    found = parse_exception(record64(0xC0000005, 2, 1, 2**64 - 1), BY_NAME["x64"], "test")

    assert isinstance(found, ExceptionRecord)
    assert (found.NumberParameters, found.ExceptionInformation) == (2, (1, 2**64 - 1))


def test_an_access_violation_without_an_address():
    found = parse_exception(record64(0xC0000005, 2, 1, 2**64 - 1), BY_NAME["x64"], "test")

    assert isinstance(found, ExceptionRecord)
    assert found.access == ("write", None)


def test_other_exceptions_have_no_access():
    found = parse_exception(record64(0xC0000094, 0), BY_NAME["x64"], "test")

    assert isinstance(found, ExceptionRecord)
    assert found.access is None
    assert found.ExceptionInformation == ()


def test_32_bit_record():
    data = struct.pack("<IIIIIII", 0xC0000005, 0, 0, 0x82A8DDF4, 2, 0, 0xFFFFFFFF) + b"PAGE" * 13

    found = parse_exception(data, BY_NAME["x86"], "test")

    assert isinstance(found, ExceptionRecord)
    assert (str(found.ExceptionAddress), found.access) == ("82a8ddf4", ("read", None))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PAGE" * 38, "the exception record is not filled in"),
        (bytes(0x98), "the exception record is not filled in"),
        (b"abc", "the exception record is cut: 0x3 of 0x98 bytes"),
        (
            record64(0xC0000005, 0xFFFFFFFF),
            "no exception record: it claims 4294967295 parameters, where 15 is the most",
        ),
    ],
)
def test_what_is_no_exception_record_says_why(data, reason):
    assert parse_exception(data, BY_NAME["x64"], "test") == Absent(reason)


def test_real_records(real_dumps: Path):
    """Header: the bug check's breakpoint, no parameters beside PAGE fill. Parameter 3: the exception itself."""
    expected = json.loads((real_dumps / "expected/triage_x64.json").read_text())
    opened = target.open(str(real_dumps / "triage_x64.dmp"))
    for data, want in (
        (opened.dump.header.Exception, expected["header_exception"]),
        (
            opened.memory.read(int(expected["exception_record_param3"]["address"], 16), 0x98),
            expected["exception_record_param3"],
        ),
    ):
        found = parse_exception(data, opened.machine, "test")

        assert isinstance(found, ExceptionRecord)
        assert found.ExceptionCode == int(want["ExceptionCode"], 16)
        assert found.ExceptionAddress == int(want["ExceptionAddress"], 16)
        assert found.NumberParameters == want["NumberParameters"]
        assert list(found.ExceptionInformation) == [int(p, 16) for p in want["ExceptionInformation"]]
