"""The triage report: the right verdict on every dump, the promised JSON, nothing personal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from schemas import assert_promised

from dumpwalk import target
from dumpwalk.cli import main
from dumpwalk.remarks import Absent
from dumpwalk.triage import Report, triage

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples/apc_index_mismatch.dmp"

# file -> bug check as in the dump, architecture, build, what the verdict must say
REAL = {
    "triage_x64.dmp": (0x1000007E, "x64", 19041, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M (7e) in amdppm+0x334c: write"),
    "triage_arm64.dmp": (0x1C8, "ARM64", 22000, "MANUALLY_INITIATED_POWER_BUTTON_HOLD (1c8)"),
    "100623-4953-01.dmp": (0x1A, "x64", 19041, "MEMORY_MANAGEMENT (1a)"),
    "100623-6156-01.dmp": (0x50, "x64", 19041, "PAGE_FAULT_IN_NONPAGED_AREA (50): reference to ffffe78f`90345f71"),
    "RPi3_ARM_mini.cab.dmp": (0, "ARM", 17134, "no bug check: the dump was taken live"),
    "win81/111217-27671-01.dmp": (0xA0000001, "x64", 9600, "unknown bug check (a0000001)"),
    "win81/111317-27812-01.dmp": (0x50, "x64", 9600, "PAGE_FAULT_IN_NONPAGED_AREA (50) in nt+0x3f2151"),
    "win81/111317-52015-01.dmp": (0x1A, "x64", 9600, "illegal page fault while a working-set lock is held"),
    "win81/111417-173000-01.dmp": (0x100000EA, "x64", 9600, "THREAD_STUCK_IN_DEVICE_DRIVER_M (ea)"),
    "win81/111417-56671-01.dmp": (0x50, "x64", 9600, "PAGE_FAULT_IN_NONPAGED_AREA (50) in win32k+0x57780"),
    "win81/111417-58375-01.dmp": (0x1000007E, "x64", 9600, "(7e) in RTKVHD64+0x5d28: read of 00000000`4000010b"),
}


@pytest.mark.parametrize("name", REAL)
def test_the_verdict_on_a_real_dump(real_dumps: Path, name: str):
    code, architecture, build, verdict = REAL[name]

    report = triage(target.open(str(real_dumps / name)))

    assert (report.bugcheck.raw_code, report.architecture, report.build) == (code, architecture, build)
    assert verdict in report.verdict
    assert report.problems == ()


@pytest.mark.parametrize("name", REAL)
def test_the_json_of_a_real_dump_keeps_its_promise(real_dumps: Path, name: str, capsys: pytest.CaptureFixture[str]):
    status = main(["triage", "--json", str(real_dumps / name)])

    assert status == 0
    assert_promised("triage", json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("sample", sorted(p.name for p in (ROOT / "samples").glob("*.dmp")))
def test_the_json_of_a_sample_keeps_its_promise(sample: str, capsys: pytest.CaptureFixture[str]):
    status = main(["triage", "--json", str(ROOT / "samples" / sample)])
    # Page tables without a kernel are answered in part.
    bare = sample in ("paging_pae.dmp", "paging_x64.dmp", "paging_la57.dmp", "paging_arm64.dmp")

    assert status == int(bare)
    assert_promised("triage", json.loads(capsys.readouterr().out))


def test_the_promised_fields_are_there(capsys: pytest.CaptureFixture[str]):
    promised = (
        "file format dump_type architecture build system_time uptime_seconds processors product_type bugcheck exception"
        " context process thread faulting stack modules unloaded_modules secondary_data problems sources"
    )
    main(["triage", "--json", str(SAMPLE)])

    document = json.loads(capsys.readouterr().out)

    assert set(promised.split()) <= set(document)
    assert {"code", "raw_code", "name", "meaning", "parameters"} <= set(document["bugcheck"])
    assert all({"value", "meaning", "decoded"} <= set(p) for p in document["bugcheck"]["parameters"])
    assert {"address", "module", "offset", "instruction_address"} <= set(document["faulting"])
    assert {"name", "base", "size", "timestamp", "checksum", "symbol_key"} <= set(document["modules"][0])


def test_several_files_give_a_list_and_json_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    bad = tmp_path / "bad.dmp"
    bad.write_bytes(b"")

    assert main(["triage", "--json", str(SAMPLE), str(bad)]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert main(["triage", "--jsonl", str(SAMPLE), str(bad)]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert listed == lines
    assert lines[1] == {"file": str(bad), "error": f"{bad}: the file is empty"}


def test_the_invalid_dumps_are_refused_in_one_line(real_dumps: Path, capsys: pytest.CaptureFixture[str]):
    for path in sorted((real_dumps / "invalid").iterdir()):
        status = main(["triage", str(path)])
        out, err = capsys.readouterr()

        assert (status, out, err.count("\n")) == (3, "", 1)


def decoded(real_dumps: Path, name: str) -> tuple[Report, dict[str, Any]]:
    report = triage(target.open(str(real_dumps / f"triage_{name}.dmp")))
    return report, json.loads((real_dumps / f"expected/triage_{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["x64", "arm64"])
def test_bug_check_machine_and_processors_as_decoded_by_hand(real_dumps: Path, name: str):
    report, expected = decoded(real_dumps, name)
    header, bugcheck = expected["header"], expected["bugcheck"]

    assert report.bugcheck.raw_code == int(bugcheck["code"], 16)
    assert report.bugcheck.code == int(bugcheck["base_code"], 16)
    assert report.bugcheck.name == bugcheck["name"]
    assert [int(p.value) for p in report.bugcheck.parameters] == [int(p["value"], 16) for p in bugcheck["parameters"]]
    assert report.build_lab == expected["system"]["build_lab"]
    assert str(report.system_time) == header["SystemTime"]["utc"]
    assert report.uptime_seconds == header["SystemUpTime"]["seconds"]
    assert report.product_type == header["ProductType"]["name"]
    assert report.processors == header["NumberProcessors"] == len(report.running)
    for running, cpu in zip(report.running, expected["processors"]):
        assert (running.processor, int(running.prcb), running.idle) == (cpu["cpu"], int(cpu["prcb"], 16), cpu["idle"])
        assert running.thread == int(cpu["CurrentThread"], 16)
        assert running.instruction == int(cpu["rip" if name == "x64" else "pc"], 16)


def test_the_faulting_module_as_decoded_by_hand(real_dumps: Path):
    report, expected = decoded(real_dumps, "x64")
    fault = expected["exception_record_param3"]

    assert not isinstance(report.exception, Absent)
    assert report.exception.ExceptionCode == int(fault["ExceptionCode"], 16)
    assert report.faulting.instruction_address == int(fault["ExceptionAddress"], 16)
    assert report.faulting.module == expected["analysis"]["faulting_module"]
    assert isinstance(report.faulting.address, Absent)  # the processor gave none: -1


def test_nothing_is_blamed_where_nothing_is_to_blame(real_dumps: Path):
    report, expected = decoded(real_dumps, "arm64")

    assert expected["analysis"]["faulting_module"] is None
    assert not report.faulting.module


def test_the_exceptions_context_and_the_bug_checks_breakpoint_are_told_apart(real_dumps: Path):
    """On x64 the header's CONTEXT is the exception's, its EXCEPTION_RECORD the breakpoint of KeBugCheckEx."""
    report, expected = decoded(real_dumps, "x64")

    assert not isinstance(report.context, Absent)
    assert report.context.pc == int(expected["contexts"]["header_0x348"]["rip"], 16)
    assert report.context.source == "dump header, equal to bug check parameter 4: the exception's"
    assert report.sources["exception"] == "bug check parameter 3"


def test_secondary_data_is_never_echoed(real_dumps: Path, capsys: pytest.CaptureFixture[str]):
    """Real dumps carry serial numbers and the like; the firmware's table (SMBIOS) is full of them."""
    path = real_dumps / "triage_arm64.dmp"
    (blob,) = (b for b in target.open(str(path)).dump.secondary if b.owner == "mssmbios!SMBiosGuidSMBios")
    table = path.read_bytes()[blob.offset : blob.offset + blob.size]
    strings = {w.decode("latin-1") for w in table.split(b"\0") if len(w) >= 6 and any(48 <= c < 58 for c in w)}

    main(["triage", str(path)])
    main(["triage", "--json", str(path)])
    out = capsys.readouterr().out

    assert len(strings) > 3
    assert not {w for w in strings if w in out}


@pytest.mark.parametrize("dump_type", [1, 2, 5, 6, 7, 8, 9, 0xA])
def test_other_dumps_tell_their_header_and_what_is_missing(dump_type: int, tmp_path: Path, capsys):
    data = bytearray(SAMPLE.read_bytes()[:0x2000])
    data[0xF98] = dump_type
    path = tmp_path / "full.dmp"
    path.write_bytes(data + bytes(0x1000))

    status = main(["triage", "--json", str(path)])

    document = json.loads(capsys.readouterr().out)
    assert status == 1
    assert document["verdict"].startswith("APC_INDEX_MISMATCH (1)")
    assert any(line.startswith("memory: ") for line in document["missing"])
    assert_promised("triage", document)


def test_parameters_of_a_32_bit_machine_have_eight_digits(capsys: pytest.CaptureFixture[str]):
    main(["triage", str(ROOT / "samples/file_mapping_x86.dmp")])

    assert "Arg1: 00000000, not documented\n" in capsys.readouterr().out
