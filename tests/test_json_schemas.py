"""The JSON of commands that look at memory, against the published schemas; nothing that these do not name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from schemas import assert_promised

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
    "file_views.dmp": ("1f0000", "1f1123", "1f2345", "1f3000", "401000", "ffffb80f`12382345"),
}
LOOKED_AT = [(name, address) for name, addresses in ADDRESSES.items() for address in addresses]


def check(command: str, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    status = main([*words, "--json"])
    document = json.loads(capsys.readouterr().out)

    assert status in (0, 1)
    assert_promised(command, document)
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


OBJECTS = [
    *(
        ("objects_x64.dmp", ("object", *words))
        for words in (("\\", "39"), ("@$proc", "0"), (r"\GLOBAL??\E:", "39", "-v"))
    ),
    *(
        ("objects_x64.dmp", ("object", *words))
        for words in (("1000",), ("0", "Event"), ("@$thread", "19", "--explain"))
    ),
    *(("file_mapping_x86.dmp", ("object", "8750ef80", flags)) for flags in ("0", "1", "39")),
    *(("apc_index_mismatch.dmp", ("object", "@$thread", "39", *more)) for more in ((), ("-v",))),
    *(
        ("objects_x64.dmp", ("handle", *words))
        for words in ((), ("0", "7", "0"), ("348", "20"), ("9998",), ("0", "13"))
    ),
    *(("file_mapping_x86.dmp", ("handle", "0", "3", "3a0", *kind)) for kind in ((), ("File",))),
    *((sample, ("handle",)) for sample in ("apc_index_mismatch.dmp", "hung_driver.dmp", "chrysanthemum.dmp")),
    *((sample, ("objtypes",)) for sample in ("objects_x64.dmp", "file_mapping_x86.dmp", "apc_index_mismatch.dmp")),
]


@pytest.mark.parametrize(("sample", "words"), OBJECTS)
def test_objects(sample: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    check(words[0], capsys, "-z", str(ROOT / "samples" / sample), *words)


def test_an_entry_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    dump = ("-z", str(ROOT / "samples/file_mapping_x86.dmp"))

    check("pte", capsys, "--types", "win7-x86-pae", "pte", "863c17a8000004c0", "1", "--prototype")
    found = check("pte", capsys, *dump, "pte", "a8e9b010", "1", "--prototype")

    assert found["pages"][0]["entries"][0]["meaning"]["kind"] == "transition"


@pytest.mark.parametrize("sample", ["processor_x64.dmp", "processor_x86.dmp", "apc_index_mismatch.dmp", "live_x86.dmp"])
@pytest.mark.parametrize(
    "words", ["pcr", "prcb", "idt", "idt --each", "gdt", "dg 8 30", "ssdt", "lm", "lm v", "lm m example"]
)
def test_the_processor_and_the_modules(sample: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    of_whole_machines = words.split()[0] in ("idt", "gdt", "dg", "ssdt")
    if of_whole_machines and not sample.startswith("processor"):
        assert main(["-z", str(ROOT / "samples" / sample), *words.split(), "--json"]) == (4 if words == "ssdt" else 3)
        return

    check(words.split()[0], capsys, "-z", str(ROOT / "samples" / sample), *words.split())


MEMORY_MANAGER = [
    *[("pool", a, f) for a in ("fffffa80`01a3c070", "fffffa80`02000010", "fffff8a0`02400000") for f in ("0", "1")],
    *[("pool", a) for a in ("nt", "0", "deadbeef`deadbeef", "fffffa80`01a3c140")],
    *[("vad",), ("vad", "@$proc"), ("vad", "0`ff2b0000"), ("vad", "2d0000", "1"), ("vad", "7ffe0000")],
    *[("vad", "fffffa80`00001000"), ("vad", "fffffa80`00001000", "1")],
    *[("pfn", n) for n in ("1c1", "1c5", "0", "12345678")],
    *[("slist", "@rcx"), ("slist", "@rcx", "--explain"), ("slist", "nt", "_LIST_ENTRY"), ("slist", "1000")],
]


@pytest.mark.parametrize("words", MEMORY_MANAGER, ids=" ".join)
def test_the_memory_manager(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    check(words[0], capsys, "-z", str(ROOT / "samples/memory_manager.dmp"), *words)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("chrysanthemum.dmp", ("863c1758", "--ptes", "--explain")),
        ("file_mapping_x86.dmp", ("863c1758", "7", "--ptes")),
        ("file_views.dmp", ("ffffb80f`12341310", "7", "--ptes", "--explain")),
        ("file_views.dmp", ("ffffb80f`12341810", "--bar")),
        ("file_views.dmp", ("ffffb80f`12341910",)),
        ("file_views.dmp", ("0", "8")),
        ("file_views.dmp", ("ffffb80f`00000000", "7", "--ptes")),
    ],
)
def test_a_control_area(sample: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    check("ca", capsys, "-z", str(ROOT / "samples" / sample), "ca", *words)


def test_a_file_that_was_extracted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump, out = str(ROOT / "samples/file_views.dmp"), str(tmp_path / "out")

    found = check("ca", capsys, "-z", dump, "ca", "ffffb80f`12341310", "--extract", out)

    assert found["extracted"]["holes"][0]["offset"] == "0x3000"


@pytest.mark.parametrize(
    ("sample", "address"),
    [("chrysanthemum.dmp", "8750ef80"), ("file_views.dmp", "ffffb80f`12340b00"), ("file_views.dmp", "1")],
)
def test_a_file_object(sample: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    check("fileobj", capsys, "-z", str(ROOT / "samples" / sample), "fileobj", address)


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
