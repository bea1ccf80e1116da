"""What is kept of the output of commands that have no kind of their own: labels and their values."""

from __future__ import annotations

import pytest
from test_log_splitting import assert_nothing_lost

from dumpwalk.transcript import Log, parse


def fields(log: Log) -> list[tuple[int, str, str]]:
    return [
        (f.indent, f.label, f.value) for b in log.blocks if b.kind == "command" and b.record for f in b.record.fields
    ]


def test_labels_and_values_in_columns() -> None:
    log = parse(
        """\
3: kd> !mystery.adapter ffffdf80140c71a0

MINIPORT

    Example Network Adapter

    Handle             ffffdf80140c71a0
    API version        v6.20
    Driver             ffffdf801418d650 - example  v4.2
    Flags              NOT_BUS_MASTER, WDF,
                       MEDIA_CONNECTED
"""
    )

    assert [(b.kind, b.unparsed) for b in log.blocks] == [("command", (3, 5))]
    assert fields(log) == [
        (4, "Handle", "ffffdf80140c71a0"),
        (4, "API version", "v6.20"),
        (4, "Driver", "ffffdf801418d650 - example  v4.2"),
        (4, "Flags", "NOT_BUS_MASTER, WDF, MEDIA_CONNECTED"),
    ]


def test_the_heading_of_a_table_is_no_label() -> None:
    log = parse("kd> !mystery 1\n\nObject     State\n1a2b       5\n\nState      Running\nPower      D0\n")

    assert fields(log) == [(0, "State", "Running"), (0, "Power", "D0")]
    assert log.blocks[0].unparsed == (3, 4)


def test_labels_behind_a_gap() -> None:
    log = parse("kd> !mystery 1\nFirst: 1\n\n[Part]\n[Other part]\n\n  Second = 2\n  Total Size:000003be\n")

    assert fields(log) == [(0, "First", "1"), (2, "Second", "2"), (2, "Total Size", "000003be")]
    assert log.blocks[0].unparsed == (4, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Driver                 Object            Extension          State\n",  # the heading of a table
        "It stopped there.  Then nothing happened.\n",
        "THREAD 80ed0020  Cid 4.2c  Teb: 00000000 Win32Thread: 00000000 RUNNING on processor 0\n",
        "faf01234  00000000 11111111 22222222 33333333\n",
        "nt!KiSwapContext+0x26  nt!KiSwapThread+0x85\n",
    ],
)
def test_what_is_no_label(text: str) -> None:
    log = assert_nothing_lost(f"kd> !mystery 1\n{text}")

    assert fields(log) == []


def test_a_block_of_a_kind_below_a_gap_is_no_label() -> None:
    log = parse("kd> !mystery 1\nFirst: 1\n\nDumping IDT:\n\n31:8070a1c2 hal!HalpTimer31\n")

    assert [b.kind for b in log.blocks] == ["command", "idt"]


def test_prose_ends_what_a_command_printed() -> None:
    log = parse(
        "kd> !mystery 1\nFirst: 1\n\nThe driver was loaded, and then the machine stopped.\n\n"
        "Date: today\nTested:  twice\n"
    )

    assert fields(log) == [(0, "First", "1")]
    assert [(b.kind, b.first_line) for b in log.blocks] == [("command", 1), ("prose", 4)]


def test_labels_far_from_a_command_are_none() -> None:
    log = parse("kd> !mystery 1\nFirst: 1\n\n" + "<something>\n" * 20 + "Second: 2\n")

    assert fields(log) == [(0, "First", "1")]
