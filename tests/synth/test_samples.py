"""The samples are what their specs say."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dumpwalk.synth import write

SAMPLES = Path(__file__).parents[2] / "samples"
SPECS = sorted(SAMPLES.glob("*.spec"))


def test_there_are_samples_of_every_machine():
    machines = {write(path.read_text("utf-8"))[4:8] for path in SPECS}

    assert len(SPECS) >= 4
    assert machines == {b"DU64", b"DUMP"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_sample_is_what_its_spec_makes(spec: Path):
    assert spec.with_suffix(".dmp").read_bytes() == write(spec.read_text("utf-8"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_sample_is_small_and_listed(spec: Path):
    assert spec.with_suffix(".dmp").stat().st_size <= 0x10000
    assert f"`{spec.stem}`" in (SAMPLES / "README.md").read_text("utf-8")


def test_the_apc_sample_holds_its_story():
    data = (SAMPLES / "apc_index_mismatch.dmp").read_bytes()
    thread, stack, size = (struct.unpack_from("<I", data, at)[0] for at in (0x2024, 0x2028, 0x202C))
    (top,) = struct.unpack_from("<Q", data, 0x2048)
    frame = stack + 0xFFFFC6816B407B80 - top
    nt = range(0xFFFFF8004E000000, 0xFFFFF8004E820000)

    assert struct.unpack_from("<I", data, 0x38) == (1,)
    assert struct.unpack_from("<4Q", data, 0x40) == (0x7FFEB44461B4, 0, 0xFFFF, 0xFFFFC6816B407B80)
    assert struct.unpack_from("<hh", data, thread + 0x1E4) == (-1, 0)
    assert struct.unpack_from("<Q", data, thread + 0x90) == (0xFFFFC6816B407B80,)
    assert top + size == struct.unpack_from("<Q", data, thread + 0x38)[0] == 0xFFFFC6816B408000
    assert struct.unpack_from("<Q", data, frame + 0x168) == (0x7FFEB44461B4,)
    assert struct.unpack_from("<H", data, frame + 0x170) == (0x33,)
    assert struct.unpack_from("<Q", data, 0x348 + 0xF8)[0] in nt
    assert struct.unpack_from("<Q", data, stack)[0] in nt
