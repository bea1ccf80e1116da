"""Commands on dumps that hold physical pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from paged_machine import World

from dumpwalk.cli import main
from dumpwalk.synth.containers import WRITERS

STACKED = ("x64", "PAE", "x86", "ARM64")


def _file(tmp_path: Path, mode: str = "x64", kind: str = "bitmap-kernel") -> tuple[World, str]:
    world = World(mode)
    path = tmp_path / "x.dmp"
    path.write_bytes(WRITERS.load()[kind](world.spec.__replace__(kind=kind), world.pages))  # type: ignore[attr-defined]
    return world, str(path)


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main([*words])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("mode", STACKED)
def test_triage(mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, path = _file(tmp_path, mode)
    report = _json(capsys, "triage", "--json", path)

    assert report["process"]["ImageFileName"] == "example.exe"
    assert int(report["thread"]["address"], 16) == world.threads[1]
    assert [m["name"] for m in report["modules"]] == ["nt", "hal", "example"]
    assert report["sources"]["modules"] == "PsLoadedModuleList"
    assert len(report["running"]) == 2
    assert report["build_lab"] == "19041.1.amd64fre.vb_release"


def test_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, path = _file(tmp_path)
    info = _json(capsys, "info", "--json", path)
    main(["info", path])
    out = capsys.readouterr().out
    count = len(world.pages)

    assert (info["memory_kind"], int(info["memory_bytes"], 16)) == ("physical", count << 12)
    assert f"{count} physical pages" in out
    assert int(info["process"], 16) == world.process


def test_page_tables_that_map_everything_cost_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each entry of the root leads to the root: 256 TB are mapped, four levels deep, by one page."""
    world = World("x64")
    root = world.machine.root
    entry = (root | 0x63).to_bytes(8, "little")
    world.machine.pages[root >> 12][:] = entry * 512
    path = tmp_path / "x.dmp"
    path.write_bytes(WRITERS.load()["full"](world.spec, world.pages))

    assert main(["triage", str(path)]) in (0, 1)
    assert main(["info", str(path)]) in (0, 1)


def test_physical_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, path = _file(tmp_path)
    page = world.machine.page_of(world.process)
    place = f"{(page << 12) + world.process % 0x1000:x}"
    words = ["-z", path, "dt", "--types", "nt/19041.804-x64"]
    main([*words, "-p", "nt!_EPROCESS", place, "ImageFileName"])
    physical = capsys.readouterr().out
    main([*words, "nt!_EPROCESS", f"{world.process:x}", "ImageFileName"])
    virtual = capsys.readouterr().out

    assert "example.exe" in physical
    assert physical == virtual


@pytest.mark.parametrize(
    ("status", "words"),
    [
        *((4, words) for words in ("handle", "vad", "pcr", "prcb", "idt", "gdt", "process", "thread", "ssdt")),
        *((4, words) for words in ("handle 0 3 344", "object \\Device", "devobj Null", "drvobj disk")),
        *((3, words) for words in ("vad 0 0 --process ffffb80f12345000", "vad 10000 --process ffffb80f12345000")),
        *((3, words) for words in ("ca --file ffffb80f12345000", "irp ffffb80f12345000", "slist poi(0)")),
    ],
)
def test_what_the_dump_does_not_say_is_no_mistake_of_usage(status: int, words: str) -> None:
    sample = Path(__file__).parents[2] / "samples" / "paging_x64.dmp"

    assert main(["-z", str(sample), "--types", "nt/19041.3570-x64", *words.split()]) == status
