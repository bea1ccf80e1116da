"""The text of memory images: what it states, and what is said about text that makes no sense."""

from __future__ import annotations

import pytest

from dumpwalk.synth import Block, SpecError, dump, parse
from dumpwalk.synth.image_spec import (
    DeviceItem,
    DriverItem,
    EntryItem,
    FileItem,
    HandleItem,
    Image,
    IrpItem,
    MapItem,
    Pages,
    PoolItem,
    ProcessItem,
    Ref,
    SectionItem,
    StructItem,
    SymbolItem,
    ThreadItem,
)

HEAD = "dump raw x64\nprofile nt/19041.3570-x64\n"


def test_every_statement():
    spec = parse(
        HEAD
        + """\
paging x64
cookie b7
debugger-data encoded
invalid-pte-mask 0
memory 400000
process 1588 "explorer.exe" parent 2f0 as explorer at ffffb80f`12345080 Peb=1000
thread 1588.5ec State=Running
module example \\example.sys fffff804`7b900000
driver "\\Driver\\example" module example
device "\\Device\\Example" of example as low
device of example at ffffb80f`22345080 on low
file "\\a b" as f on low FsContext=f+8
section f image at ffffb80f`32345010 segment ffffb80f`1 ptes ffffb80f`2 valid 0-1 then transition 0 dropped
irp 1588.5ec IRP_MJ_READ minor 1 through low, low file f stack 4 Cancel=1
handle 1588 4 to f access 12019f
pool "Exmp" 40 paged as b ascii "x"
struct _FILE_OBJECT at fffff804`7b900400 Type=5
map ffffa000`00200000 to 2200000 size 200000 in 1588
pte ffffa000`00001000 80
symbol KeNumberProcessors 2 size 4
block 00401000 in 1588 bytes 01
"""
    )
    items = (
        ProcessItem(0x1588, "explorer.exe", "explorer", 0xFFFFB80F12345080, 0x2F0, (("Peb", 0x1000),)),
        ThreadItem(0x1588, 0x5EC, fields=(("State", 2),)),
        DriverItem("\\Driver\\example", module="example"),
        DeviceItem("example", "\\Device\\Example", "low"),
        DeviceItem("example", address=0xFFFFB80F22345080, on="low"),
        FileItem("\\a b", "f", device="low", fields=(("FsContext", Ref("f", 8)),)),
        SectionItem(
            *("f", True, ((Pages("valid", 0, 1),), (Pages("transition", 0, 0, True),))),
            *("", 0xFFFFB80F32345010, 0xFFFFB80F1, 0xFFFFB80F2),
        ),
        IrpItem(0x1588, 0x5EC, 3, 1, ("low", "low"), "f", 4, fields=(("Cancel", 1),)),
        HandleItem(0x1588, 4, "f", 0x12019F),
        PoolItem("Exmp", 0x40, "b", 0, True, b"x"),
        StructItem("_FILE_OBJECT", 0xFFFFF8047B900400, fields=(("Type", 5),)),
        MapItem(0xFFFFA00000200000, 0x2200000, 0x200000, 0x1588),
        EntryItem(0xFFFFA00000001000, 0x80),
        SymbolItem("KeNumberProcessors", 2, 4),
    )

    assert (spec.kind, spec.machine, spec.build) == ("raw", "x64", 19041)
    assert spec.image == Image("nt/19041.3570-x64", "x64", 0xB7, True, 0, 0x400000, items)
    assert spec.blocks == (Block(0x401000, b"\1", 0x1588),)


@pytest.mark.parametrize(
    ("text", "what", "marked"),
    [
        ("thread 4.8 Stat=1\n", "_ETHREAD has no field 'Tcb.Stat'; did you mean State?", "Stat"),
        ("struct _FILE_OBJEKT at 0\n", "has no structure _FILE_OBJEKT; did you mean _FILE_OBJECT?", "_FILE_OBJEKT"),
        ("handle 4 4 to nothing\n", "nothing is called 'nothing'", "nothing"),
        ('process 8 "a" as x\nprocess c "b" as x\n', "'x' names something already", "x"),
        ("process ffffb80f`12345080 Peb=0\n", "belongs into small dumps", "process"),
        ("thread 4.8\nirp 4.8 IRP_MJ_RAED\n", "no major function code", "IRP_MJ_RAED"),
        ("thread 4.8 StartAddress=nowhere+1\n", "no module is called 'nowhere'", "nowhere"),
        ("cookie 1\ncookie 2\n", "cookie is stated twice", "cookie"),
    ],
)
def test_errors_say_where(text: str, what: str, marked: str):
    with pytest.raises(SpecError) as caught:
        parse(HEAD + text)
    error = caught.value

    assert what in error.what
    assert error.source[error.column - 1 :].startswith(marked)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dump raw x64\nprofile nt/1-x64\n", "no types of nt/1-x64"),
        ("dump raw x86\nprofile nt/19041.3570-x64\n", "no profile of x86"),
        ("dump raw x64\npaging PAE\n", "PAE page tables are not for x64"),
        ("dump raw ARM\npaging x86\n", "memory images are of x64, x86, ARM64, not ARM"),
        ("dump raw x64\npaging x64\nhandle 4 4 to nt\n", "nothing is called"),
        ("dump raw x64\npaging x64\nsymbol Foo 1\n", "without a profile"),
        ("dump triage x64\npaging x64\n", "name the kernel's profile"),
        ("dump raw x64\npaging x64\nunloaded a 1 2\n", "name its profile"),
        (HEAD + "handle 4 5 to nt\n", "can't be a handle"),
        (HEAD + "thread 344.348\n", "there is no process 344"),
        (HEAD + 'pool "toolong" 10\n', "four characters"),
        (HEAD + 'pool "Exmp" 100000000000 at ffffb80f`82000000\n', "more than an image has room for"),
        (HEAD + "memory 1000\n", "not what the image needs"),
    ],
)
def test_what_can_not_be_built_is_said(text: str, what: str):
    with pytest.raises(SpecError) as caught:
        dump(parse(text))

    assert what in str(caught.value)
