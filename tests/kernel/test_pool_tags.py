"""The list of pool tags: what it says, and that it is as its script writes it."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from dumpwalk import resources
from dumpwalk.kernel.pool_tags import PoolTag, pool_tag

ROOT = Path(__file__).parents[2]


def test_a_tag_with_both() -> None:
    assert pool_tag("MmSt") == PoolTag("MmSt", "nt!mm", "prototype PTEs of mapped files")


def test_upper_and_lower_case_are_different() -> None:
    assert pool_tag("File") == PoolTag("File", "", "file object")
    assert pool_tag("FILE") is None


@pytest.mark.parametrize(("tag", "binary"), [("Acpz", "acpi.sys"), ("smZZ", "nt!store or rdyboost.sys")])
def test_patterns_stand_for_anything(tag: str, binary: str) -> None:
    found = pool_tag(tag)

    assert found is not None
    assert (found.tag, found.binary) == (tag, binary)


@pytest.mark.parametrize("tag", ["\0\0\0\0", "\xff\xfe..", "\x1b[2J", "    ", "????"])
def test_what_is_no_tag_has_nothing(tag: str) -> None:
    assert pool_tag(tag) is None


def test_the_list_is_small() -> None:
    text = resources.read("dumpwalk.kernel", "pool_tags.txt")

    assert len(text) < 32 * 1024
    assert text.isascii()


def test_the_list_is_as_its_script_writes_it(real_data: Path, tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts/build_pool_tags.py"))
    script["main"].__globals__["OUTPUT"] = tmp_path / "pool_tags.txt"
    script["main"](real_data.parent / "reference/facts/pool_tags.json")

    assert (tmp_path / "pool_tags.txt").read_bytes() == resources.read("dumpwalk.kernel", "pool_tags.txt")
