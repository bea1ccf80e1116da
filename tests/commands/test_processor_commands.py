"""lm, pcr, prcb, idt, gdt, dg and ssdt as commands: exit status, errors, JSON, and what they import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_startup import DEAR, LIBRARIES, PROGRAM, _foreign, _imported

from dumpwalk.cli import main

SAMPLES = Path(__file__).parents[2] / "samples"
X64, X86, SMALL = (str(SAMPLES / f"{name}.dmp") for name in ("processor_x64", "processor_x86", "apc_index_mismatch"))
COMMANDS = ("lm", "pcr", "prcb", "idt", "gdt", "dg 10", "ssdt")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dump_is_needed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, *command.split())

    assert status == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("-z", SMALL, "idt"), 3, "where the IDT of processor 0 is, is not known"),
        (("-z", SMALL, "gdt"), 3, "where the GDT of processor 0 is, is not known"),
        (("-z", X64, "idt", "100"), 2, "there is no vector 100"),
        (("-z", X64, "idt", "0", "--processor", "4"), 2, "there is no processor 4 in the dump; it has processor 0"),
        (("-z", X64, "pcr", "1"), 2, "there is no processor 1"),
        (("-z", X64, "dg", "100"), 2, "selector 100 lies behind the end of the table"),
        (("-z", X64, "dg", "10", "8"), 2, "the last not before the first"),
        (("-z", X64, "dg", "0", "fff0"), 2, "at most 256 selectors"),
        (("-z", X64, "dg", "14"), 3, "is one of a local table"),
        (("-z", X64, "ssdt", "99"), 2, "there is no service 99 in this table; it has 6"),
        (("-z", X64, "ssdt", "-w"), 2, "session space"),
        (("-z", X64, "ssdt", "--table", "1000"), 3, "1000"),
        (("-z", X64, "lmx"), 2, "lm has no option 'x'"),
        (("-z", X64, "lmv", "m"), 2, "lm m needs a pattern"),
        (("-z", SMALL, "ssdt"), 4, "--table ADDRESS says it"),
        (("-z", str(SAMPLES / "arm64.dmp"), "pcr"), 2, "prcb shows their processors"),
        (("-z", X64, "--registers", "nowhere", "lm"), 3, "nowhere: No such file"),
        (("-z", X64, "--registers", str(SAMPLES / "README.md"), "lm"), 2, "no line of it gives a register"),
        (("--registers", "x", "bugcheck", "1"), 2, "leave out --raw, --dtb and --registers"),
    ],
)
def test_errors_are_one_line(
    words: tuple[str, ...], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = run(capsys, *words)

    assert (found, out) == (status, "")
    assert said in err
    assert err.count("\n") == 1


def test_what_is_out_of_every_module_makes_an_answer_partial(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "-z", X64, "idt")[0] == 1
    assert run(capsys, "-z", X64, "idt", "e")[0] == 0
    assert run(capsys, "-z", X64, "ssdt")[0] == 0  # a hook is marked; nothing is missing


def test_glued_options(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "-z", X64, "lm", "v", "m", "nt")

    for words in (("lmvm", "nt"), ("lmvmnt",), ("!lmv", "mnt"), ("lm", "-vm", "nt"), ("lmDvm", "NT")):
        assert run(capsys, "-z", X64, *words) == shown


def test_forms_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    names = run(capsys, "-z", X64, "lm1m")[1].split()

    assert names == ["ACPI", "i8042prt", "example", "nt"]
    assert run(capsys, "-z", X64, "lm", "1m", "sm")[1].split() == ["ACPI", "example", "i8042prt", "nt"]
    assert run(capsys, "-z", X64, "lma", "poi(nt!PsLoadedModuleList)*0+nt+10")[1].splitlines()[1].split()[2] == "nt"
    assert "\\SystemRoot\\System32\\drivers\\ACPI.sys" in run(capsys, "-z", X64, "lmf")[1]
    assert "ACPI.sys     Wed Sep  3" not in run(capsys, "-z", X64, "lm")[1]
    assert run(capsys, "-z", X64, "lmtn")[1].splitlines()[1].split()[2:5] == ["ACPI", "ACPI.sys", "Sat"]
    assert "Unloaded" not in run(capsys, "-z", X64, "lmo")[1]
    assert run(capsys, "-z", X64, "lml")[1].count("symbols)") == 1
    assert run(capsys, "-z", X64, "lmu")[1].splitlines()[1:] == []


def test_all_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "-z", X64, "idt", "-a")[1]

    assert len([line for line in shown.splitlines() if line[2:3] == ":"]) == 256
    assert "ff:\t" in shown


def test_json_is_the_same_record(capsys: pytest.CaptureFixture[str]) -> None:
    (table,) = json.loads(run(capsys, "-z", X86, "idt", "b4", "--json")[1])["tables"]

    (entry,) = table["entries"]
    assert (entry["vector"], entry["used"], len(entry["interrupts"])) == ("0xb4", True, 2)
    assert [interrupt["routine"] for interrupt in entry["interrupts"]] == ["ndis+0x12f0", "USBPORT+0x2c18"]
    assert json.loads(run(capsys, "-z", X64, "ssdt", "4", "--json")[1])["services"][0]["hooked"] is True


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_dear_is_imported(command: str) -> None:
    """lark and the parsers of types belong to nobody's way to an answer."""
    names = _imported(PROGRAM, "-z", X86, *command.split())

    assert (_foreign(names) - _imported("import construct")) & DEAR == set()
    assert _foreign(names) & LIBRARIES <= {"construct"}
