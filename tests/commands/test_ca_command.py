"""``dumpwalk ca`` and ``dumpwalk fileobj``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from images import file_of

from dumpwalk.cli import main
from dumpwalk.kernel.section import control_area
from dumpwalk.target import open as open_target

SAMPLES = Path(__file__).parents[2] / "samples"
VIEWS = str(SAMPLES / "file_views.dmp")


def run(capsys: pytest.CaptureFixture[str], *words: str, dump: str = VIEWS) -> tuple[int, str]:
    status = main(["-z", dump, *words])
    return status, capsys.readouterr().out


def test_flags_choose_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {flags: run(capsys, "ca", "ffffb80f`12341310", flags)[1] for flags in ("1", "2", "4", "7", "10", "70")}

    def blocks(text: str) -> list[str]:
        return [block.split()[0] for block in text.split("\n\n")]

    assert blocks(shown["1"]) == ["ControlArea", "\\Users\\Public\\report.txt", "Segment"]
    assert blocks(shown["2"]) == ["ControlArea", "\\Users\\Public\\report.txt", "Subsection"]
    assert blocks(shown["4"]) == ["ControlArea", "\\Users\\Public\\report.txt", "Mapped"]
    assert blocks(shown["7"]) == ["ControlArea", "\\Users\\Public\\report.txt", "Segment", "Subsection", "Mapped"]
    assert shown["10"] == shown["70"] == run(capsys, "ca", "ffffb80f`12341310")[1]


def test_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "!ca", "ffffb80f`12341310", "8")

    assert (status, out.count("\n")) == (0, 1)
    assert out.endswith("data  \\Users\\Public\\report.txt\n")


def test_from_a_file_object(capsys: pytest.CaptureFixture[str]) -> None:
    direct = run(capsys, "ca", "ffffb80f`12341310")

    assert run(capsys, "ca", "--file", "ffffb80f`12340b00") == direct
    assert run(capsys, "ca", "poi(poi(ffffb80f`12340b00+28))") == direct
    assert main(["-z", VIEWS, "ca", "--image", "ffffb80f`12340b00"]) == 2
    assert "has no ImageSectionObject: the file is not mapped so" in capsys.readouterr().err
    assert main(["-z", VIEWS, "ca", "--file", "ffffb80f`12340080"]) == 3


def test_views_of_a_process(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "ca", "ffffb80f`12341310", "4", "--json")

    (view,) = json.loads(out)["views"]
    assert (view["kind"], view["start"], view["end"]) == ("VAD", "0x1f0000", "0x1f7fff")
    assert (view["process"], view["image"], view["pid"]) == ("0xffffb80f12340080", "editor.exe", "0x344")


@pytest.mark.parametrize(
    ("area", "words"),
    [
        ("ffffb80f`12341310", ("whose units are pages of 4096 bytes", "This control area is the DataSectionObject")),
        ("ffffb80f`12341610", ("sectors of 512 bytes", "This control area is the ImageSectionObject", "first of 3")),
        ("ffffb80f`12341810", ("No file is behind this section", "lives in the page file")),
        ("ffffb80f`12341910", ("u.Flags.BeingDeleted is set", "2 wait for it (WaitingForDeletion ffffb80f12340d80)")),
    ],
)
def test_the_chain_in_words(capsys: pytest.CaptureFixture[str], area: str, words: tuple[str, ...]) -> None:
    _, out = run(capsys, "ca", area, "--explain")
    told = " ".join(out.split())

    assert [word for word in words if word not in told] == []
    assert ("MmFlushImageSection, CcPurgeCacheSection" in told) is (area != "ffffb80f`12341810")


def test_extract(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "report.txt"
    status, text = run(capsys, "ca", "ffffb80f`12341310", "8", "--extract", str(out))

    assert (status, out.stat().st_size) == (0, 0x7123)
    assert f"{out}: 28,963 bytes (FileSize of the shared cache map), 12,288 of them from the dump" in text
    assert "  5000-5fff: in the machine's memory, but left out of the dump; zeros in its place" in text
    assert main(["-z", VIEWS, "ca", "ffffb80f`12341310", "--extract", str(out)]) == 2
    assert "--force overwrites it" in capsys.readouterr().err
    assert main(["-z", VIEWS, "ca", "ffffb80f`12341310", "--force"]) == 2


def test_what_does_not_agree_is_said_and_the_answer_is_partial(capsys: Any) -> None:
    spec = (SAMPLES / "file_views.spec").read_text("utf-8")
    path = file_of(spec + "struct _SEGMENT at ffffb80f`12341c00 TotalNumberOfPtes=9\n")

    status, out = run(capsys, "ca", "ffffb80f`12341310", dump=path)

    assert status == 1
    assert "(_SEGMENT ffffb80f12341c00: TotalNumberOfPtes is 9, but the subsections have 8)" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("0", "8"), ("12341310", "12341610", "12341810", "12341910")),
        (("0", "18"), ("12341310", "12341910")),
        (("0", "28"), ("12341810",)),
        (("0", "48"), ("12341610",)),
        (("-1", "8"), ("12341910",)),
        (("-1", "48"), ()),
    ],
)
def test_all_of_them(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    _, out = run(capsys, "ca", *words)

    assert tuple(line.split()[0][-8:] for line in out.splitlines() if line[:4] == "ffff") == expected


def test_all_of_them_have_no_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-z", VIEWS, "ca", "0", "--ptes"]) == 2
    assert "give its address" in capsys.readouterr().err
    assert main(["-z", str(SAMPLES / "chrysanthemum.dmp"), "ca", "0"]) == 3
    assert main(["-z", VIEWS, "ca"]) == 2


def test_a_tag_that_is_no_control_area(capsys: pytest.CaptureFixture[str]) -> None:
    """A freed block, one whose segment is another's, one whose segment can't be read."""
    spec = (SAMPLES / "file_views.spec").read_text("utf-8")
    for n, segment in enumerate(("0", "ffffb80f`12341c00", "ffffb80f`00001000", "ffffffff`fffffff8")):
        spec += f'pool "MmCa" 100 at ffffb80f`1234{n + 10:x}010 pointers {segment}\n'
    path = file_of(spec)

    _, out = run(capsys, "ca", "0", "8", dump=path)

    assert len(out.splitlines()) == 4


def test_an_address_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "ca", "ffffb80f`00000000")

    assert status == 1
    assert "????" in out
    assert main(["ca", "1000"]) == 2
    assert main(["fileobj", "1000"]) == 2
    assert main(["-z", VIEWS, "ca", "ffffb80f`12341310", "zz"]) == 2


def test_fileobj_shows_where_the_cache_has_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "!fileobj", "ffffb80f`12340b00")

    assert status == 0
    assert "Your data is at: ffffb80f12382345" in out
    _, walk = run(capsys, "vtop", "ffffb80f`12382345")
    assert "file \\Users\\Public\\report.txt, offset 2345, file object ffffb80f12340b00" in walk


def test_scripts_get_the_same_chain() -> None:
    """As the README shows it: from a file object's member to the subsections."""
    target = open_target(str(SAMPLES / "file_mapping_x86.dmp"))
    file = target.object("nt!_FILE_OBJECT", 0x8750EF80)

    area = control_area(target, file.SectionObjectPointer.DataSectionObject)

    assert (area.address, [int(part.address) for part in area.subsections]) == (0x863C1758, [0x863C17A8])
    assert (area.FilePointer, area.file_name) == (0x8750EF80, "\\Sample Pictures\\Chrysanthemum.jpg")
