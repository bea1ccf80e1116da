"""Text of what commands here print, and of its like, printed back from the records that text and walks share."""

from __future__ import annotations

import contextlib
import functools
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.cli import main
from dumpwalk.render.log_printed import printed, same
from dumpwalk.transcript import parse
from dumpwalk.transcript.lines import Lines

SAMPLES = Path(__file__).parents[2] / "samples"
# Sample, command, and what is kept as text of what it prints.
OWN: list[tuple[str, str, list[str]]] = [
    ("exiting_process", "process 0 7", []),
    ("exiting_process", "thread", []),
    ("objects_x64", "object \\Device", []),
    ("objects_x64", "handle 0 27", []),
    ("objects_x64", "objtypes", []),
    ("device_stack", "devobj ExDisk0", []),
    ("device_stack", "devstack ExDisk0", []),
    ("device_stack", "irp ffffb80f1200cd30 1", []),
    ("device_stack", "drvobj \\Driver\\exdisk 7", ["!devstack ffffb80f1200be50 :"]),
    ("device_stack", "vpb ffffb80f12100520", []),
    ("device_stack", "fltreg fffff8047b940800", []),
    ("file_mapping_x64", "ca 0 3", []),
    ("file_mapping_x64", "fileobj ffffb80f12340b00", []),
    ("file_mapping_x64", "pte fffff80000000000", []),
    ("file_mapping_x64", "vtop 0 0", []),
    ("file_mapping_x64", "vad", []),
    ("memory_manager", "pool 85b00000", []),
    ("processor_x64", "pcr 0", []),
    ("processor_x64", "prcb 0", []),
    ("processor_x64", "idt", []),
    ("processor_x64", "gdt", []),
    ("processor_x64", "ssdt", []),
    ("running_machine", "kuser", []),
]
# The like of it that other debuggers print.
OTHERS = """\
kd> !devobj ff0ce870
Device object (ff0ce870) is for:
 NTPNP_PCI0002 \\Driver\\PCI DriverObject ff0ceef0
Current Irp 00000000 RefCount 0 Type 00000022 Flags 00001040AttachedDev ff0cb9e0
DevExt ff0ce928 DevNode ff0cde88
Device queue is not busy.

kd> !irp 81183468
Irp is active with 2 stacks 2 is current (= 0x811834fc)
 No Mdl Thread 00000000:  Irp stack trace.
 [  0, 0]   0  0 8145f470 00000000 00000000-00000000
>[ 16, 2]   0 e1 8145f470 00000000 8047f744-814187a8 Success Error Cancel pending

kd> !process 80a02a60 1
PROCESS 80a02a60  Cid: 0002    Peb: 00000000  ParentCid: 0000
    DirBase: 00006e05  ObjectTable: 80a03788  TableSize: 150.
    Image: System
    ElapsedTime                       0:00:12.0949

kd> !poolused
Pool Used:
            NonPaged            Paged
Tag    Allocs     Used    Allocs     Used
Tron        0        0       552  7863232
TOTAL       0        0       552  7863232

0:000> !handle 4 1
Handle 4
  Type          Section

kd> !idt
Dumping IDT: ffff9581fbba2000
00:     fffff8052b238700 nt!KiDivideErrorFault
01:     fffff8052b238a40 nt!KiDebugTrapOrFault  Stack = 0xFFFF9581FBBD2000
"""


@functools.cache
def said(sample: str, command: str) -> str:
    """Return what a command prints of a sample, below itself."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        main(["-z", str(SAMPLES / f"{sample}.dmp"), *command.split()])
    return f"0: kd> !{command}\n{out.getvalue()}"


def origins(text: str) -> tuple[Counter[str], list[str]]:
    """Return how many lines have which origin, and those that were understood and kept as text."""
    lines = list(Lines.of_text(text))
    shown = printed(parse(text), lines)
    return Counter(line.origin for line in shown), [b for a, b in zip(shown, lines) if a.origin == "block"]


@pytest.mark.parametrize(("sample", "command", "kept"), OWN, ids=[f"{s}-{c}" for s, c, _ in OWN])
def test_own_output_comes_from_the_record(sample: str, command: str, kept: list[str]) -> None:
    found, left = origins(said(sample, command))

    assert left == kept
    assert found["record"] >= 3
    assert set(found) <= {"record", "block", "command", "blank"}


def test_forms_of_other_debuggers() -> None:
    found, left = origins(OTHERS)

    assert left == []
    assert found["record"] == 23


@settings(max_examples=40)
@given(st.sampled_from([(s, c) for s, c, _ in OWN]), st.data())
def test_a_damaged_text_is_printed_back(one: tuple[str, str], data: st.DataObject) -> None:
    lines = said(*one).split("\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        lines[at] = (
            lines[at][:cut] + data.draw(st.sampled_from(["", "?", "0", " ", "zz", "????"])) + lines[at][cut + 1 :]
        )
    text = "\n".join(lines)
    cleaned = list(Lines.of_text(text))

    assert all(same(a.text, b) for a, b in zip(printed(parse(text), cleaned), cleaned))
