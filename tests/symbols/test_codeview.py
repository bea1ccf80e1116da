"""CodeView records are believed where they lie in a loaded image, and nowhere else."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from fakes import fake_target

from dumpwalk import target
from dumpwalk.symbols.codeview import pdb_references

DRIVER, POOL = 0xFFFFF800_00010000, 0xFFFF9000_00001000
GUID = bytes.fromhex("dbfd191cbb279933d9b45973efeafcf3")


def rsds(path: bytes, age: int = 1) -> bytes:
    return b"RSDS" + GUID + struct.pack("<I", age) + path + b"\0"


def references(memory: dict[int, bytes]) -> list[tuple[str, str, str]]:
    world = fake_target("x64", memory, {"driver": (DRIVER, 0x1000)})
    return [(r.module, r.name, r.symbol_key) for r in pdb_references(world.memory, world.modules)]


def test_a_record_in_an_image_names_its_pdb():
    found = references({DRIVER + 0x200: b"....." + rsds(rb"d:\build\driver.pdb")})

    assert found == [("driver", "driver.pdb", "driver.pdb/1C19FDDB27BB3399D9B45973EFEAFCF31/driver.pdb")]


def test_a_record_in_pool_is_nobodys():
    assert references({POOL: rsds(b"Kernel.Appcore.pdb")}) == []


def test_a_record_split_over_two_pieces_of_memory_is_whole():
    data = rsds(b"driver.pdb")

    assert len(references({DRIVER: data[:10], DRIVER + 10: data[10:]})) == 1


def test_what_only_looks_like_a_record_is_none():
    assert references({DRIVER: rsds(b"x" * 300)}) == []  # no end
    assert references({DRIVER: rsds(b"driver.pdb", age=0)}) == []
    assert references({DRIVER: b"RSDS"}) == []
    assert references({DRIVER: rsds(b"\xff\xfe\x1b[2J")}) == []


def test_the_real_dumps(real_dumps: Path):
    expected = json.loads((real_dumps / "expected/triage_x64.json").read_text())["analysis"]["amdppm_rsds"]
    foreign = json.loads((real_dumps / "expected/triage_arm64.json").read_text())["foreign_rsds"]
    x64, arm64 = (target.open(str(real_dumps / f"triage_{name}.dmp")) for name in ("x64", "arm64"))

    (found,) = (r for r in pdb_references(x64.memory, x64.modules) if r.module == "amdppm")

    assert (found.guid, found.age, found.name) == (expected["guid"], expected["age"], expected["pdb"])
    assert int(foreign["va"], 16) not in {int(r.address) for r in pdb_references(arm64.memory, arm64.modules)}
