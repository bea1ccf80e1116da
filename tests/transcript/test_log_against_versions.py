"""What ``lm v`` prints of an image's version, held against the version in a dump's image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dumpwalk.kernel import module_list
from dumpwalk.kernel.module_list import ImageDetails, modules_matching
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.render.modules import layout
from dumpwalk.symbols.version_resource import VersionInfo
from dumpwalk.target import open
from dumpwalk.transcript.against.whole import compare_text

SAMPLE = str(Path(__file__).parents[2] / "samples" / "processor_x64.dmp")
VERSION = VersionInfo(
    file_version=(13, 1, 2, 19), product_version=(13, 1, 2, 0), flags=Hex(9), flags_mask=Hex(0x3F),
    file_os=Hex(0x40004), file_type=Hex(3), file_subtype=Hex(7), file_date=(0, 0), translations=((0x409, 0x4B0),),
    strings={"CompanyName": "Example Corporation", "FileVersion": "13.1 (beta)"},
)  # fmt: skip


def compared(monkeypatch: pytest.MonkeyPatch, held: ImageDetails, *changes: tuple[str, str]) -> list[tuple[Any, ...]]:
    """Return what is said of a module's listing, printed with the version above, that is not equal."""
    target = open(SAMPLE)
    monkeypatch.setattr(module_list, "image_details", lambda *_: ImageDetails(True, None, VERSION))
    text = layout(modules_matching(target, name="example", details=True), verbose=True)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    monkeypatch.setattr(module_list, "image_details", lambda *_: held)
    log = compare_text(target, f"0: kd> lmvm example\n{text}\n")
    statements = [s for block in log.blocks if block.against is not None for s in block.against.statements]

    assert len(statements) > 8
    return [(s.verdict, s.what, s.said, s.held, s.line) for s in statements if s.verdict != "equal"]


def test_a_version_that_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compared(monkeypatch, ImageDetails(True, None, VERSION)) == []


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("13.1.2.19", "13.1.2.18", "file_version 4", 11),
        ("9 (Mask", "8 (Mask", "flags", 13),
        ("3.7 Driver", "3.8 Driver", "file_subtype", 15),
        ("Example Corp", "Examples Corp", "strings CompanyName", 18),
        ("6553F0A1", "6553F0A2", "timestamp", 8),
    ],
)
def test_one_that_is_not(monkeypatch: pytest.MonkeyPatch, old: str, new: str, what: str, line: int) -> None:
    found = compared(monkeypatch, ImageDetails(True, None, VERSION), (old, new))

    assert [(verdict, said, where) for verdict, said, _, _, where in found] == [
        ("different", f"module example {what}", line)
    ]


def test_one_that_the_dump_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    why = Absent("its resources are not in the dump")

    assert compared(monkeypatch, ImageDetails(None, None, why))[-1][:4] == (
        "absent", "module example file_version", (13, 1, 2, 19), why,
    )  # fmt: skip


def test_a_size_that_the_row_contradicts(monkeypatch: pytest.MonkeyPatch) -> None:
    change = ("ImageSize:        00009000", "ImageSize:        0000A000")

    assert compared(monkeypatch, ImageDetails(True, None, VERSION), change) == [
        ("different", "module example ImageSize", 0xA000, 0x9000, 10)
    ]
