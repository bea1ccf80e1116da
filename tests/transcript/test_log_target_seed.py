"""Real texts as targets: posts of a blog, and listings out of public reports."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from schemas import assert_promised

import dumpwalk
from dumpwalk.cli import main
from dumpwalk.errors import Error, FormatError
from dumpwalk.objects import space_of
from dumpwalk.remarks import Absent
from dumpwalk.render.dt import Options, listing
from dumpwalk.types.model import Struct
from dumpwalk.types.naming import find_type

ROOT = Path(__file__).parents[2]
IMAGE = str(ROOT / "samples" / "chrysanthemum.dmp")
POST = "seed/000_05213417b4f651b7.txt"
NOT_HELD = "the text does not hold it"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(list(words))
    return status, capsys.readouterr().out


def test_the_post_shows_its_control_area(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "-z", str(real_data / POST), "ca", "0x863c1758")
    _, whole = run(capsys, "-z", IMAGE, "ca", "0x863c1758")

    assert status == 1
    for line in (
        "ControlArea  @ 863c1758",
        "  Segment      aeb311a8  Flink      00000000  Blink        00000000",
        "  Section Ref         1  Pfn Ref          40  Mapped Views        1",
        "Segment @ aeb311a8",
        "  Segment Size       40000  Committed            0",
        "Subsection 1 @ 863c17a8",
        "  ControlArea  863c1758  Starting Sector        0  Number Of Sectors   40",
        "  Base Pte     a8e9b008  Ptes In Subsect       40  Unused Ptes          0",
    ):
        assert line in out.splitlines()
        assert line in whole.splitlines()  # the sample has the values of the post
    assert f"areas[0].flags: 863c1774: {NOT_HELD} (line 182 shows u: <unnamed-tag> there)" in out
    assert f"areas[0].FilePointer, areas[0].file_name: 863c177c: {NOT_HELD} (line 184 shows FilePointer: " in out


@pytest.mark.parametrize("command", [("ca", "863c1758"), ("fileobj", "8750ef80"), ("ca", "--file", "8750ef80")])
def test_the_post_agrees_with_the_image_that_was_made_of_it(
    command: tuple[str, ...], real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post, image = (
        json.loads(run(capsys, "-z", file, *command, "--json")[1]) for file in (str(real_data / POST), IMAGE)
    )

    assert_promised(command[0], post)
    found = Counter(_differences(post, image))
    # What is worked out of u, which the text does not show: the kind, and so whether a _MSUBSECTION's members follow.
    derived = {
        "kind", "flag_names", "state", "file_name", "protection_name", "DefaultProtectionMask", "Flink", "Blink",
        "NumberOfMappedViews", "flags", "file_offset", "file_size", "problems",
    }  # fmt: skip
    assert {where.rpartition(".")[2].partition("[")[0] for where in found} <= derived


def _differences(post: Any, image: Any, where: str = "") -> list[str]:
    if isinstance(post, dict) and NOT_HELD in str(post.get("absent", "")):
        return []
    if isinstance(post, dict) and isinstance(image, dict) and post.keys() == image.keys():
        return [d for key in post for d in _differences(post[key], image[key], f"{where}.{key}")]
    if isinstance(post, list) and isinstance(image, list) and len(post) == len(image):
        return [d for n, (a, b) in enumerate(zip(post, image)) for d in _differences(a, b, f"{where}[{n}]")]
    return [] if post == image else [where]


@pytest.mark.parametrize(
    ("type", "address"),
    [
        ("_FILE_OBJECT", 0x8750EF80),
        ("_SECTION_OBJECT_POINTERS", 0x87BDDEA8),
        ("_CONTROL_AREA", 0x863C1758),
        ("_SUBSECTION", 0x863C17A8),
        ("_SEGMENT", 0xAEB311A8),
    ],
)
def test_dt_prints_the_post_again(type: str, address: int, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "-z", str(real_data / POST), "dt", f"nt!{type}", f"{address:x}")
    rows = [line.rstrip() for line in out.splitlines() if line.startswith("   +")]
    text = (real_data / POST).read_text("utf-8").replace("\xa0", " ")
    lines = {line.rstrip() for line in text.splitlines()}

    assert len(rows) > 2
    # The name of the file lies somewhere else, and the text does not say where.
    assert [row for row in rows if row not in lines and "FileName" not in row] == []


def test_the_types_are_those_of_windows_7(real_data: Path) -> None:
    target = dumpwalk.open(str(real_data / POST))

    assert target.profile.name == "nt/win7sp1-17514-pae-x86"
    assert target.profile.match.text == "agrees with the 7 structures that the text lists"
    assert target.machine.name == "x86"


# Copies that lost something: characters that no console shows, and a number that a page ran into the next one.
ODD = {
    ("_KLOCK_ENTRY", "Reserved"),
    ("_OBJECT_HEADER", "NextToFree"),
}


@pytest.mark.slow
def test_values_of_public_listings_read_back_as_they_were_printed(real_data: Path) -> None:
    """Each listing of a structure at an address is placed in memory, and printed again out of it."""
    counts: Counter[str] = Counter()
    different = set()
    for path in sorted((real_data / "logs").glob("[dms]*/*.txt")):
        try:
            target = dumpwalk.open(str(path))
        except FormatError:
            counts["without memory"] += 1
            continue
        counts["texts"] += 1
        for draft, _ in target.dump._found.listings:  # type: ignore[attr-defined]
            try:
                if draft.address is None or not isinstance(type := find_type(target.types, draft.type), Struct):
                    continue
            except Error:
                continue
            shown = listing(space_of(target.memory, target.types), type, target.address(draft.address), Options())
            mine = {(row.name, row.offset): row for row in shown.rows}
            for row, _ in draft.rows:
                again = mine.get((row.name, row.offset))
                if row.depth or row.value is None or again is None:
                    continue
                same = again.text.strip() == row.text.strip() or again.value == row.value
                counts["absent" if isinstance(again.value, Absent) else "same" if same else "different"] += 1
                if not same and not isinstance(again.value, Absent):
                    different.add((draft.type, row.name))

    assert different <= ODD
    assert counts["texts"] > 60
    assert counts["same"] > 700
    assert counts["same"] > 2 * counts["absent"]
