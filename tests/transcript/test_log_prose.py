"""Prose is told from what debuggers print, and never takes a line of a block."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_log_splitting import STACK, assert_nothing_lost, kinds

from dumpwalk.render.log import layout
from dumpwalk.transcript import parse
from dumpwalk.transcript.prose import is_prose

PROSE = [
    "The driver was loaded, and then something happened to the machine.",
    "In that case this was a network filesystem",
    "If you call PsGetCurrentProcess() in a filter when processing IRP_MJ_CLEANUP the system process is returned.",
    "After that the address 000002854f18c000 is the one that VirtualAllocEx() is attempting to allocate.",
    "  - Rename files based on the tag and file information",
    "3. When individual pages need to be written to they are first allocated from the region",
    "1.   Download the software of the vendor",
    "[+] Custom Genres - Add",
    "Vendor Homepage: http://example.org/",
    "Tested on: Microsoft Windows 7 Professional SP1 (EN)",
    "Introduction:",
    "2. NetworkName (iconfig.dll):",
    "https://example.org/codes/a.rar",
]

# What debuggers print, where nobody says which command it was; and what is too short to tell.
PRINTED = [
    "",
    "It hangs.",
    "nt!KiSwapContext+0x26",
    "Device queue is not busy.",
    "Searching for Process with Cid == f60",
    "WARNING: Stack unwind information not available. Following frames may be wrong.",
    "Unable to read the table of the process at all",
    "is pointing at freed memory.",
    "interrupt request level (IRQL) that is too high.  This is usually",
    "First chance exceptions are reported before any exception handling.",
    "This exception may be expected and handled.",
    "Some register values may be zeroed or incorrect.",
    "Range starts at 0x3de for 0x2 bytes",
    "An owner of the lock is 0xffffd086d1972010.",
    "Product: WinNt, suite: TerminalServer SingleUserTS",
    "Description: Read Access Violation near NULL",
    "Owning Process            8514a030       Image:         explorer.exe",
    "Name        Address      Of the      Owner     and       Pool",
    "fffff880`0335c688 fffff800`01b41f1c nt!IofCallDriver",
    "    The value of this is an indented: 5;",
    "{ in the name of the law }",
    "01. Intel Corporation PCI: VendorId 8086 DeviceId 293c RevisionId 0002",
    "Lock 1 2 3 4 5 of 6 7 8 in 9",
]


@pytest.mark.parametrize("line", PROSE)
def test_prose(line: str) -> None:
    assert is_prose(line)


@pytest.mark.parametrize("line", PRINTED)
def test_what_debuggers_print_is_no_prose(line: str) -> None:
    assert not is_prose(line)


def test_paragraphs_are_blocks() -> None:
    prose = "It is the second time that this happened\nto us.\n"
    log = assert_nothing_lost(f"{prose}\nLook here:\n\n{STACK}\nHm.\n")

    assert kinds(log) == [("prose", 1, 2), ("stack", 6, 8)]
    assert log.blocks[0].record.lines == ("It is the second time that this happened", "to us.")
    assert log.unparsed == (4, 10)


def test_headers_of_a_report() -> None:
    log = assert_nothing_lost(
        "Vendor: Micro Focus\nVersion: 9.4\nTested on: Windows 7 Ultimate\n           Windows 7 Enterprise\n\n"
        "Version: 9.4\n"
    )

    assert kinds(log) == [("prose", 1, 4)]
    assert log.unparsed == (6,)


def test_prose_parts_no_block() -> None:
    frames = STACK.splitlines()
    text = "\n".join([frames[0], frames[1], "This one is the frame that we are looking for.", frames[2]])
    log = assert_nothing_lost(text)

    assert kinds(log) == [("stack", 1, 4)]
    assert log.blocks[0].unparsed == (3,)


def test_output_of_a_command_is_no_prose() -> None:
    log = assert_nothing_lost("0: kd> !mystery\nThere is a lock in the way of this thread.\n")

    assert kinds(log) == [("command", 1, 2)]
    assert log.blocks[0].unparsed == (2,)


def test_prose_behind_noise() -> None:
    log = assert_nothing_lost("==========\nWhat is to be seen in this report\n==========\n")

    assert kinds(log) == [("noise", 1, 1), ("prose", 2, 2), ("noise", 3, 3)]


def test_codes_in_prose_are_explained() -> None:
    log = parse("The driver returned c0000005 when it was called by us.\n")

    assert [b.kind for b in log.blocks] == ["prose"]
    assert [(a.name, a.line) for a in log.annotations] == [("c0000005", 1)]


def test_prose_is_counted_in_the_heading_and_not_printed() -> None:
    text = layout(parse(f"This is what I see in the debugger of ours\n\n{STACK}\nHm.\n"))

    assert text.splitlines()[0] == "pasted text: 7 lines, 1 block, 1 line outside of them, 1 line of prose"
    assert "debugger of ours" not in text


def test_a_long_paragraph_is_parted() -> None:
    log = parse("There is a lot to be said of this machine.\n" * 1300)

    assert sum(len(b.record.lines) for b in log.blocks) == 1300
    assert {b.kind for b in log.blocks} == {"prose"}


def test_prose_of_posts(real_data: Path) -> None:
    """Of the posts of a kernel developer, every line is in the record as it stands in the text."""
    text = (real_data / "seed" / "001_04a7b77b7d14c116.txt").read_text("utf-8")
    log = parse(text)
    lines = [line.rstrip().replace("\xa0", " ") for line in text.split("\n")]
    prose = [b for b in log.blocks if b.kind == "prose"]

    assert sum(len(b.record.lines) for b in prose) >= 70
    for block in prose:
        written = [" ".join(line.split()) for line in lines[block.first_line - 1 : block.last_line]]
        assert [" ".join(line.split()) for line in block.record.lines] == written
