"""The JSON of commands that look at memory, against the published schemas; nothing that these do not name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_triage import closed

from dumpwalk.cli import main

ROOT = Path(__file__).parents[1]
SAMPLES = sorted(path.name for path in (ROOT / "samples").glob("*.dmp"))
# Valid, large page, page file, transition, prototype, user half, nothing there, not canonical.
ADDRESSES = {
    "paging_x64.dmp": ("ffffa000`90000000", "ffffa000`40000010", "ffffa000`90001000", "ffffa000`90002000", "0", "1`0"),
    "paging_la57.dmp": ("ff100000`90000000", "00008000`00401000", "ffffa000`90001000"),
    "paging_arm64.dmp": ("ffffa000`90000000", "ffffa000`80200010", "ffffa000`90002000"),
    "paging_pae.dmp": ("82a3b000", "8f000010", "90001000", "90002000", "401000"),
    "paging_x86.dmp": ("8f000010", "90001000", "nt", "@$proc"),
    "file_mapping_x86.dmp": ("nt!PsLoadedModuleList", "a8e9b008"),
    "file_mapping_x64.dmp": ("@$thread", "deadbeef`deadbeef"),
}
LOOKED_AT = [(name, address) for name, addresses in ADDRESSES.items() for address in addresses]


def check(command: str, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    status = main([*words, "--json"])
    document = json.loads(capsys.readouterr().out)

    assert status in (0, 1)
    jsonschema.validate(document, closed(json.loads((ROOT / f"docs/schemas/{command}.json").read_text("utf-8"))))
    return document


@pytest.mark.parametrize("sample", SAMPLES)
def test_info(sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    check("info", capsys, "info", str(ROOT / "samples" / sample))


@pytest.mark.parametrize("command", ["vtop", "pte"])
@pytest.mark.parametrize(("sample", "address"), LOOKED_AT)
def test_an_address(command: str, sample: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(command, capsys, "-z", str(ROOT / "samples" / sample), command, address)


@pytest.mark.parametrize("sample", ADDRESSES)
def test_a_page(sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    check("ptov", capsys, "-z", str(ROOT / "samples" / sample), "ptov", "--page", "1ad")


def test_an_entry_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    dump = ("-z", str(ROOT / "samples/file_mapping_x86.dmp"))

    check("pte", capsys, "--types", "win7-x86-pae", "pte", "863c17a8000004c0", "1", "--prototype")
    found = check("pte", capsys, *dump, "pte", "a8e9b010", "1", "--prototype")

    assert found["pages"][0]["entries"][0]["meaning"]["kind"] == "transition"


PROCESSES = {
    "process": (("0", "7"), ("-1",), ("1100", "0"), ("ffff0000", "1")),
    "thread": ((), ("870788e8",), ("-p", "870788e8", "2"), ("ffff0000",)),
    "apc": ((), ("thre",), ("proc", "-1")),
}


@pytest.mark.parametrize(
    ("command", "words"), [(c, words) for c, all_of_it in PROCESSES.items() for words in all_of_it]
)
@pytest.mark.parametrize("sample", ["exiting_process.dmp", "hung_driver.dmp", "arm64.dmp", "apc_index_mismatch.dmp"])
def test_processes(command: str, words: tuple[str, ...], sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(command, capsys, "-z", str(ROOT / "samples" / sample), command, *words)


def test_an_apc(capsys: pytest.CaptureFixture[str]) -> None:
    found = check("apc", capsys, "-z", str(ROOT / "samples" / "exiting_process.dmp"), "apc", "87079200")

    assert found["apc"]["kind"] == "user"
