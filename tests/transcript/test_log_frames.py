"""Frames of stacks in every form that debuggers have had."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.record import fields
from dumpwalk.transcript import gdb, parse
from dumpwalk.transcript.frame import Frame, frame
from dumpwalk.transcript.site import site


def said(found: Frame | None) -> dict[str, Any]:
    """Return what a frame says, without what it does not."""
    assert found is not None
    outer = {n: getattr(found, n) for n in fields(found) if n != "place"}
    inner = {n: getattr(found.place, n) for n in fields(found.place)}
    return {n: v for n, v in {**outer, **inner}.items() if v not in (None, (), "") and v is not False}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # k of x86, and kv with notes and source
        (
            "f64fda98 8051cc7f nt!KeBugCheckEx+0x1b",
            {
                "child_sp": 0xF64FDA98, "return_address": 0x8051CC7F, "module": "nt", "symbol": "KeBugCheckEx",
                "offset": 0x1B,
            },
        ),
        (
            "0192e638 76fc4acd c0000374 76fdedd8 0192e67c ntdll!RtlReportCriticalFailure+0x29 (FPO: [Non-Fpo])",
            {
                "child_sp": 0x192E638, "return_address": 0x76FC4ACD, "args": (0xC0000374, 0x76FDEDD8, 0x192E67C),
                "module": "ntdll", "symbol": "RtlReportCriticalFailure", "offset": 0x29, "notes": ("FPO: [Non-Fpo]",),
            },
        ),
        (
            "8013eecc 801389ee 0000000a 00000000 0000001c NT!_KiTrap0E+0x256 (FPO: [0,0] TrapFrame @ 8013eee8)",
            {
                "child_sp": 0x8013EECC, "return_address": 0x801389EE, "args": (10, 0, 0x1C), "module": "NT",
                "symbol": "_KiTrap0E", "offset": 0x256, "notes": ("FPO: [0,0] TrapFrame @ 8013eee8",),
                "trap_frame": 0x8013EEE8,
            },
        ),
        (
            "a86bfa50 82ad269d nt!KiSwapContext+0x26 (FPO: [Uses EBP] [0,0,4])",
            {
                "child_sp": 0xA86BFA50, "return_address": 0x82AD269D, "module": "nt", "symbol": "KiSwapContext",
                "offset": 0x26, "notes": ("FPO: [Uses EBP] [0,0,4]",),
            },
        ),
        (
            "0027fca0 1e056efc MSVCR90!memcpy+0x5a [f:\\dd\\INTEL\\memcpy.asm @ 188]",
            {
                "child_sp": 0x27FCA0, "return_address": 0x1E056EFC, "module": "MSVCR90", "symbol": "memcpy",
                "offset": 0x5A, "source": "f:\\dd\\INTEL\\memcpy.asm", "line": 188,
            },
        ),
        (
            "fe4cc978 80136039 fe4cc9f4 00000001 00000002 nt!Foo+0x1 (FPO: [1,2,3]) (CONV: stdcall) "
            "[d:\\nt\\c.c @ 2164]",
            {
                "child_sp": 0xFE4CC978, "return_address": 0x80136039, "args": (0xFE4CC9F4, 1, 2), "module": "nt",
                "symbol": "Foo", "offset": 1, "notes": ("FPO: [1,2,3]", "CONV: stdcall"), "source": "d:\\nt\\c.c",
                "line": 2164,
            },
        ),
        # the old widths, a damaged column, no symbol at all
        (
            "0b4ffc74  77f6c600  000000c8.00000000 77fa5ad0 BuggyProgram!CreateMsgFile+0x1b",
            {
                "child_sp": 0xB4FFC74, "return_address": 0x77F6C600, "args": (0xC8, 0, 0x77FA5AD0),
                "module": "BuggyProgram", "symbol": "CreateMsgFile", "offset": 0x1B,
            },
        ),
        (
            "8013ed5c 801263ba 00000000 00000000 e12ab000",
            {"child_sp": 0x8013ED5C, "return_address": 0x801263BA, "args": (0, 0, 0xE12AB000)},
        ),
        # x64: k, kv, kb without Child-SP, old and new gaps
        (
            " 01 ffffd000`98d1c4b0 fffff802`9eaa8b96     nt!ObpCallPreOperationCallbacks+0x16a",
            {
                "number": 1, "child_sp": 0xFFFFD00098D1C4B0, "return_address": 0xFFFFF8029EAA8B96, "module": "nt",
                "symbol": "ObpCallPreOperationCallbacks", "offset": 0x16A,
            },
        ),
        (
            "fffff880`040b7e18 fffff800`026ca362 : 00000000`00000001 00000000`00000002 00000000`00000003 "
            "00000000`00000004 : nt!memcpy+0x3 (TrapFrame @ fffff800`cc332e70)",
            {
                "child_sp": 0xFFFFF880040B7E18, "return_address": 0xFFFFF800026CA362, "args": (1, 2, 3, 4),
                "module": "nt", "symbol": "memcpy", "offset": 3, "notes": ("TrapFrame @ fffff800`cc332e70",),
                "trap_frame": 0xFFFFF800CC332E70,
            },
        ),
        (
            "00 00007ff8`f870735c     : 00000135`c9161040 ffffffff`fffffffe 00000027`5abfeae0 00000000`00000000 "
            ": ntdll!NtTerminateThread",
            {
                "return_address": 0x7FF8F870735C, "number": 0, "module": "ntdll", "symbol": "NtTerminateThread",
                "args": (0x135C9161040, 0xFFFFFFFFFFFFFFFE, 0x275ABFEAE0, 0),
            },
        ),
        # kf, inline frames, frames without symbols
        (
            "02        40 ffffdc0e`9ee66850 fffff800`2b7f8801     dxgmms2!VidSchiMarkDeviceAsError+0x4d  ",
            {
                "number": 2, "size": 0x40, "child_sp": 0xFFFFDC0E9EE66850, "return_address": 0xFFFFF8002B7F8801,
                "module": "dxgmms2", "symbol": "VidSchiMarkDeviceAsError", "offset": 0x4D,
            },
        ),
        (
            "04 (Inline Function) --------`--------     POC!ExecuteCommand+0xab",
            {"number": 4, "inline": True, "module": "POC", "symbol": "ExecuteCommand", "offset": 0xAB},
        ),
        (
            "03 00000000`055ce750 00000000`055ce750 0x56e8d27",
            {"number": 3, "child_sp": 0x55CE750, "return_address": 0x55CE750, "address": 0x56E8D27},
        ),
        ("05 f7b136ec f64fdc34 HEVD+0x4e88", {
            "number": 5, "child_sp": 0xF7B136EC, "return_address": 0xF64FDC34, "module": "HEVD", "offset": 0x4E88,
        }),
        # names alone
        ("0a nt!memcpy", {"number": 10, "module": "nt", "symbol": "memcpy"}),
        ("10 ***", {"number": 0x10, "notes": ("***",)}),
        ("nt!KiRetireDpcList+0xd7", {"module": "nt", "symbol": "KiRetireDpcList", "offset": 0xD7}),
        (
            "nt!KxRetireDpcList+0x5 (TrapFrame @ fffff800`cc332e70)",
            {
                "module": "nt", "symbol": "KxRetireDpcList", "offset": 5, "trap_frame": 0xFFFFF800CC332E70,
                "notes": ("TrapFrame @ fffff800`cc332e70",),
            },
        ),
        ("win32k! SfnLOGONNOTIFY", {"module": "win32k", "symbol": "SfnLOGONNOTIFY"}),
        # no frames
        ("fffff800`12345678  00000000`00000001 00000000`00000002 00000000`00000003 00000000`00000004", None),
        ("8b5d5e5f  00000000 00000000 00000000", None),
        ("The driver was loaded.", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_line(line: str, expected: dict[str, Any] | None) -> None:
    if expected is None:
        assert frame(line) is None
    else:
        assert said(frame(line)) == expected


@pytest.mark.parametrize(
    ("text", "module", "symbol", "parameters"),
    [
        ("nt! ?? ::FNODOBFM::`string'+0x31868", "nt", "?? ::FNODOBFM::`string'", ""),
        ("OGL!DpOutputSpanStretch<1>::OutputSpan+0x13e", "OGL", "DpOutputSpanStretch<1>::OutputSpan", ""),
        ("a!std::map<int, char *>::at+0x1", "a", "std::map<int, char *>::at", ""),
        ("NT!_RtlMoveMemory@12+0x3e", "NT", "_RtlMoveMemory@12", ""),
        ("Demo!ILT+340(mainCRTStartup)+0x5", "Demo", "ILT+340", "(mainCRTStartup)"),
        ('a!f(int n = 0n5, char * s = 0x01 "x(")+0x7f', "a", "f", '(int n = 0n5, char * s = 0x01 "x(")'),
        ("a!C::operator()+0x3", "a", "C::operator()", ""),
        ("a!std::function<void (int)>::operator()+0x3", "a", "std::function<void (int)>::operator()", ""),
        ("image00400000+0x0005de1a", "image00400000", "", ""),
        ("<Unloaded_drv.sys>+0x1b", "<Unloaded_drv.sys>", "", ""),
        ("ntoskrnl!IopStartDevice (!devobj ff0ce870)", "ntoskrnl", "IopStartDevice", ""),
    ],
)
def test_names_are_not_identifiers(text: str, module: str, symbol: str, parameters: str) -> None:
    found = site(text)

    assert (found.module, found.symbol, found.parameters) == (module, symbol, parameters)


def test_gdb() -> None:
    line = "#2  0xc10e4e31 in lookup_open (opened=0xce0f5ec8, got_write=false) at fs/namei.c:2641"

    assert said(gdb.frame(line)) == {
        "number": 2, "address": 0xC10E4E31, "symbol": "lookup_open", "source": "fs/namei.c", "line": 2641,
        "parameters": "opened=0xce0f5ec8, got_write=false",
    }  # fmt: skip
    assert said(gdb.frame("#7  <signal handler called>")) == {"number": 7, "notes": ("<signal handler called>",)}
    assert said(gdb.frame("#9  ?? () at kernel/kthread.c:420"))["line"] == 420
    assert (
        said(gdb.frame('#11 sys_execve (filename=0x9d816c8 "\\320\\061)", argv=0x9) at fs/exec.c:1681'))["line"] == 1681
    )
    assert gdb.frame("#include <stdio.h>") is None


def test_xcode() -> None:
    assert said(gdb.xcode("IOStorage::open at IOStorage.cpp:216")) == {
        "symbol": "IOStorage::open", "source": "IOStorage.cpp", "line": 216,
    }  # fmt: skip
    assert gdb.xcode("we looked at it: see a.cpp:1") is None


LONG = st.text(alphabet="(<[`'!+ )>]x0@", max_size=1000)


@given(LONG)
def test_brackets_take_no_time(text: str) -> None:
    site(text)
    frame(f"f64fda98 8051cc7f {text}")
    gdb.frame(f"#0  {text}")


def test_frames_that_a_mail_program_wrapped() -> None:
    frames = (
        parse(
            """\
STACK_TEXT:

ffffd001`87f466f8 fffff803`8a367be9 : 00000000`0000000a 00000000`0000000b 00000000`0000000c

00000000`00000001 : nt!KeBugCheckEx

ffffd001`87f46700 fffff803`8a361c3a : 00000000`00000001 00000000`00000002 00000000`00000003
00000000`00000004 : nt!KiBugCheckDispatch+0x69
"""
        )
        .blocks[0]
        .record.frames
    )

    assert [(f.args[3], f.place.symbol) for f in frames] == [(1, "KeBugCheckEx"), (4, "KiBugCheckDispatch")]
    old = (
        parse(
            """\
ChildEBP RetAddr  Args to Child
f64138f0 8048d8e7 ff0cde88 f6413978 ff0cddc8 ntoskrnl!IopStartAndEnumerateDevice
+0x1a
8013ef74 fe5620d2 fe5620da ff690268 80404690
NDIS!_EthFilterIndicateReceiveComplete+0x31
"""
        )
        .blocks[0]
        .record.frames
    )

    assert [(f.place.symbol, f.place.offset) for f in old] == [
        ("IopStartAndEnumerateDevice", 0x1A),
        ("_EthFilterIndicateReceiveComplete", 0x31),
    ]


def test_parameters_on_lines_of_their_own() -> None:
    frames = (
        parse(
            """\
ChildEBP RetAddr
016af2c4 0f0c1813 php5ts!_zval_dtor_func(
            struct _zval_struct * zvalue = 0x030bf3f8)+0x7f [c:\\zend.c @ 36]
016af2d4 0f0c1900 php5ts!zval_dtor+0x13
"""
        )
        .blocks[0]
        .record.frames
    )

    assert [(f.place.symbol, f.place.offset, f.place.line) for f in frames] == [
        ("_zval_dtor_func", 0x7F, 36),
        ("zval_dtor", 0x13, None),
    ]
    assert frames[0].place.parameters == "( struct _zval_struct * zvalue = 0x030bf3f8)"
