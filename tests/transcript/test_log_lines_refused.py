"""Lines that look much like those of a kind, and what readers make of them: each was once read wrongly.

Found by lines made from the grammars and by holding grammars against readers (test_log_grammars.py).
"""

from __future__ import annotations

import pytest

from dumpwalk.transcript import KINDS, Reader, parse
from dumpwalk.transcript.frame import frame, wrapped
from dumpwalk.transcript.instructions import instruction
from dumpwalk.transcript.memory import row


def reader(kind: str, command: str, *lines: str) -> Reader:
    found = KINDS.load()[kind].reader(command)
    for number, line in enumerate(lines, 1):
        assert found.take(line, number)
    return found


@pytest.mark.parametrize(
    ("kind", "command", "above", "line"),
    [
        # a key of !analyze, and a line of labels that was cut: neither would be in the record
        ("process", "!process", [], "PROCESS_NAME:  csrss.exe"),
        ("process", "!process", [], "PROCESS ffffdc8fbdad3040 PROCESS ffffdc8fbdad3040"),
        ("process", "!process", ["PROCESS ffffdc8fbdad3040"], "    DirBase: 86f7f000  Obj"),
        ("registers", "r", [], "rdx=0000000000000022 rsi=ffffe7096ac873dd> rdi=ffffe70968a36320"),
        ("registers", "r", [], "r14=ffff9709a54e7040 r1-5=ffffbf805ed51000"),
        # a frame of a stack is no symbol of dps, nor a number in front of a name its type
        ("memory", "dps", [], "b2218e24 804f79d7 00000003 b0f70072 00000000 nt!RtlpBreakWithStatusInstruction"),
        ("symbols", "x", [], "f0db38e8 eb65b880        1 mrxsmb!SmbMmAllocateSessionEntry+0x89"),
    ],
)
def test_a_line_that_the_record_would_not_hold_is_not_taken(
    kind: str, command: str, above: list[str], line: str
) -> None:
    found = reader(kind, command, *above)

    assert not found.take(line, len(above) + 1)


def test_virtual_interrupt_flags_stand_before_the_others() -> None:
    found = reader("registers", "r", "eip=00000d89 esp=8308768b ebp=8b5d5e5f iopl=0     vif nv up ei pl nz ac pe nc")

    assert (found.record().iopl, found.record().flags) == (0, "vif nv up ei pl nz ac pe nc")


def test_flags_alone_are_a_record() -> None:
    assert reader("registers", "r", "iopl=3         nv up ei pl nz na po nc").record().iopl == 3


def test_a_part_of_a_register_has_a_letter_behind_its_number() -> None:
    assert reader("registers", "r r10d", "r10d=0").record().registers == {"r10d": 0}


def test_a_grid_without_rows_has_its_columns() -> None:
    record = reader("dx", "dx -g @$x", "=          = (+) Name = PID =").record()

    assert record.columns == ("", "(+) Name", "PID")


def test_the_code_of_an_instruction_is_whole_bytes() -> None:
    found = instruction("  118 fffff807`26edb49e add     eax,1")

    assert found is not None
    assert (found.line, found.code, found.text) == (118, "", "add eax,1")


def test_characters_behind_one_blank() -> None:
    found = row("  e9000 000ea002 000ea002 000ea002 000ea002 ................", ("dwords",))

    assert found is not None
    assert (found.values, found.text) == ((0xEA002,) * 4, "................")
    assert row("b2218e24 804f79d7 00000003 b0f70072 00000000 nt!MmAccessFault", ("dwords",)) is None


def test_quadwords_behind_two_blanks() -> None:
    found = row("#f2451000  0a000000`86784867  0a000000`8606e867", ("quads",))

    assert found is not None
    assert found.values == (0x0A00000086784867, 0x0A0000008606E867)


def test_an_argument_that_was_cut_off_does_not_move_the_columns() -> None:
    found = frame(
        "ffffae03`936f75c0 fffff803`712e1075     : 00000000`00000001 00000000`00000002 00000000`00000003 0000"
    )

    assert found is not None
    assert (found.child_sp, found.return_address, found.args) == (0xFFFFAE03936F75C0, 0xFFFFF803712E1075, (1, 2, 3))


@pytest.mark.parametrize("mark", ["`", "", "'"])
def test_a_wrapped_frame_in_any_digits(mark: str) -> None:
    columns = [f"FFFFD001{mark}87F466{n:02X}" for n in range(5)]
    line = f"5 {columns[0]} {columns[1]} : {columns[2]} {columns[3]} {columns[4]}"
    found = wrapped(line)

    assert found is not None
    assert (found.number, found.child_sp, found.args[2]) == (5, 0xFFFFD00187F46600, 0xFFFFD00187F46604)
    assert (
        parse(f"0: kd> kvn\n{line}\n{columns[0]} : nt!A+0x1\n").blocks[0].record.frames[0].args[3] == 0xFFFFD00187F46600
    )
