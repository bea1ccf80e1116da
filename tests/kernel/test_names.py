"""Names in expressions, against a dump that is stated and one that another program decoded."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_target

import dumpwalk
from dumpwalk.cli import main
from dumpwalk.errors import ReadError, TypeInfoError, UsageError
from dumpwalk.expression import evaluate
from dumpwalk.kernel.names import DumpNames
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Absent

HEADER = {
    "MinorVersion": 19041,
    "PsLoadedModuleList": Address(0xFFFFF80000C2A390),
    "PsActiveProcessHead": Absent("not set"),
    "KdDebuggerDataBlock": Absent("not set"),
    "PfnDataBase": Absent("not set"),
    "PaeEnabled": Absent("not in a 64-bit header"),
    "BugCheckCode": Hex(0x1E),
    "BugCheckParameters": (Hex(1), Hex(2), Hex(3), Hex(4)),
}


def test_a_name_that_no_export_can_have() -> None:
    """Exported names are ASCII; what the user typed need not be."""
    target = dumpwalk.open(str(Path(__file__).parents[2] / "samples/objects_x64.dmp"))

    with pytest.raises(TypeInfoError, match="no symbol"):
        DumpNames(target).symbol("nt!Ob\u00e9\udce9")


def x64_context(**registers: int) -> bytes:
    """Return a CONTEXT of winnt.h: its flags, and the registers at these offsets."""
    data = bytearray(0x4D0)
    struct.pack_into("<I", data, 0x30, 0x10001F)
    for name, value in registers.items():
        struct.pack_into("<Q", data, {"rax": 0x78, "rsp": 0x98, "rip": 0xF8}[name], value)
    return bytes(data)


@pytest.fixture
def names() -> DumpNames:
    context = x64_context(rax=0xFFFFC08B12345678, rsp=0xFFFF850429892120, rip=0xFFFFF8048B58334C)
    target: Any = fake_target(
        memory={0xFFFF850429892120: struct.pack("<2Q", 0x1111, 0xFFFFC08BDE9E1640)},
        modules={"nt": (0xFFFFF80000000000, 0x1000000), "tcpip": (0xFFFFF80010000000, 0x1000)},
        ContextRecord=context,
        **HEADER,
    )
    target.dump.thread = Address(0xFFFFC08BDE9E1640)
    target.dump.process = Absent("the dump does not say")
    return DumpNames(target)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@rsp", 0xFFFF850429892120),
        ("@$csp", 0xFFFF850429892120),
        ("@$ip", 0xFFFFF8048B58334C),
        ("@RAX", 0xFFFFC08B12345678),
        ("@eax", 0x12345678),
        ("@$retreg", 0xFFFFC08B12345678),
        ("poi(@rsp+8)", 0xFFFFC08BDE9E1640),
        ("@$thread", 0xFFFFC08BDE9E1640),
        ("$thread+8", 0xFFFFC08BDE9E1648),
        ("@$ptrsize", 8),
        ("@$bug_code", 0x1E),
        ("@$bug_param3", 3),
        ("nt!PsLoadedModuleList", 0xFFFFF80000C2A390),  # the header points to it
        ("nt", 0xFFFFF80000000000),
        ("tcpip + 10", 0xFFFFF80010000010),
    ],
)
def test_values(text: str, value: int, names: DumpNames) -> None:
    assert evaluate(text, names) == value


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("@$proc", TypeInfoError, "@$proc: the dump does not say"),
        ("@$teb", TypeInfoError, "not known here"),
        ("@$t0", TypeInfoError, "not known here"),
        ("@xmm0", UsageError, "no register xmm0"),
        ("nt!KeBugCheckEx", TypeInfoError, "nt!KeBugCheckEx: a fake has none"),
        ("tcpip!Foo", TypeInfoError, "tcpip begins at fffff800`10000000"),
        ("afd!Foo", TypeInfoError, "no module afd is loaded"),
        ("poi(100)", ReadError, "not in the dump"),
        ("mt1", UsageError, "no number and no name"),
    ],
)
def test_what_can_not_be_had_is_said(text: str, error: type[Exception], said: str, names: DumpNames) -> None:
    with pytest.raises(error) as caught:
        evaluate(text, names)

    assert said in str(caught.value)


def test_32_bit_registers_are_negative_numbers() -> None:
    context = bytearray(0x2CC)
    struct.pack_into("<I", context, 0, 0x1003F)
    struct.pack_into("<I", context, 0xC4, 0x8B123458)
    names = DumpNames(fake_target("x86", {0x8B123458: struct.pack("<I", 0x8750EF80)}, ContextRecord=bytes(context)))

    assert evaluate("@esp", names) == 0xFFFFFFFF8B123458
    assert evaluate("poi(@esp)", names) == 0x8750EF80


def test_a_header_without_registers() -> None:
    names = DumpNames(fake_target(ContextRecord=b"PAGE" * 0x200))

    with pytest.raises(TypeInfoError, match="the dump's header has no registers"):
        evaluate("@rsp", names)


@pytest.mark.parametrize("word", ["rsp", "eax", "$ip", "efl", "cs", "$retreg", "r8d"])
def test_what_may_be_a_register_is_missed_as_one(word: str) -> None:
    names = DumpNames(fake_target(ContextRecord=b""))

    with pytest.raises(TypeInfoError, match="the dump's header has no registers"):
        evaluate(word, names)


def test_a_word_that_is_no_register_is_not_missed_as_one() -> None:
    names = DumpNames(fake_target(ContextRecord=b""))

    with pytest.raises(UsageError, match="exdisk is no number and no name that is known"):
        evaluate("exdisk", names)
    with pytest.raises(UsageError, match="there is no register exdisk"):
        evaluate("@exdisk", names)


def test_names_of_a_real_dump(real_dumps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decoded = json.loads((real_dumps / "expected" / "triage_x64.json").read_text("utf-8"))
    names = DumpNames(dumpwalk.open(str(real_dumps / "triage_x64.dmp")))

    for symbol, check in decoded["type_information"]["symbol_checks"].items():
        if check["match"]:
            base = int(decoded["system"]["kernel_base"], 16)
            assert evaluate(f"nt!{symbol}", names) == base + int(check["isf"], 16), symbol
    context = decoded["contexts"]["header_0x348"]
    for register in ("rax", "rsp", "rip", "r13"):
        assert evaluate(f"@{register}", names) == int(context[register], 16)
    assert evaluate("@$thread", names) == int(decoded["thread"]["address"], 16)
    assert evaluate("@$proc", names) == int(decoded["process"]["address"], 16)
    # What the list of processes begins with is the process that the dump holds.
    assert evaluate("poi(nt!PsActiveProcessHead) - 448", names) == int(decoded["process"]["address"], 16)

    dump = str(real_dumps / "triage_x64.dmp")
    assert main(["-z", dump, "dt", "nt!_ETHREAD", "Cid.", "@$thread"]) == 0
    assert "UniqueThread : 0x00000000`00000108 Void" in capsys.readouterr().out
    assert main(["-z", dump, "dt", "nt!_LIST_ENTRY", "nt!PsActiveProcessHead"]) == 0
    assert "Flink            : 0xffffc08b`dce945c8 _LIST_ENTRY" in capsys.readouterr().out
    assert main(["-z", dump, "dt", "nt!_LIST_ENTRY", "nt!PsNoSuchList"]) == 4
    said = capsys.readouterr().err
    assert "nt!PsNoSuchList: no symbol PsNoSuchList in nt/19041.804-x64" in said
    assert main(["-z", dump, "dt", "nt!PsActiveProcessHead"]) == 4
    assert "nt!PsActiveProcessHead is a symbol, at fffff804`7c61e200; of what type" in capsys.readouterr().err


def test_a_kernel_that_is_not_known_has_few_names(real_dumps: Path) -> None:
    names = DumpNames(dumpwalk.open(str(next((real_dumps / "win81").glob("*.dmp")))))

    assert evaluate("nt!PsLoadedModuleList", names)
    with pytest.raises(TypeInfoError, match="this kernel is not known, so its symbols are not"):
        evaluate("nt!KeBugCheckEx", names)
