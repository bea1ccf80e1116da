"""A log is split into blocks, and every line of it is in exactly one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumpwalk.transcript import Log, blocks, parse, splitter
from dumpwalk.transcript.lines import Lines
from dumpwalk.transcript.prompt import bare, prompted, word

STACK = """\
Child-SP          RetAddr           Call Site
fffff880`0335c688 fffff800`01b41f1c nt!IofCallDriver
fffff880`0335c690 fffff800`01b3b6b4 nt!IoSynchronousPageWrite+0x1cc
"""


def kinds(log: Log) -> list[tuple[str, int, int]]:
    return [(b.kind, b.first_line, b.last_line) for b in log.blocks]


def places(log: Log) -> list[int]:
    """Return every line that is in a block or outside of all, as often as it is."""
    inside = [n for b in log.blocks for n in range(b.first_line, b.last_line + 1)]
    return sorted([*inside, *log.unparsed])


def assert_nothing_lost(text: str) -> Log:
    log = parse(text)
    lines = list(Lines.of_text(text))  # a comment sign alone makes a blank line
    held = places(log)

    assert len(held) == len(set(held)), "a line is in two places"
    assert log.lines == len(lines)
    assert [n for n, line in enumerate(lines, 1) if line.strip() and n not in held] == []
    for block in log.blocks:
        assert set(block.unparsed).isdisjoint(block.noise)
        assert all(block.first_line <= n <= block.last_line for n in (*block.unparsed, *block.noise))
    return log


def test_commands_part_blocks() -> None:
    log = assert_nothing_lost(f"0: kd> k\n{STACK}\n0: kd> .bugcheck\nBugcheck code 0000000A\nArguments 1 2 0 4\n")

    assert kinds(log) == [("stack", 1, 4), ("bugcheck", 6, 8)]
    assert [b.command for b in log.blocks] == ["k", ".bugcheck"]


def test_looks_part_blocks() -> None:
    log = assert_nothing_lost(f"Look at this.\n\n{STACK}\nIt hangs.\n\n   +0x000 Type : 0n5\n   +0x002 Size : 0n128\n")

    assert kinds(log) == [("stack", 3, 5), ("dt", 9, 10)]
    assert log.unparsed == (1, 7)


def test_noise_inside_a_block_is_counted_apart() -> None:
    text = STACK.splitlines()
    text[2:2] = ["WARNING: Stack unwind information not available. Following frames may be wrong.", "[snip]"]
    log = assert_nothing_lost("\n".join(text))

    assert kinds(log) == [("stack", 1, 5)]
    assert log.blocks[0].noise == (3, 4)
    assert len(log.blocks[0].record.frames) == 2


def test_noise_alone_is_a_kind_of_its_own() -> None:
    log = assert_nothing_lost(
        "*** ERROR: Symbol file could not be found.\n*** WARNING: Unable to verify checksum for x\n"
    )

    assert kinds(log) == [("noise", 1, 2)]


def test_what_stands_right_below_a_command_is_its_output() -> None:
    log = assert_nothing_lost("0: kd> !mystery\nsome text\nmore text\n\nProse of the author.\n0: kd> g\n")

    assert kinds(log) == [("command", 1, 3), ("command", 6, 6)]
    assert log.blocks[0].unparsed == (2, 3)
    assert log.unparsed == (5,)


def test_a_line_in_the_middle_that_nobody_understands() -> None:
    log = assert_nothing_lost("00 nt!A\n01 nt!B\n(here it is interesting)\n02 nt!C\n")

    assert kinds(log) == [("stack", 1, 4)]
    assert log.blocks[0].unparsed == (3,)


def test_stacks_that_begin_anew_are_two() -> None:
    log = assert_nothing_lost("00 nt!A\n01 nt!B\n00 nt!C\n01 nt!D\n")

    assert kinds(log) == [("stack", 1, 2), ("stack", 3, 4)]


def test_several_commands_on_one_line() -> None:
    registers = "eax=00000001 ebx=0000000c ecx=00000000 edx=00000000 esi=0ab4aea0 edi=0000401d\n"
    log = assert_nothing_lost(f"0:000> r;k\n{registers}{STACK}")

    assert kinds(log) == [("registers", 1, 2), ("stack", 3, 5)]
    assert {b.command for b in log.blocks} == {"r;k"}


def test_lines_longer_than_any_debugger_prints_are_kept_and_named() -> None:
    log = assert_nothing_lost(f"00 nt!A\n01 nt!B\n{'(' * 10_000_000}\n02 nt!C\n")

    assert kinds(log) == [("stack", 1, 4)]
    assert log.blocks[0].unparsed == (3,)
    assert [str(p) for p in log.problems] == ["line 3: it has 10,000,000 characters; it is not looked into"]


def test_blocks_come_one_by_one() -> None:
    def endless() -> object:
        while True:
            yield from f"0: kd> k\n{STACK}\n".splitlines()

    stream = blocks(endless())  # type: ignore[arg-type]

    assert [next(stream).kind for _ in range(5)] == ["stack"] * 5


def test_a_block_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "_MOST_LINES", 2_000)
    log = parse("0: kd> dd 0\n" + "80000000  00000000 00000001 00000002 00000003\n" * 2_010)

    assert [b.kind for b in log.blocks] == ["memory", "memory"]
    assert sum(len(b.record.rows) for b in log.blocks) == 2_010


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("0: kd> dt nt!_MDL", "dt nt!_MDL"),
        ("kd>k", "k"),
        ("lkd> !process 0 0", "!process 0 0"),
        ("0:000> kb", "kb"),
        ("0:038:x86> r", "r"),
        ("0:000>0: kd> k", "k"),
        ("   kd> kn", "kn"),
        ("knl> x", "x"),
        ("(gdb) bt", "bt"),
        ("3: kd> ", ""),
        ("kd> .bugcheck   [Lists bug check data.]", ".bugcheck"),
        ("kd> kb      //  Start with", "kb"),
        ("1: kd> kb                      [Local        9:49 AM]", "kb"),
        (">[ e, 0]   5  0", None),
        ("a -> b", None),
        ("if (x > 0) f();", None),
        ("nt!KeBugCheckEx", None),
    ],
)
def test_prompts(line: str, command: str | None) -> None:
    assert prompted(line) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("!analyze -v", "!analyze -v"),
        ("k 3", "k 3"),
        ("dt nt!_CONTROL_AREA 0x863c1758", "dt nt!_CONTROL_AREA 0x863c1758"),
        ("!thread is what you want to use here", None),
        ("Use !analyze -v to get detailed debugging information.", None),
        ("k is a command", None),
    ],
)
def test_commands_that_lost_their_prompt(line: str, command: str | None) -> None:
    assert bare(line) == command


@pytest.mark.parametrize(
    ("command", "expected"),
    [("~*kb", "kb"), ("kP 5", "kP"), ("!mex.ddt x", "ddt"), (".trap 1", "trap"), ("??sizeof(x)", "??"),
     ("LM m x", "lm"), ("~0s; .ecxr", "ecxr"), ("", ""), ("@rax", "")],
)  # fmt: skip
def test_words(command: str, expected: str) -> None:
    assert word(command) == expected


PIECES = st.sampled_from(
    [
        *STACK.splitlines(), "0: kd> k", "0: kd> dt nt!_MDL 1", "   +0x000 Type : 0n5", "", "", "Prose about it.",
        "00 nt!A", "01 nt!B", "[snip]", "*** ERROR: x",
        "THREAD 870788e8  Cid 1100.0f5c  Teb: 7ffab000 Win32Thread: 00000000 WAIT",
        "eax=00000001 ebx=0000000c", "80000000  00000000 00000001", "!analyze -v", "BUGCHECK_STR:  0x50", "STACK_TEXT:",
        "#0  f (a=1, ", "    b=2) at c.c:1", "A::b at C.cpp:1", "start    end        module name", "PROCESS 85eb1030",
        "8d460000 8d663000   win32k", "Bugcheck code 0000000A", "0: kd> ", "ExceptionAddress: 00000000",
        "(", "> x", "\x00",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40))
def test_any_mixture_loses_nothing(lines: list[str]) -> None:
    assert_nothing_lost("\n".join(lines))


@given(st.text(max_size=300))
def test_any_text_loses_nothing(text: str) -> None:
    parse(text)
