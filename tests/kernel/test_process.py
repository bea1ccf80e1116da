"""Processes: of stated bytes, and of real dumps against what was decoded by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import fake_target, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.kernel.process import Process, Protection, process
from dumpwalk.kernel.thread import thread
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent, Problem
from dumpwalk.target import Target
from dumpwalk.target import open as open_target
from dumpwalk.types.anchors import TRUSTS, Layout
from dumpwalk.types.profiles import Match, Profile

PROCESS = 0xFFFFE00000005000
TYPES = (
    "_EPROCESS,80;Pcb,0,20;Pcb.Header.Type,0,1;Pcb.DirectoryTableBase,8,8;UniqueProcessId,20,8;"
    "InheritedFromUniqueProcessId,28,8;Token,30,8;ImageFileName,38,f;Protection.Level,47,1;CreateTime,48,8;ExitTime,50,8"
)


def world(data: bytes, *, build: int = 19041, architecture: str = "x64", kind: str = "exact") -> Target:
    target = fake_target(architecture, {PROCESS if architecture == "x64" else 0x85005000: data}, MinorVersion=build)
    match = Match(kind, kind, 0, 0, 0, 0, (), ())
    target._profile = Profile("nt/1", architecture, build, {"_EPROCESS": parse(TYPES)}, match)
    return target


def bytes_of(
    name: bytes = b"notepad.exe", token: int = 0xFFFFAD000000106F, level: int = 0, exit_time: int = 0, kind: int = 3
) -> bytes:
    out = bytearray(0x80)
    out[0] = kind
    out[0x08:0x10] = (0x00000007001AD002).to_bytes(8, "little")
    out[0x20:0x28] = (0x510).to_bytes(8, "little")
    out[0x28:0x30] = (0x36C).to_bytes(8, "little")
    out[0x30:0x38] = token.to_bytes(8, "little")
    out[0x38 : 0x38 + len(name)] = name
    out[0x47] = level
    out[0x48:0x50] = (0x01D707F23DBB3399).to_bytes(8, "little")
    out[0x50:0x58] = exit_time.to_bytes(8, "little")
    return bytes(out)


def test_process() -> None:
    found = process(world(bytes_of()), PROCESS)

    assert found.ImageFileName == "notepad.exe"
    assert (found.UniqueProcessId, found.InheritedFromUniqueProcessId) == (0x510, 0x36C)
    assert found.DirectoryTableBase == 0x7001AD002
    assert found.Token == Address(0xFFFFAD0000001060)
    assert str(found.CreateTime) == "2021-02-21T01:38:22.987765Z"
    assert found.ExitTime is None
    assert found.Peb == Absent("_EPROCESS of nt/1 has no Peb")
    assert found.problems == ()


@pytest.mark.parametrize(
    ("level", "build", "expected"),
    [
        (0, 19041, Protection(Hex(0), "PsProtectedTypeNone", "PsProtectedSignerNone")),
        (0x72, 19041, Protection(Hex(0x72), "PsProtectedTypeProtected", "PsProtectedSignerWinSystem")),
        (0x31, 9600, Protection(Hex(0x31), "PsProtectedTypeProtectedLight", "PsProtectedSignerAntimalware")),
        (0xF7, 19041, Protection(Hex(0xF7), "7", "15")),
    ],
)
def test_protection(level: int, build: int, expected: Protection) -> None:
    assert process(world(bytes_of(level=level), build=build), PROCESS).Protection == expected


def test_protection_in_words() -> None:
    text = str(process(world(bytes_of(level=0x72)), PROCESS).Protection)

    assert text == "0x72 (PsProtectedTypeProtected, PsProtectedSignerWinSystem)"


def test_ended_process() -> None:
    assert (
        str(process(world(bytes_of(exit_time=0x01D707F23DBB3399)), PROCESS).ExitTime) == "2021-02-21T01:38:22.987765Z"
    )


def test_x86_page_directory_is_32_bits_wide() -> None:
    """Up to Windows 2003 the field is an array of two, of which the second maps hyperspace."""
    found = process(world(bytes_of(), architecture="x86"), 0x85005000)

    assert found.DirectoryTableBase == 0x001AD002


def test_name_that_is_none() -> None:
    found = process(world(bytes_of(name=b"a\xfe\x01")), PROCESS)

    assert found.ImageFileName == "a\\xfe\\x01"
    assert [p.what for p in found.problems] == ["ImageFileName is not a printable name"]
    assert process(world(bytes_of(name=b"")), PROCESS).ImageFileName == Absent("the name is empty")


def test_not_a_process() -> None:
    problems = process(world(bytes_of(kind=6)), PROCESS).problems

    assert problems == (Problem(f"_EPROCESS {Address(PROCESS)}", "its type is 6, not 3: this is no process"),)


def test_nothing_of_it_is_in_the_dump() -> None:
    found = process(world(b""), PROCESS)

    assert found.ImageFileName == Absent("ffffe000`00005038: not in the dump")
    assert found.source == "nt/1: nothing could be read"


@settings(max_examples=60)
@given(st.binary(max_size=0x80), st.integers(0, (1 << 64) - 1), st.sampled_from(["exact", "nearest"]))
def test_any_bytes(data: bytes, address: int, kind: str) -> None:
    target = world(data.ljust(0x80, data[:1] or b"\xff"), kind=kind)

    for where in (PROCESS, address):
        found = process(target, where)
        assert isinstance(found, Process)
        assert all(s.trust in TRUSTS[:-1] for s in found.fields)


@pytest.mark.real
def test_x64(real_dumps: Path) -> None:
    expected = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))["process"]
    target = open_target(str(real_dumps / "triage_x64.dmp"))
    found = process(target, int(expected["address"], 16))
    fields, summary = expected["fields"], expected["summary"]

    single = [s for s in found.fields if s.field in fields and "off" in fields[s.field]]
    assert len(single) >= 10
    for source in single:
        assert source.offset == int(fields[source.field]["off"], 16), source.field
        assert source.trust == "exact"
    assert found.ImageFileName == summary["ImageFileName"]
    assert found.UniqueProcessId == summary["UniqueProcessId"]
    assert found.DirectoryTableBase == int(summary["DirectoryTableBase"], 16) == target.dump.header.DirectoryTableBase
    assert found.Peb == summary["Peb"]
    assert found.InheritedFromUniqueProcessId == summary["ParentCid"]
    assert found.ActiveThreads == summary["ActiveThreads"]
    assert found.ObjectTable == int(summary["HandleTable"], 16)
    assert found.Token == int(summary["Token"], 16)
    assert str(found.Protection) == "0x72 (PsProtectedTypeProtected, PsProtectedSignerWinSystem)"
    assert summary["Protection"] == "0x72 (PsProtectedSigner WinSystem)"
    assert str(found.CreateTime) == summary["CreateTime"]
    assert found.problems == ()


@pytest.mark.real
def test_arm64_by_the_shifted_layouts_of_x64(real_dumps: Path) -> None:
    expected = json.loads((real_dumps / "expected" / "triage_arm64.json").read_text("utf-8"))["process"]
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    found = process(target, int(expected["address"], 16))
    fields = expected["fields"]

    ours = {s.field: s for s in found.fields}
    for name, field in fields.items():
        source = ours.get(name)
        if source:
            assert source.offset == int(field["off"], 16), name
            assert (source.trust == "kdbg") == (field["source"] == "KDBG"), name
    assert ours["MmProcessLinks"].offset + 8 == int(fields["MmProcessLinks.Blink"]["off"], 16)
    assert ours["ActiveProcessLinks"].offset == int(fields["ActiveProcessLinks.Flink"]["off"], 16)
    for name in ("UniqueProcessId", "InheritedFromUniqueProcessId", "ImageFileName", "ActiveThreads"):
        assert getattr(found, name) == fields[name]["value"], name
    for name in ("Peb", "ObjectTable", "Token"):
        assert getattr(found, name) == int(fields[name]["value"], 16), name
    assert found.DirectoryTableBase == int(fields["Pcb.DirectoryTableBase"]["value"], 16)
    assert str(found.CreateTime) == fields["CreateTime"]["value"]
    assert found.problems == ()


@pytest.mark.real
def test_arm64_machine_is_among_its_possible_places(real_dumps: Path) -> None:
    target = open_target(str(real_dumps / "triage_arm64.dmp"))
    data = target.dump.debugger_data
    assert not isinstance(data, Absent)
    layout = Layout("_EPROCESS", target.profile, data, target.machine)

    assert 0xA2C in [p.offset for p in layout.places("Machine")]


# What each was: the System process's name is Windows's own, the others are programs that ship with it.
NAMES = {
    "100623-4953-01.dmp": "System", "100623-6156-01.dmp": "System", "RPi3_ARM_mini.cab.dmp": "svchost.exe",
    "win81/111217-27671-01.dmp": "System", "win81/111317-27812-01.dmp": "dw20.exe",
    "win81/111317-52015-01.dmp": "dasHost.exe", "win81/111417-173000-01.dmp": "System",
    "win81/111417-56671-01.dmp": "svchost.exe", "win81/111417-58375-01.dmp": "System",
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", NAMES)
def test_crashing_processes(name: str, real_dumps: Path) -> None:
    target = open_target(str(real_dumps / name))
    assert not isinstance(target.dump.process, Absent)
    assert not isinstance(target.dump.thread, Absent)
    found, crashed = process(target, target.dump.process), thread(target, target.dump.thread)

    assert found.ImageFileName == NAMES[name]
    assert found.DirectoryTableBase == target.dump.header.DirectoryTableBase
    assert found.problems == ()
    assert (found.UniqueProcessId == 4) == (found.ImageFileName == "System")
    assert not isinstance(found.ActiveThreads, Absent)
    assert 0 < found.ActiveThreads < 1000
    if crashed.attached is False:
        assert crashed.Cid.UniqueProcess == found.UniqueProcessId
        assert crashed.CreateTime >= found.CreateTime or found.ImageFileName == "System"  # type: ignore[operator]
