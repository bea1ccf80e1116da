"""The text of specs: what it states, and what is said about text that makes no sense."""

from __future__ import annotations

import pytest

from dumpwalk.errors import FormatError
from dumpwalk.resources import load_grammar
from dumpwalk.synth import Blob, Block, Fault, Processor, SpecError, Stack, Structure, parse

HEAD = "dump triage x64\nbuild 19041\n"


def test_the_grammar_has_no_conflict_and_no_collision():
    pytest.importorskip("interegular")

    assert load_grammar("synth", strict=True, propagate_positions=True)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ('file "x"', "belongs into memory images"),
        ("cookie 1", "belongs into memory images"),
        ("block 12 in 4 bytes 00", "one address space"),
        ("module m \\m.sys 1000", "says size and timestamp"),
    ],
)
def test_statements_of_memory_images_have_no_place_in_small_dumps(statement: str, what: str):
    with pytest.raises(SpecError, match=what):
        parse(HEAD + statement + "\n")


def test_every_statement():
    spec = parse(
        HEAD
        + """\
lab 19041.1.amd64fre.vb_release.191206-1406
time 2021-02-21T01:38:22.9877657Z
uptime 2 days 3:04:05.006
processors 16
directory-table-base 1ad000
bugcheck 7e ffffffff`c0000005 nt+10 -1 fed

module nt "\\SystemRoot\\system 32\\ntoskrnl.exe" fffff804`7ba00000 size 1046000 timestamp 0d8333e6 checksum a5938c
module kd \\kd.dll fffff804`79450000 size b000 timestamp fe185fa8  # no checksum
unloaded "two words.sys" fffff804`87de0000 fffff804`87dfc000
pointer KdDebuggerDataBlock nt+c00b20
processor fffff804`782d4180 captured MHz=0n3593 VendorString="AuthenticAMD"
processor ffff9b00`02300180
process ffffc08b`dce94180 UniqueProcessId=4 ImageFileName="System"
thread ffffc08b`de9e1640
    Cid=4.108 State=Running
    # a remark between
    KernelApcDisable=-5
stack ffff8504`29890ee8 to ffff8504`29893000
    ffff8504`29890ee8: nt+40f4e1 0
    ffff8504`29890f28: nt+3cc052
context rip=nt+3f5a80 rsp=ffff8504`29890ee8
context at ffff8504`29891720 rip=kd+34
trap-frame ffff8504`29891f90 ErrorCode=4
exception c0000005 at kd+34 1 -1
block nt+1003 bytes 4d5a 90 pointers kd+0 unicode "hi" ascii "x" zeros 2
blob 54c84888-01d1-4c1e-bed6-282c98241303
blob 00000000-0000-0000-0000-000000000000 bytes 01
set ProductType=3 SuiteMask=0
slack 8e
cut 0n9000
"""
    )

    assert (spec.kind, spec.machine, spec.build) == ("triage", "x64", 19041)
    assert spec.lab == "19041.1.amd64fre.vb_release.191206-1406"
    assert spec.time == 0x01D707F23DBB3399
    assert spec.uptime == ((2 * 24 + 3) * 3600 + 4 * 60 + 5) * 10**7 + 60000
    assert (spec.processor_count, spec.directory_table_base) == (16, 0x1AD000)
    assert (spec.bugcheck, spec.parameters) == (0x7E, (0xFFFFFFFFC0000005, 0xFFFFF8047BA00010, -1, 0xFED))
    assert [m.name for m in spec.modules] == ["nt", "kd"]
    assert spec.modules[0].path == "\\SystemRoot\\system 32\\ntoskrnl.exe"
    assert (spec.modules[0].checksum, spec.modules[1].checksum) == (0xA5938C, 0)
    assert spec.unloaded[0].name == "two words.sys"
    assert spec.pointers == (("KdDebuggerDataBlock", 0xFFFFF8047C600B20),)
    assert spec.processors == (
        Processor(0xFFFFF804782D4180, (("MHz", 3593), ("VendorString", "AuthenticAMD")), True),
        Processor(0xFFFF9B0002300180),
    )
    assert spec.process == Structure(0xFFFFC08BDCE94180, (("UniqueProcessId", 4), ("ImageFileName", "System")))
    assert spec.thread == Structure(
        0xFFFFC08BDE9E1640,
        (("Cid.UniqueProcess", 4), ("Cid.UniqueThread", 0x108), ("State", 2), ("KernelApcDisable", -5)),
    )
    assert spec.stack == Stack(
        0xFFFF850429890EE8,
        0xFFFF850429893000,
        ((0xFFFF850429890EE8, (0xFFFFF8047BE0F4E1, 0)), (0xFFFF850429890F28, (0xFFFFF8047BDCC052,))),
    )
    assert spec.context == (("rip", 0xFFFFF8047BDF5A80), ("rsp", 0xFFFF850429890EE8))
    assert spec.contexts == (Structure(0xFFFF850429891720, (("rip", 0xFFFFF80479450034),)),)
    assert spec.trap_frames == (Structure(0xFFFF850429891F90, (("ErrorCode", 4),)),)
    assert spec.exception == Fault(0xC0000005, 0xFFFFF80479450034, (1, -1))
    assert spec.blocks == (
        Block(0xFFFFF8047BA01003, b"MZ\x90\x00\x00\x45\x79\x04\xf8\xff\xff" + b"h\0i\0" + b"x" + b"\0\0"),
    )
    assert spec.blobs == (
        Blob("54c84888-01d1-4c1e-bed6-282c98241303", b""),
        Blob("00000000-0000-0000-0000-000000000000", b"\x01"),
    )
    assert spec.settings == (("ProductType", 3), ("SuiteMask", 0))
    assert (spec.slack, spec.cut) == (0x8E, 9000)


def test_a_place_may_stand_before_the_module_it_names():
    spec = parse(HEAD + "block nt+10 zeros 1\nmodule nt nt.exe fffff80000000000 size 1000 timestamp 1\n")

    assert spec.blocks[0].address == 0xFFFFF80000000010


def test_lines_may_end_as_on_windows():
    assert parse("dump header x86\r\nbuild 7601\r\n\r\nbugcheck a 1\r\n   2 # three\r\n   3").parameters == (1, 2, 3)


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        ("bugchek 1", 1, "'bugchek' is not expected here; did you mean bugcheck?"),
        ("bugcheck", 9, "the end of the line is not expected here; a number or a place"),
        ("bugcheck 1 0 0 0 0 5", 20, "a bug check has 4 parameters"),
        ("bugcheck 0n1a", 10, "'0n1a' is not a number"),
        ("thread ffff Foo=1", 13, "_ETHREAD has no field 'Foo'"),
        ("thread ffff KernelApcDisabel=1", 13, "did you mean KernelApcDisable?"),
        ("thread ffff KernelApcDisable=10000", 13, "_ETHREAD.KernelApcDisable: 0x10000 does not fit into 2 bytes"),
        ('process ffff ImageFileName="1234567890123456"', 14, "holds 15 characters, not 16"),
        ("context raz=1", 9, "did you mean rax?"),
        ("block nt+10 bytes 00", 7, "no module is called 'nt'"),
        ("block 10 bytes 0", 16, "'0' is not expected here; hex digits in pairs would be"),
        ("block 10 zeros 1000001", 16, "0 to 16 MB"),
        ("pointer KiProcesorBlock 1", 9, "KDDEBUGGER_DATA64 has no field 'KiProcesorBlock'"),
        ("stack 1000 to 2000\n  1ffc: 0", 3, "1 pointers at 1ffc are not on the stack"),
        ("time 2021-02-30T00:00:00Z", 6, "is not a time"),
        ("time 1600-12-31T00:00:00Z", 6, "before 1601"),
        ("set NoSuchField=1", 5, "has no field 'NoSuchField'"),
        ("processors 1\nprocessors 2", 1, "processors is stated twice"),
    ],
)
def test_what_makes_no_sense_is_shown_where_it_stands(line, column, what):
    with pytest.raises(SpecError) as caught:
        parse(HEAD + line)

    assert what in str(caught.value)
    assert caught.value.line == 3 + line.count("\n")
    assert caught.value.column == column
    assert caught.value.excerpt == f"{line.splitlines()[-1]}\n{' ' * (column - 1)}^"
    assert str(caught.value).startswith(f"line {caught.value.line}, column {column}: ")
    assert isinstance(caught.value, FormatError)


@pytest.mark.parametrize("text", ["", "# nothing\n", "dump triage x64\n", "build 19041\n"])
def test_a_spec_says_what_it_is(text):
    with pytest.raises(SpecError, match="does not say"):
        parse(text)


def test_a_build_without_layouts_names_those_there_are():
    with pytest.raises(SpecError, match=r"no structure layouts for x86 build 19041; .*x86 7601"):
        parse("dump triage x86\nbuild 19041\n")
