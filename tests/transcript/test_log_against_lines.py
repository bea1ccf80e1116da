"""In which line of a text a value stands that a dump has otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import fields, record
from dumpwalk.remarks import Absent
from dumpwalk.target import Target, open
from dumpwalk.transcript import ASIDES, Block, parse
from dumpwalk.transcript.against.marked import bare, like, marked, path_of
from dumpwalk.transcript.against.reread import lines_of, says
from dumpwalk.transcript.against.whole import ComparedLog, compare_file, compare_log, compare_text
from dumpwalk.transcript.lines import Lines

SAMPLES = Path(__file__).parents[2] / "samples"
LEAVES = st.one_of(
    st.integers(-(2**64), 2**64),
    st.integers(0, 2**64 - 1).map(Hex),
    st.integers(0, 2**64 - 1).map(Address),
    st.integers(0, 2**32 - 1).map(Address32),
    st.booleans(),
    st.text(max_size=8),
    st.none(),
    st.text(max_size=4).map(Absent),
)


@record
class _Part:
    name: Any
    values: Any


PARTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.builds(_Part, inner, inner),
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def machine() -> Target:
    return open(str(SAMPLES / "device_stack.dmp"))


def unequal(log: ComparedLog) -> list[tuple[str, int | None]]:
    return [
        (s.what, s.line)
        for block in log.blocks
        for s in (block.against.statements if block.against else ())
        if s.verdict != "equal"
    ]


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each number and string in a record with the path to it."""
    if isinstance(value, Absent):
        return
    if isinstance(value, (int, str)):
        yield path, value
    parts: Any = (
        enumerate(value)
        if isinstance(value, tuple)
        else value.items()
        if isinstance(value, dict)
        else [(name, getattr(value, name)) for name in fields(value)]
    )
    for name, part in parts:
        yield from _leaves(part, (*path, name))


@given(PARTS)
def test_a_marked_record_is_the_same_and_knows_where_its_values_are(value: Any) -> None:
    found = marked(value)
    leaves = dict(_leaves(found))

    assert found == value
    assert bare(found) == value
    assert [(type(bare(leaf)), bare(leaf)) for leaf in leaves.values()] == [(type(v), v) for _, v in _leaves(value)]
    assert [path_of(leaf) for leaf in leaves.values()] == list(leaves)


def test_what_is_worked_out_of_a_value_stands_where_that_does() -> None:
    found = marked(_Part("8600dfd0 Current", (Hex(1), "b")))

    assert path_of(like(Hex(0x8600DFD0), found.name)) == ("name",)
    assert path_of(like(_Part("x", 1), found.values[1])) == ("values", 1)
    assert path_of(like(5, 6)) is None
    assert path_of(found.values[1:][0]) == path_of(found.values[-1]) == ("values", 1)
    assert path_of(found.values) == ("values",)
    assert path_of(found) == ("name",)


@pytest.mark.parametrize(
    ("line", "value", "there"),
    [
        ("RefCount 14  Flags 0x00000050", 14, True),
        ("RefCount 14  Flags 0x00000050", 0x50, True),
        ("RefCount 14  Flags 0x00000050", 0x5, False),
        ("fffff804`7BA00000", 0xFFFFF8047BA00000, True),
        ("fffff804`7ba00000", 0x7BA00000, False),
        ("000 1", 0, True),
        ("0x10", 0, False),
        ("KernelTime     00:00:00.031", "KernelTime 00:00:00.031", True),
        ("KernelTime     00:00:00.031", "UserTime", False),
    ],
)
def test_a_line_says_a_value(line: str, value: Any, there: bool) -> None:
    assert says(line, value) is there


MEMORY = """\
Somebody wrote this.

0: kd> dd fffff804`7ba00000 L18
fffff804`7ba00000  00000000 00000000 00000000 00000000
*** WARNING: Unable to verify checksum for example.sys
fffff804`7ba00010  00000000 00000000 00000000 00000000
what nobody understands !!
fffff804`7ba00020  00000000 00000000 00000000 00000000

fffff804`7ba00030  00000000 00000000 00000000 00000000
"""


def test_rows_between_which_other_lines_stand(machine: Target) -> None:
    places = [Address(0xFFFFF8047BA00000 + n) for n in (0, 0x10, 0x20, 0x30)]
    text = MEMORY
    for place in places:  # what the dump has there, but one word
        words = [machine.read_int(place + 4 * n, 4) for n in range(4)]
        words[2] ^= 1
        shown = " ".join(f"{word:08x}" for word in words)
        text = text.replace(f"{place}  00000000 00000000 00000000 00000000", f"{place}  {shown}")

    assert unequal(compare_text(machine, text)) == [
        (f"memory at {Address(place + 8)}", line) for place, line in zip(places, (4, 6, 8, 10))
    ]


def test_rows_of_which_many_are_the_same() -> None:
    target = open(str(SAMPLES / "exiting_process.dmp"))
    row = "a86bfab0 82ad11d6 00000000 00000000 00000000 nt!Foo+0x1\n"
    text = f"0: kd> kb\nChildEBP RetAddr  Args to Child\n{row * 9}"
    lines = {what: line for what, line in unequal(compare_text(target, text)) if what.endswith("return address")}

    assert lines
    assert all(line == int(what.split()[1], 16) + 3 for what, line in lines.items())


@pytest.mark.parametrize("unit", [1, 7, 100])
def test_each_row_of_a_long_listing(machine: Target, unit: int) -> None:
    """Not every state of the reader is looked at; other lines between the rows do not count."""
    lines, wanted = ["0: kd> dd 00007ff6`12340000"], []
    for number in range(1200):
        if number % unit == unit - 1 and unit > 1:
            lines.append("*** WARNING: Unable to verify checksum for example.sys")
        lines.append(f"00007ff6`{0x12340000 + 16 * number:08x}  00000001 00000002 00000003 00000004")
        wanted.append(len(lines))
    found = unequal(compare_text(machine, "\n".join(lines) + "\n"))

    assert [line for _, line in found] == wanted


def test_a_long_listing_of_several_lines_an_entry(machine: Target) -> None:
    text = "0: kd> lmv\nstart             end                 module name\n"
    for number in range(400):
        base = 0xFFFFF80010000000 + 0x10000 * number
        text += f"{Address(base)} {Address(base + 0x1000)}   drv{number}   (deferred)\n"
        text += "    Image path: \\??\\C:\\x.sys\n    ImageSize:        00001000\n"
    found = unequal(compare_text(machine, text))

    assert found == [(f"module drv{number}", 3 + 3 * number) for number in range(400)]


def test_without_the_text_only_the_block_is_known(machine: Target) -> None:
    log = parse((SAMPLES / "pasted_devices.txt").read_text("utf-8"))
    lines = list(Lines.of_file(str(SAMPLES / "pasted_devices.txt")))

    assert [line for _, line in unequal(compare_log(machine, log))] == [None, None]
    assert [line for _, line in unequal(compare_log(machine, log, lines))] == [21, 66]
    assert [line for _, line in unequal(compare_file(machine, str(SAMPLES / "pasted_devices.txt")))] == [21, 66]
    # Lines that are not the log's say nothing of it.
    assert [line for _, line in unequal(compare_log(machine, log, lines[:30]))] == [21, None]
    assert [line for _, line in unequal(compare_log(machine, log, ["x"] * len(lines)))] == [None, None]


def test_equal_values_have_no_line(machine: Target) -> None:
    log = compare_file(machine, str(SAMPLES / "pasted_devices.txt"))

    assert {s.line for b in log.blocks if b.against for s in b.against.statements if s.verdict == "equal"} == {None}


def test_statements_hold_plain_values(machine: Target) -> None:
    log = compare_file(machine, str(SAMPLES / "pasted_devices.txt"))
    values = [v for b in log.blocks if b.against for s in b.against.statements for v in (s.said, s.held)]

    assert len(values) > 200
    assert all(path_of(value) is None for value in values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_lines_of_a_shuffled_text_are_lines_of_its_blocks(machine: Target, data: st.DataObject) -> None:
    lines = (SAMPLES / "pasted_devices.txt").read_text("utf-8").splitlines()
    lines = data.draw(st.permutations(lines))
    log = compare_text(machine, "\n".join(lines))

    for block in log.blocks:
        for s in block.against.statements if block.against else ():
            assert s.line is None or block.first_line <= s.line <= block.last_line
            assert s.line not in block.unparsed
            assert s.line not in block.noise


# Of two numbers, both in the line that is named.
WORKED_OUT = {"modules": ("size",), "control-area": ("file_offset", "file_size")}


def _named(block: Block, lines: list[str]) -> Iterator[tuple[Any, int | None]]:
    leaves = {
        path: value
        for path, value in _leaves(block.record)
        if not isinstance(value, bool) and (isinstance(value, Hex) and value > 0xFFF)
        if path[-1] not in WORKED_OUT.get(block.kind, ())
    }
    found = lines_of(block, lines, leaves)
    yield from ((value, found.get(path)) for path, value in leaves.items())


@pytest.mark.slow
def test_numbers_of_real_listings_stand_in_the_lines_that_are_named(real_data: Path) -> None:
    there = elsewhere = unknown = 0
    for path in sorted((real_data / "logs").glob("*/*.txt")):
        lines = list(Lines.of_file(str(path)))
        for block in parse("\n".join(lines)).blocks:
            if block.kind in ASIDES or block.record is None:
                continue
            for value, number in _named(block, lines):
                unknown += number is None
                if number is not None:
                    there += says(lines[number - 1], value)
                    elsewhere += not says(lines[number - 1], value)

    assert there > 20_000
    assert unknown <= there // 1000
    assert elsewhere <= there // 400  # printed in two halves, or worked out
