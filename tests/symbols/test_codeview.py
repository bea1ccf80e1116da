"""CodeView records are believed where they lie in a loaded image, and nowhere else."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from fakes import fake_target

from dumpwalk import target
from dumpwalk.symbols.codeview import pdb_references, pdb_references_of_images

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


def image(kind: bytes, data_directories: int, directory: bytes, record: bytes) -> bytes:
    """An image whose debug directory is at 0x200 and leads to a record at 0x300."""
    data = bytearray(0x400)
    data[:2], data[0x3C] = b"MZ", 0x80
    data[0x80:0x84], data[0x98:0x9A] = b"PE\0\0", kind
    struct.pack_into("<II", data, 0x98 + data_directories + 6 * 8, 0x200, len(directory))
    data[0x200 : 0x200 + len(directory)] = directory
    data[0x300 : 0x300 + len(record)] = record
    return bytes(data)


def of_images(data: bytes) -> list[str]:
    world = fake_target("x64", {DRIVER: data}, {"driver": (DRIVER, 0x1000)})
    return [r.symbol_key for r in pdb_references_of_images(world.memory, world.modules)]


def test_the_debug_directory_leads_to_the_record():
    record = rsds(rb"d:\build\driver.pdb")
    other, codeview = (struct.pack("<12xIII4x", kind, len(record), 0x300) for kind in (13, 2))
    key = "driver.pdb/1C19FDDB27BB3399D9B45973EFEAFCF31/driver.pdb"

    assert of_images(image(b"\x0b\x02", 0x70, other + codeview, record)) == [key]
    assert of_images(image(b"\x0b\x01", 0x60, codeview, record)) == [key]
    assert of_images(image(b"\x0b\x02", 0x70, other, record)) == []
    assert of_images(image(b"\x0b\x02", 0x70, codeview, b"NB10" + record[4:])) == []
    assert of_images(b"MZ") == []
    assert of_images(b"") == []


def test_a_real_image(real_data: Path):
    """pefile maps the image as the loader would; the record is the one that a real dump of the driver holds."""
    pefile = pytest.importorskip("pefile")
    expected = json.loads((real_data / "dumps/expected/triage_x64.json").read_text())["analysis"]["amdppm_rsds"]
    mapped = pefile.PE(str(real_data / "pe/amdppm.sys")).get_memory_mapped_image()
    world = fake_target("x64", {DRIVER: bytes(mapped)}, {"driver": (DRIVER, len(mapped))})
    (found,) = pdb_references_of_images(world.memory, world.modules)

    assert found.name == expected["pdb"]
    assert found == next(iter(pdb_references(world.memory, world.modules)))
