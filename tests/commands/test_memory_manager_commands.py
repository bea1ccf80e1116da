"""pool, vad, pfn and slist as commands, on the sample that has all four."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumpwalk.cli import main
from dumpwalk.commands.pfn import layout as pfn_text
from dumpwalk.commands.pfn import pfn
from dumpwalk.commands.pool import layout as pool_text
from dumpwalk.commands.pool import pool
from dumpwalk.commands.slist import layout as slist_text
from dumpwalk.commands.slist import slist
from dumpwalk.commands.vad import layout as vad_text
from dumpwalk.commands.vad import vad
from dumpwalk.errors import Error, TypeInfoError, UsageError
from dumpwalk.remarks import Absent
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

SAMPLE = Path(__file__).parents[2] / "samples/memory_manager.dmp"
OURS = "fffffa80`01a3c070"


@pytest.fixture(scope="module")
def target() -> Target:
    return open_target(str(SAMPLE))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["-z", str(SAMPLE), *words])
    return status, capsys.readouterr().out


# -- pool


def test_pool_flags(target: Target) -> None:
    """1 shows contents, 2 leaves the other blocks out, 80000000 the descriptions."""
    rows = [line for line in pool_text(pool(target, OURS)).splitlines() if " size: " in line]
    alone = pool_text(pool(target, OURS, "2")).splitlines()
    contents = pool_text(pool(target, OURS, "3")).splitlines()
    plain = pool_text(pool(target, OURS, "80000002")).splitlines()

    assert len(rows) == 5
    assert [line for line in alone if " size: " in line] == [rows[1]]
    assert contents[3:6] == [
        " fffffa8001a3c070  00000000 00000000 00000000 00000000",
        "    fffffa8001a3c080  00000000 00000000 00000000 00000000",
        "",
    ]
    assert plain[0] == rows[1]
    assert not any("Pooltag" in line or "Owning" in line or "Pool page" in line for line in plain)


def test_pool_that_is_damaged_is_part_of_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "pool", OURS)[0] == 1
    assert run(capsys, "pool", "fffffa80`02000010")[0] == 0
    assert run(capsys, "pool", "nt")[0] == 1


# -- vad


def test_vad_of_the_current_process(target: Target) -> None:
    trees = [vad(target), vad(target, 0), vad(target, "@$proc"), vad(target, process="@$proc")]
    root = vad(target).tree
    assert root is not None

    assert len({vad_text(tree) for tree in trees}) == 1
    by_root = vad(target, int(root.root)).tree
    assert by_root is not None
    assert by_root.vads == root.vads
    assert by_root.process is None


def test_vad_in_full(target: Target) -> None:
    tree = vad(target).tree
    assert tree is not None
    image = next(one for one in tree.vads if one.VadType == "VadImageMap")
    by_address, by_vad = vad(target, "0`ff2b1000"), vad(target, int(image.address), 1)

    assert vad_text(by_address) == vad_text(by_vad)
    assert "File: \\Windows\\System32\\notepad.exe" in vad_text(by_vad)
    with pytest.raises(UsageError, match="no VAD of the process"):
        vad(target, "5000")


def test_vad_of_a_process_without_any(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = run(capsys, "vad", "--process", "poi(nt!PsInitialSystemProcess)")

    assert status == 0
    assert "Total VADs:     0" in text


def test_a_process_may_be_named_by_its_identifier(target: Target) -> None:
    assert vad_text(vad(target, process="344")) == vad_text(vad(target))
    with pytest.raises(UsageError, match="there is no process 999"):
        vad(target, process="999")


def test_vad_needs_a_process(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = open_target(str(SAMPLE))
    monkeypatch.setattr(type(unknown.dump), "process", Absent("nobody says"), raising=False)
    with pytest.raises(TypeInfoError, match="which process"):
        vad(unknown)


# -- all


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0x2000, 229_375), st.binary(min_size=1, max_size=8)), min_size=1, max_size=60))
def test_damaged_dumps_give_answers_or_errors(changes: list[tuple[int, bytes]]) -> None:
    """Whatever stands in the pages: an answer that can be shown, or an error of ours."""
    data = bytearray(SAMPLE.read_bytes())
    for place, piece in changes:
        data[place : place + len(piece)] = piece
    with TemporaryDirectory() as directory:
        path = Path(directory) / "damaged.dmp"
        path.write_bytes(data[:229_376])
        try:
            damaged = open_target(str(path))
        except Error:
            return
        for show, run, words in (
            (pool_text, pool, (0xFFFFFA8001A3C070, 1)),
            (pool_text, pool, (0xFFFFFA8002001234,)),
            (vad_text, vad, ()),
            (vad_text, vad, (0x2D0000,)),
            (pfn_text, pfn, (0x1C1,)),
            (slist_text, slist, (0xFFFFFA8001A40440,)),
        ):
            with contextlib.suppress(Error):
                assert show(run(damaged, *words))  # type: ignore[operator]


@pytest.mark.parametrize(
    "words",
    [
        ("pool", OURS),
        ("pool", "fffffa80`02000010", "1"),
        ("pool", OURS, "1"),
        ("vad",),
        ("vad", "0`ff2b0000", "1"),
        ("pfn", "1c1"),
        ("pfn", "9999999"),
        ("slist", "fffffa80`01a40440"),
        ("slist", "fffffa80`01a40440", "_LIST_ENTRY", "--explain", "--ip", "nt"),
    ],
)
def test_json_and_text_come_of_the_same_record(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, text = run(capsys, *words)
    again, document = run(capsys, *words, "--json")

    assert status == again
    assert text
    assert json.loads(document)


def test_addresses_may_be_expressions(capsys: pytest.CaptureFixture[str]) -> None:
    straight: Any = run(capsys, "slist", "fffffa80`01a40440")

    assert run(capsys, "slist", "@rcx") == straight


@pytest.mark.parametrize("command", ["pool", "pfn", "slist"])
def test_nonsense_is_said_in_a_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["-z", str(SAMPLE), command, "nothing!here"])
    error = capsys.readouterr().err

    assert status == 4
    assert error.count("\n") == 1
