"""A pasted text printed back: each line is accounted for once, and is what it was."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.render.log_printed import PrintedLine, printed, same
from dumpwalk.transcript import parse
from dumpwalk.transcript.lines import Lines

STACKS = """\
1: kd> kn
 # Child-SP          RetAddr               Call Site
00 ffffd000`98d1c4a8 fffff802`9eaa8b96     nt!KeBugCheckEx
01 ffffd000`98d1c4b0 fffff802`9eaa8a10     nt!ObpCallPreOperationCallbacks+0x16a
02 (Inline Function) --------`--------     nt!ObReference+0x4 [minkernel\\ntos\\ob\\obref.c @ 12]
1: kd> kv
Child-SP          RetAddr           : Args to Child                                                           : \
Call Site
fffff880`0653b0f8 fffff800`02ed82a9 : 00000000`0000003b 00000000`c0000005 fffff880`05a0bfd2 fffff880`0653b9c0 : \
nt!KeBugCheckEx
kd> kb
ChildEBP RetAddr  Args to Child
b1178710 8052036a 00000050 ffffffd0 00000001 nt!KeBugCheckEx+0x1b (FPO: [Non-Fpo])
"""
MEMORY = """\
kd> db 00f5ee7c
00f5ee7c  43 00 3a 00 5c 00 64 00-6c 00 6c 00 2e 00 64 00  C.:.\\.d.l.l...d.
kd> dd 82997760
82997760  00000000 bad0b0b0 ???????? 84f46660
kd> dqs fffff807`1ee198c0
fffff807`1ee198c0  fffff807`1e0df9f0 nt!KiServiceTable
kd> !dq f2451020
#f2451020 0a000000`f2974867 00000000`00000000
kd> da fffff800`15ed93ec
fffff800`15ed93ec  "..RtlEnumerateGenericTableAvl"
"""
REGISTERS = """\
0: kd> r
rax=0000000000000001 rbx=0000000000000000 rcx=00000000000000ff
 r8=0000000000000001  r9=0000000000000000 r10=0000000000000000
iopl=0         nv up ei pl zr na po nc
cs=0010  ss=0018  ds=002b  es=002b  fs=0053  gs=002b             efl=00000246
nt!KeBugCheckEx+0x4:
fffff801`1105142c 480fbaf112      btr     rcx,12h
kd> .trap b1178800
ErrCode = 00000002
eax=00000001 ebx=00000002 ecx=00000003 edx=00000000 esi=00000000 edi=00000000
eip=8052036a esp=b1178710 ebp=b1178720 iopl=0         vif nv up ei pl nz ac pe nc
cs=0008  ss=0010  ds=0023  es=0023  fs=0030  gs=0000             efl=00010206
nt!KiTrap0E+0x10:
8052036a ff7104          push    dword ptr [ecx+4]    ds:0023:00000004=????????
"""
OTHERS = """\
kd> lm
start    end        module name
804d7000 806ebf00   nt         (pdb symbols)          c:\\symbols\\ntoskrnl.pdb
f9f73000 f9f7fd80   sysaudio   (deferred)
kd> dt nt!_LIST_ENTRY 80552140
   +0x000 Flink            : 0x805c3a70 _LIST_ENTRY [ 0x80552140 - 0x0 ]
   +0x004 Blink            : (null)
kd> .bugcheck
Bugcheck code 00000139
Arguments 00000003 b41c5d4c 00000000 00000000
"""


def lines_of(text: str) -> list[str]:
    return [line for chunk in Lines.of_text(text).chunks() for line in chunk]


def back(text: str) -> tuple[PrintedLine, ...]:
    return printed(parse(text), lines_of(text))


def test_every_line_has_one_origin() -> None:
    text = (
        "Look at this:\n\n0: kd> kn\n00 fffff880`0653b0f8 fffff800`02ed82a9 nt!KeBugCheckEx\nWARNING: Stack unwind "
        "information not available. Following frames may be wrong.\n?what is this\n01 fffff880`0653b100 "
        "fffff800`02ed7bfc nt!KiBugCheckDispatch+0x69\n  // wrong\n[snip]\n0: kd> ? 216\nEvaluate "
        "expression: 216 = 00000000`000000d8\n"
    )

    assert [line.origin for line in back(text)] == [
        "outside", "blank", "command", "record", "noise", "unparsed", "record", "unparsed", "noise", "command", "block",
    ]  # fmt: skip


@pytest.mark.parametrize("text", [STACKS, MEMORY, REGISTERS, OTHERS])
def test_records_print_their_lines(text: str) -> None:
    assert Counter(line.origin for line in back(text)).keys() == {"command", "record"}


def test_what_a_record_prints_is_the_line_but_for_case_and_backticks() -> None:
    shown = back("kd> dd 82997760\n82997760  BAD0B0B0\n")

    assert shown[1] == PrintedLine("82997760  bad0b0b0", "record")


def test_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match="the log has 1 lines, the text 2"):
        printed(parse("kd> kb"), ["kd> kb", "x"])


def test_rows_that_are_all_the_same() -> None:
    text = "kd> dd 0\n" + "00000000  00000000 00000000\n" * 3000 + "kd> kb\n" + "80000000 80000000 nt!x\n" * 3000

    assert Counter(line.origin for line in back(text)) == {"command": 2, "record": 6000}


ALPHABET = st.sampled_from((*STACKS.split("\n"), *MEMORY.split("\n"), *REGISTERS.split("\n"), *OTHERS.split("\n")))


@given(st.lists(st.one_of(ALPHABET, st.text(max_size=40))))
def test_any_text_is_printed_back(parts: list[str]) -> None:
    text = "\n".join(parts)
    shown, lines = back(text), lines_of(text)

    assert all(same(line.text, kept) for line, kept in zip(shown, lines))
    assert all(line.origin for line in shown)
    assert len(shown) == len(lines)


def test_what_could_not_be_read_is_printed_back() -> None:
    lines = [
        "0: kd> !thread 870788e8",
        "THREAD 870788e8  Cid ????.????  Teb: ???? Win32Thread: ???? ????: (????) ???? ????",
        "IRP List:",
        "    86bb2008: (????,????) Flags: ????  Mdl: ????",
        "Owning Process            ????       Image:         ????",
    ]
    log = parse("\n".join(lines))

    shown = printed(log, lines)

    assert [line.origin for line in shown] == ["command", "record", "record", "record", "record"]
